"""simonw/llm: the rows of its `logs.db`, one document for each call of a model.

Source: `migrations.py` and `logs.py` of llm 0.36. Up to 0.27 a call was a row of `responses`, with its prompt, attachments,
fragments and tool calls in tables beside it; earlier turns of its conversation are rows of their own. Since then it is a row
of `turns` that delimits its part of a chain of `messages`, whose `parts` refer to fragments and attachments. Whoever reads
the database puts the rows of both into documents:

    {"llmTable": "responses", …, "schema": …, "fragments": […], "system_fragments": […], "attachments": […], "tools": […], …}
    {"llmTable": "turns", …, "schema": …, "tools": […], "input": [message, …], "output": […], "fragments": {…}, "attachments": {…}}

Token counts are the provider's, with what else it counted under `token_details`: Anthropic's count without the cached ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from msgspec.structs import replace

from generations.wire.call import Call, Choice, Tokens
from generations.wire.cells import structure
from generations.wire.exchange import Exchange, record_of
from generations.wire.loose_instants import iso_instant
from generations.wire.payload import Object, as_count, as_list, as_number, as_object, as_text, first_text, without_absent
from generations.wire.provider_bodies import anthropic_tokens, openai_tokens, spoken

if TYPE_CHECKING:
    from collections.abc import Iterator

TITLE: Final = "the SQLite database logs.db of simonw/llm (`llm logs path` says where it is)"
TABLES: Final = ("responses", "turns")
TABLE: Final = "llmTable"


def recognises(document: Any) -> bool:
    """True for a document made of one call's rows."""
    return as_object(document).get(TABLE) in TABLES


def records(document: Any) -> Iterator[Object]:
    """The record of one call."""
    row = as_object(document)
    of_turns = row.get(TABLE) == "turns"
    found, choices = _turn(row) if of_turns else _response(row)
    envelope = as_object(structure(row.get("response_json")))
    told_by = [envelope, *map(as_object, as_list(envelope.get("choices"))[:1])]
    reason = first_text(*(holder.get(name) for holder in told_by for name in ("finish_reason", "stop_reason")))
    details = as_object(structure(row.get("token_details")))
    call = Call(
        requested_model=as_text(row.get("model")),
        answered_model=as_text(row.get("resolved_model")),
        input=found,
        choices=tuple(Choice(content, reason) for content in choices),
        parameters=_parameters(row),
        tokens=_tokens(row, details),
        response_id=as_text(envelope.get("id")),
        session_id=first_text(row.get("conversation_id"), row.get("thread_id")),
        kept=without_absent(
            {
                "name": first_text(row.get("conversation_name"), row.get("thread_name")),
                "tokenDetails": details or None,
                "systemFingerprint": as_text(envelope.get("system_fingerprint")),
            }
        ),
    )
    yield record_of(
        Exchange(
            id=as_text(row.get("id")),
            timestamp=iso_instant(row.get("datetime_utc")),
            told=call,
            latency_ms=as_number(row.get("duration_ms")),
            has_failed=False,  # a call that fails is not logged
            source="llm",
        )
    )


def _parameters(row: Object) -> Object:
    tools = [
        without_absent({**as_object(tool), "input_schema": structure(as_object(tool).get("input_schema"))})
        for tool in as_list(row.get("tools"))
    ]
    return as_object(structure(row.get("options_json"))) | without_absent(
        {"tools": tools or None, "schema": structure(row.get("schema")) or None}
    )


def _tokens(row: Object, details: Object) -> Tokens:
    usage = details | {name: as_count(row.get(name)) for name in ("input_tokens", "output_tokens")}
    model = first_text(row.get("resolved_model"), row.get("model"))
    if any(name.startswith("cache_") for name in details):
        return anthropic_tokens(usage, model)
    tokens = openai_tokens(usage, model)
    return replace(  # Google's names; the plugin has put the thoughts into the output already
        tokens,
        cached=as_count(details.get("cachedContentTokenCount")) if tokens.cached is None else tokens.cached,
        reasoning=as_count(details.get("thoughtsTokenCount")) if tokens.reasoning is None else tokens.reasoning,
    )


