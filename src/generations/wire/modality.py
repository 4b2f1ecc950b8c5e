"""What kind of thing an input or an output is, read off its content."""

from __future__ import annotations

from typing import Any

from generations.wire.payload import Object, as_list, as_object, as_text

_KINDS = {
    "image": ("image", "image_url", "input_image", "image_file"),
    "audio": ("audio", "input_audio", "audio_url", "output_audio"),
    "other": ("video", "video_url", "document", "file", "input_file"),
    "text": ("text", "input_text", "output_text", "refusal", "reasoning", "thinking"),
}
_KIND_BY_TYPE = {name: kind for kind, names in _KINDS.items() for name in names}
_KIND_BY_MODALITY = {"image": "image", "audio": "audio", "video": "other", "document": "other", "application": "other"}
_THOUGHTS = ("reasoning", "thinking")
_CONTAINERS = frozenset(["messages", "contents", "content", "parts", "input", "prompt", "choices", "message", "candidates", "output"])


def input_type(content: Any) -> str:
    """`text`, `image`, `audio` or `multimodal`, by the parts of the messages; a plain string is text."""
    kinds = _kinds(content)
    if "other" in kinds or len(kinds) > 1:
        return "multimodal"
    return next(iter(kinds), "text")


def output_type(content: Any) -> str:
    """`text` for what was said, `json` for tool calls and other structures, `image` and `audio` for those."""
    if isinstance(content, str):
        return "text"
    kinds = _kinds(content)
    if "text" not in kinds and len(kinds) == 1 and kinds <= {"image", "audio"}:
        return next(iter(kinds))
    return "text" if _speaks(content) else "json"


def _kinds(content: Any) -> set[str]:
    """The kinds of parts in messages of any of the usual shapes, wherever a container holds them."""
    found: set[str] = set()
    _gather(content, found)
    return found


def _gather(content: Any, found: set[str]) -> None:
    if isinstance(content, str):
        if content:
            found.add("text")
    elif isinstance(content, list):
        for item in as_list(content):
            _gather(item, found)
    elif isinstance(content, dict):
        part = as_object(content)
        kind = _kind_of_part(part)
        if kind is not None:
            found.add(kind)
            return
        for key in _CONTAINERS & part.keys():
            _gather(part[key], found)


def _kind_of_part(part: Object) -> str | None:
    """By what the part holds, else by the type it names; most parts name one and hold nothing that says more."""
    held = part.get("inline_data") or part.get("inlineData") or part.get("file_data")
    mime = as_text(as_object(held).get("mime_type")) if held else None
    modality = as_text(part.get("modality")) or (mime.split("/")[0] if mime else None)
    name = as_text(part.get("type"))
    kind = _KIND_BY_MODALITY.get(modality) if modality else None
    kind = kind or (_KIND_BY_TYPE.get(name) if name else None)
    if kind is None and name is None and isinstance(part.get("text"), str):
        return "text"
    return kind


def _speaks(content: Any) -> bool:
    """True when a message in the content has words for the user, beside or instead of tool calls."""
    if isinstance(content, str):
        return bool(content.strip())
    if isinstance(content, list):
        return any(_speaks_in_message(item) for item in as_list(content))
    return _speaks_in_message(content)


def _speaks_in_message(item: Any) -> bool:
    message = as_object(item)
    if _kind_of_part(message) == "text":
        said = message.get("text", message.get("content"))
        return message.get("type") not in _THOUGHTS and not (isinstance(said, str) and not said.strip())
    return any(_speaks(message[key]) for key in ("content", "parts", "message", "choices", "candidates", "output") if key in message)
