"""The engine on a server: ClickHouse over HTTP, one server or a cluster behind a URL."""

from __future__ import annotations

import logging
import os
import re
import threading
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import AbstractContextManager
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import parse_qsl, unquote, urlsplit

import msgspec

from generations.errors import ConfigError, StoreUnavailable
from generations.store.connections import closed
from generations.store.driver_errors import translate
from generations.store.engine import STREAMED_FORMATS
from generations.store.params import as_texts
from generations.store.settings import CHANGE, INSERT

if TYPE_CHECKING:
    import pyarrow as pa

    from generations.store.engine import Params
    from generations.store.settings import Settings

T = TypeVar("T")

_PIECE_BYTES: Final = 1 << 20
_TAIL_BYTES: Final = 32 << 10
"""More than the longest message that a server puts behind a broken answer."""

_OLDEST: Final = (25, 8)
"""Projections that hold `_part_offset`, one snapshot for a whole query, the `JSON` type."""

_MARKS_BROKEN_STREAMS: Final = (25, 11)

_YES: Final = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}


class Address(msgspec.Struct, frozen=True):
    """What a `clickhouse://` URL says."""

    host: str
    port: int
    user: str
    password: str
    database: str
    secure: bool
    cluster: str | None

    @classmethod
    def parse(cls, url: str) -> Address:
        """Read `clickhouse://user:password@host:port/database?secure=true&cluster=name`.

        Raises:
            ConfigError: it is none, or has an option nobody knows.
        """
        parts = urlsplit(url)
        options = dict(parse_qsl(parts.query))
        secure = _YES.get(options.pop("secure", "false").lower())
        cluster = options.pop("cluster", None)
        if parts.scheme != "clickhouse" or not parts.hostname or secure is None or options:
            wrong = f"option {next(iter(options))!r}" if options else "value of secure" if secure is None else "form"
            raise ConfigError(
                f"the URL has an unknown {wrong}",
                hint="write clickhouse://user:password@host:8123/database, with ?secure=true and &cluster=name where they apply",
            )
        if cluster is not None and not re.fullmatch(r"[\w.-]+", cluster):
            raise ConfigError(f"{cluster!r} is not the name of a cluster")
        try:
            port = parts.port or (8443 if secure else 8123)
        except ValueError as problem:
            raise ConfigError(f"the port of the URL is not one: {problem}") from None
        user, password = unquote(parts.username or "default"), unquote(parts.password or "")
        return cls(parts.hostname, port, user, password, unquote(parts.path.strip("/")) or "default", secure, cluster)

    def __str__(self) -> str:
        return f"clickhouse://{self.host}:{self.port}/{self.database}"