def _response(row: Object) -> tuple[Any, list[Any]]:
    """Input and outputs of a row of `responses`: a prompt alone is its text, and so is an answer."""
    system = "\n\n".join(_texts(row.get("system_fragments")) + _texts([row.get("system")]))
    prompt = "\n".join(_texts(row.get("fragments")) + _texts([row.get("prompt")]))
    parts = [_attachment(as_object(item)) for item in as_list(row.get("attachments"))]
    results = [
        {"role": "tool", "content": [without_absent({"type": "tool_result", **as_object(item)})]}
        for item in as_list(row.get("tool_results"))
    ]
    messages: list[Any] = [{"role": "system", "content": system}] if system else []
    messages += results
    if parts:
        messages.append({"role": "user", "content": [{"type": "text", "text": prompt}, *parts] if prompt else parts})
    elif prompt:
        messages.append({"role": "user", "content": prompt})
    calls = [
        without_absent({**as_object(call), "arguments": structure(as_object(call).get("arguments"))})
        for call in as_list(row.get("tool_calls"))
    ]
    answer = spoken(
        {"role": "assistant", "content": row.get("response"), "reasoning": as_text(row.get("reasoning")), "tool_calls": calls or None}
    )
    is_prompt_alone = len(messages) == 1 and not system and not parts and not results
    return (prompt if is_prompt_alone else messages or None), [answer]


def _texts(values: Any) -> list[str]:
    return [text for value in as_list(values) if (text := as_text(value)) is not None]


def _turn(row: Object) -> tuple[Any, list[Any]]:
    """Input and outputs of a row of `turns`: all that was sent, earlier turns included."""
    fragments, attachments = as_object(row.get("fragments")), as_object(row.get("attachments"))
    sent, made = ([_message(as_object(item), fragments, attachments) for item in as_list(row.get(side))] for side in ("input", "output"))
    answer: list[Any] = [spoken(message) for message in made]
    return sent or None, answer if len(answer) < 2 else [made]


def _message(message: Object, fragments: Object, attachments: Object) -> Object:
    """A message whose content is its text, or the list of its parts."""
    parts = [_part(as_object(part), fragments, attachments) for part in as_list(message.get("parts"))]
    is_text = len(parts) == 1 and parts[0].keys() == {"type", "text"} and parts[0]["type"] == "text"
    return without_absent({"role": message.get("role"), "content": parts[0]["text"] if is_text else parts})


def _part(stored: Object, fragments: Object, attachments: Object) -> Object:
    part: Object = {"type": stored.get("type")} | as_object(structure(stored.get("payload")))
    if stored.get("text") is not None:
        part["text"] = stored["text"]
    if "text_ref" in part:
        pieces = [as_object(piece) for piece in as_list(part.pop("text_ref"))]
        part["text"] = "".join(str(piece.get("literal", fragments.get(str(piece.get("fragment")), ""))) for piece in pieces)
    if part["type"] == "attachment":
        attached = as_object(part.get("attachment"))
        return _attachment(as_object(attachments.get(str(attached.get("id")))) or attached)
    if isinstance(part.get("attachments"), list):
        ids = [str(as_object(item).get("id")) for item in as_list(part["attachments"])]
        part["attachments"] = [_attachment(as_object(attachments.get(id)) or {"id": id}) for id in ids]
    return part


def _attachment(row: Object) -> Object:
    """A part of the kind that its media type says; `data` is base64, and `size` of what was too large to be kept."""
    media_type = as_text(row.get("type"))
    kind = (media_type or "").partition("/")[0]
    part: Object = {"type": kind if kind in ("image", "audio", "video") else "document", "mimeType": media_type}
    part |= {name: row.get(name) for name in ("id", "url", "path", "data", "size")}
    return without_absent(part)
