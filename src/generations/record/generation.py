"""`Generation`: the record as a typed class, to build and to read records with an editor's help."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Generic, Literal, Self, TypeVar, cast, overload

import msgspec
from msgspec import Struct

from generations.record import instants, mend
from generations.record.fields import BY_PATH, OBJECTS

Value = TypeVar("Value")


class Key(Generic[Value]):
    """A declared key of an open map, as an attribute: None when absent or null; setting None takes the key away."""

    def __init__(self, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, holder: None, owner: type[Any]) -> Self: ...
    @overload
    def __get__(self, holder: dict[str, Any], owner: type[Any]) -> Value | None: ...
    def __get__(self, holder: dict[str, Any] | None, owner: type[Any]) -> Self | Value | None:
        return self if holder is None else holder.get(self.name)

    def __set__(self, holder: dict[str, Any], value: Value | None) -> None:
        if value is None:
            holder.pop(self.name, None)
        else:
            holder[self.name] = value


class Parameters(dict[str, Any]):
    """Parameters of the call: a dictionary of any keys, with the known ones as typed attributes."""

    temperature = Key[float]("temperature")
    top_p = Key[float]("topP")
    max_tokens = Key[int]("maxTokens")
    stop_sequences = Key[list[str]]("stopSequences")
    presence_penalty = Key[float]("presencePenalty")
    frequency_penalty = Key[float]("frequencyPenalty")

    def __init__(
        self,
        entries: Mapping[str, Any] | Iterable[tuple[str, Any]] = (),
        /,
        *,
        temperature: float | None = None,
        top_p: float | None = None,
        max_tokens: int | None = None,
        stop_sequences: list[str] | None = None,
        presence_penalty: float | None = None,
        frequency_penalty: float | None = None,
    ) -> None:
        super().__init__(entries)
        _put(self, "temperature", temperature)
        _put(self, "topP", top_p)
        _put(self, "maxTokens", max_tokens)
        _put(self, "stopSequences", stop_sequences)
        _put(self, "presencePenalty", presence_penalty)
        _put(self, "frequencyPenalty", frequency_penalty)


class Metadata(dict[str, Any]):
    """Context of the call: a dictionary of any keys, with the known ones as typed attributes."""

    request_id = Key[str]("requestId")
    user_id = Key[str]("userId")
    session_id = Key[str]("sessionId")
    function_id = Key[str]("functionId")
    workflow_id = Key[str]("workflowId")
    agent_id = Key[str]("agentId")
    trace_id = Key[str]("traceId")
    span_id = Key[str]("spanId")
    parent_span_id = Key[str]("parentSpanId")
    tags = Key[list[str]]("tags")

    def __init__(
        self,
        entries: Mapping[str, Any] | Iterable[tuple[str, Any]] = (),
        /,
        *,
        request_id: str | None = None,
        user_id: str | None = None,
        session_id: str | None = None,
        function_id: str | None = None,
        workflow_id: str | None = None,
        agent_id: str | None = None,
        trace_id: str | None = None,
        span_id: str | None = None,
        parent_span_id: str | None = None,
        tags: list[str] | None = None,
    ) -> None:
        super().__init__(entries)
        _put(self, "requestId", request_id)
        _put(self, "userId", user_id)
        _put(self, "sessionId", session_id)
        _put(self, "functionId", function_id)
        _put(self, "workflowId", workflow_id)
        _put(self, "agentId", agent_id)
        _put(self, "traceId", trace_id)
        _put(self, "spanId", span_id)
        _put(self, "parentSpanId", parent_span_id)
        _put(self, "tags", tags)


class Eval(dict[str, Any]):
    """What one evaluator found: a dictionary of any keys, with the known ones as typed attributes; `duration` in ms."""

    score = Key[float]("score")
    label = Key[str]("label")
    explanation = Key[str]("explanation")
    evaluator = Key[str]("evaluator")
    duration = Key[float]("duration")
    test_id = Key[str]("testId")
    timestamp = Key[datetime]("timestamp")

    def __init__(
        self,
        entries: Mapping[str, Any] | Iterable[tuple[str, Any]] = (),
        /,
        *,
        score: float | None = None,
        label: str | None = None,
        explanation: str | None = None,
        evaluator: str | None = None,
        duration: float | None = None,
        test_id: str | None = None,
        timestamp: datetime | None = None,
    ) -> None:
        super().__init__(entries)
        _put(self, "score", score)
        _put(self, "label", label)
        _put(self, "explanation", explanation)
        _put(self, "evaluator", evaluator)
        _put(self, "duration", duration)
        _put(self, "testId", test_id)
        _put(self, "timestamp", timestamp)


def _put(holder: dict[str, Any], name: str, value: object) -> None:
    if value is not None:
        holder[name] = value


class Model(Struct, rename="camel", forbid_unknown_fields=True):
    """Which model; `id` is the name as it was requested."""

    id: str
    name: str | None = None
    version: str | None = None
    provider: str | None = None


class Input(Struct, rename="camel", forbid_unknown_fields=True):
    """What the model was given; `content` is text, or messages and parts as JSON values."""

    type: Literal["text", "image", "audio", "multimodal"]
    content: Any = None
    tokens: int | None = None


class Feedback(Struct, rename="camel", forbid_unknown_fields=True):
    """What a person or an evaluator said of an output."""

    rating: float | None = None
    thumbs: Literal["up", "down"] | None = None
    comment: str | None = None
    categories: list[str] | None = None
    timestamp: datetime | None = None
    user_id: str | None = None


class Alternative(Struct, rename="camel", forbid_unknown_fields=True):
    """Another output for the same input."""

    content: Any = None
    tokens: int | None = None
    score: float | None = None
    finish_reason: str | None = None
    feedback: Feedback | None = None


class Output(Struct, rename="camel", forbid_unknown_fields=True):
    """What the model produced; `finish_reason` in the provider's word."""

    type: Literal["text", "image", "audio", "code", "json", "other"]
    content: Any = None
    tokens: int | None = None
    finish_reason: str | None = None
    alternatives: list[Alternative] | None = None


