"""From what an engine says went wrong to the error tree. The only place that reads an engine's messages."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from pathlib import Path

from generations.errors import LimitExceeded, QueryFailed, StoreDamaged, StoreError, StoreUnavailable

_NAME = re.compile(r"\(([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)\)")
_START = re.compile(r"Code: \d+\. DB::[A-Za-z]+: ")
# What the engine adds for its own developers: the function, the scope, the version.
_END = re.compile(
    r":? *\(?(?:[Ww]hile (?:executing|converting|processing|reading|loading)|In scope|Note: there are|version \d)"
    r"|\. \([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\)",
)
_LEAST_FREE_BYTES = 8 << 20
_PART = re.compile(r"\b((?:all|\d{4,8})_\d+_\d+_\d+(?:_\d+)?)\b")

_LIMITS = {
    "TIMEOUT_EXCEEDED": ("seconds", "the query ran longer than it may"),
    "TOO_SLOW": ("seconds", "the query would run longer than it may"),
    "MEMORY_LIMIT_EXCEEDED": ("memory_bytes", "the query needed more memory than it may hold"),
    "CANNOT_ALLOCATE_MEMORY": ("memory_bytes", "the query needed more memory than there is"),
    "TOO_MANY_ROWS_OR_BYTES": ("result_rows", "the query returns more rows than it may"),
    "TOO_MANY_ROWS": ("result_rows", "the query reads more rows than it may"),
}
_TOO_LARGE = {"TOO_DEEP_AST", "TOO_BIG_AST", "TOO_DEEP_RECURSION"}
_DAMAGED = {
    "CHECKSUM_DOESNT_MATCH",
    "CANNOT_DECOMPRESS",
    "CORRUPTED_DATA",
    "BROKEN_PROJECTION",
    "UNEXPECTED_END_OF_FILE",
    "ATTEMPT_TO_READ_AFTER_EOF",
    "CANNOT_READ_ALL_DATA",
    "BAD_SIZE_OF_FILE_IN_DATA_PART",
    "NO_FILE_IN_DATA_PART",
    "UNEXPECTED_FILE_IN_DATA_PART",
    "UNKNOWN_CODEC",
    "TOO_LARGE_SIZE_COMPRESSED",
    "TOO_MANY_UNEXPECTED_DATA_PARTS",
    "FILE_DOESNT_EXIST",
    "UNKNOWN_FORMAT_VERSION",
    "SIZES_OF_COLUMNS_DOESNT_MATCH",
    "SIZES_OF_MARKS_FILES_ARE_INCONSISTENT",
    "SIZES_OF_COLUMNS_IN_TUPLE_DOESNT_MATCH",
    "INCORRECT_DATA",
}
_NO_VALUE = {
    "FUNCTION_THROW_IF_VALUE_IS_NON_ZERO",
    "ILLEGAL_DIVISION",
    "CANNOT_CONVERT_TYPE",
    "VALUE_IS_OUT_OF_RANGE_OF_DATA_TYPE",
    "ARGUMENT_OUT_OF_BOUND",
    "DECIMAL_OVERFLOW",
    "TOO_LARGE_STRING_SIZE",
    "TOO_LARGE_ARRAY_SIZE",
    "CANNOT_COMPILE_REGEXP",
}
_UNREACHABLE = {"NETWORK_ERROR", "SOCKET_TIMEOUT", "ALL_CONNECTION_TRIES_FAILED", "ALL_REPLICAS_LOST", "TOO_MANY_SIMULTANEOUS_QUERIES"}
_REFUSED = {"AUTHENTICATION_FAILED", "ACCESS_DENIED", "WRONG_PASSWORD", "REQUIRED_PASSWORD", "UNKNOWN_DATABASE", "READONLY"}


def translate(text: str, where: str) -> StoreError:
    """The error for what the engine said; `where` names the store for people."""
    names = _NAME.findall(text)
    name = names[-1] if names else ""
    if "No space left on device" in text or "errno: 28" in text or "NOT_ENOUGH_SPACE" in names:
        return StoreUnavailable(
            f"the disk of {where} is full; nothing of this call was kept", hint="make room and send it again: what was there before is safe"
        )
    if name in _LIMITS:
        limit, said = _LIMITS[name]
        return LimitExceeded(f"{said} (limit `{limit}`): {said_by(text)}", hint=f"narrow the query, or raise `{limit}`")
    if name in _TOO_LARGE or "Max query size exceeded" in text:
        return LimitExceeded("the query is longer, or nested deeper, than the engine reads", hint="ask for less at once")
    if name in _NO_VALUE or name.startswith("CANNOT_PARSE"):
        return QueryFailed(said_by(text))
    if name in _DAMAGED:
        return damaged(text, where)
    if name == "QUERY_WAS_CANCELLED":
        return StoreUnavailable(f"the query was stopped because {where} was closed")
    if name == "TOO_MANY_PARTS":
        return StoreUnavailable("too many small inserts in a short time", hint="send records in batches, or wait until they are merged")
    if name in _UNREACHABLE:
        return StoreUnavailable(f"{where} cannot be reached: {said_by(text)}", hint="try again later")
    if name in _REFUSED:
        return StoreUnavailable(f"{where} refused: {said_by(text)}", hint="check the user, the password and the database of the URL")
    return StoreError(f"{where} failed: {said_by(text)}")


def damaged(text: str, where: str) -> StoreDamaged:
    """The data on disk is not what was written."""
    part = _PART.search(text)
    what = f"part {part.group(1)} of {where}" if part else where
    return StoreDamaged(
        f"{what} is damaged: {said_by(text)}",
        hint="restore the folder from a backup",
    )


def set_aside(parts: Sequence[str], path: str, where: str) -> StoreDamaged:
    """Parts were damaged when the engine started, and are not read."""
    names = ", ".join(part.removeprefix("broken-on-start_") for part in parts)
    return StoreDamaged(
        f"part {names} of {where} is damaged, and was set aside",
        hint=f"restore the folder from a backup; or remove {path} to go on without them",
    )


def not_started(text: str, folder: Path) -> StoreError:
    """The engine did not start on a folder; it says why on the standard error stream, and not in what it raises."""
    if shutil.disk_usage(folder).free < _LEAST_FREE_BYTES:
        return StoreUnavailable(f"the disk of {folder} is full", hint="make room and open it again: what was there before is safe")
    return StoreDamaged(
        f"{folder} cannot be opened: {said_by(text)}",
        hint="the line before, on the standard error stream, says why; restore it from a backup",
    )


def said_by(text: str) -> str:
    """The engine's message without what it adds for its own developers."""
    start = _START.search(text)
    message = text[start.end() :] if start else text
    end = _END.search(message)
    if end:
        message = message[: end.start()]
    return message.strip().rstrip(".:")
