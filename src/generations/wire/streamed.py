"""The events of a streamed answer, put together to the answer that would have come in one piece."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from generations.record.content import from_json
from generations.wire.payload import Object, as_count, as_list, as_object, as_text


def joined(events: Iterable[Object]) -> Object | None:
    """The answer that events of OpenAI's chat completions or responses, or of Anthropic's messages, make.

    Returns:
        As the provider answers without streaming; what had come so far when the stream was cut. None when the events are
        of no known kind.
    """
    found = list(events)
    if any("choices" in event for event in found):
        return as_object(_whole(_chat_completion(found)))
    kinds = [as_text(event.get("type")) or "" for event in found]
    if any(kind.startswith("response.") for kind in kinds):
        return _response(found)
    if any(kind.startswith(("message_", "content_block_")) for kind in kinds):
        return _anthropic_message(found)
    return None


class _Pieces(list[str]):
    """A text that grows: adding to a string copies all of it each time."""


def _append(holder: Object, name: str, piece: str) -> None:
    grown = holder.get(name)
    if not isinstance(grown, _Pieces):
        grown = holder[name] = _Pieces([grown] if isinstance(grown, str) else [])
    grown.append(piece)


def _whole(value: Any) -> Any:
    """The value with its texts in one piece."""
    if isinstance(value, _Pieces):
        return "".join(value)
    if isinstance(value, dict):
        return {name: _whole(item) for name, item in as_object(value).items()}
    return [_whole(item) for item in as_list(value)] if isinstance(value, list) else value


def _chat_completion(chunks: list[Object]) -> Object:
    answer: Object = {"object": "chat.completion"}
    choices: dict[int, Object] = {}
    for chunk in chunks:
        answer.update({key: value for key, value in chunk.items() if value is not None and key not in ("choices", "object")})
        for sent in map(as_object, as_list(chunk.get("choices"))):
            index = sent.get("index")
            choice = choices.setdefault(index if isinstance(index, int) else 0, {"message": {"role": "assistant"}})
            if sent.get("finish_reason") is not None:
                choice["finish_reason"] = sent["finish_reason"]
            if isinstance(sent.get("text"), str):
                _append(choice, "text", sent["text"])
            _grow(choice["message"], as_object(sent.get("delta")))
    for choice in choices.values():
        if "text" in choice:
            del choice["message"]
    answer["choices"] = [choice for _, choice in sorted(choices.items())]
    return answer


def _grow(message: Object, delta: Object) -> None:
    """Add what one delta brings: texts go on, tool calls are told apart by their index."""
    for name, value in delta.items():
        if name == "tool_calls":
            for call in map(as_object, as_list(value)):
                _grow_tool_call(message.setdefault("tool_calls", []), call)
        elif isinstance(value, str) and name != "role":
            _append(message, name, value)
        elif isinstance(value, dict) and isinstance(message.get(name), dict):
            _grow(message[name], as_object(value))
        elif value is not None:
            message[name] = _whole(value)  # what grows is not the sender's own


def _grow_tool_call(calls: list[Object], sent: Object) -> None:
    index = sent.get("index")
    position = index if isinstance(index, int) and 0 <= index <= len(calls) else len(calls)
    if position == len(calls):
        calls.append({})
    call = calls[position]
    call.update({name: value for name, value in sent.items() if value is not None and name not in ("index", "function")})
    function = as_object(sent.get("function"))
    if function:
        held: Object = call.setdefault("function", {})
        held.update({name: value for name, value in function.items() if value is not None and name != "arguments"})
        _append(held, "arguments", as_text(function.get("arguments")) or "")


def _response(events: list[Object]) -> Object:
    """The last event that carries the whole response has all of it; before that, items that are done and texts that grew."""
    answer: Object = {"object": "response"}
    items: dict[int, Object] = {}
    texts: dict[int, list[str]] = {}
    for event in events:
        index = as_count(event.get("output_index")) or 0
        match event.get("type"):
            case "response.completed" | "response.incomplete" | "response.failed":
                return as_object(event.get("response"))
            case "response.created" | "response.in_progress":
                answer.update(as_object(event.get("response")))
            case "response.output_item.done":
                items[index] = as_object(event.get("item"))
            case "response.output_text.delta":
                texts.setdefault(index, []).append(as_text(event.get("delta")) or "")
            case _:
                pass
    for index, pieces in texts.items():
        said = {"type": "output_text", "text": "".join(pieces)}
        items.setdefault(index, {"type": "message", "role": "assistant", "content": [said]})
    answer["output"] = [item for _, item in sorted(items.items())]
    return answer


def _anthropic_message(events: list[Object]) -> Object:
    answer: Object = {"type": "message", "role": "assistant", "content": []}
    blocks: dict[int, Object] = {}
    usage: Object = {}
    for event in events:
        match event.get("type"):
            case "message_start":
                message = as_object(event.get("message"))
                answer.update({name: value for name, value in message.items() if name != "content" and value is not None})
                usage.update(as_object(message.get("usage")))
            case "content_block_start":
                blocks[as_count(event.get("index")) or 0] = as_object(_whole(event.get("content_block")))
            case "content_block_delta":
                _grow_block(
                    blocks.setdefault(as_count(event.get("index")) or 0, {"type": "text", "text": ""}), as_object(event.get("delta"))
                )
            case "message_delta":
                answer.update({name: value for name, value in as_object(event.get("delta")).items() if value is not None})
                usage.update({name: value for name, value in as_object(event.get("usage")).items() if value is not None})
            case _:
                pass
    answer["content"] = [_settled(block) for _, block in sorted(blocks.items())]
    answer["usage"] = usage
    return answer


def _grow_block(block: Object, delta: Object) -> None:
    """`text_delta` carries `text`, `thinking_delta` `thinking`, and so on; the input of a tool comes as pieces of JSON."""
    for name, value in delta.items():
        if name == "type":
            continue
        if name == "citation":
            cited = as_list(block.get("citations"))
            cited.append(value)
            block["citations"] = cited
        elif isinstance(value, str):
            _append(block, name, value)


def _settled(grown: Object) -> Object:
    """The block in one piece, the input of a tool as the object that its pieces spell; as text when the stream was cut inside it."""
    block = as_object(_whole(grown))
    text = block.pop("partial_json", None)
    if text:
        try:
            block["input"] = from_json(text)
        except ValueError:
            block["input"] = text
    return block
