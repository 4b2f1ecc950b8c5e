"""Filters, pipelines, updates, fields and orders, as they are written on a command line."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, NoReturn, cast

from generations.errors import InvalidInput, InvalidQuery

Order = list[tuple[str, int]]


def parsed(argument: str, what: str) -> Any:
    """The JSON value of an argument: the text itself, `@file`, or `-` for standard input.

    Raises:
        InvalidQuery: it is not JSON; the message shows the place.
    """
    text = text_of(argument, what)
    try:
        return json.loads(text, object_pairs_hook=lambda pairs: _object(pairs, what), parse_constant=lambda name: _refuse(name, what))
    except json.JSONDecodeError as error:
        raise InvalidQuery(f"the {what} is not JSON: {_place(text, error)}", hint=_hint(text)) from None
    except RecursionError:
        raise InvalidQuery(f"the {what} is nested too deeply") from None


def text_of(argument: str, what: str) -> str:
    """The text that an argument stands for.

    Raises:
        InvalidInput: the file cannot be read or is not UTF-8.
    """
    try:
        if argument == "-":
            return sys.stdin.buffer.read().decode()
        if argument.startswith("@"):
            return Path(argument[1:]).read_text(encoding="utf-8")
    except OSError as error:
        raise InvalidInput(f"the {what} cannot be read from {argument[1:]}: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise InvalidInput(f"the {what} is not UTF-8 text") from None
    return argument


def filter_of(argument: str | None) -> dict[str, Any]:
    """A filter; none is `{}`, which every record matches."""
    return _object_of(argument, "filter") if argument is not None else {}


def one_filter(argument: str | None, option: str | None) -> dict[str, Any]:
    """The filter that was given as an argument or with `--filter`."""
    if argument is not None and option is not None:
        raise InvalidInput("the filter was given twice", hint="give it as the argument or with --filter")
    return filter_of(argument if argument is not None else option)


def update_of(argument: str) -> dict[str, Any]:
    """An update."""
    return _object_of(argument, "update")


def pipeline_of(argument: str) -> list[dict[str, Any]]:
    """A pipeline; a single stage may go without its list."""
    value = parsed(argument, "pipeline")
    if isinstance(value, dict):
        return [cast("dict[str, Any]", value)]
    if not isinstance(value, list):
        raise InvalidQuery(f"the pipeline is {_kind(value)}, not a list of stages", hint='such as [{"$match": {"status": "error"}}]')
    return cast("list[dict[str, Any]]", value)


def fields_of(argument: str | None) -> list[str] | dict[str, Any] | None:
    """Paths with commas between them, or a projection as JSON."""
    if argument is None:
        return None
    if argument[:1] in ("{", "[", "@") or argument == "-":
        return cast("list[str] | dict[str, Any]", parsed(argument, "projection"))
    return [path.strip() for path in argument.split(",") if path.strip()]


def order_of(argument: str | None) -> Order:
    """Paths with commas between them, a minus before those that descend, or MongoDB's form as JSON."""
    if argument is None:
        return []
    if argument[:1] in ("{", "[", "@"):
        value = parsed(argument, "sort")
        pairs: list[Any] = list(cast("dict[str, int]", value).items()) if isinstance(value, dict) else cast("list[Any]", value)
        return [cast("tuple[str, int]", tuple(cast("list[Any]", pair)) if isinstance(pair, list) else pair) for pair in pairs]
    paths = [path.strip() for path in argument.split(",") if path.strip()]
    return [(path[1:], -1) if path.startswith("-") else (path.removeprefix("+"), 1) for path in paths]


def documents_of(argument: str) -> list[Any]:
    """The records of an argument: one, a list, or several one behind the other (JSON lines)."""
    text = text_of(argument, "record")
    decoder = json.JSONDecoder(
        object_pairs_hook=lambda pairs: _object(pairs, "record"), parse_constant=lambda name: _refuse(name, "record")
    )
    found: list[Any] = []
    at = _after_space(text, 0)
    while at < len(text):
        try:
            value, at = decoder.raw_decode(text, at)
        except json.JSONDecodeError as error:
            raise InvalidInput(f"the record is not JSON: {_place(text, error)}", hint=_hint(text)) from None
        found.extend(cast("list[Any]", value) if isinstance(value, list) else [value])
        at = _after_space(text, at)
    return found


def _after_space(text: str, at: int) -> int:
    while at < len(text) and text[at] in " \t\r\n":
        at += 1
    return at


def _object_of(argument: str, what: str) -> dict[str, Any]:
    value = parsed(argument, what)
    if not isinstance(value, dict):
        raise InvalidQuery(f"the {what} is {_kind(value)}, not an object", hint='such as {"model.id": "gpt-4"}')
    return cast("dict[str, Any]", value)


def _object(pairs: list[tuple[str, Any]], what: str) -> dict[str, Any]:
    """An object whose keys differ: of two equal ones JSON readers silently keep the last."""
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            hint = "combine the conditions with $and" if what == "filter" else "leave one out"
            raise InvalidQuery(f"the {what} has the key {json.dumps(key)} twice", hint=hint)
        found[key] = value
    return found


def _refuse(name: str, what: str) -> NoReturn:
    raise InvalidQuery(f"the {what} holds {name}, which is not JSON")


def _place(text: str, error: json.JSONDecodeError) -> str:
    """The message with the line in question and a mark below the place."""
    line = text.splitlines()[error.lineno - 1] if text.splitlines() else ""
    start = max(0, error.colno - 41)
    shown = line[start : start + 80]
    return f"{error.msg.lower()} at line {error.lineno}, column {error.colno}\n  {shown}\n  {' ' * (error.colno - 1 - start)}^\n"


def _hint(text: str) -> str | None:
    if "'" in text and '"' not in text:
        return "JSON wants double quotes; put the whole between single quotes for the shell"
    return None


def _kind(value: Any) -> str:
    names = {bool: "a boolean", int: "a number", float: "a number", str: "a string", list: "a list", dict: "an object"}
    return names.get(cast("type[Any]", type(value)), "null")
