"""Results whose type depends on the rows: an integer here, a double there, or a date."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from generations.query import tagged
from generations.query.expressions.arguments import Frame, Test
from generations.query.value import Scalar, ScalarType, Value, to_tagged


@dataclass(frozen=True, slots=True)
class Way:
    """One way in which a result comes about.

    Attributes:
        condition: where it does; the last way is the one left over.
        tests: what may fail on the way.
        text: the result as tagged text, which needs no tests; None where it is the typed one's.
    """

    condition: str
    type: ScalarType
    sql: str
    tests: tuple[Test, ...] = ()
    text: str | None = None

    def as_text(self) -> str:
        if self.text is not None:
            return self.text
        typed = to_tagged(Scalar(self.sql, self.type, nullable=False))
        return tagged.choose([(test.condition, "''") for test in self.tests], typed)


def outcome(frame: Frame, tests: Sequence[Test], ways: Sequence[Way], *, typed: bool = True) -> Value:
    """The result: typed where there is one way before any row is read, and `typed` allows it."""
    ways = [way for way in ways if way.condition != "0"]
    ways = ways[: next((i for i, way in enumerate(ways) if way.condition == "1"), len(ways)) + 1]
    if len(ways) == 1 and (typed or ways[0].type != "integer"):
        return frame.scalar(ways[0].type, [*tests, *ways[0].tests], ways[0].sql)
    return frame.tagged(tests, tagged.choose([(way.condition, way.as_text()) for way in ways[:-1]], ways[-1].as_text()))