class HttpEngine:
    """Runs SQL on a ClickHouse server. Every call is a request of its own, so any number may run at once.

    Raises:
        ConfigError: the URL is not one, or the server is too old.
        StoreUnavailable: the server does not answer, or refuses the user.
    """

    _locks: Final[dict[str, threading.RLock]] = {}

    def __init__(self, url: str) -> None:
        connect: Any = import_module("clickhouse_connect")
        from clickhouse_connect.driver.exceptions import ClickHouseError  # noqa: PLC0415 - only servers need the client
        from urllib3.exceptions import HTTPError  # noqa: PLC0415 - comes with it

        logging.getLogger("clickhouse_connect").addHandler(logging.NullHandler())  # what fails is raised; it is not printed as well
        self._address = address = Address.parse(url)
        self._driver_errors = (ClickHouseError, HTTPError, OSError)
        self._write_lock = self._locks.setdefault(str(address), threading.RLock())
        self._pid = os.getpid()
        self._closed = False
        self._client: Any = self._translated(
            lambda: connect.get_client(
                host=address.host,
                port=address.port,
                username=address.user,
                password=address.password,
                database=address.database,
                secure=address.secure,
                client_name="generations",
                autogenerate_session_id=False,  # requests of a session would wait for each other
                send_receive_timeout=600,
                compress=False,
                dedicated_pool=True,
            )
        )
        version = tuple(int(part) for part in re.findall(r"\d+", str(self._client.server_version))[:2])
        if version < _OLDEST:
            self._client.close()
            raise ConfigError(
                f"{address} is ClickHouse {version[0]}.{version[1]}, which does not know what Generations needs",
                hint=f"update it to {_OLDEST[0]}.{_OLDEST[1]} or newer",
            )
        # Older servers do not mark a stream that broke; they have to finish an answer before they send it.
        self._stream_settings: Mapping[str, int] = {} if version >= _MARKS_BROKEN_STREAMS else {"wait_end_of_query": 1}

    @property
    def name(self) -> str:
        return str(self._address)

    @property
    def cluster(self) -> str | None:
        return self._address.cluster

    @property
    def shared(self) -> bool:
        return True

    def run(self, sql: str, params: Params | None = None) -> None:
        # As a query, because the client's `command` puts parameters into the URL, and servers refuse long ones.
        self._ask(lambda client: client.raw_query(sql, parameters=_bound(params), settings={**INSERT, **CHANGE}))

    def query(self, sql: str, params: Params | None = None, settings: Settings | None = None) -> pa.Table:
        import pyarrow as pa  # noqa: PLC0415 - slow to import

        answer: bytes = self._ask(
            lambda client: client.raw_query(sql, parameters=_bound(params), settings=dict(settings or {}), fmt="ArrowStream")
        )
        return pa.ipc.open_stream(answer).read_all() if answer else pa.table({})

    def batches(self, sql: str, params: Params | None = None, settings: Settings | None = None) -> Iterator[pa.RecordBatch]:
        import pyarrow as pa  # noqa: PLC0415 - slow to import

        pieces = self._pieces(sql, "ArrowStream", params, settings)
        try:
            first = next(pieces, b"")
            if first:
                yield from pa.ipc.open_stream(_Readable(first, pieces))
        finally:
            pieces.close()

    def stream(self, sql: str, format: str, params: Params | None = None, settings: Settings | None = None) -> Iterator[bytes]:
        if format not in STREAMED_FORMATS:
            raise ValueError(f"{format} cannot be streamed; one of {', '.join(sorted(STREAMED_FORMATS))} can")
        yield from self._pieces(sql, format, params, settings)

    def insert(self, table: str, rows: pa.Table) -> None:
        import pyarrow as pa  # noqa: PLC0415 - slow to import

        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, rows.schema, options=pa.ipc.IpcWriteOptions(compression="lz4")) as writer:
            writer.write_table(rows.combine_chunks())
        data = sink.getvalue()
        with self.writing():
            # A generator is sent once: the client would repeat bytes after a lost connection, and rows would stand there twice.
            self._ask(lambda client: client.raw_insert(table, rows.column_names, _once(data), dict(INSERT), "ArrowStream"))

    def probe(self) -> None:
        self.query("SELECT 1")

    def writing(self) -> AbstractContextManager[object]:
        return self._write_lock

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            if self._pid == os.getpid():
                self._client.close()

    def _pieces(self, sql: str, format: str, params: Params | None, settings: Settings | None) -> Generator[bytes]:
        """The answer in pieces. What a server puts behind a broken answer is kept back and raised."""
        all_settings = {**(settings or {}), **self._stream_settings}
        response = self._ask(lambda client: client.raw_stream(sql, parameters=_bound(params), settings=all_settings, fmt=format))
        try:
            tag = response.headers.get("X-ClickHouse-Exception-Tag", "")
            source = response.stream(_PIECE_BYTES)
            kept = b""
            while (piece := self._translated(lambda: next(source, None))) is not None:
                kept += piece
                if len(kept) > _TAIL_BYTES:
                    yield kept[:-_TAIL_BYTES]
                    kept = kept[-_TAIL_BYTES:]
            end = kept.find(f"__exception__\r\n{tag}".encode()) if tag else -1
            if end >= 0:
                raise translate(kept[end:].decode(errors="replace"), self.name)
            if kept:
                yield kept
        finally:
            response.close()

    def _ask(self, what: Callable[[Any], T]) -> T:
        if self._closed:
            raise closed()
        if self._pid != os.getpid():
            raise StoreUnavailable(
                "this process was forked after Generations was opened, and the two would share one connection",
                hint="open Generations in the child and not before forking",
            )
        return self._translated(lambda: what(self._client))

    def _translated(self, what: Callable[[], T]) -> T:
        try:
            return what()
        except self._driver_errors as problem:
            text = str(problem)
            if "DB::" in text:
                raise translate(text, self.name) from None
            raise StoreUnavailable(
                f"{self.name} cannot be reached: {_innermost(problem)}", hint="try again later, or check the URL"
            ) from None


class _AsText:
    """A parameter that is text already; the client would escape a str once more, and not all of it."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __str__(self) -> str:
        return self._text


class _Readable:
    """Pieces of bytes as a file to read from."""

    closed = False

    def __init__(self, first: bytes, rest: Iterator[bytes]) -> None:
        self._held = first
        self._rest = rest

    def read(self, size: int = -1) -> bytes:
        """Up to `size` bytes; fewer only at the end."""
        while size < 0 or len(self._held) < size:
            piece = next(self._rest, None)
            if piece is None:
                break
            self._held += piece
        cut = len(self._held) if size < 0 else size
        taken, self._held = self._held[:cut], self._held[cut:]
        return taken


def _bound(params: Params | None) -> dict[str, Any] | None:
    return {name: _AsText(text) for name, text in as_texts(params).items()} or None


def _once(data: Any) -> Generator[bytes]:
    view = memoryview(data)
    for start in range(0, len(view), _PIECE_BYTES):
        yield bytes(view[start : start + _PIECE_BYTES])


def _innermost(problem: BaseException) -> str:
    """What really happened, below what the client wraps around it."""
    seen = problem
    while (inner := seen.__cause__ or seen.__context__) is not None:
        seen = inner
    return str(seen) or type(seen).__name__
