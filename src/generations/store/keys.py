"""The keys that programs show to a server: made, listed and revoked; of a key's text only the hash is kept."""

from __future__ import annotations

import hmac
import math
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

from generations.errors import InvalidInput, NotFound
from generations.query.compiled import Param
from generations.record import instants
from generations.record.nearest import nearest
from generations.store.limits import UNLIMITED
from generations.store.migrations import find_layout, migrate
from generations.store.schema import KEYS_TABLE
from generations.store.sequence import SEQUENCE
from generations.store.settings import reading

if TYPE_CHECKING:
    from generations.store.engine import Engine

KeyScope = Literal["ingest", "read", "feedback", "export", "delete", "admin"]
"""What a key may do: `ingest` records and change them, `read`, give `feedback` and evals, `export`, `delete`;
`admin` makes keys and sees metrics."""

SCOPES: Final[tuple[KeyScope, ...]] = get_args(KeyScope)

MOST_LIVE: Final = 10_000
"""Most keys of a store that have not ended; servers hold all of them in memory."""

_MARK: Final = "gen"
_ID_BYTES: Final = 8
_SECRET_BYTES: Final = 32
_LONGEST_NAME: Final = 200
_OWN_READS: Final = reading(UNLIMITED)
_NEWEST: Final = f"(SELECT * FROM {KEYS_TABLE} ORDER BY seq DESC LIMIT 1 BY id)"
_LIVE: Final = "revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now64(6))"


@dataclass(frozen=True, slots=True)
class Key:
    """One key, without its text.

    Attributes:
        id: tells it from others; it is part of its text and may be shown.
        project: the only one that it sees.
        scopes: what it may do.
        name: what people call it.
        rate_per_second: most requests a second, on average; None is the server's own limit.
        created_at: when it was made.
        expires_at: when it ends by itself; None is never.
        revoked_at: when it was taken back; None is not.
        secret_hash: SHA-256 of its text.
    """

    id: str
    project: str
    scopes: tuple[KeyScope, ...]
    name: str | None
    rate_per_second: float | None
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    secret_hash: bytes

    @property
    def has_ended(self) -> bool:
        """Whether it was revoked, or its time is over."""
        return self.revoked_at is not None or (self.expires_at is not None and self.expires_at <= datetime.now(UTC))

    def opens_with(self, text: str) -> bool:
        """Whether a text is this key's; how long that takes says nothing about how much of it is right."""
        return hmac.compare_digest(self.secret_hash, sha256(text.encode()).digest())


