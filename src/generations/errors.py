"""Everything that can go wrong, branched by who can mend it.

GenerationsError
├── InvalidInput              the caller
│   ├── NotFound              there is no record of this id, no key of this name
│   ├── TooLarge              larger than what is taken at once
│   ├── Stalled               a body, or the head of a request, that stopped coming
│   ├── VersionChanged        the record is not in the version that was meant
│   ├── InvalidRecord         a record breaks a rule of the record reference
│   └── InvalidQuery          a filter, pipeline, projection, sort or update
│       ├── UnknownField      a path that cannot exist
│       ├── UnknownOperator   an operator, stage or option nobody knows
│       └── Unsupported       known to MongoDB, refused here because it could not be exact
├── AccessDenied              the key: missing, unknown, ended, or without the scope
├── StoreError                the operator
│   ├── StoreUnavailable      try again later: locked, unreachable, disk full
│   │   └── Busy              more than can be taken now; it names the time to wait
│   │       └── RateLimited   more than this key may send
│   ├── StoreDamaged          the data on disk is not what was written, or not ours
│   ├── QueryFailed           an expression had no value (division by zero, bad conversion)
│   └── LimitExceeded         stopped by a time, memory or row limit
└── ConfigError               the installer
    └── MissingExtra          a part of the package that is not installed
"""


class GenerationsError(Exception):
    """The root of the tree.

    Attributes:
        code: stable, machine-readable name of the kind of error.
        hint: how to mend it, one sentence; None where nothing can be said.
        path: where in the caller's input, as a dotted path (`usage.cost`) for records and a JSON
            pointer (`/$or/1`) for queries; None where it does not apply.
    """

    code = "error"

    def __init__(self, message: str, *, hint: str | None = None, path: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.path = path

    def __str__(self) -> str:
        where = f" at {self.path}" if self.path else ""
        hint = f"; {self.hint}" if self.hint else ""
        return f"{self.message}{where}{hint}"


class InvalidInput(GenerationsError):
    """The caller sent something that cannot be taken as it is."""

    code = "invalid_input"


class NotFound(InvalidInput):
    """What is asked about is not there."""

    code = "not_found"


class TooLarge(InvalidInput):
    """A body or a batch is larger than what is taken at once."""

    code = "too_large"


class Stalled(InvalidInput):
    """A request stopped coming before its end."""

    code = "stalled"


class VersionChanged(InvalidInput):
    """A change was meant for another version of the record than the one that is there."""

    code = "version_changed"


class InvalidRecord(InvalidInput):
    """A record breaks a rule; `path` is the dotted path inside the record."""

    code = "invalid_record"


class InvalidQuery(InvalidInput):
    """A filter, pipeline, projection, sort or update is malformed; `path` is a JSON pointer into it."""

    code = "invalid_query"


class UnknownField(InvalidQuery):
    """A path that no record can have."""

    code = "unknown_field"


class UnknownOperator(InvalidQuery):
    """An operator, stage, accumulator or option that does not exist."""

    code = "unknown_operator"


class Unsupported(InvalidQuery):
    """MongoDB knows it, but it cannot be answered exactly here, so it is refused."""

    code = "unsupported"


class AccessDenied(GenerationsError):
    """The key is missing, unknown, revoked or expired (`unauthenticated`), or may not do this (`forbidden`)."""

    code = "forbidden"

    def __init__(self, message: str, *, hint: str | None = None, unauthenticated: bool = False) -> None:
        super().__init__(message, hint=hint)
        if unauthenticated:
            self.code = "unauthenticated"


class StoreError(GenerationsError):
    """The store could not do what it was asked to."""

    code = "store_error"


class StoreUnavailable(StoreError):
    """Try again later, or after making room: locked by another process, unreachable, disk full."""

    code = "store_unavailable"


class Busy(StoreUnavailable):
    """More is sent than can be taken now; nothing of this request was.

    Attributes:
        retry_after: seconds after which it may be sent again.
    """

    code = "busy"

    def __init__(self, message: str, *, hint: str | None = None, path: str | None = None, retry_after: int = 1) -> None:
        super().__init__(message, hint=hint, path=path)
        self.retry_after = retry_after


class RateLimited(Busy):
    """This key has sent more than it may in this time."""

    code = "rate_limited"


class StoreDamaged(StoreError):
    """The data is damaged, newer than this version, or was not written by Generations."""

    code = "store_damaged"


class QueryFailed(StoreError):
    """An expression had no value for some record: division by zero, a conversion that cannot be done."""

    code = "query_failed"


class LimitExceeded(StoreError):
    """A query was stopped by its time, memory or row limit."""

    code = "limit_exceeded"


class ConfigError(GenerationsError):
    """A setting or the installation is wrong."""

    code = "config_error"


class MissingExtra(ConfigError):
    """An optional part of the package is needed and not installed."""

    code = "missing_extra"
