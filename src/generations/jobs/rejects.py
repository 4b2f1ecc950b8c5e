"""Where refused records go: verbatim into a file beside the source, with the reasons in another one."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, Self, TextIO

from generations.errors import StoreUnavailable

if TYPE_CHECKING:
    from types import TracebackType

    from generations.errors import InvalidInput
    from generations.jobs.sources import Source
    from generations.jobs.texts import Unit


class Refusal(NamedTuple):
    """Why one record was not taken.

    Attributes:
        unit: what `number` counts: lines, the records of a document, or rows.
        number: its place in the source, from 1.
        message: what is wrong.
        path: where in the record; None where that cannot be said.
        hint: how to mend it; None where nothing can be said.
    """

    unit: Unit
    number: int
    message: str
    path: str | None
    hint: str | None

    @classmethod
    def of(cls, unit: Unit, number: int, error: InvalidInput) -> Self:
        """The refusal that an error means."""
        return cls(unit, number, error.message, error.path, error.hint)

    def __str__(self) -> str:
        where = f" at {self.path}" if self.path else ""
        hint = f"; {self.hint}" if self.hint else ""
        return f"{self.unit} {self.number}: {self.message}{where}{hint}"


class Rejects:
    """Two files that come into being with the first refusal.

    `path` holds the refused texts as they were, so that they can be mended and imported; line n of
    `reasons_path` says why line n of it was refused. Files of an earlier import of the same source are replaced.

    Raises:
        StoreUnavailable: a refused text cannot be kept.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.reasons_path = path.with_name(path.name.removesuffix(".jsonl") + ".reasons.jsonl")
        self.count = 0
        self._texts: BinaryIO | None = None
        self._reasons: TextIO | None = None

    def add(self, text: bytes, refusal: Refusal) -> None:
        """Keep one refused text."""
        try:
            if self._texts is None or self._reasons is None:
                self._texts = self.path.open("wb")
                self._reasons = self.reasons_path.open("w", encoding="utf-8")
            self._texts.write(text + b"\n")
            self._reasons.write(json.dumps(refusal._asdict(), ensure_ascii=False) + "\n")
        except OSError as error:
            hint = "what was imported is safe; repeat the import, which adds only what is missing"
            raise StoreUnavailable(f"{self.path} cannot be written: {error.strerror or error}", hint=hint) from error
        self.count += 1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._texts is not None and self._reasons is not None:
            self._texts.close()
            self._reasons.close()


def rejects_path(source: Source) -> Path:
    """`<file>.rejected.jsonl` beside the file, or here where its folder cannot be written to.

    What was refused from a pipe cannot be read again, so its file carries the time and is never replaced.
    """
    if source.path is None:
        return Path(f"generations-{datetime.now(UTC):%Y%m%dT%H%M%S.%f}Z.rejected.jsonl")
    name = f"{source.path.name}.rejected.jsonl"
    return source.path.parent / name if os.access(source.path.parent, os.W_OK) else Path(name)
