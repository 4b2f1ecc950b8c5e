"""The generated parts of the docs. Cog calls these from the pages; each prints Markdown."""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
from pathlib import Path

import cog

from generations import errors
from generations.query.operators import OPERATORS
from generations.record.fields import FIELDS, OBJECTS, Field
from generations.record.sample import sample_generations

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
LAYERS = ("cli", "connect", "jobs", "store", "query", "wire", "record", "errors")


def table(heads: list[str], rows: list[list[str]]) -> None:
    """Print a Markdown table; bars in the cells are escaped."""
    for row in [heads, ["---"] * len(heads), *rows]:
        cog.outl("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |")


def fields(root: str | None = None) -> None:
    """The fields below one top-level name, or those that stand at the top themselves when there is none."""
    chosen = [field for field in FIELDS if (field.path.split(".")[0] if "." in field.path or _has_parts(field) else None) == root]
    table(["field", "type", "unit", "what it is"], [_field(field) for field in chosen])


def _has_parts(field: Field) -> bool:
    return any(other.path.startswith(f"{field.path}.") for other in FIELDS)


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


def operators(kind: str) -> None:
    """The operators of one kind, those that are refused below the ones that are answered."""
    rows = [operator for operator in OPERATORS if operator.kind == kind]
    answered = [operator for operator in rows if operator.tier < 3]
    table(["name", "tier", "what it does"], [[f"`{operator.name}`", str(operator.tier), operator.summary] for operator in answered])
    refused = ", ".join(f"`{operator.name}`" for operator in rows if operator.tier >= 3)
    if refused:
        cog.outl("")
        cog.outl(f"Refused with `unsupported`, since they could not be exact here: {refused}.")


def error_tree() -> None:
    """The tree as it is drawn at the top of the module."""
    drawing = inspect.cleandoc(errors.__doc__ or "").split("\n\n", 1)[1]
    cog.outl("```text")
    cog.outl(inspect.cleandoc(drawing))
    cog.outl("```")


def error_codes(exit_code_of: object = None) -> None:
    """Every error with its code and its meaning."""
    rows: list[list[str]] = []
    for name, error in vars(errors).items():
        if isinstance(error, type) and issubclass(error, errors.GenerationsError):
            row = [f"`{error.code}`", f"`{name}`", " ".join(inspect.cleandoc(error.__doc__ or "").split("\n\n")[0].split())]
            if callable(exit_code_of):
                row.append(str(exit_code_of(error)))
            rows.append(row)
    heads = ["code", "class", "meaning", "exit code"] if callable(exit_code_of) else ["code", "class", "meaning"]
    table(heads, rows)


def cli_help(*command: str) -> None:
    """What `generations … --help` prints."""
    program = Path(sys.executable).with_name("generations")
    environment = {**os.environ, "COLUMNS": "100", "TERMINAL_WIDTH": "100", "NO_COLOR": "1", "TERM": "dumb"}
    environment = {name: value for name, value in environment.items() if not name.startswith("GENERATIONS_") and name != "FORCE_COLOR"}
    done = subprocess.run([str(program), *command, "--help"], capture_output=True, text=True, check=True, env=environment)
    cog.outl("```text")
    cog.outl(f"$ {' '.join(['generations', *command, '--help'])}")
    cog.outl("\n".join(line.rstrip() for line in done.stdout.strip("\n").splitlines()))
    cog.outl("```")


def layer_picture() -> None:
    """The layers from top to bottom, each with the first sentence of its package."""
    import importlib

    for name in LAYERS:
        module = importlib.import_module(f"generations.{name}")
        place = f"src/generations/{name}" + ("" if hasattr(module, "__path__") else ".py")
        summary = inspect.cleandoc(module.__doc__ or "").split("\n\n")[0].replace("\n", " ")
        cog.outl(f"| [`{name}`]({place}) | {summary} |")


def sample_record() -> None:
    """One sample record as JSON, the first of a short chat."""
    import json

    record = next(record for record in sample_generations(50) if len(json.dumps(record)) < 1200)
    cog.outl("```json")
    cog.outl(json.dumps(record, indent=2, default=str))
    cog.outl("```")
