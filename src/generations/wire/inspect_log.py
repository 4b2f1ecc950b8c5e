"""Inspect AI: an evaluation log in JSON, whose samples hold events of type `model`.

Each such event is one call of a model and becomes one record. Texts that the log stores once and refers to as
`attachment://…` are put back in place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from generations.wire.call_parameters import call_parameters
from generations.wire.modality import input_type, output_type
from generations.wire.payload import Object, as_count, as_list, as_number, as_object, as_text, elapsed_ms, without_absent
from generations.wire.token_counts import Side, inclusive

if TYPE_CHECKING:
    from collections.abc import Iterator

TITLE = 'an Inspect AI log: {"version": …, "eval": {…}, "samples": […]}'


def recognises(document: Any) -> bool:
    """True for a log, even one without samples."""
    log = as_object(document)
    return "eval" in log and ("samples" in log or "plan" in log) and "task" in as_object(log["eval"])


def records(document: Any) -> Iterator[Object]:
    """One record for each model event, sample by sample, in the order of the log."""
    log = as_object(document)
    evaluation = as_object(log.get("eval"))
    for sample in map(as_object, as_list(log.get("samples"))):
        attachments = as_object(sample.get("attachments"))
        for number, event in enumerate(map(as_object, as_list(sample.get("events")))):
            if event.get("event") == "model":
                yield _record(as_object(_resolved(event, attachments)), number, sample, evaluation)


def _resolved(value: Any, attachments: Object) -> Any:
    """The value with each reference to an attachment replaced by its text; unknown references stay."""
    if isinstance(value, str):
        return attachments.get(value.removeprefix(_ATTACHMENT), value) if value.startswith(_ATTACHMENT) else value
    if isinstance(value, list):
        return [_resolved(item, attachments) for item in as_list(value)]
    if isinstance(value, dict):
        return {key: _resolved(item, attachments) for key, item in as_object(value).items()}
    return value


_ATTACHMENT = "attachment://"


def _record(event: Object, number: int, sample: Object, evaluation: Object) -> Object:
    output = as_object(event.get("output"))
    usage, unread_usage = _usage(as_object(output.get("usage")))
    parameters, misfits = call_parameters(_sent_parameters(event))
    choices = [as_object(choice) for choice in as_list(output.get("choices"))]
    kept = _kept(event, number, sample, evaluation)
    record: Object = {
        "id": as_text(event.get("uuid")) or f"{_sample_id(sample, evaluation)}-{number}",
        "timestamp": event.get("timestamp"),
        "model": _model(event, output),
        "input": _input(event, usage),
        "output": _output(choices, usage),
        "parameters": parameters or None,
        "usage": usage or None,
        "metadata": _metadata(event, sample, evaluation) | {"inspect": kept},
        "performance": without_absent({"latency": _latency_ms(event, output)}) or None,
        **_status(event, choices),
    }
    kept |= without_absent({"config": misfits or None, "usage": unread_usage or None})
    return without_absent(record)


def _sample_id(sample: Object, evaluation: Object) -> str:
    """A sample's own id is its place in the dataset; in the world it is the one of this evaluation and epoch."""
    uuid = as_text(sample.get("uuid"))
    return uuid or f"{evaluation.get('eval_id', '')}-{sample.get('id', '')}-{sample.get('epoch', 1)}"


def _model(event: Object, output: Object) -> Object:
    """Inspect names a model `provider/model`; the whole name stays as `model.name`."""
    name = as_text(event.get("model"))
    provider, slash, model = (name or "").partition("/")
    return without_absent(
        {
            "id": model if slash else name,
            "name": name if slash else None,
            "version": as_text(output.get("model")),
            "provider": provider if slash else None,
        }
    )


def _sent_parameters(event: Object) -> Object:
    sent = dict(as_object(event.get("config")))
    for key in ("tools", "tool_choice"):
        if event.get(key):
            sent[key] = event[key]
    return sent


def _input(event: Object, usage: Object) -> Object | None:
    content = event.get("input")
    if not content:
        return None
    return without_absent({"type": input_type(content), "content": content, "tokens": usage.get("promptTokens")})


def _output(choices: list[Object], usage: Object) -> Object | None:
    if not choices:
        return None
    first, others = _choice(choices[0]), [_choice(choice) for choice in choices[1:]]
    alternatives = [{"content": other["content"]} | _finish_reason(other) for other in others]
    return without_absent(
        {
            "type": output_type(first["content"]),
            "content": first["content"],
            "tokens": usage.get("completionTokens"),
            **_finish_reason(first),
            "alternatives": alternatives or None,
        }
    )


