"""Requests of OpenAI's batches, kept on disk while the files with their answers are imported."""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, cast

from generations.errors import InvalidInput
from generations.jobs.sources import open_source
from generations.jobs.texts import batches
from generations.wire.openai_batch import AMBIGUOUS, REQUEST, is_request
from generations.wire.payload import as_object

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the body of a request stands; it is ambiguous when different ones have its `custom_id`."""

    start: int
    size: int
    digest: bytes
    is_ambiguous: bool = False


@dataclass(slots=True)
class BatchRequests:
    """The requests of input files by `custom_id`. In memory are only the ids; the bodies are in a file without a name.

    Attributes:
        sources: the input files among those that were looked at, with the number of requests in each.
    """

    sources: dict[str, int] = field(default_factory=dict[str, int])
    _bodies: Any = field(default_factory=tempfile.TemporaryFile)
    _places: dict[str, _Place] = field(default_factory=dict[str, _Place])

    @classmethod
    def among(cls, sources: Iterable[str]) -> Self:
        """Take in the input files among these, told by their first line. What cannot be read is left to the import to tell."""
        found = cls()
        for source in sources:
            if Path(source).is_file():  # what is no file can be read only once
                found._take(source)
        return found

    def joined(self, line: Any) -> Any:
        """An output line with the body of its request, if that is known."""
        output = as_object(line)
        place = self._places.get(str(output.get("custom_id")))
        if place is None or REQUEST in output:
            return line
        if place.is_ambiguous:
            return output | {AMBIGUOUS: True}
        self._bodies.seek(place.start)
        return output | {REQUEST: json.loads(self._bodies.read(place.size))}

    def _take(self, name: str) -> None:
        try:
            with open_source(name) as source:
                if source.is_parquet or source.is_sqlite:
                    return
                for batch in batches(source):
                    for text in batch.texts:
                        request = _request(text)
                        if request is None and name not in self.sources:
                            return
                        if request is not None:
                            self.sources[name] = self.sources.get(name, 0) + 1
                            self._add(request)
        except InvalidInput:
            return

    def _add(self, request: dict[str, Any]) -> None:
        custom_id, body = str(request["custom_id"]), json.dumps(request["body"], separators=(",", ":")).encode()
        digest = blake2b(body, digest_size=16).digest()
        known = self._places.get(custom_id)
        if known is not None:
            is_ambiguous = known.is_ambiguous or known.digest != digest
            self._places[custom_id] = _Place(known.start, known.size, known.digest, is_ambiguous)
            return
        start = self._bodies.seek(0, 2)
        self._bodies.write(body)
        self._places[custom_id] = _Place(start, len(body), digest)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._bodies.close()


def _request(text: bytes) -> dict[str, Any] | None:
    try:
        line = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return cast("dict[str, Any]", line) if is_request(line) else None
