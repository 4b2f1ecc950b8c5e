"""Arguments of operators, read as the type that the operator needs, together with the tests for null and for a wrong type.

Conditions here are SQL that is never NULL; they are '0' or '1' where the answer is known before any row is read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from generations.query import tagged
from generations.query.value import NULL, Scalar, ScalarType, Tagged, Value, to_tagged

_LONG = 250
"""SQL texts that are longer are evaluated once and named, for operators mention their arguments several times."""

_PLACEHOLDERS: dict[ScalarType, str] = {
    "string": "''",
    "integer": "toInt64(0)",
    "number": "toFloat64(0)",
    "bool": "false",
    "instant": "toDateTime64(0, 6, 'UTC')",
}
"""What stands in the branches that a failing test leaves, which no row ever takes."""


@dataclass(frozen=True, slots=True)
class Argument:
    """A typed argument.

    Attributes:
        absent: whether it is null or missing.
        wrong: whether it is neither absent nor of the type.
        value: the typed value; where `absent` or `wrong` holds, NULL or anything.
    """

    absent: str
    wrong: str
    value: str


@dataclass(frozen=True, slots=True)
class Number:
    """An argument that is a number, or where an operator takes both, an instant.

    Attributes:
        whole: whether it is an integer (BSON int or long), not a double.
        integer: the Int64, where `whole` holds.
        double: the Float64.
        date: whether it is an instant; such a one is not `wrong`.
        instant: the DateTime64(6, 'UTC'), where `date` holds.
    """

    absent: str
    wrong: str
    whole: str
    integer: str
    double: str
    date: str = "0"
    instant: str = "NULL"


@dataclass(frozen=True, slots=True)
class Test:
    """What is asked before the result is computed: where the condition holds, the result is null or the query fails."""

    condition: str
    then: Literal["null", "fail"]


def null_where(*conditions: str) -> Test:
    """The result is null where one of the conditions holds."""
    return Test(tagged.any_of(conditions), "null")


def fail_where(condition: str, message: str) -> Test:
    """The query fails where the condition holds."""
    return Test(tagged.fails(condition, message), "fail")


def constant_only(absent: str, what: str) -> list[Test]:
    """The tests of an argument that only a constant may give: the result is null where it is null, else the query fails."""
    return [null_where(absent), fail_where("1" if absent == "0" else f"NOT {absent}", f"{what} must be a constant")]


Kind = Literal["string", "instant", "bool"]

_READERS: dict[Kind, tuple[Callable[[str], str], Callable[[str], str]]] = {
    "string": (tagged.is_string, tagged.to_string),
    "instant": (tagged.is_date, lambda v: f"assumeNotNull({tagged.to_instant(v)})"),
    "bool": (tagged.is_bool, lambda v: f"({v} = 'true')"),
}

_NOTHING = Argument("1", "0", "NULL")


class Frame:
    """Collects the arguments of one call, and makes its result of SQL that mentions them by short names."""

    def __init__(self) -> None:
        self._bound: dict[str, str] = {}
        """Names by what they stand for."""
        self._inner: list[tuple[str, str]] = []
        self.spreads = True
        """Whether typed arguments that are NULL make the result NULL without being asked for."""
        self._nullable = False

    def read(self, value: Value, kind: Kind) -> Argument:
        """An argument of one type."""
        if isinstance(value, Scalar) and value.type == kind:
            sql = self.name(value)
            return Argument(f"({sql} IS NULL)" if value.nullable else "0", "0", sql)
        text = self.text(value)
        if text in ("''", "'null'"):
            return _NOTHING
        is_kind, to_kind = _READERS[kind]
        absent = tagged.is_nullish(text)
        return Argument(absent, f"NOT ({absent} OR {is_kind(text)})", self.inner(to_kind(text)))

    def number(self, value: Value, *, dates: bool = False) -> Number:
        """An argument that is a number, or with `dates` an instant."""
        if isinstance(value, Scalar) and value.type in (("integer", "number", "instant") if dates else ("integer", "number")):
            sql = self.name(value)
            absent = f"({sql} IS NULL)" if value.nullable else "0"
            match value.type:
                case "integer":
                    return Number(absent, "0", "1", sql, f"toFloat64({sql})")
                case "number":
                    return Number(absent, "0", "0", "NULL", sql)
                case _:
                    return Number(absent, "0", "0", "NULL", "NULL", "1", sql)
        text = self.text(value)
        if text in ("''", "'null'"):
            return Number("1", "0", "0", "NULL", "NULL")
        absent = tagged.is_nullish(text)
        date = tagged.is_date(text) if dates else "0"
        wrong = f"NOT ({tagged.any_of([absent, tagged.is_number(text), date])})"
        double, instant = self.inner(tagged.to_float(text)), _READERS["instant"][1](text)
        return Number(absent, wrong, tagged.is_integer(text), tagged.to_integer(text), double, date, instant)

    def text(self, value: Value) -> str:
        """The tagged text of an argument of any type, named."""
        self.spreads = False
        text = to_tagged(value)
        return text if tagged.is_name(text) else self._bind(text)

    def scalar(self, type: ScalarType, tests: Sequence[Test], value: str, *, spreads: bool = True) -> Value:
        """A typed result.

        Args:
            type: its type.
            tests: what makes it null or fails, in order.
            value: the result elsewhere.
            spreads: whether `value` is NULL by itself where a typed argument is NULL.
        """
        tests = [test for test in tests if test.condition != "0"]
        if tests and tests[0] == Test("1", "null"):
            return NULL
        nullable = any(test.then == "null" for test in tests)
        if spreads and self.spreads and all(test.then == "null" and test.condition != "1" for test in tests):
            return Scalar(self.close(value), type, nullable)
        rest = "NULL" if nullable else _PLACEHOLDERS[type]
        return Scalar(self.close(tagged.choose([(test.condition, rest) for test in tests], value)), type, nullable)

    def tagged(self, tests: Sequence[Test], value: str) -> Value:
        """A result of any type: `value` is tagged text."""
        sql = tagged.choose([(test.condition, "'null'" if test.then == "null" else "''") for test in tests], value)
        return Tagged(self.close(f"assumeNotNull({sql})" if self._nullable else sql))

    def close(self, sql: str) -> str:
        """The SQL with all that it names."""
        layers = [[(name, sql) for sql, name in self._bound.items()], []]
        here: set[str] = set()
        for name, inner in self._inner:
            if not here.isdisjoint(re.findall(r"\w+", inner)):
                layers.append([])
                here.clear()
            layers[-1].append((name, inner))
            here.add(name)
        for layer in reversed(layers):
            sql = tagged.let_all(layer, sql)
        return sql

    def inner(self, sql: str) -> str:
        """A name for what is made of names."""
        name = tagged.fresh()
        self._inner.append((name, sql))
        return name

    def name(self, value: Scalar) -> str:
        """A typed argument by a short text."""
        self._nullable |= value.nullable
        return value.sql if len(value.sql) <= _LONG else self._bind(value.sql)

    def _bind(self, sql: str) -> str:
        if sql not in self._bound:
            self._bound[sql] = tagged.fresh()
        return self._bound[sql]