class Usage(Struct, rename="camel", forbid_unknown_fields=True):
    """Billed tokens: cached ones are counted inside `prompt_tokens`, reasoning inside `completion_tokens`.

    `cost` is None when unknown, which is not 0.
    """

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    total_tokens: int | None = None
    cached_tokens: int | None = None
    cache_write_tokens: int | None = None
    cache_write_hour_tokens: int | None = None
    reasoning_tokens: int | None = None
    audio_tokens: int | None = None
    input_audio_tokens: int | None = None
    output_audio_tokens: int | None = None
    cached_audio_tokens: int | None = None
    input_image_tokens: int | None = None
    output_image_tokens: int | None = None
    cached_image_tokens: int | None = None
    cost: float | None = None
    currency: str | None = None
    cost_source: Literal["reported", "computed"] | None = None
    computed_cost: float | None = None
    computed_currency: str | None = None
    price_source: str | None = None
    price_version: str | None = None


class Performance(Struct, rename="camel", forbid_unknown_fields=True):
    """Milliseconds, and completion tokens by second of latency."""

    latency: float | None = None
    time_to_first_token: float | None = None
    tokens_per_second: float | None = None


class Error(Struct, rename="camel", forbid_unknown_fields=True):
    """What went wrong when `status` is `error`."""

    type: str | None = None
    message: str | None = None
    code: str | None = None


