"""A request to a provider's API and its answer, as a record.

Proxies, batches and stored completions keep both bodies as they travelled. What the bodies say goes before what the
keeper of the log says of them: its counts follow a convention of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from msgspec.structs import replace

from generations.wire.call import Call, Choice
from generations.wire.call_parameters import call_parameters
from generations.wire.payload import Object, as_list, as_object, as_text, first_text, without_absent
from generations.wire.provider_bodies import Answer, answer_of, openai_tokens, request_of
from generations.wire.record_parts import input_of, measured, model_of, output_of, own_metadata
from generations.wire.usage import usage_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One call; None and empty for what is not known.

    Attributes:
        id: identity of the record, the same each time the same call is read; None: made of the content.
        timestamp: when the request was sent, ISO 8601.
        request: the request's body.
        response: the answer's body; any JSON value, or text.
        told: what the log tells of the call, where the bodies do not.
        latency_ms: from the request to the end of the answer.
        has_failed: whether the call failed, where the answer does not tell; None when that is not known either.
        error_code: the HTTP status of a failure.
        metadata: more of the record's own metadata.
        source: the key under `metadata` for what has no field; `told.kept` stands there.
    """

    id: str | None
    timestamp: str | None
    request: Object = field(default_factory=dict[str, Any])
    response: Any = None
    told: Call = field(default_factory=Call)
    latency_ms: float | None = None
    has_failed: bool | None = None
    error_code: str | None = None
    metadata: Object = field(default_factory=dict[str, Any])
    source: str


def record_of(exchange: Exchange) -> Object:
    """The record of a call."""
    error = _error(exchange)
    answer = (answer_of(as_object(exchange.response)) if error is None else None) or _other_answer(exchange.response, error)
    call = _call(exchange, answer)
    usage, notes = usage_of(call.tokens, call.cost_usd)
    parameters, misfits = call_parameters(call.parameters)
    performance: Object = {
        "latency": measured(exchange.latency_ms, "latency", notes),
        "timeToFirstToken": measured(call.first_token_ms, "time to the first token", notes),
    }
    record: Object = {
        "id": exchange.id,
        "timestamp": exchange.timestamp,
        "model": model_of(call, notes),
        "input": input_of(call, usage),
        "output": output_of(call, usage),
        "parameters": without_absent(parameters) or None,
        "usage": usage or None,
        "performance": without_absent(performance) or None,
        **_status(exchange, error, call),
    }
    known: Object = {
        "requestId": call.response_id,
        "userId": call.user_id,
        "sessionId": call.session_id,
        "functionId": call.function_id,
        "tags": list(call.tags) or None,
        "serviceTier": answer.service_tier,
        **exchange.metadata,
    }
    custom, misplaced = own_metadata(call.custom, known, (exchange.source, "notes", *known))
    kept: Object = {
        "parameters": misfits or None,
        "metadata": misplaced or None,
        "response": answer.rest or None,
        "error": _rest_of(error),
    }
    about = known | custom | {"notes": notes or None, exchange.source: (call.kept | without_absent(kept)) or None}
    record["metadata"] = without_absent(about) or None
    return without_absent(record)


def _call(exchange: Exchange, answer: Answer) -> Call:
    """What the bodies tell, and the log where they do not."""
    request, told = request_of(exchange.request, is_request=True), exchange.told
    parameters = told.parameters | request.parameters
    user = as_text(parameters.pop("user", None))
    return replace(
        told,
        requested_model=first_text(request.model, told.requested_model),
        answered_model=first_text(answer.model, told.answered_model),
        input=told.input if request.input is None else request.input,
        choices=answer.choices or told.choices,
        parameters=parameters,
        tokens=answer.tokens if answer.tokens.is_told() else told.tokens.with_cost_of(answer.tokens),
        response_id=first_text(answer.response_id, told.response_id),
        user_id=first_text(told.user_id, user),
    )


def _other_answer(response: Any, error: Any) -> Answer:
    """What is of no known shape, such as embeddings, as it is, without what has a field."""
    if error is not None or response in (None, "", {}, []):
        return Answer()
    body = as_object(response)
    said = {name: value for name, value in body.items() if name not in ("id", "model", "usage", "object")} if body else response
    tokens = openai_tokens(as_object(body.get("usage")), body.get("model"))
    return Answer(as_text(body.get("model")), as_text(body.get("id")), (Choice(said),) if said else (), tokens)


def _error(exchange: Exchange) -> Any:
    """What the answer says went wrong: the `error` of OpenAI, Anthropic and Google, or the whole of a failed answer."""
    found = as_object(exchange.response).get("error")
    if found:
        return found
    return exchange.response or {} if exchange.has_failed else None


def _status(exchange: Exchange, error: Any, call: Call) -> Object:
    if error is not None:
        told = as_object(error)
        message = error if isinstance(error, str) else first_text(told.get("message"), told.get("detail"))
        code = exchange.error_code or _code(told.get("code"))
        said = {"type": first_text(told.get("type"), told.get("status")), "message": message or None, "code": code}
        return {"status": "error", "error": without_absent(said) or None}
    return {"status": "success"} if call.choices or exchange.has_failed is False else {}


def _code(value: Any) -> str | None:
    return str(value) if isinstance(value, str | int) and value != "" else None


def _rest_of(error: Any) -> Object | None:
    """What an error says beside type, message and code."""
    rest = {name: value for name, value in as_object(error).items() if name not in ("type", "message", "code", "detail", "status")}
    return without_absent(rest) or None


def each_of(document: Any, *names: str) -> list[Object]:
    """The objects of a page, which holds them under one of the names; else the document itself."""
    holder = as_object(document)
    found = next((as_list(holder[name]) for name in names if isinstance(holder.get(name), list)), None)
    return [holder] if found is None else [as_object(item) for item in found]