class Keys:
    """The keys of one store. Rows are only ever appended, and the newest one of a key counts.

    Args:
        engine: where they are; whoever makes it closes it. Opening runs the migrations that are due.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        migrate(engine, find_layout(engine))

    def create(
        self,
        project: str,
        scopes: Iterable[str],
        *,
        name: str | None = None,
        expires_at: datetime | None = None,
        rate_per_second: float | None = None,
    ) -> tuple[str, Key]:
        """Make a key; on disk when it returns.

        Returns:
            Its text, which cannot be had again, and what is kept of it.

        Raises:
            InvalidInput: a scope is unknown, there is none, it would have ended already, its rate allows nothing, or
                there are as many keys as there may be.
        """
        now = datetime.now(UTC)
        if not project:
            raise InvalidInput("the project has no name", path="project")
        if expires_at is not None:
            expires_at = _to_come(expires_at, now)
        if name is not None and len(name) > _LONGEST_NAME:
            raise InvalidInput(f"the name has more than {_LONGEST_NAME} characters", path="name")
        if rate_per_second is not None and not 0 < rate_per_second < math.inf:
            raise InvalidInput("the rate allows nothing", path="ratePerSecond", hint="more than 0 requests a second, or leave it out")
        id = secrets.token_hex(_ID_BYTES)
        text = f"{_MARK}_{id}_{secrets.token_hex(_SECRET_BYTES)}"
        digest = sha256(text.encode()).digest()
        key = Key(id, project, checked_scopes(scopes), name, rate_per_second, now, expires_at, None, digest)
        with self._engine.writing():
            if len(self.live()) >= MOST_LIVE:
                raise InvalidInput(f"there are {MOST_LIVE:,} keys already", hint="revoke those that nobody uses")
            self._append(key)
        return text, key

    def exist(self) -> bool:
        """Whether a key was ever made; it stays so when all of them have ended."""
        return bool(self._engine.query(f"SELECT 1 AS one FROM {KEYS_TABLE} LIMIT 1", settings=_OWN_READS).num_rows)

    def live(self) -> list[Key]:
        """The keys that have not ended, of all projects."""
        return self._found(f"SELECT * FROM {_NEWEST} WHERE {_LIVE}", {})

    def all(self, project: str | None = None) -> list[Key]:
        """Every key that was ever made, of one project or of all, the oldest first; those that have ended too."""
        where = "" if project is None else " WHERE project = {project:String}"
        return self._found(f"SELECT * FROM {_NEWEST}{where}", {} if project is None else {"project": Param("String", project)})

    def revoke(self, id: str, project: str | None = None) -> Key:
        """Take a key back for good; on disk when it returns. Harmless when repeated.

        Args:
            id: of the key.
            project: when it is given, a key of another project is as unknown as one that never was.

        Raises:
            NotFound: there is no such key.
        """
        with self._engine.writing():
            key = next(iter(self._found(f"SELECT * FROM {_NEWEST} WHERE id = {{id:String}}", {"id": Param("String", id)})), None)
            if key is None or project not in (None, key.project):
                raise NotFound(f"there is no key {id!r}", path="id", hint="generations keys list shows them")
            if key.revoked_at is None:
                key = replace(key, revoked_at=datetime.now(UTC))
                self._append(key)
        return key

    def _found(self, sql: str, params: dict[str, Param]) -> list[Key]:
        rows: list[dict[str, Any]] = self._engine.query(sql, params, _OWN_READS).to_pylist()
        if rows:
            SEQUENCE.advance(max(row["seq"] for row in rows))  # the clock of who wrote them may be ahead
        keys = [_key(row) for row in rows]
        return sorted(keys, key=lambda key: (key.created_at, key.id))

    def _append(self, key: Key) -> None:
        import pyarrow as pa  # noqa: PLC0415 - slow to import

        instant = pa.timestamp("us", tz="UTC")
        columns: dict[str, tuple[Any, Any]] = {
            "id": (pa.string(), key.id),
            "seq": (pa.uint64(), SEQUENCE.take(1)[0]),
            "project": (pa.string(), key.project),
            "name": (pa.string(), key.name),
            "scopes": (pa.list_(pa.string()), list(key.scopes)),
            "secret_hash": (pa.binary(32), key.secret_hash),
            "rate_per_second": (pa.float64(), key.rate_per_second),
            "created_at": (instant, key.created_at),
            "expires_at": (instant, key.expires_at),
            "revoked_at": (instant, key.revoked_at),
        }
        self._engine.insert(KEYS_TABLE, pa.table({name: pa.array([value], type) for name, (type, value) in columns.items()}))


def checked_scopes(scopes: Iterable[str]) -> tuple[KeyScope, ...]:
    """The scopes, each once, in the usual order.

    Raises:
        InvalidInput: one is unknown, or there is none.
    """
    given = list(scopes)
    for scope in given:
        if scope not in SCOPES:
            near = nearest(scope, SCOPES)
            hint = f"did you mean {near!r}?" if near else f"known are {', '.join(SCOPES)}"
            raise InvalidInput(f"unknown scope {scope!r}", path="scopes", hint=hint)
    if not given:
        raise InvalidInput("the key may do nothing", path="scopes", hint=f"give it one or more of {', '.join(SCOPES)}")
    return tuple(scope for scope in SCOPES if scope in given)


def _to_come(instant: datetime, now: datetime) -> datetime:
    """An instant as the store keeps it; one without an offset is in UTC."""
    us = instants.micros(instant)
    if not instants.micros(now) < us <= instants.LATEST_US:
        raise InvalidInput("the key would have ended already, or never", path="expiresAt", hint="name a time to come, or leave it out")
    return instants.from_micros(us)


def id_in(text: str) -> str | None:
    """The id in the text of a key; None where it is not formed like one."""
    mark, _, rest = text.partition("_")
    id, _, secret = rest.partition("_")
    formed = mark == _MARK and len(id) == 2 * _ID_BYTES and len(secret) == 2 * _SECRET_BYTES and text.isascii()
    return id if formed else None


def _key(row: dict[str, Any]) -> Key:
    return Key(
        id=row["id"],
        project=row["project"],
        scopes=tuple(scope for scope in SCOPES if scope in row["scopes"]),
        name=row["name"],
        rate_per_second=row["rate_per_second"],
        created_at=row["created_at"],
        expires_at=row["expires_at"],
        revoked_at=row["revoked_at"],
        secret_hash=bytes(row["secret_hash"]),
    )
