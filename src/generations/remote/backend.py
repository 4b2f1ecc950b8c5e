"""A server at a distance, as what answers for a collection."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar, cast
from urllib.parse import quote

import msgspec

from generations import query
from generations.errors import InvalidRecord, MissingExtra, NotFound, StoreUnavailable
from generations.query.compiled import Source
from generations.record import content, identity, instants
from generations.record.encode import MAX_BYTES, Record, encode_records
from generations.record.evals import as_given
from generations.record.extended import extended_query, read_extended, restored
from generations.record.generation import Generation
from generations.remote.connection import ARROW, CHANGE_SECONDS, JSON_LINES, Connection
from generations.remote.problems import told
from generations.results import DeleteResult, Estimate, Explanation, InsertManyResult, ProjectStats, RecordVersion, Stats, UpdateResult

if TYPE_CHECKING:
    import pyarrow as pa

T = TypeVar("T")
Document = dict[str, Any]

REQUEST_BYTES: Final = 32 << 20
"""JSON text that one request carries at most, but for a single record that is larger."""

_ANYWHERE: Final = Source()  # queries are checked here before they are sent; what they compile to is thrown away
_MOMENT_SECONDS: Final = 0.02
_SPARE_SECONDS: Final = 30.0  # for the way there and back, beside the time that a query may take


class Found(Protocol):
    """What `find` was asked for."""

    @property
    def filter(self) -> Mapping[str, Any]: ...
    @property
    def projection(self) -> Mapping[str, Any] | Sequence[str] | None: ...
    @property
    def sort(self) -> tuple[tuple[str, int], ...]: ...
    @property
    def skip(self) -> int: ...
    @property
    def limit(self) -> int: ...


class _Inserted(msgspec.Struct, rename="camel"):
    inserted_count: int
    replaced_count: int


class _Updated(msgspec.Struct, rename="camel"):
    matched_count: int
    modified_count: int


class _Deleted(msgspec.Struct, rename="camel"):
    deleted_count: int


class _Explained(msgspec.Struct):
    sql: str
    params: dict[str, Any]
    estimate: Estimate


class _Manifest(msgspec.Struct):
    state: str
    count: int
    sha256: str | None


class _Stats(msgspec.Struct, rename="camel"):
    records: int
    versions: int
    parts: int | None
    compressed_bytes: int | None
    uncompressed_bytes: int | None
    projects: list[ProjectStats]


class ServerBackend:
    """A server that answers for a collection.

    What is asked is checked here first, with the errors and at the moment of a folder; records get their ids here, so
    that sending them again, after an answer that did not arrive, adds nothing.

    Args:
        connection: to the server.
        project: for people: whose records are seen.
        max_record_bytes: the largest record that is sent, as compact JSON; None is 32 MiB.
    """

    def __init__(self, connection: Connection, project: str, max_record_bytes: int | None = None) -> None:
        self.connection = connection
        self._project = project
        self._max_record_bytes = MAX_BYTES if max_record_bytes is None else max_record_bytes

    @property
    def name(self) -> str:
        return self.connection.name

    @property
    def project(self) -> str:
        return self._project

    @property
    def max_record_bytes(self) -> int:
        return self._max_record_bytes

    def insert(self, documents: Iterable[Record]) -> InsertManyResult:
        """All of the records, or none: in one request where they fit, else in several after all of them were checked here.

        A server that fails between two of these keeps the ones before; inserting the same records again, with their
        ids, finishes the work. Of records that a lost answer made the client send twice, the result says `unchanged`.
        """
        records = list(documents)
        try:
            texts = [_named_text(record, self._max_record_bytes) for record in records]
            if sum(len(text) for _, text in texts) > REQUEST_BYTES:
                encode_records((text for _, text in texts), self._max_record_bytes)
            inserted, replaced, unchanged = self.insert_named(texts)
        except InvalidRecord:
            encode_records(records, self._max_record_bytes)  # says it as a folder does, with the place in what was given
            raise
        return InsertManyResult([id for id, _ in texts], inserted, replaced, unchanged)

    def insert_named(self, texts: Sequence[tuple[str, bytes]], *, completing: bool = False) -> tuple[int, int, int]:
        """Records that were checked, with their ids: how many were inserted, replaced and left as they are; an id counts once.

        Args:
            texts: the ids and the JSON texts of the records.
            completing: records that are there keep all that they tell, and their gaps are filled.
        """
        how = "complete=true" if completing else "atomic=true"
        counts = [self._insert(request, how) for request in _requests(texts)]
        inserted, replaced, unchanged = (sum(column) for column in zip(*counts, strict=True)) if counts else (0, 0, 0)
        return inserted, replaced, unchanged

    def _insert(self, texts: Sequence[tuple[str, bytes]], how: str) -> tuple[int, int, int]:
        body = b"[" + b",".join(text for _, text in texts) + b"]"
        answer = self.connection.ask("POST", f"/generations?{how}", body, repeatable=True, read_seconds=CHANGE_SECONDS)
        found = msgspec.json.decode(answer, type=_Inserted)
        different = len({id for id, _ in texts})
        return found.inserted_count, found.replaced_count, different - found.inserted_count - found.replaced_count

    def update(self, filter: Mapping[str, Any], update: Mapping[str, Any], *, many: bool) -> UpdateResult:
        query.parse_update(update)
        query.compile_keys(filter, _ANYWHERE)
        found = self._change(
            "/generations/update", {"filter": extended_query(filter), "update": extended_query(update), "many": many}, _Updated
        )
        return UpdateResult(found.matched_count, found.modified_count)

    def give_feedback(self, id: str, feedback: Document) -> bool:
        encode_records([{"id": id, "model": {"id": "any"}, "feedback": feedback}])
        return self._give(id, "feedback", feedback)

    def give_evals(self, id: str, evals: Mapping[str, Document]) -> bool:
        return self._give(id, "evals", [as_given(name, one) for name, one in evals.items()])

    def _give(self, id: str, what: str, said: Any) -> bool:
        try:
            self.connection.ask("POST", f"/generations/{_quoted(id)}/{what}", extended_query(said), repeatable=False)
        except NotFound:
            return False
        return True

    def delete(self, filter: Mapping[str, Any], *, many: bool) -> DeleteResult:
        query.compile_keys(filter, _ANYWHERE)
        return DeleteResult(self._change("/generations/delete", {"filter": extended_query(filter), "many": many}, _Deleted).deleted_count)

    def find(self, found: Found) -> ServerQuestion:
        query.compile_find(found.filter, _ANYWHERE, projection=found.projection, sort=found.sort, skip=found.skip, limit=found.limit)
        asked = {"filter": found.filter, "projection": found.projection or None, "sort": found.sort or None}
        return ServerQuestion(self.connection, "/generations/find", extended_query(asked) | {"skip": found.skip, "limit": found.limit})

    def aggregate(self, pipeline: Sequence[Mapping[str, Any]]) -> ServerQuestion:
        query.compile_aggregate(pipeline, _ANYWHERE)
        return ServerQuestion(self.connection, "/generations/aggregate", {"pipeline": extended_query(pipeline)})

    def count(self, filter: Mapping[str, Any], *, skip: int, limit: int, max_time_ms: int | None) -> int:
        query.compile_count(filter, _ANYWHERE, skip=skip, limit=limit)
        asked = {"filter": extended_query(filter), "skip": skip, "limit": limit, "maxTimeMs": max_time_ms}
        return int(self._asked("/generations/count", asked, max_time_ms)["count"])

    def distinct(self, key: str, filter: Mapping[str, Any], *, max_time_ms: int | None) -> list[Any]:
        query.compile_distinct(key, filter, _ANYWHERE)
        asked = {"key": key, "filter": extended_query(filter), "maxTimeMs": max_time_ms}
        return cast("list[Any]", restored(self._asked("/generations/distinct", asked, max_time_ms)["values"]))

    def history(self, id: str) -> list[RecordVersion]:
        try:
            answer = self.connection.ask("GET", f"/generations/{_quoted(id)}/history", repeatable=True, accept=JSON_LINES)
        except NotFound:
            return []
        versions = [read_extended(line) for line in answer.splitlines()]
        return [RecordVersion(one["change"], one["record"]["updatedAt"], one["record"]) for one in versions]

    def export(
        self,
        format: str,
        *,
        filter: Mapping[str, Any],
        fields: Mapping[str, Any] | Sequence[str] | None,
        sort: Sequence[tuple[str, int]],
        limit: int,
    ) -> Generator[tuple[bytes, int]]:
        """The records that match as bytes of a format, as they come; with each piece, how many records it ends.

        JSON lines are counted as they come, other formats at their end, as the server's manifest says.

        Raises:
            StoreUnavailable: also while it is read, when it is cut off or arrives otherwise than it was sent.
        """
        query.compile_find(filter, _ANYWHERE, projection=fields, sort=tuple(sort), limit=limit)
        asked = {"format": format, "filter": filter, "fields": fields or None, "sort": sort or None, "limit": limit}
        return self._exported(extended_query(asked))

    def _exported(self, asked: Document) -> Generator[tuple[bytes, int]]:
        counted, digest = 0, hashlib.sha256()
        with self.connection.stream("/generations/export", asked, "*/*", CHANGE_SECONDS) as answer:
            id = answer.headers["Generations-Export"]
            for piece in answer.pieces:
                digest.update(piece)
                lines = piece.count(b"\n") if asked["format"] == "jsonl" else 0
                counted += lines
                yield piece, lines
        manifest = self._manifest(id)
        if manifest.sha256 != digest.hexdigest():
            raise StoreUnavailable("the export is not what the server sent", hint="export again")
        yield b"", manifest.count - counted

    def _manifest(self, id: str) -> _Manifest:
        """What the server says that it has sent; it notes the end a moment after the last byte."""
        while True:
            found = msgspec.json.decode(self.connection.ask("GET", f"/exports/{_quoted(id)}", repeatable=True), type=_Manifest)
            if found.state != "running":
                return found
            time.sleep(_MOMENT_SECONDS)

    def stats(self) -> Stats:
        found = msgspec.json.decode(self.connection.ask("GET", "/generations/stats", repeatable=True), type=_Stats)
        return Stats(found.records, found.versions, found.parts, found.compressed_bytes, found.uncompressed_bytes, found.projects)

    def close(self) -> None:
        self.connection.close()

    def _asked(self, path: str, body: Any, max_time_ms: int | None) -> Document:
        return content.from_json(self.connection.ask("POST", path, body, repeatable=True, read_seconds=_read_seconds(max_time_ms)))

    def _change(self, path: str, body: Any, type: type[T]) -> T:
        """A change that would be another one if it were made twice: `$inc` adds again, the first match is another record."""
        return msgspec.json.decode(self.connection.ask("POST", path, body, repeatable=False, read_seconds=CHANGE_SECONDS), type=type)


class ServerQuestion:
    """A query that a server answers.

    Args:
        connection: to the server.
        path: of `find` or `aggregate`.
        body: what is asked, as extended JSON.
    """

    def __init__(self, connection: Connection, path: str, body: Mapping[str, Any]) -> None:
        self._connection = connection
        self._path = path
        self._body = body

    def documents(self, max_time_ms: int | None) -> Generator[Document]:
        asked = {**self._body, "maxTimeMs": max_time_ms}
        with self._connection.stream(self._path, asked, JSON_LINES, _read_seconds(max_time_ms)) as answer:
            for line in _lines(answer.pieces):
                if line.startswith(b'{"$problem":') and len(found := content.from_json(line)) == 1:
                    raise told(content.to_json(found["$problem"]), self._connection.name)
                yield read_extended(line)

    def table(self, max_time_ms: int | None) -> pa.Table:
        """The answer as Arrow, which the server's engine wrote.

        Raises:
            MissingExtra: pyarrow is not installed.
        """
        if find_spec("pyarrow") is None:
            raise MissingExtra("pyarrow is not installed", hint="pip install 'generations[polars]' or 'generations[pandas]'")
        import pyarrow as pa  # noqa: PLC0415 - optional

        asked = {**self._body, "maxTimeMs": max_time_ms}
        answer = self._connection.ask("POST", self._path, asked, repeatable=True, accept=ARROW, read_seconds=_read_seconds(max_time_ms))
        return pa.ipc.open_stream(answer).read_all()

    def explain(self) -> Explanation:
        found = msgspec.json.decode(self._connection.ask("POST", "/generations/explain", self._body, repeatable=True), type=_Explained)
        return Explanation(found.sql, restored(found.params), found.estimate)


def _named_text(record: Record, max_bytes: int) -> tuple[str, bytes]:
    """The id of a record, made where it has none, and its JSON text with that id.

    Raises:
        InvalidRecord: it is no record, or too large.
    """
    if isinstance(record, bytes):
        parsed = content.loads(record)
        text = content.to_json(parsed)
    else:
        text, parsed = content.dumps(_mapping(record))
    if not isinstance(parsed, dict) or len(text) > max_bytes:
        raise InvalidRecord("a record is an object that is not too large")
    found = cast("Document", parsed)
    if found.get("id") is None:
        found = {**found, "id": identity.uuid7()}
        text = content.to_json(found)
    return found["id"], text


def _mapping(record: Mapping[str, Any] | Generation) -> Mapping[str, Any]:
    """The fields of a record; spares the usual datetime at `timestamp` the slow way to JSON."""
    if isinstance(record, Generation):
        record = {name: value for name, value in record.to_dict().items() if name not in ("createdAt", "updatedAt")}
    if not isinstance(record, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance] - callers may not check types
        raise InvalidRecord("a record is a mapping")
    instant = record.get("timestamp")
    if type(instant) is datetime:
        with suppress(OverflowError):  # refused with its path by the server
            record = {**record, "timestamp": instants.iso(instant)}
    return record


def _requests(texts: Iterable[tuple[str, bytes]]) -> Iterator[list[tuple[str, bytes]]]:
    request: list[tuple[str, bytes]] = []
    size = 0
    for one in texts:
        if request and size + len(one[1]) > REQUEST_BYTES:
            yield request
            request, size = [], 0
        request.append(one)
        size += len(one[1])
    if request:
        yield request


def _lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The lines that pieces of any size hold."""
    begun: list[bytes] = []
    for piece in pieces:
        first, *others = piece.split(b"\n")
        begun.append(first)
        if others:
            yield b"".join(begun)
            yield from others[:-1]
            begun = [others[-1]]
    if rest := b"".join(begun):
        yield rest


def _read_seconds(max_time_ms: int | None) -> float | None:
    """How long a server may be silent over a query; None when the query may take as long as it likes."""
    if max_time_ms is None:
        return 90.0
    return max_time_ms / 1000 + _SPARE_SECONDS if max_time_ms else None


def _quoted(id: str) -> str:
    """An id as one segment of a path; dots would be taken for steps."""
    return quote(id, safe="").replace(".", "%2E")
