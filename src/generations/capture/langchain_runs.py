"""LangChain's runs as records, from what its handler has told; runs on the recorder's thread, and needs no LangChain."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from generations.capture import records
from generations.capture.recording import Recording
from generations.record.content import to_json
from generations.wire.payload import Object, as_list, as_object, as_text, first_text, without_absent
from generations.wire.provider_bodies import langchain_tokens, openai_tokens, spoken
from generations.wire.provider_cost import provider_cost
from generations.wire.usage import usage_of

SOURCE: Final = "langchain"
_ROLES: Final = {
    "human": "user",
    "ai": "assistant",
    "AIMessageChunk": "assistant",
    "system": "system",
    "tool": "tool",
    "function": "function",
}
_OF_LANGCHAIN: Final = ("ls_", "lc_", "langgraph_", "checkpoint_", "__")
_SESSIONS: Final = ("session_id", "thread_id", "conversation_id")
_CONTEXT: Final = frozenset(["user_id", *_SESSIONS])
_NOT_PARAMETERS: Final = frozenset(
    ["model", "model_name", "model_id", "max_retries", "default_request_timeout", "request_timeout", "streaming"]
)


def record_of(recording: Recording) -> Object:
    """The record of a call of a model that has ended."""
    told = as_object(recording.told)
    sent = told.get("sent")
    recording.input = sent if isinstance(sent, str) else [_message(message) for message in map(as_object, as_list(sent))]
    recording.parameters = {
        name: value
        for name, value in as_object(told.get("parameters")).items()
        if value not in (None, {}, []) and not name.startswith("_") and name not in _NOT_PARAMETERS and (name, value) != ("stream", False)
    }
    choices, last = [as_object(choice) for choice in as_list(told.get("choices"))], as_object(told.get("output"))
    answers = [as_object(as_object(choice.get("message")).get("response_metadata")) for choice in choices]
    outputs = [_output(choice) for choice in choices]
    recording.output = (outputs[0] or None) if outputs else None
    recording.alternatives = [
        without_absent({"content": output, "finishReason": _reason(choice, answer)})
        for choice, answer, output in list(zip(choices, answers, outputs, strict=True))[1:]
    ] or None
    first = last | (answers[0] if answers else {})
    recording.finish_reason = _reason(choices[0], first) if choices else None
    recording.tokens = _tokens(choices, last) | {"cost": provider_cost(as_object(first.get("token_usage")), first.get("model_name"))}
    recording.tags = as_list(told.get("tags"))
    recording.metadata = _metadata(recording, told, first)
    record = records.record_of(recording)
    version = first_text(first.get("model_name"), first.get("model"))
    return record | {"model": record["model"] | ({"version": version} if version else {})}


def _message(message: Object) -> Object:
    """A message in the form that most providers have."""
    kind = as_text(message.get("type")) or ""
    calls = [_tool_call(call) for call in map(as_object, as_list(message.get("tool_calls")))]
    return without_absent(
        {
            "role": as_text(message.get("role")) or _ROLES.get(kind, kind),
            "content": message.get("content"),
            "tool_calls": calls or None,
            "tool_call_id": message.get("tool_call_id"),
            "name": message.get("name"),
        }
    )


def _tool_call(call: Object) -> Object:
    arguments = call.get("args")
    text = arguments if isinstance(arguments, str) else to_json(arguments or {}).decode()
    return without_absent({"id": call.get("id"), "type": "function", "function": {"name": call.get("name"), "arguments": text}})


def _output(choice: Object) -> Any:
    """What a choice says: a text alone as one, anything more as a message."""
    message = as_object(choice.get("message"))
    if not message:
        return choice.get("text")
    said = _message(message)
    if said.get("tool_calls"):
        return said if said.get("content") else {name: value for name, value in said.items() if name != "content"}
    return spoken({name: value for name, value in said.items() if name != "name"}) if said.get("content") else None


def _reason(choice: Object, told: Object) -> str | None:
    about = as_object(choice.get("generation_info"))
    return first_text(about.get("finish_reason"), told.get("finish_reason"), told.get("stop_reason"), about.get("stop_reason"))


def _tokens(choices: Sequence[Object], output: Object) -> Object:
    """What LangChain counted, else what the provider did."""
    usage = next((used for choice in choices if (used := as_object(as_object(choice.get("message")).get("usage_metadata")))), None)
    return usage_of(openai_tokens(as_object(output.get("token_usage"))) if usage is None else langchain_tokens(usage))[0]


def _metadata(recording: Recording, told: Object, answer: Object) -> Object:
    """Without a span of OpenTelemetry around it, the outermost run is the trace."""
    metadata, above = as_object(told.get("metadata")), told["above"]
    run, parent = told["run"], told["parent"]
    chains = [name for _, name, kind in above if kind == "chain" and name]
    tool = next((name for _, name, kind in above if kind == "tool"), None)
    node = first_text(metadata.get("langgraph_node"), chains[0] if chains else None)
    root = above[-1][0] if above else parent or run
    trace: Object = {}
    if not recording.surroundings.trace_id:
        trace = {"traceId": root, "spanId": run[16:], "parentSpanId": parent[16:] if parent else None}
    named = {
        "requestId": as_text(answer.get("id")),
        "serviceTier": first_text(answer.get("service_tier"), as_object(answer.get("usage")).get("service_tier")),
        "userId": as_text(metadata.get("user_id")),
        "sessionId": first_text(*(metadata.get(name) for name in _SESSIONS)),
        "agentId": as_text(metadata.get("lc_agent_name")),
        "workflowId": chains[-1] if chains else None,
        "functionId": tool or node,
        "runId": recording.id,
        **trace,
    }
    own = {name: value for name, value in metadata.items() if not name.startswith(_OF_LANGCHAIN) and name not in _CONTEXT}
    return {**own, **without_absent(named)}
