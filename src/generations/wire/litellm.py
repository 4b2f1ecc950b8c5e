"""LiteLLM: the payload that its callback `generic_api` posts for each call, of the proxy and of the library.

Source: litellm 1.109.1, `StandardLoggingPayload`; what older builds did otherwise is read as well: times as text, no session,
and the first format of the callback, in which every value is the text of a Python object. Counts have their parts inside,
whoever the provider is; costs are US dollars, and 0 where LiteLLM knows no price.
"""

from __future__ import annotations

import re
from hashlib import blake2b
from typing import Any, Final

from msgspec.structs import replace

from generations.errors import InvalidRecord
from generations.record import instants
from generations.record.mend import describe
from generations.wire.bounds import Bounded
from generations.wire.call import NO_TOKENS, Call, Choice, Tokens
from generations.wire.call_parameters import call_parameters
from generations.wire.payload import Object, as_count, as_list, as_number, as_object, as_text, first_text, without_absent
from generations.wire.provider_bodies import Answer, answer_of, openai_tokens
from generations.wire.record_parts import input_of, measured, model_of, output_of, own_metadata
from generations.wire.usage import usage_of

_READ: Final = frozenset(
    [
        "model",
        "model_parameters",
        "messages",
        "response",
        "startTime",
        "endTime",
        "completionStartTime",
        "response_time",
        "prompt_tokens",
        "completion_tokens",
        "total_tokens",
        "usage",
        "response_cost",
        "cost",
        "custom_llm_provider",
        "status",
        "request_tags",
        "end_user",
        "user",
        "session_id",
        "trace_id",
        "error_str",
        "error_information",
        "metadata",
        "hidden_params",
        "model_map_information",
        "stream",
    ]
)


