"""The generated parts of the docs. Cog calls these from the pages; each prints Markdown."""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import Any

import cog
import typer.main
from typer.testing import CliRunner

from generations import errors
from generations.capture.instrumentations import LIBRARIES
from generations.cli import app
from generations.cli.exit_codes import EXIT_CODES, exit_code_of
from generations.query import operators
from generations.record.fields import EVAL, FIELDS, OBJECTS, Field
from generations.record.sample import sample_generations
from generations.server.parameters import LIST_PARAMETERS, OPERATORS
from generations.server.routes import ENDPOINTS

PLATFORM_OPERATORS = {
    "contains": "The text contains this one, in whatever case.",
    "like": "The text contains all of these words, in whatever case and order.",
}

TYPES = {
    "string": "string",
    "integer": "integer",
    "number": "number",
    "instant": "instant",
    "strings": "list of strings",
    "json": "any JSON",
    "map": "open object",
    "alternatives": "list of objects",
}


def table(heads: list[str], rows: list[list[str]]) -> None:
    """Print a Markdown table; bars in the cells are escaped."""
    for row in [heads, ["---"] * len(heads), *rows]:
        cog.outl("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |")


def fields(root: str | None = None) -> None:
    """The fields below one top-level name, or those that stand at the top themselves when there is none."""
    chosen = [field for field in (*FIELDS, *EVAL) if (field.path.split(".")[0] if "." in field.path or _has_parts(field) else None) == root]
    table(["field", "type", "unit", "what it is"], [_field(field) for field in chosen])


def _has_parts(field: Field) -> bool:
    return any(other.path.startswith(f"{field.path}.") for other in (*FIELDS, *EVAL))


def _field(field: Field) -> list[str]:
    notes = [field.doc]
    if field.values:
        notes.append("One of " + ", ".join(f"`{value}`" for value in field.values) + ".")
    if field.required:
        notes.append("**Required.**")
    if field.kept_by_store:
        notes.append("Kept by the store.")
    return [f"`{field.path}`", TYPES[field.type], field.unit or "", " ".join(notes)]


def privacy() -> None:
    """The fields of each privacy class that is not technical."""
    for name, meaning in (("identifier", "tells who, or joins to who"), ("content", "what was said")):
        paths = ", ".join(f"`{field.path}`" for field in FIELDS if field.privacy == name)
        cog.outl(f"- **{name}** ({meaning}): {paths}")


def objects() -> None:
    """The names of the closed objects."""
    cog.outl(", ".join(f"`{name}`" for name in OBJECTS))


def operator_table(name: str) -> None:
    """The operators of one table, then those that are refused, each with what to use instead."""
    answered: dict[str, object] = getattr(operators, name)
    rows = [[f"`{operator}`", tier(operator, entry), arguments(entry), summary(entry)] for operator, entry in answered.items()]
    if any(row[2] for row in rows):
        table(["name", "tier", "arguments", "what it does"], rows)
    else:
        table(["name", "tier", "what it does"], [[row[0], row[1], row[3]] for row in rows])


def refusals(name: str) -> None:
    """What MongoDB knows and we refuse, by the reason."""
    reasons: dict[str, list[str]] = {}
    refused: dict[str, str] = getattr(operators, f"REFUSED_{name}")
    for operator, reason in refused.items():
        reasons.setdefault(reason, []).append(f"`{operator}`")
    table(["refused", "why, or what to use"], [[", ".join(names), reason] for reason, names in reasons.items()])


def variables() -> None:
    """The variables of expressions."""
    table(["name", "what it is"], [[f"`$${name}`", summary] for name, summary in operators.VARIABLES.items()])


def tier(name: str, entry: object) -> str:
    """The tier of an operator; expressions carry their own."""
    if isinstance(entry, operators.Signature):
        return str(entry.tier)
    return "1" if name in operators.TIER_1 else "2"


def summary(entry: object) -> str:
    return entry.summary if isinstance(entry, operators.Signature) else str(entry)


def arguments(entry: object) -> str:
    """The arguments of an expression, in words as short as they can be."""
    if not isinstance(entry, operators.Signature):
        return ""
    named = ", ".join(f"`{name.rstrip('?')}`{'?' if name.endswith('?') else ''}" for name in entry.names)
    if entry.most == -1:
        return named
    if entry.most is None:
        count = f"{entry.least} or more" if entry.least else "any number"
    else:
        count = str(entry.least) if entry.least == entry.most else f"{entry.least} to {entry.most}"
    return f"{count}; or {named}" if named else count


def error_tree() -> None:
    """The tree as it is drawn at the top of the module."""
    drawing = inspect.cleandoc(errors.__doc__ or "").split("\n\n", 1)[1]
    cog.outl("```text")
    cog.outl(inspect.cleandoc(drawing))
    cog.outl("```")