def _choice(choice: Object) -> Object:
    """The text when the message is nothing but text, else the message."""
    message = as_object(choice.get("message"))
    is_text = isinstance(message.get("content"), str) and not message.get("tool_calls")
    return {"content": message["content"] if is_text else message, "finishReason": as_text(choice.get("stop_reason"))}


def _finish_reason(choice: Object) -> Object:
    return without_absent({"finishReason": choice["finishReason"]})


_USAGE_READ = frozenset(
    ["input_tokens", "output_tokens", "total_tokens", "input_tokens_cache_read", "input_tokens_cache_write", "reasoning_tokens"]
)


def _usage(sent: Object) -> tuple[Object, Object]:
    """Whether `input_tokens` contains the cached ones depends on the provider; the total tells."""
    cached, cache_write = as_count(sent.get("input_tokens_cache_read")), as_count(sent.get("input_tokens_cache_write"))
    total = as_count(sent.get("total_tokens"))
    prompt, completion = inclusive(
        Side(as_count(sent.get("input_tokens")), (cached or 0) + (cache_write or 0), parts_are_inside=True),
        Side(as_count(sent.get("output_tokens")), 0, parts_are_inside=True),
        total,
    )
    usage = {
        "promptTokens": prompt,
        "completionTokens": completion,
        "totalTokens": total,
        "cachedTokens": cached,
        "cacheWriteTokens": cache_write,
        "reasoningTokens": as_count(sent.get("reasoning_tokens")),
    }
    return without_absent(usage), without_absent({key: value for key, value in sent.items() if key not in _USAGE_READ})


def _latency_ms(event: Object, output: Object) -> float | None:
    """The call's own time where it was measured; the event's span also counts waiting for a free connection."""
    seconds = as_number(output.get("time"))
    if seconds is None:
        return elapsed_ms(event.get("timestamp"), event.get("completed"))
    return round(seconds * 1000, 3)


def _status(event: Object, choices: list[Object]) -> Object:
    """Nothing for a call that is still pending or has no answer: whether it succeeded is not known."""
    error = event.get("error")
    if error:
        return {"status": "error", "error": {"message": error if isinstance(error, str) else str(error)}}
    return {"status": "success"} if choices and not event.get("pending") else {}


def _metadata(event: Object, sample: Object, evaluation: Object) -> Object:
    response = as_object(as_object(event.get("call")).get("response"))
    tags = [tag for tag in as_list(evaluation.get("tags")) if isinstance(tag, str)]
    return without_absent(
        {
            "requestId": as_text(response.get("id")),
            "sessionId": _sample_id(sample, evaluation),
            "functionId": as_text(evaluation.get("task")),
            "workflowId": as_text(evaluation.get("run_id")),
            "parentSpanId": as_text(event.get("span_id")),
            "tags": tags or None,
        }
    )


_EVENT_FIELDS_READ = frozenset(
    ["uuid", "event", "timestamp", "model", "input", "tools", "tool_choice", "config", "output", "error", "span_id"]
)


def _kept(event: Object, number: int, sample: Object, evaluation: Object) -> Object:
    """What has no field of its own, as it was logged; nulls say nothing and are left out."""
    output = as_object(event.get("output"))
    about_event = {key: value for key, value in event.items() if key not in _EVENT_FIELDS_READ}
    about_output = {key: value for key, value in output.items() if key not in ("model", "choices", "usage")}
    return without_absent(
        {
            "evalId": evaluation.get("eval_id"),
            "sampleId": sample.get("id"),
            "epoch": sample.get("epoch"),
            "eventNumber": number,
            "target": sample.get("target"),
            "scores": sample.get("scores"),
            "event": without_absent(about_event) or None,
            "output": without_absent(about_output) or None,
            "choices": _beside_content(output) or None,
        }
    )


def _beside_content(output: Object) -> list[Object]:
    """The choices without what the record's output holds: log probabilities, the message's id and the like."""
    rest: list[Object] = []
    for choice in map(as_object, as_list(output.get("choices"))):
        message = as_object(choice.get("message"))
        is_text = isinstance(message.get("content"), str) and not message.get("tool_calls")
        about_choice = without_absent({key: value for key, value in choice.items() if key not in ("message", "stop_reason")})
        if is_text:
            about_choice["message"] = {key: value for key, value in message.items() if key != "content"}
        rest.append(about_choice)
    return rest
