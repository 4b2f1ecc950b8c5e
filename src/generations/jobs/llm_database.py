"""The calls in simonw/llm's `logs.db`, as the documents that `wire.llm_logs` reads."""

from __future__ import annotations

import json
import sqlite3
from base64 import b64encode
from contextlib import closing
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from generations.errors import InvalidInput
from generations.jobs.texts import BATCH_BYTES, BATCH_TEXTS, Batch
from generations.wire.llm_logs import TABLE, TABLES, TITLE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from generations.jobs.sources import Source

Row = dict[str, Any]

LARGEST_ATTACHMENT: Final = 1 << 20
"""Bytes of an attachment that are kept with the call; of a larger one its id, type and size are."""

_MOST_MESSAGES: Final = 10_000
"""In one chain: a damaged database may have a message that follows itself."""


def llm_batches(source: Source) -> Iterator[Batch]:
    """The calls of a database, those of older versions first, each as the text of one document. The database is only read.

    Raises:
        InvalidInput: it is damaged, or the database of another program. The calls before the damage have been handed out by then.
    """
    with source.on_disk() as path:
        try:
            with closing(_opened(path)) as database:
                yield from _batches(_documents(database, source.name))
        except _DAMAGE as error:
            raise InvalidInput(f"{source.name} cannot be read as a SQLite database: {error}") from error


_DAMAGE: Final = (sqlite3.Error, UnicodeDecodeError)
"""SQLite's own errors, and those of Python in reading a damaged name."""


def _opened(path: Path) -> sqlite3.Connection:
    """Read-only; where the folder cannot be written to, a database that is still in its journal's mode is taken as it stands."""
    for mode in ("mode=ro", "mode=ro&immutable=1"):
        database = sqlite3.connect(f"file:{quote(str(path.absolute()))}?{mode}", uri=True)
        try:
            database.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()
        except sqlite3.OperationalError:
            database.close()
            continue
        database.row_factory = sqlite3.Row
        database.text_factory = _text
        return database
    raise sqlite3.OperationalError("unable to open the file")


def _text(stored: bytes) -> str:
    return stored.decode("utf-8", "replace")


def _batches(documents: Iterable[Row]) -> Iterator[Batch]:
    first, texts, size = 1, list[bytes](), 0
    damage: Exception | None = None
    try:
        for document in documents:
            texts.append(json.dumps(document, separators=(",", ":")).encode())
            size += len(texts[-1])
            if len(texts) == BATCH_TEXTS or size >= BATCH_BYTES:
                yield Batch(texts, range(first, first + len(texts)), "row")
                first, texts, size = first + len(texts), [], 0
    except _DAMAGE as error:
        damage = error
    if texts:
        yield Batch(texts, range(first, first + len(texts)), "row")
    if damage is not None:
        raise damage


