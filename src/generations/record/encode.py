"""Records into rows: whatever was sent becomes columns, or is refused with the path of what is wrong."""

from __future__ import annotations

import gc
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from math import inf
from typing import Any, TypeVar, cast

import msgspec
from msgspec import UNSET, convert
from msgspec.structs import astuple, force_setattr

from generations.errors import InvalidRecord
from generations.record import content, identity, instants, mend
from generations.record.fields import FIELDS, Field
from generations.record.generation import Generation
from generations.record.shape import ABSENT, ALTERNATIVE, KNOWN, LARGEST_INTEGER, ROOT, members, parse_record

MAX_BYTES = 32 * 1024 * 1024
"""Default of the largest record, as compact JSON."""

Record = Mapping[str, Any] | Generation | bytes
Naming = Callable[[bytes], str]
"""Makes the id of a record that came without one, from the hash of what was sent."""
Number = TypeVar("Number", int, float)


@dataclass(frozen=True, slots=True)
class Rows:
    """Records as columns, ready for the store.

    Attributes:
        columns: by column name, one value a row. Instants are microseconds since 1970; absent values None,
            absent lists `[]`, absent open content ''. `given` and `sent_hash` stand at the end.
        ids: the ids, also in `columns`.
    """

    columns: dict[str, list[Any]]
    ids: list[str]

    def __len__(self) -> int:
        return len(self.ids)

    @classmethod
    def joined(cls, parts: Sequence[Rows]) -> Rows:
        """The rows of all of them, one after the other."""
        if len(parts) == 1:
            return parts[0]
        columns = {name: [value for part in parts for value in part.columns[name]] for name in COLUMNS}
        return cls(columns, columns["id"])

    def take(self, indices: Sequence[int]) -> Rows:
        """The rows at these places, in this order."""
        columns = {name: [values[index] for index in indices] for name, values in self.columns.items()}
        return Rows(columns, columns["id"])


@dataclass(frozen=True, slots=True)
class Refusal:
    """A line that was not taken, counted from 0, and why."""

    line_index: int
    error: InvalidRecord


def encode_records(records: Iterable[Record], max_bytes: int = MAX_BYTES, name: Naming = identity.fresh) -> Rows:
    """All of the records, or none.

    Args:
        records: mappings, `Generation` objects, or the JSON text of one object each, mixed as one likes.
        max_bytes: the largest record, as compact JSON.
        name: makes the ids of records that come without one.

    Raises:
        InvalidRecord: the first record that breaks a rule; says which, where and how to mend it.
    """
    rows: list[tuple[Any, ...]] = []
    now = instants.now_us()
    with collector_paused():
        for index, record in enumerate(records):
            try:
                rows.append(_encode(record, max_bytes, now, name))
            except InvalidRecord as error:
                raise _named(error, index, record) from None
        return _transposed(rows)


def encode_one(record: Record, max_bytes: int = MAX_BYTES) -> Rows:
    """One record as rows of length 1.

    Raises:
        InvalidRecord: it breaks a rule.
    """
    return _transposed([_encode(record, max_bytes, instants.now_us(), identity.fresh)])


def encode_each(records: Iterable[Record], max_bytes: int = MAX_BYTES, name: Naming = identity.fresh) -> tuple[Rows, list[Refusal]]:
    """The good records as rows, and why the others were refused; the arguments are those of `encode_records`."""
    return _encode_each(records, max_bytes, name, drop_kept=False)


def encode_lines(lines: Iterable[Record], max_bytes: int = MAX_BYTES, seen: dict[bytes, int] | None = None) -> tuple[Rows, list[Refusal]]:
    """The same for the lines of a file, which may be read again.

    What the store keeps itself (`createdAt`, `updatedAt`) is dropped, so that an export can be imported.
    A record without an id gets one made of its content and of how many equal ones came before it, so that
    importing the same lines again adds nothing.

    Args:
        lines: the JSON text of one object each; mappings are taken too.
        max_bytes: the largest record, as compact JSON.
        seen: how often each content without an id has come; pass the same dictionary for each part of one file.
    """
    return _encode_each(lines, max_bytes, identity.by_content({} if seen is None else seen), drop_kept=True)