def record_of(payload: Any) -> Object | None:
    """The record of one payload; None when it tells of something else than a call of a model.

    Raises:
        InvalidRecord: it is no such payload.
    """
    if not isinstance(payload, dict) or "id" not in payload or "model" not in payload:
        found = describe(payload) if not isinstance(payload, dict) else "an object without `id` and `model`"
        raise InvalidRecord(f"expected a payload of LiteLLM's callback `generic_api`, found {found}")
    bounded = Bounded()
    sent = as_object(bounded.json(payload))
    tokens = _tokens(sent)
    if _is_housekeeping(sent) and not tokens.is_told():
        return None
    start_ns, end_ns, first_ns = (_instant_ns(sent.get(name), name, bounded) for name in ("startTime", "endTime", "completionStartTime"))
    answer = _answer(sent.get("response"))
    notes = bounded.notes
    call = _call(sent, answer, tokens)
    usage, usage_notes = usage_of(call.tokens, call.cost_usd)
    notes += usage_notes
    parameters, misfits = call_parameters(call.parameters)
    latency_ms = None if start_ns is None or end_ns is None else (end_ns - start_ns) / 1e6
    model = model_of(call, notes)
    group = as_text(sent.get("model_group"))
    performance = {
        "latency": measured(latency_ms, "latency", notes),
        "timeToFirstToken": measured(_first_token_ms(sent, start_ns, end_ns, first_ns), "time to the first token", notes),
    }
    record: Object = {
        "id": _id(sent, start_ns),
        "timestamp": None if start_ns is None else instants.iso(instants.from_micros(start_ns // 1000)),
        "model": model if group in (None, model["id"]) else model | {"name": group},
        "input": input_of(call, usage),
        "output": output_of(call, usage),
        "parameters": without_absent(parameters) or None,
        "usage": usage or None,
        "performance": without_absent(performance) or None,
        **_status(sent),
    }
    record["metadata"] = _metadata(sent, call, answer, misfits, notes)
    return without_absent(record)


_HOUSEKEEPING: Final = re.compile(
    r"(?:create_(?:batch|file|fine_tuning_job|assistants|thread|container|sandbox|skill|character)|(?:get|list|delete|cancel|retrieve|upload)_"
    r"|(?:a_)?add_message|file_|run_code|vector_store_|video_(?:retrieve|content|list|delete|create_character|get_character)|\w*mcp_tools?$)"
)
"""Kinds of calls that manage files, batches, threads, containers and stores, or run tools, without their `a` for asynchronous."""


def _is_housekeeping(sent: Object) -> bool:
    """Whether no model was called; what used tokens, such as a batch that is fetched when it is done, is recorded in any case."""
    kind = (as_text(sent.get("call_type")) or "").lstrip("_")
    return any(_HOUSEKEEPING.match(name) is not None for name in (kind, kind.removeprefix("a")))


def _id(sent: Object, start_ns: int | None) -> str:
    """Of what tells one call from all others, and is the same when the payload is sent again.

    `id` alone is not enough: for an answer it is the provider's, which need not be unique, and all failed attempts at one
    request have the same. Of calls that succeeded it is made of nothing but what the spend logs tell as well, which keep
    milliseconds.
    """
    has_failed = sent.get("status") == "failure"
    start = sent.get("startTime") if has_failed or start_ns is None else (start_ns + 500_000) // 1_000_000_000
    told_id = _ADDED_TO_ID.sub("", str(sent.get("id")))
    about = [told_id, sent.get("litellm_call_id"), sent.get("call_type"), "failure" if has_failed else "success", start]
    return "litellm-" + blake2b("\x1f".join(map(str, about)).encode(errors="replace"), digest_size=16).hexdigest()


_ADDED_TO_ID: Final = re.compile(r"(?:_batch_cost|_background_cost)?(?:_cache_hit[\d.]+)?$")
"""What the spend logs add to ids, which must be unique there; of an answer from the cache the time, which is another one in the payload."""


def _call(sent: Object, answer: Answer, tokens: Tokens) -> Call:
    parameters = dict(as_object(sent.get("model_parameters")))
    about = as_object(sent.get("metadata"))
    prompt = as_object(about.get("prompt_management_metadata"))
    provider = as_text(sent.get("custom_llm_provider"))
    model = as_text(sent.get("model"))
    requested = model.removeprefix(f"{provider}/") if model else None
    # The proxy writes its own name of the model over the one that the provider answered with.
    is_renamed = answer.model == sent.get("model_group") != requested
    cost_usd = _cost_usd(sent, tokens)
    owner = about.get("user_api_key_user_id")
    told = as_object(about.get("spend_logs_metadata")) | as_object(about.get("requester_metadata"))
    users = (sent.get("end_user"), about.get("user_api_key_end_user_id"), parameters.pop("user", None), sent.get("user"))
    return Call(
        requested_model=requested,
        answered_model=None if is_renamed else answer.model,
        provider=provider,
        input=_input(sent.get("messages"), parameters),
        choices=answer.choices,
        output_type="image" if "image" in (as_text(sent.get("call_type")) or "") and answer.choices else None,
        parameters=parameters | ({"stream": True} if sent.get("stream") is True else {}),
        tokens=tokens,
        cost_usd=cost_usd,
        response_id=answer.response_id,
        user_id=first_text(*users, None if owner == _NOBODY else owner),
        session_id=first_text(sent.get("session_id"), as_object(about.get("requester_metadata")).get("session_id")),
        function_id=as_text(prompt.get("prompt_id")),
        tags=tuple(tag for tag in as_list(sent.get("request_tags")) if isinstance(tag, str) and tag and not tag.startswith(_AGENT_TAG)),
        custom={name: value for name, value in told.items() if name not in _ADDED},
    )


_NOBODY: Final = "default_user_id"
"""Whom the master key of the proxy belongs to."""
_AGENT_TAG: Final = "User-Agent: "
"""How the tags begin that the proxy adds to each request; the same is told under `user_agent`."""
_ADDED: Final = ("headers", "used_client_oauth_token")
"""What the proxy adds to the metadata of a request."""


def _input(messages: Any, parameters: Object) -> Any:
    """The messages; instructions that stand among the parameters, as with OpenAI's responses, become the first of them."""
    if not messages or not parameters.get("instructions"):
        return messages or None
    found: list[Any] = as_list(messages) if isinstance(messages, list) else [{"role": "user", "content": messages}]
    return [{"role": "system", "content": parameters.pop("instructions")}, *found]


def _answer(response: Any) -> Answer:
    """The answer; what is of no known shape, such as embeddings and images, as it is."""
    body = as_object(response)
    known = answer_of(body)
    if known is not None:
        return known
    said = {name: value for name, value in body.items() if name not in ("id", "model", "usage", "object")} if body else response
    return Answer(as_text(body.get("model")), as_text(body.get("id")), (Choice(said),) if said else ())


def _tokens(sent: Object) -> Tokens:
    """The counts of the provider where they came through, else the three of the payload; nothing where all of them are 0."""
    usage = next((usage for usage in _usages(sent) if usage), Object())
    of_prompt = as_object(usage.get("prompt_tokens_details"))
    tokens = of_provider = openai_tokens(usage, as_object(sent.get("response")).get("model"))
    if not tokens.is_told():
        tokens = openai_tokens(sent)
    tokens = replace(
        tokens,
        total=tokens.total or None,
        cached=_first_count(tokens.cached, usage.get("cache_read_input_tokens")),
        cache_write=_first_count(tokens.cache_write, of_prompt.get("cache_creation_tokens"), usage.get("cache_creation_input_tokens")),
        cache_write_hour=as_count(as_object(of_prompt.get("cache_creation_token_details")).get("ephemeral_1h_input_tokens")),
    )
    return (tokens if tokens.prompt or tokens.completion or tokens.total else NO_TOKENS).with_cost_of(of_provider)


def _usages(sent: Object) -> tuple[Object, ...]:
    holders = (sent.get("metadata"), sent.get("hidden_params"))
    first_format = sent.get("usage")
    return (
        *(as_object(as_object(holder).get("usage_object")) for holder in holders),
        as_object(as_object(sent.get("response")).get("usage")),
        dict(_COUNT.findall(first_format)) if isinstance(first_format, str) else as_object(first_format),
    )


_COUNT: Final = re.compile(r"\b((?:prompt|completion|total)_tokens)=(\d{1,18})\b")


def _first_count(*values: Any) -> int | None:
    return next((count for value in values if (count := as_count(value)) is not None), None)


def _cost_usd(sent: Object, tokens: Tokens) -> float | None:
    """The cost; None for a 0 that may only say that no price is known."""
    cost = as_number(sent.get("response_cost", sent.get("cost")))
    if cost is None or not 0 <= cost < _MOST_USD:
        return None
    # Models of the price list have a mode; others that the proxy serves are entered there with prices of 0.
    listed = as_object(as_object(sent.get("model_map_information")).get("model_map_value")).get("mode") is not None
    is_priced = listed and not sent.get("response_cost_failure_debug_info")
    is_free = sent.get("cache_hit") is True or (tokens.is_told() and is_priced and tokens.cost_usd is None)
    return float(cost) if cost or is_free else None


_MOST_USD: Final = 10**9


def _instant_ns(value: Any, what: str, bounded: Bounded) -> int | None:
    """Seconds since 1970, or text without an offset, which is taken as UTC."""
    seconds = as_number(value)
    if seconds is not None:
        return bounded.instant_ns(round(seconds * 1_000_000) * 1000 if abs(seconds) < _MOST_SECONDS else _MOST_SECONDS * 10**9, what)
    instant = instants.parse(value)
    return None if instant is None else bounded.instant_ns(instants.micros(instant) * 1000, what)


_MOST_SECONDS: Final = 10**12


def _first_token_ms(sent: Object, start_ns: int | None, end_ns: int | None, first_ns: int | None) -> float | None:
    """Only of a stream: otherwise LiteLLM repeats the end."""
    if start_ns is None or first_ns is None or sent.get("stream") is False:
        return None
    is_streamed = sent.get("stream") is True or (end_ns is not None and first_ns < end_ns)
    return (first_ns - start_ns) / 1e6 if is_streamed else None


def _status(sent: Object) -> Object:
    if sent.get("status") != "failure":
        return {"status": "success"} if sent.get("status") == "success" else {}
    about = as_object(sent.get("error_information"))
    code = about.get("error_code")
    error = {
        "type": as_text(about.get("error_class")),
        "message": first_text(about.get("error_message"), sent.get("error_str")),
        "code": str(code) if isinstance(code, str | int) and code != "" else None,
    }
    return {"status": "error", "error": without_absent(error) or None}


def _metadata(sent: Object, call: Call, answer: Answer, misfits: Object, notes: list[str]) -> Object:
    known: Object = {
        "requestId": call.response_id,
        "userId": call.user_id,
        "sessionId": call.session_id,
        "functionId": call.function_id,
        "traceId": as_text(sent.get("trace_id")),
        "serviceTier": first_text(answer.service_tier, as_object(sent.get("cost_breakdown")).get("service_tier")),
        "tags": list(call.tags) or None,
    }
    if known["traceId"] == call.session_id:
        del known["traceId"]  # without `request_correlation_in_logs` LiteLLM tells a session there
    custom, misplaced = own_metadata(_own(call), known, ("litellm", "notes", "serviceTier"))
    about = as_object(sent.get("metadata"))
    hidden, errors = as_object(sent.get("hidden_params")), as_object(sent.get("error_information"))
    kept: Object = {name: _said(value) for name, value in sent.items() if name not in _READ}
    kept |= {
        "metadata": _said({name: value for name, value in about.items() if name not in ("usage_object", *_OWN_METADATA)} | _added(about)),
        "hidden_params": _said({name: value for name, value in hidden.items() if name != "usage_object"}),
        "error_information": _said({name: value for name, value in errors.items() if name not in _OF_AN_ERROR}),
        "model_map_key": _said(as_object(sent.get("model_map_information")).get("model_map_key")),
        "response": _said(answer.rest),
        "model_parameters": misfits or None,
        "own_metadata": misplaced or None,
    }
    return without_absent(known | custom | {"notes": list(dict.fromkeys(notes)) or None, "litellm": without_absent(kept)})


def _own(call: Call) -> Object:
    """What the user told beside the call, without what stands in its place already."""
    tags = call.custom.get("tags")
    has_tags = isinstance(tags, list) and all(tag in call.tags for tag in as_list(tags))
    told = ("tags",) if has_tags else ()
    if call.custom.get("session_id") == call.session_id:
        told += ("session_id",)
    return {name: value for name, value in call.custom.items() if name not in told}


def _added(about: Object) -> Object:
    added = {name: value for name, value in as_object(about.get("requester_metadata")).items() if name in _ADDED}
    return {"requester_metadata": added} if added else {}


_OWN_METADATA: Final = ("spend_logs_metadata", "requester_metadata")
_OF_AN_ERROR: Final = ("error_class", "error_message", "error_code")


def _said(value: Any) -> Any:
    """The value without nulls, empty texts, lists and objects, of which there are some hundred in a payload; None for nothing."""
    if isinstance(value, dict):
        kept = {name: said for name, item in as_object(value).items() if (said := _said(item)) is not None}
        return kept or None
    return None if value in ("", []) else value