def _documents(database: sqlite3.Connection, name: str) -> Iterator[Row]:
    tables = {row["name"] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if tables.isdisjoint(TABLES):
        raise InvalidInput(f"{name} is a SQLite database without the tables of simonw/llm", hint=f"it can be {TITLE}")
    if "responses" in tables:
        yield from _responses(database, tables)
    if "turns" in tables:
        yield from _turns(database, tables)


_BESIDE: Final = {
    "attachments": (
        "prompt_attachments",
        'SELECT p.response_id, a.* FROM prompt_attachments p JOIN attachments a ON a.id = p.attachment_id ORDER BY 1, p."order"',
    ),
    "fragments": (
        "prompt_fragments",
        'SELECT p.response_id, f.content FROM prompt_fragments p JOIN fragments f ON f.id = p.fragment_id ORDER BY 1, p."order"',
    ),
    "system_fragments": (
        "system_fragments",
        'SELECT p.response_id, f.content FROM system_fragments p JOIN fragments f ON f.id = p.fragment_id ORDER BY 1, p."order"',
    ),
    "tools": (
        "tool_responses",
        "SELECT r.response_id, t.name, t.description, t.input_schema FROM tool_responses r JOIN tools t ON t.id = r.tool_id "
        "ORDER BY 1, t.id",
    ),
    "tool_calls": ("tool_calls", "SELECT response_id, tool_call_id AS id, name, arguments FROM tool_calls c ORDER BY 1, c.id"),
    "tool_results": ("tool_results", "SELECT response_id, tool_call_id AS id, name, output FROM tool_results c ORDER BY 1, c.id"),
}
"""What stands beside a response: the table that holds it, and its rows in the order of the responses' ids."""


def _responses(database: sqlite3.Connection, tables: set[str]) -> Iterator[Row]:
    """Each response with what stands beside it. All are read side by side in one order, for most have no index to look them up by."""
    beside = {name: _Beside(database.execute(query)) for name, (table, query) in _BESIDE.items() if table in tables}
    names = _texts_by_id(database, "conversations", "name") if "conversations" in tables else {}
    schemas = _texts_by_id(database, "schemas", "content") if "schemas" in tables else {}
    for stored in database.execute("SELECT * FROM responses ORDER BY id"):
        row = _row(stored)
        found = {name: rows.of(row["id"]) for name, rows in beside.items()}
        for name in ("fragments", "system_fragments"):
            found[name] = [fragment["content"] for fragment in found.get(name, [])]
        found["attachments"] = [_attachment(attachment) for attachment in found.get("attachments", [])]
        about = {"conversation_name": names.get(row.get("conversation_id")), "schema": schemas.get(row.get("schema_id"))}
        yield {TABLE: "responses", **row, **about, **found}


class _Beside:
    """Rows in the order of `response_id`, asked for in that order."""

    def __init__(self, rows: Iterator[sqlite3.Row]) -> None:
        self._rows = rows
        self._next = next(rows, None)

    def of(self, response_id: Any) -> list[Any]:
        """The rows of a response; those of responses that were deleted are passed over."""
        found: list[Any] = []
        while self._next is not None and (self._next["response_id"] is None or str(self._next["response_id"]) <= str(response_id)):
            if self._next["response_id"] == response_id:
                row = _row(self._next)
                del row["response_id"]
                found.append(row)
            self._next = next(self._rows, None)
        return found


def _texts_by_id(database: sqlite3.Connection, table: str, column: str) -> dict[Any, Any]:
    return {row["id"]: row[column] for row in database.execute(f"SELECT id, {column} FROM {table}")}


def _turns(database: sqlite3.Connection, tables: set[str]) -> Iterator[Row]:
    schemas = _texts_by_id(database, "schemas", "content") if "schemas" in tables else {}
    names = _texts_by_id(database, "threads", "name") if "threads" in tables else {}
    for stored in database.execute("SELECT * FROM turns ORDER BY id"):
        row = _row(stored)
        sent = _chain(database, row.get("parent_message_hash"))
        made = _chain(database, row.get("tip_message_hash"), until=row.get("parent_message_hash"))
        hashes = [message["hash"] for message in (*sent, *made)]
        tools = database.execute(
            "SELECT t.name, t.description, t.input_schema FROM turn_tools u JOIN tools t ON t.id = u.tool_id "
            "WHERE u.turn_id = ? ORDER BY t.id",
            [row["id"]],
        )
        yield {
            TABLE: "turns",
            **row,
            "thread_name": names.get(row.get("thread_id")),
            "schema": schemas.get(row.get("schema_id")),
            "tools": [_row(tool) for tool in tools],
            "input": sent,
            "output": made,
            "fragments": {str(found["id"]): found["content"] for found in _used(database, hashes, "fragment")},
            "attachments": {str(found["id"]): _attachment(_row(found)) for found in _used(database, hashes, "attachment")},
        }


def _chain(database: sqlite3.Connection, tip: str | None, until: str | None = None) -> list[Row]:
    """The messages up to a tip, the oldest first; without those up to `until`."""
    messages: list[Row] = []
    while tip is not None and tip != until and len(messages) < _MOST_MESSAGES:
        found = database.execute("SELECT hash, parent_hash, role FROM messages WHERE hash = ?", [tip]).fetchone()
        if found is None:
            break
        parts = database.execute("SELECT type, text, payload FROM parts WHERE message_hash = ? ORDER BY position", [tip])
        messages.append({**_row(found), "parts": [_row(part) for part in parts]})
        tip = found["parent_hash"]
    return messages[::-1]


def _used(database: sqlite3.Connection, hashes: list[str], kind: str) -> Iterator[sqlite3.Row]:
    """The fragments or attachments that the parts of these messages refer to."""
    for hash in hashes:
        yield from database.execute(
            f"SELECT f.* FROM parts p JOIN part_{kind}s u ON u.part_id = p.id JOIN {kind}s f ON f.id = u.{kind}_id "
            "WHERE p.message_hash = ?",
            [hash],
        )


def _attachment(row: Row) -> Row:
    """An attachment with its bytes as base64, or their number where they are too many."""
    content = row.pop("content", None)
    if isinstance(content, bytes):
        row |= {"size": len(content)} if len(content) > LARGEST_ATTACHMENT else {"data": b64encode(content).decode()}
    return row


def _row(stored: sqlite3.Row) -> Row:
    return {name: stored[name] for name in stored.keys()}  # noqa: SIM118 - iterating over a row gives its values