def _encode_each(records: Iterable[Record], max_bytes: int, name: Naming, drop_kept: bool) -> tuple[Rows, list[Refusal]]:
    rows: list[tuple[Any, ...]] = []
    refused: list[Refusal] = []
    now = instants.now_us()
    with collector_paused():
        for index, record in enumerate(records):
            try:
                rows.append(_encode(record, max_bytes, now, name, drop_kept))
            except InvalidRecord as error:
                refused.append(Refusal(index, error))
        return _transposed(rows), refused


@contextmanager
def collector_paused() -> Generator[None]:
    """Spare a batch the search for cycles, of which rows have none: a fifth of its time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _names_of(field: Field) -> tuple[str, ...]:
    match field.type:
        case "json":
            return (f"{field.column}_text", f"{field.column}_json")
        case "map":
            return (field.column, f"{field.column}_odd")
        case _:
            return (field.column,)


COLUMNS: tuple[str, ...] = (
    *(name for field in FIELDS if not field.kept_by_store for name in _names_of(field)),
    "given",
    "sent_hash",
)
"""The columns of `Rows`, in the order of the field table."""

_NO_INPUT, _NO_OUTPUT, _NO_USAGE = ABSENT["input"], ABSENT["output"], ABSENT["usage"]
_NO_PERFORMANCE, _NO_FEEDBACK, _NO_ERROR = ABSENT["performance"], ABSENT["feedback"], ABSENT["error"]
_NO_CONTENT: tuple[str | None, str] = (None, "")
_LISTS = {name: [field.type == "strings" for field in members(name)].index(True) for name in KNOWN}


def _encode(record: Record, max_bytes: int, now: int, name: Naming, drop_kept: bool = False) -> tuple[Any, ...]:
    """One row, its values in the order of `COLUMNS`."""
    given: list[str] | None = None
    found: Any
    if isinstance(record, bytes):
        text = record
        _check_size(text, max_bytes)
        try:
            found = parse_record(text)
        except (ValueError, RecursionError, msgspec.MsgspecError):
            parsed = content.loads(text)
            found, given = _mended(parsed, drop_kept)
    else:
        text, parsed = content.dumps(_plain(record))
        _check_size(text, max_bytes)
        try:
            found = convert(parsed, ROOT)
        except msgspec.ValidationError:
            found, given = _mended(parsed, drop_kept)
    if given is None:
        given = _given(found)
    if not drop_kept and (found.created_at is not UNSET or found.updated_at is not UNSET):
        raise mend.kept_by_store("createdAt" if found.created_at is not UNSET else "updatedAt")
    return _row(found, b"$" in text and b'"$date"' in text, given, now, name)


def _check_size(text: bytes, max_bytes: int) -> None:
    if len(text) <= max_bytes:
        return
    with suppress(RecursionError, msgspec.MsgspecError):
        text = msgspec.json.format(text, indent=-1)
    if len(text) > max_bytes:
        raise InvalidRecord(
            f"the record has {len(text):,} bytes, the largest allowed has {max_bytes:,}",
            hint="keep large media elsewhere and record its address, or raise max_record_bytes",
        )


def _plain(record: object) -> object:
    """The mapping to serialise; spares the usual datetime at `timestamp` the slow way."""
    if isinstance(record, Generation):
        record = {name: value for name, value in record.to_dict().items() if name not in ("createdAt", "updatedAt")}
    if not isinstance(record, Mapping):
        raise InvalidRecord(f"a record is a mapping, a Generation or JSON bytes, not {mend.describe(record)}")
    found = dict(cast("Mapping[str, Any]", record))
    instant = found.get("timestamp")
    if type(instant) is datetime:
        with suppress(OverflowError):  # years beyond what can be kept are refused with their path later
            found["timestamp"] = instants.iso(instant)
    return found


def _mended(parsed: Any, drop_kept: bool) -> tuple[Any, list[str]]:
    stripped = mend.without_nulls(parsed)
    if stripped is not None:
        with suppress(msgspec.ValidationError):
            return convert(stripped[0], ROOT), sorted(stripped[1])
    mended, given = mend.mend_record(parsed, drop_kept=drop_kept)
    return convert(mended, ROOT), sorted(given)


def _given(found: Any) -> list[str]:
    """What the typed columns of a record without nulls cannot tell: objects and lists that were sent empty."""
    given: list[str] = []
    if found.usage is not _NO_USAGE and found.usage == _NO_USAGE:
        given.append("usage.")
    if found.performance is not _NO_PERFORMANCE and found.performance == _NO_PERFORMANCE:
        given.append("performance.")
    if found.feedback is not _NO_FEEDBACK:
        if found.feedback == _NO_FEEDBACK:
            given.append("feedback.")
        elif found.feedback.categories == []:
            given.append("feedback.categories.")
    if found.error is not _NO_ERROR and found.error == _NO_ERROR:
        given.append("error.")
    return sorted(given)


def _row(found: Any, has_dates: bool, given: list[str], now: int, name: Naming) -> tuple[Any, ...]:
    asked, answer, usage, performance, feedback = found.input, found.output, found.usage, found.performance, found.feedback
    if asked.type is None and asked is not _NO_INPUT:
        raise mend.missing("input.type")
    if answer.type is None and answer is not _NO_OUTPUT:
        raise mend.missing("output.type")
    if has_dates:
        for value in (asked.content, answer.content, answer.alternatives, found.parameters, found.metadata, found.evals):
            content.normalise_dates(value)
    asked_content = _NO_CONTENT if asked is _NO_INPUT else _content(asked.content)
    answer_content = _NO_CONTENT if answer is _NO_OUTPUT else _content(answer.content)
    alternatives = "" if answer.alternatives is UNSET else _alternatives(answer.alternatives)
    parameters = _map("parameters", found.parameters)
    metadata = _map("metadata", found.metadata)
    evals = _evals(found.evals)
    timestamp = None if found.timestamp is None else _in_range(found.timestamp, "timestamp")
    if feedback.timestamp is not None:
        force_setattr(feedback, "timestamp", _in_range(feedback.timestamp, "feedback.timestamp"))
    total, rate = _derived(usage, performance, given)
    computed = _without_computed(usage)
    closed = (found.model, timestamp, asked.type, asked.tokens, answer.type, answer.tokens, answer.finish_reason)
    sent_hash = identity.digest(
        content.to_json((closed, usage, performance, feedback, found.status, found.error, given)),
        # Records that were stored before there were evals hash as they did.
        (*asked_content, *answer_content, alternatives, parameters[0], metadata[0], *filter(None, evals[:1])),
    )
    for member, value in computed:
        force_setattr(usage, member, value)
    if total is not None:
        force_setattr(usage, "total_tokens", total)
    if rate is not None:
        force_setattr(performance, "tokens_per_second", rate)
    return (
        found.id if found.id is not None else name(sent_hash),
        now if timestamp is None else timestamp,
        *astuple(found.model),
        asked.type,
        *asked_content,
        asked.tokens,
        answer.type,
        *answer_content,
        answer.tokens,
        answer.finish_reason,
        alternatives,
        *parameters,
        *astuple(usage),
        *metadata,
        *astuple(performance),
        *_feedback(feedback, given, now),
        *evals,
        found.status,
        *astuple(found.error),
        given,
        sent_hash,
    )


def _content(value: Any) -> tuple[str | None, str]:
    """The two columns of a content: as it is when it is a string, else its JSON text."""
    if type(value) is str:
        return (value, "")
    return _NO_CONTENT if value is UNSET else (None, _text(value))


def _text(value: Any) -> str:
    text = content.to_json(value)
    if content.is_too_deep(text):
        raise content.too_deep()
    return text.decode()


def _alternatives(found: Any) -> str:
    if found is None:
        return "null"
    try:
        known: list[Any] = convert(found, list[ALTERNATIVE])
        if any(item.feedback is not None for item in known):
            found = mend.mend_alternatives(found)
    except msgspec.ValidationError:
        found = mend.mend_alternatives(found)
    return _text(found)


def _map(name: str, found: Any) -> tuple[Any, ...]:
    """The columns of an open map: its text, oddness, and the declared keys."""
    if found is UNSET:
        return _NO_MAP[name]
    if found is None:
        return _NULL_MAP[name]
    try:
        known = convert(found, KNOWN[name])
    except msgspec.ValidationError:
        known = KNOWN[name](**mend.mend_map(name, found))
    text = content.to_json(found).decode()
    odd = content.is_odd(found)
    if odd and content.is_too_deep(text.encode()):
        raise content.too_deep()
    return (text, odd, *_known_values(name, known))


def _known_values(name: str, known: Any) -> tuple[Any, ...]:
    values = astuple(known)
    place = _LISTS[name]
    return values if values[place] is not None else (*values[:place], [], *values[place + 1 :])


_NO_MAP = {name: ("", False, *_known_values(name, KNOWN[name]())) for name in KNOWN}
_NULL_MAP = {name: ("null", *_NO_MAP[name][1:]) for name in KNOWN}


def _evals(found: Any) -> tuple[str, bool]:
    """The columns of the evals: their text, and their oddness, for which dates do not count: the accelerator leaves them out."""
    if found is UNSET:
        return _NO_EVALS
    if found is None:
        return ("null", False)
    evals = mend.mend_evals(found)
    text = content.to_json(evals)
    odd = content.is_odd({name: {key: _dateless(value) for key, value in one.items()} for name, one in evals.items()})
    if odd and content.is_too_deep(text):
        raise content.too_deep()
    return text.decode(), odd


def _dateless(value: Any) -> Any:
    return None if isinstance(value, dict) and instants.parse(cast("object", value)) is not None else cast("Any", value)


_NO_EVALS = ("", False)


def _in_range(instant: datetime, path: str) -> int:
    us = instants.micros(instant)
    if not instants.EARLIEST_US <= us <= instants.LATEST_US:
        raise InvalidRecord("an instant lies between the years 1900 and 2299", path=path)
    return us


def _derived(usage: Any, performance: Any, given: list[str]) -> tuple[int | None, float | None]:
    """The total and the rate that follow from their parts; a value that was sent but says just that is taken away.

    A record that carries what would be derived anyway therefore hashes like one that does not.
    """
    completion: int | None = usage.completion_tokens
    if completion is None:
        return None, None
    total = rate = None
    if usage.prompt_tokens is not None and "usage.totalTokens" not in given:
        total = _unless_sent(usage, "total_tokens", usage.prompt_tokens + completion)
    seconds = (performance.latency or 0) / 1000
    if seconds and "performance.tokensPerSecond" not in given:
        rate = _unless_sent(performance, "tokens_per_second", completion / seconds)
    return (total if total is not None and total <= LARGEST_INTEGER else None), (rate if rate is not None and rate < inf else None)


_COMPUTED = ("computed_cost", "computed_currency", "price_source", "price_version")
_REPORTED = ("cost", "currency", "cost_source")


def _without_computed(usage: Any) -> list[tuple[str, Any]]:
    """Take away what was computed from prices, and return it, to be put back.

    It is no part of what was sent: a record that comes back from an export with its cost hashes like the one that
    came without, and so do two that were priced at different times.
    """
    if usage.price_source is None:
        return []
    names = (*_COMPUTED, *_REPORTED) if usage.cost_source == "computed" else _COMPUTED
    taken = [(name, getattr(usage, name)) for name in names]
    for name in names:
        force_setattr(usage, name, None)
    return taken


def _unless_sent(part: Any, name: str, derived: Number) -> Number | None:
    """The derived value; None when another one was sent."""
    sent = getattr(part, name)
    if sent is None:
        return derived
    if sent != derived:
        return None
    force_setattr(part, name, None)
    return derived


def _feedback(feedback: Any, given: list[str], now: int) -> tuple[Any, ...]:
    if feedback is _NO_FEEDBACK:
        return _NO_FEEDBACK_ROW
    rating, thumbs, comment, categories, timestamp, user_id = astuple(feedback)
    if timestamp is None and feedback != _NO_FEEDBACK and "feedback.timestamp" not in given:
        timestamp = now
    return rating, thumbs, comment, categories or [], timestamp, user_id


_NO_FEEDBACK_ROW: tuple[Any, ...] = (None, None, None, [], None, None)


def _transposed(rows: list[tuple[Any, ...]]) -> Rows:
    columns: dict[str, list[Any]] = {name: [] for name in COLUMNS}
    if rows:
        columns = {name: list(values) for name, values in zip(COLUMNS, zip(*rows, strict=True), strict=True)}
    return Rows(columns, columns["id"])


def _named(error: InvalidRecord, index: int, record: Record) -> InvalidRecord:
    """The error with the record's place in the batch, and its id where it can be read."""
    name = f"record {index}"
    found: object = None
    if isinstance(record, bytes):
        with suppress(ValueError, RecursionError, msgspec.MsgspecError):
            found = content.from_json(record)
    else:
        found = record.to_dict() if isinstance(record, Generation) else record
    if isinstance(found, Mapping):
        given = cast("Mapping[str, object]", found).get("id")
        if isinstance(given, str) and given:
            name += f" (id '{given[:80]}')"
    return InvalidRecord(f"{name}: {error.message}", hint=error.hint, path=error.path)
