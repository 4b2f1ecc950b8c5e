"""Commands about the keys of a server: create, list, revoke."""

import json
import os
import re
import sys
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, cast
from urllib.parse import quote

import typer

from generations.cli import printing
from generations.cli.options import AsTable, Data, Project, is_table
from generations.errors import InvalidInput
from generations.jobs import answers

if TYPE_CHECKING:
    from generations.remote.connection import Connection
    from generations.store.keys import Key, Keys

Told = dict[str, Any]

_SPAN = re.compile(r"([1-9]\d{0,5})([mhd])", re.ASCII)
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
_COLUMNS = ("id", "project", "name", "scopes", "created", "expires", "state")

HELP = """\
Make, list and revoke the keys that programs show to a server.

A key sees one project and does what its scopes allow: ingest, read, feedback, export, delete, admin. As soon as there is
one, a server answers nobody without a key. A running server holds its folder: name its URL as --data then, and put a key
that may `admin` into $GENERATIONS_API_KEY, whose project is the only one that is seen then.

Examples:
  generations keys create --scope ingest --name importer
  generations keys create --project chatbot --scope read --scope export --expires 90d
  generations keys list
  generations keys revoke 4f1c09d2a7b35e68
"""


def create(
    context: typer.Context,
    *,
    scope: Annotated[list[str], typer.Option("--scope", metavar="SCOPE", help="What it may do; may be repeated.")],
    name: Annotated[str | None, typer.Option("--name", metavar="TEXT", help="What people call it.")] = None,
    expires: Annotated[str | None, typer.Option("--expires", metavar="WHEN", help="After 90d, 12h or 30m, or at an instant.")] = None,
    rate: Annotated[float | None, typer.Option("--rate", metavar="N", help="Most requests a second, on average.")] = None,
    as_table: AsTable = None,
    data: Data = None,
    project: Project = None,
) -> None:
    """Make a key for one project, and show it once.

    The store keeps only its hash: nobody can show it again.

    Examples:
      generations keys create --scope ingest --name importer
      generations keys create --project chatbot --scope read --scope export --expires 90d --rate 20
      generations keys create --scope admin --json | jq -r .key
    """
    ends = _instant(expires)
    chosen = _project(context, project)
    with _keys(context, data, chosen) as keys:
        made = keys.create(chosen or "default", scope, name, ends, rate)
    if is_table(as_table):
        sys.stdout.write(made["key"] + "\n")
        until = f" until {printing.cell(made['expiresAt'])}" if made["expiresAt"] else ""
        sys.stderr.write(f"key {made['id']} of project {made['project']} may {', '.join(made['scopes'])}{until}; it is not shown again\n")
    else:
        printing.write_line(answers.answer_line(made))


def list_(context: typer.Context, *, as_table: AsTable = None, data: Data = None, project: Project = None) -> None:
    """Show the keys of all projects, or of one; revoked and expired ones too.

    Examples:
      generations keys list
      generations keys list --project chatbot --json
    """
    chosen = _project(context, project)
    with _keys(context, data, chosen) as keys:
        found = keys.all(chosen)
    if not is_table(as_table):
        for key in found:
            printing.write_line(answers.answer_line(key))
        return
    rows = [
        (key["id"], key["project"], key["name"], ", ".join(key["scopes"]), key["createdAt"], key["expiresAt"], _state(key)) for key in found
    ]
    if rows:
        printing.print_table(rows, _COLUMNS)
    else:
        sys.stderr.write("there are no keys\n")


def revoke(
    context: typer.Context,
    *,
    id: Annotated[str, typer.Argument(metavar="ID", help="Its id, as listed; not the key itself.")],
    as_table: AsTable = None,
    data: Data = None,
) -> None:
    """Take a key back for good.

    Through a running server it takes effect at once; servers over the same ClickHouse notice within five seconds.

    Examples:
      generations keys revoke 4f1c09d2a7b35e68
      generations keys revoke 4f1c09d2a7b35e68 --data http://127.0.0.1:4300
    """
    with _keys(context, data) as keys:
        key = keys.revoke(id)
    if is_table(as_table):
        sys.stdout.write(f"revoked {key['id']}\n")
    else:
        printing.write_line(answers.answer_line(key))


