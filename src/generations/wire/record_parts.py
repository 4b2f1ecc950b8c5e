"""Parts of a record in our shape, put together from what any protocol tells of a call."""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import Any

from generations.record.fields import BY_PATH
from generations.wire.call import Call
from generations.wire.modality import input_type, output_type
from generations.wire.payload import Object, as_list, as_text, without_absent


def model_of(call: Call, notes: list[str]) -> Object:
    """The record's `model`: under `unknown`, with a note, when none was named."""
    model_id = call.requested_model or call.answered_model
    if model_id is None:
        notes.append("no model was named")
    provider = call.provider.lower() if call.provider else None
    return without_absent(
        {
            "id": model_id or "unknown",
            "version": call.answered_model,
            "provider": _PROVIDERS.get(provider, provider) if provider else None,
        }
    )


_PROVIDERS = {
    "vertex_ai": "gcp.vertex_ai",
    "gemini": "gcp.gemini",
    "az.ai.openai": "azure.ai.openai",
    "az.ai.inference": "azure.ai.inference",
    "xai": "x_ai",
}
"""Values of `gen_ai.system` that were renamed when it became `gen_ai.provider.name` (semantic conventions v1.37)."""


def input_of(call: Call, usage: Object) -> Object | None:
    """The record's `input`; None without content."""
    if call.input is None:
        return None
    return without_absent({"type": input_type(call.input), "content": call.input, "tokens": usage.get("promptTokens")})


def output_of(call: Call, usage: Object) -> Object | None:
    """Without content, which is not captured by default, an output has its tokens and the reason that it ended."""
    if not call.choices:
        return None
    first, *others = call.choices
    kind = call.output_type or ("text" if first.content is None else output_type(first.content))
    output: Object = {"type": kind, "content": first.content, "tokens": usage.get("completionTokens"), "finishReason": first.finish_reason}
    alternatives = [without_absent({"content": other.content, "finishReason": other.finish_reason}) for other in others]
    return without_absent(output | {"alternatives": alternatives or None})


def measured(value: float | None, what: str, notes: list[str]) -> float | None:
    """A duration or a rate, to the thousandth; None, with a note, when it cannot be meant."""
    if value is None:
        return None
    if not 0 <= value < math.inf:
        notes.append(f"the {what} was ignored: it cannot be {round(value, 3)}")
        return None
    return int(value) if float(value).is_integer() else round(value, 3)


def own_metadata(custom: Object, known: Object, reserved: Collection[str]) -> tuple[Object, Object]:
    """The user's own names beside ours: those that we declare fill a gap if they are of its type, others of our names do not.

    Args:
        custom: what the user put beside the call.
        known: the record's metadata so far.
        reserved: names that the protocol's own part of the metadata takes.

    Returns:
        What goes beside `known`, and what cannot.
    """
    own: Object = {}
    misplaced: Object = {}
    for name, value in custom.items():
        field = _DECLARED.get(name)
        is_free = name not in reserved if field is None else known.get(name) is None and _fits(field.type, value)
        if is_free:
            own[name] = value
        elif value != known.get(name):
            misplaced[name] = value
    return own, misplaced


_DECLARED = {path.removeprefix("metadata."): field for path, field in BY_PATH.items() if path.startswith("metadata.")}


def _fits(type_: str, value: Any) -> bool:
    if type_ == "strings":
        return isinstance(value, list) and all(as_text(item) is not None for item in as_list(value))
    return as_text(value) is not None
