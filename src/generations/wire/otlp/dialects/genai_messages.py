"""Messages in OpenTelemetry's GenAI conventions: in attributes, in one event, or in an event for each message.

One event for each message (`gen_ai.user.message`, `gen_ai.choice`, …) is how it was until v1.36; the span events
`gen_ai.content.prompt` and `gen_ai.content.completion` were before that. Since v1.37 messages are lists of
`{role, parts}`, each output message one choice.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from generations.wire.call import Choice
from generations.wire.otlp.attributes import parsed
from generations.wire.otlp.telemetry import LogRecord, SpanEvent
from generations.wire.payload import Object, as_count, as_list, as_object, as_text, without_absent
from generations.wire.provider_bodies import spoken, tidy

DETAILS: Final = "gen_ai.client.inference.operation.details"
"""The event that carries all attributes of its span again, and the messages (v1.37 and later)."""

ROLES: Final = {
    "gen_ai.system.message": "system",
    "gen_ai.user.message": "user",
    "gen_ai.assistant.message": "assistant",
    "gen_ai.tool.message": "tool",
}
CHOICE: Final = "gen_ai.choice"
_PROMPT: Final = "gen_ai.content.prompt"
_COMPLETION: Final = "gen_ai.content.completion"
MESSAGE_EVENTS: Final = frozenset([*ROLES, CHOICE, _PROMPT, _COMPLETION])


def prepended(system: Any, messages: Any) -> Any:
    """The messages with the instructions as their first one, unless they are there already."""
    if system is None:
        return messages
    parts = as_list(system) or [{"type": "text", "content": system}]
    first = {"role": "system", "parts": [tidy(part) for part in parts]}
    if messages is None:
        return [first]
    listed: list[Any] = as_list(messages) if isinstance(messages, list) else [{"role": "user", "content": messages}]
    return listed if first in listed[:1] else [first, *listed]


def choices_of(outputs: Any, reasons: Sequence[str]) -> tuple[Choice, ...]:
    """One choice for each output message.

    Args:
        outputs: the messages; text or another structure is one choice as a whole.
        reasons: the finish reasons of the span, which are in the provider's word; those of messages are not.
    """
    if outputs is None:
        return ()
    if not isinstance(outputs, list) or not all(isinstance(item, dict) for item in as_list(outputs)):
        return (Choice(spoken(outputs), reasons[0] if reasons else None),)
    choices: list[Choice] = []
    for index, message in enumerate(map(as_object, as_list(outputs))):
        reason = reasons[index] if index < len(reasons) else as_text(message.get("finish_reason"))
        choices.append(Choice(spoken({key: value for key, value in message.items() if key != "finish_reason"}), reason))
    return tuple(choices)


def said_in_events(events: Sequence[SpanEvent], logs: Sequence[LogRecord], reasons: Sequence[str]) -> tuple[Any, tuple[Choice, ...]]:
    """Input and choices that stand in an event for each message, in the order of time."""
    sent = [(event.at_ns or 0, event.name, dict(event.attributes)) for event in events if event.name in MESSAGE_EVENTS]
    sent += [(log.at_ns or 0, log.event_name, {**log.attributes, **_body(log)}) for log in logs if log.event_name in MESSAGE_EVENTS]
    sent.sort(key=lambda event: event[0])
    return said_in_bodies([(name, body) for _, name, body in sent], reasons)


def said_in_bodies(bodies: Sequence[tuple[str, Object]], reasons: Sequence[str]) -> tuple[Any, tuple[Choice, ...]]:
    """Input and choices of events given by name and body, in their order."""
    messages: list[Any] = []
    choices: dict[int, Choice] = {}
    for name, body in bodies:
        if name == CHOICE:
            index = as_count(body.get("index"))
            index = len(choices) if index is None else index
            choices[index] = _choice(body, reasons[index] if index < len(reasons) else None)
        elif name == _PROMPT:
            said = parsed(body.get("gen_ai.prompt"))
            messages += as_list(said) if isinstance(said, list) else [said]
        elif name == _COMPLETION:
            for choice in choices_of(parsed(body.get("gen_ai.completion")), reasons):
                choices[len(choices)] = choice
        elif name in ROLES:
            messages.append(_message(body, ROLES[name]))
    return messages or None, tuple(choices[index] for index in sorted(choices))


def _body(log: LogRecord) -> Object:
    return {"content": log.body} if isinstance(log.body, str) else as_object(log.body)


def _message(body: Object, role: str) -> Object:
    return {"role": as_text(body.get("role")) or role} | _said(body)


def _choice(body: Object, reason: str | None) -> Choice:
    """OpenLLMetry puts the tool calls beside the message, the convention puts them into it."""
    message = parsed(body.get("message"))
    said = _said(as_object(message)) if isinstance(message, dict) else without_absent({"content": message})
    if not said:
        said = _said(body)
    if "tool_calls" in body and "tool_calls" not in said:
        said["tool_calls"] = parsed(body["tool_calls"])
    role = as_object(message).get("role") or "assistant"
    return Choice(spoken({"role": role} | said), reason or as_text(body.get("finish_reason")))


def _said(body: Object) -> Object:
    """What a message says, without what the event says of itself."""
    return {
        key: parsed(value) if key != "content" else value
        for key, value in body.items()
        if value is not None and key not in _OF_THE_EVENT and not key.startswith("gen_ai.")
    }


_OF_THE_EVENT = frozenset(["role", "index", "finish_reason", "message", "event.name", "event.domain"])