class _Kept:
    """The keys of a store that this process opens."""

    def __init__(self, keys: "Keys") -> None:
        self._keys = keys

    def create(self, project: str, scopes: list[str], name: str | None, expires_at: datetime | None, rate: float | None) -> Told:
        text, key = self._keys.create(project, scopes, name=name, expires_at=expires_at, rate_per_second=rate)
        return {"key": text, **_told(key)}

    def all(self, project: str | None) -> list[Told]:
        return [_told(key) for key in self._keys.all(project)]

    def revoke(self, id: str) -> Told:
        return _told(self._keys.revoke(id))


class _Served:
    """The keys of the project that a server shows."""

    def __init__(self, connection: "Connection") -> None:
        self._connection = connection

    def create(self, project: str, scopes: list[str], name: str | None, expires_at: datetime | None, rate: float | None) -> Told:
        del project  # the connection names it
        asked = {"scopes": scopes, "name": name, "expiresAt": expires_at, "ratePerSecond": rate}
        return self._asked("POST", "/keys", {field: value for field, value in asked.items() if value is not None})

    def all(self, project: str | None) -> list[Told]:
        del project  # the same
        return [_read(key) for key in self._asked("GET", "/keys")["docs"]]

    def revoke(self, id: str) -> Told:
        return self._asked("DELETE", f"/keys/{quote(id, safe='')}")

    def _asked(self, method: str, path: str, body: Any = None) -> Told:
        return _read(json.loads(self._connection.ask(method, path, body, repeatable=method != "POST")))


@contextmanager
def _keys(context: typer.Context, data: str | None, project: str | None = None) -> Generator[_Kept | _Served]:
    """The keys of the store or the server that the options of the command or of the program name."""
    from generations.connect import API_KEY_VARIABLE, default_url, open_engine  # noqa: PLC0415 - help needs no engine
    from generations.remote.connection import Connection  # noqa: PLC0415 - the same
    from generations.store.keys import Keys  # noqa: PLC0415 - the same

    settings = cast("dict[str, str | None]", context.find_root().obj or {})
    url = data or settings.get("data") or default_url()
    if url.startswith(("http://", "https://")):
        connection = Connection(url, os.environ.get(API_KEY_VARIABLE) or None, project)
        try:
            yield _Served(connection)
        finally:
            connection.close()
        return
    engine = open_engine(url)
    try:
        yield _Kept(Keys(engine))
    finally:
        engine.close()


def _project(context: typer.Context, project: str | None) -> str | None:
    return project or cast("dict[str, str | None]", context.find_root().obj or {}).get("project")


def _instant(text: str | None) -> datetime | None:
    """An instant, or a span of time from now."""
    if text is None:
        return None
    if span := _SPAN.fullmatch(text):
        return datetime.now(UTC) + int(span[1]) * _UNITS[span[2]]
    from generations.record import instants  # noqa: PLC0415 - help needs no record

    found = instants.parse(text)
    if found is None:
        raise InvalidInput(f"{text!r} is not a time", hint="such as 90d, 12h, 30m or 2027-01-31T00:00:00Z")
    return found


def _state(key: Told) -> str:
    if key["revokedAt"]:
        return "revoked"
    return "expired" if key["expiresAt"] and key["expiresAt"] <= datetime.now(UTC) else "live"


def _told(key: "Key") -> Told:
    """What is told of a key, with the names that a server gives it."""
    return {
        "id": key.id,
        "project": key.project,
        "scopes": list(key.scopes),
        "name": key.name,
        "ratePerSecond": key.rate_per_second,
        "createdAt": key.created_at,
        "expiresAt": key.expires_at,
        "revokedAt": key.revoked_at,
    }


def _read(answer: Told) -> Told:
    """The same as a server has told it."""
    return {name: datetime.fromisoformat(value) if name.endswith("At") and value else value for name, value in answer.items()}