class Generation(Struct, rename="camel", forbid_unknown_fields=True, kw_only=True):
    """One generation. Absent is None.

    Attributes:
        nulls: the paths that are null rather than absent (`usage.cost`), so that what was read is written
            back as it was. A path here counts only while its attribute is None.
        created_at: kept by the store; not sent.
        updated_at: kept by the store; not sent.
    """

    model: Model
    id: str | None = None
    timestamp: datetime | None = None
    input: Input | None = None
    output: Output | None = None
    parameters: Parameters | None = None
    usage: Usage | None = None
    metadata: Metadata | None = None
    performance: Performance | None = None
    feedback: Feedback | None = None
    evals: dict[str, Eval] | None = None
    status: Literal["success", "error"] | None = None
    error: Error | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    nulls: frozenset[str] = frozenset()

    def to_dict(self) -> dict[str, Any]:
        """The record with its JSON names; instants stay datetimes, open content is not copied."""
        found = _to_dict(self)
        found.pop("nulls", None)
        for path in self.nulls:
            _put_null(found, path)
        return found

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> Generation:
        """The record of a mapping with JSON names, as `find` returns it or as it would be sent.

        Raises:
            InvalidRecord: an unknown field, or a value of another type than its field's.
        """
        try:
            found = None if "nulls" in record else msgspec.convert(record, cls, dec_hook=_open_map)
        except msgspec.ValidationError:
            found = None
        if found is None:
            found = msgspec.convert(_mended(record), cls, dec_hook=_open_map)
        found.nulls = frozenset(_null_paths(record, ""))
        return _aware(found)


def _mended(record: Mapping[str, Any]) -> dict[str, Any]:
    """The record with every value of its field's type, as far as it is typed.

    Raises:
        InvalidRecord: it cannot be.
    """
    mended, _ = mend.mend_record(dict(record), drop_kept=True)
    for name in ("createdAt", "updatedAt"):
        if record.get(name) is not None:
            mended[name] = mend.mend_value(BY_PATH[name], record[name], name)
    for name, kind in (("parameters", Parameters), ("metadata", Metadata)):
        if mended.get(name) is not None:
            mend.mend_map(name, mended[name])
            mended[name] = kind(mended[name])
    if mended.get("evals") is not None:
        mend.mend_evals(mended["evals"])
        mended["evals"] = {name: Eval(value) for name, value in mended["evals"].items()}
    output: dict[str, Any] = mended.get("output", {})
    if output.get("alternatives") is not None:
        output["alternatives"] = mend.mend_alternatives(output["alternatives"])
    return mended


def _open_map(kind: type[Any], value: Any) -> Any:
    if not isinstance(value, Mapping):
        raise TypeError(f"expected an object, found {mend.describe(value)}")
    return kind(value)


def _aware(found: Generation) -> Generation:
    """Instants that came without an offset are UTC."""
    if found.timestamp is not None:
        found.timestamp = instants.from_micros(instants.micros(found.timestamp))
    if found.feedback is not None and found.feedback.timestamp is not None:
        found.feedback.timestamp = instants.from_micros(instants.micros(found.feedback.timestamp))
    return found


def _to_dict(found: Struct) -> dict[str, Any]:
    """Absent members are left out; open maps become plain dictionaries."""
    out: dict[str, Any] = {}
    for attribute, name in zip(found.__struct_fields__, found.__struct_encode_fields__, strict=True):
        value = getattr(found, attribute)
        if value is None:
            continue
        if isinstance(value, Struct):
            value = _to_dict(value)
        elif isinstance(value, (Parameters, Metadata)):
            value = dict(value)
        elif name == "evals":
            value = {key: dict(one) for key, one in value.items()}
        elif name == "alternatives":
            value = [_to_dict(item) for item in value]
        out[name] = value
    return out


def _null_paths(record: Mapping[str, Any], prefix: str) -> Iterable[str]:
    """Where the closed part of a record is null."""
    for name, value in record.items():
        if value is None:
            yield prefix + name
        elif name in OBJECTS and isinstance(value, Mapping):
            yield from _null_paths(cast("Mapping[str, Any]", value), f"{prefix}{name}.")
        elif prefix == "output." and name == "alternatives":
            for index, item in enumerate(value):
                yield from _null_paths(item, f"{prefix}{name}.{index}.")


def _put_null(found: dict[str, Any], path: str) -> None:
    """Write a null where nothing stands; nothing happens when its object is gone."""
    holder: Any = found
    *above, name = path.split(".")
    for step in above:
        if isinstance(holder, list) and step.isdecimal() and int(step) < len(cast("list[Any]", holder)):
            holder = cast("list[Any]", holder)[int(step)]
        elif isinstance(holder, dict):
            holder = cast("dict[str, Any]", holder).get(step)
    if isinstance(holder, dict):
        cast("dict[str, Any]", holder).setdefault(name, None)
