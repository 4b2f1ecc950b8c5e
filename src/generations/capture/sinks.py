"""Where batches go: a Generations server, or a store of the process's own. Each is used by one thread at a time."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, Any, Final, Protocol

import msgspec

from generations.errors import ConfigError, InvalidRecord, StoreError

if TYPE_CHECKING:
    import httpx2

    from generations.capture.settings import Settings
    from generations.store.collection import Collection

CONNECT_SECONDS: Final = 3.0
SEND_SECONDS: Final = 20.0
ANSWER_SECONDS: Final = 30.0


class NotSent(Exception):
    """The batch was not taken, and may be sent again.

    Attributes:
        kind: the counter among `Counters.errors`.
        pause_seconds: least time until then; 0 where nothing was said.
    """

    def __init__(self, kind: str, message: str, pause_seconds: float = 0.0) -> None:
        super().__init__(message)
        self.kind = kind
        self.pause_seconds = pause_seconds


class Refused(Exception):
    """The batch can never be taken as it is."""


class Sink(Protocol):
    """Takes batches: gzip of JSON lines."""

    def send(self, body: bytes, patience_seconds: float) -> list[str]:
        """Send a batch and return why records of it were refused, one message for each; sending it again is harmless.

        Raises:
            NotSent: try again later.
            Refused: all of it.
        """
        ...

    def close(self) -> None: ...


class ServerSink:
    """A Generations server: `POST /api/generations`."""

    def __init__(self, settings: Settings) -> None:
        import httpx2  # noqa: PLC0415 - loaded by the recorder's thread when something is sent

        "localhost".encode("idna")  # the first look-up of a host would import this codec, and a fork may come between
        headers = {"Content-Type": "application/x-ndjson", "Content-Encoding": "gzip"}
        if settings.api_key is not None:
            headers["Authorization"] = f"Bearer {settings.api_key}"
        if settings.project is not None:
            headers["Generations-Project"] = settings.project
        self._address = f"{settings.url}/api/generations"
        is_encrypted = settings.url.startswith("https://")  # without it there is nothing to verify, and no certificates to load
        self._client = httpx2.Client(headers=headers, verify=is_encrypted, limits=httpx2.Limits(max_connections=1, keepalive_expiry=3.0))

    def send(self, body: bytes, patience_seconds: float) -> list[str]:
        import httpx2  # noqa: PLC0415 - see above

        answer_seconds = min(ANSWER_SECONDS, patience_seconds)
        timeout = httpx2.Timeout(connect=min(CONNECT_SECONDS, patience_seconds), write=SEND_SECONDS, read=answer_seconds, pool=1.0)
        try:
            answer = self._client.post(self._address, content=body, timeout=timeout)
        except httpx2.HTTPError as error:
            raise NotSent("unreachable", f"{self._address} cannot be reached: {error}") from error
        if answer.is_success:
            return _refused(answer)
        raise _failure(answer, self._address)

    def close(self) -> None:
        self._client.close()


class _RefusedLine(msgspec.Struct):
    message: str = ""
    path: str | None = None


class _Taken(msgspec.Struct, rename="camel"):
    refused_count: int
    refused: list[_RefusedLine]


def _refused(answer: httpx2.Response) -> list[str]:
    """What the server says of records that it did not take.

    Raises:
        NotSent: the answer is not one of a Generations server.
    """
    try:
        taken = msgspec.json.decode(answer.content, type=_Taken)
    except msgspec.MsgspecError:
        raise NotSent("unreachable", f"{answer.url} is not a Generations server", 60.0) from None
    told = [f"{one.message} at {one.path}" if one.path else one.message for one in taken.refused]
    return told + ["refused"] * (taken.refused_count - len(told))


def _failure(answer: httpx2.Response, address: str) -> NotSent | Refused:
    status = answer.status_code
    told = f"{address} answered with status {status}"
    wait = answer.headers.get("retry-after", "")
    if status in (401, 403):
        return NotSent("unauthorized", f"{told}: the key is not one that may record", 60.0)
    if status in (400, 413, 415, 422):
        return Refused(f"{told}: {answer.text[:300]}")
    return NotSent("unreachable", told, float(wait) if wait.isdecimal() else 60.0 if status in (404, 405) else 0.0)


class StoreSink:
    """A folder or a ClickHouse server, opened by the recorder's thread and held until the process ends; needs an extra."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._collection: Collection | None = None

    def send(self, body: bytes, patience_seconds: float) -> list[str]:
        del patience_seconds  # the engine answers in its own time
        lines: list[Any] = [line for line in gzip.decompress(body).split(b"\n") if line]
        try:
            collection = self._open()
            try:
                collection.insert_many(lines)
            except InvalidRecord:
                return [message for line in lines if (message := _inserted(collection, line))]
        except StoreError as error:
            raise NotSent("unreachable", str(error)) from error
        except ConfigError as error:
            raise NotSent("unreachable", str(error), 60.0) from error
        return []

    def close(self) -> None:
        collection, self._collection = self._collection, None
        if collection is not None:
            collection.close()

    def _open(self) -> Collection:
        if self._collection is None:
            from generations import Generations  # noqa: PLC0415 - loads the engine

            self._collection = Generations(self._settings.url, project=self._settings.project)
        return self._collection


def _inserted(collection: Collection, line: bytes) -> str | None:
    """Why the record was refused; None when it was taken."""
    try:
        collection.insert_one(line)
    except InvalidRecord as error:
        return str(error)
    return None