def error_codes() -> None:
    """Every error with its code, its meaning and the exit code of the command."""
    rows: list[list[str]] = []
    for name, error in vars(errors).items():
        if isinstance(error, type) and issubclass(error, errors.GenerationsError):
            meaning = " ".join(inspect.cleandoc(error.__doc__ or "").split("\n\n")[0].split())
            rows.append([f"`{error.code}`", f"`{name}`", meaning, str(exit_code_of(error))])
    table(["code", "class", "meaning", "exit code"], rows)


def instrumentations() -> None:
    """Libraries that call models, with the distributions of their instrumentations."""
    rows = [[library.name, ", ".join(f"`{_distribution(module)}`" for module in library.instrumentations)] for library in LIBRARIES]
    table(["library", "its instrumentations, the best first"], [*rows, ["pydantic-ai", "its own, `Agent.instrument_all()`"]])


def _distribution(module: str) -> str:
    return module.replace(".", "-").replace("_", "-")


def routes() -> None:
    """Every route of the server, with the scope that a key needs for it."""
    rows = [
        [f"`{endpoint.method} {endpoint.path}`", f"`{endpoint.scope}`" if endpoint.scope else "", endpoint.summary]
        for endpoint in ENDPOINTS
        if not endpoint.path.startswith("/api/docs/")
    ]
    table(["route", "scope", "what it does"], rows)


def query_parameters() -> None:
    """The parameters of a list that are no paths."""
    table(["parameter", "what it does"], [[f"`{name}`", meaning] for name, meaning in LIST_PARAMETERS.items()])


def query_operators() -> None:
    """What may stand in brackets behind a path, by what it means."""
    names: dict[str, list[str]] = {}
    for name, operator in OPERATORS.items():
        names.setdefault(operator, []).append(f"`[{name}]`")
    meanings = {**operators.QUERY, **PLATFORM_OPERATORS}
    table(["operator", "what it finds"], [[", ".join(spelled), meanings[operator]] for operator, spelled in names.items()])


def cli_help(*command: str) -> None:
    """What `generations … --help` prints."""
    width = {"COLUMNS": "100", "TERMINAL_WIDTH": "100", "NO_COLOR": "1", "TERM": "dumb"}
    printed = CliRunner().invoke(app, [*command, "--help"], prog_name="generations", env=width, catch_exceptions=False).stdout
    cog.outl("```text")
    cog.outl(f"$ {' '.join(['generations', *command, '--help'])}")
    cog.outl("\n".join(line.rstrip() for line in printed.strip("\n").splitlines()))
    cog.outl("```")


def commands() -> None:
    """A section for each command, in the order of the help."""
    for name, command in typer.main.get_command(app).commands.items():
        cog.outl(f"## {name}\n")
        cli_help(name)
        cog.outl("")
        for verb in getattr(command, "commands", ()):
            cli_help(name, verb)
            cog.outl("")


def exit_codes() -> None:
    """The table of exit codes."""
    table(["code", "meaning"], [[str(code.code), code.meaning] for code in EXIT_CODES])


def measured() -> None:
    """The targets of the benchmark page, as it was last written."""
    page = (Path(__file__).parents[1] / "benchmarks.md").read_text()
    lines = page.split("## Targets\n", 1)[1].split("\n## ", 1)[0].strip().splitlines()
    cog.outl("\n".join(line for line in lines if line.startswith("|")))


def sample_record() -> None:
    """One sample record as JSON, the first of a short chat."""
    record = next(record for record in sample_generations(50) if len(json.dumps(record)) < 1200)
    cog.outl("```json")
    cog.outl(json.dumps(record, indent=2, default=str))
    cog.outl("```")


FILLED: dict[str, dict[str, Any]] = json.loads((Path(__file__).parents[2] / "tests/programs/filled.json").read_text())
"""What the tests with real programs saw; `make senders` writes it down."""


def filled(group: str, *only: str) -> None:
    """Which fields the senders of a group fill: a mark for all calls that have such a thing to tell, a number for some of them.

    That a call has it to tell is known from the senders of the group that tell it. `only` names beginnings of senders to show.
    """
    calls, senders = FILLED[group]["calls"], FILLED[group]["senders"]
    shown = [name for name in senders if name.startswith(only or "")]
    fields = [field.path for field in FIELDS if any(field.path in seen for seen in senders.values())]
    rows: list[list[str]] = []
    for field in fields:
        marks = {name: seen.get(field, "-" * len(calls)) for name, seen in senders.items()}
        applicable = sum(any(told[index] == "x" for told in marks.values()) for index in range(len(calls)))
        counts = [marks[name].count("x") for name in shown]
        rows.append([f"`{field}`", *("●" if count == applicable else f"{count} of {applicable}" if count else "–" for count in counts)])
    table(["field", *shown], rows)
    cog.outl("")
    cog.outl(f"Of {len(calls)} calls: {', '.join(calls)}.")
