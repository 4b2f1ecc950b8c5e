"""Whatever a user can write, set or meet stands in the docs."""

import inspect
import re
from dataclasses import fields
from pathlib import Path

import pytest
import typer.main

import generations
from generations import capture, errors
from generations.capture import Counters
from generations.capture.redaction import PATTERNS
from generations.cli import app
from generations.query import operators
from generations.record.fields import FIELDS
from generations.server.parameters import LIST_PARAMETERS, OPERATORS
from generations.server.routes import ENDPOINTS
from generations.store.limits import Limits
from generations.wire.detect import DIALECTS

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
SOURCES = sorted((ROOT / "src").rglob("*.py"))


def page(name: str) -> str:
    return (DOCS / name).read_text()


def test_every_field_is_in_the_record_reference() -> None:
    assert [field.path for field in FIELDS if f"| `{field.path}` |" not in page("record.md")] == []


def test_every_format_of_an_import_is_documented() -> None:
    assert [dialect.name for dialect in DIALECTS if f"| `{dialect.name}` |" not in page("moving-data.md")] == []


TABLES = [name for name, value in vars(operators).items() if name.isupper() and isinstance(value, dict)]


@pytest.mark.parametrize("table", TABLES)
def test_every_operator_is_in_the_query_reference(table: str) -> None:
    """Those that are refused as well: who looks for one finds what to use instead."""
    text = page("query-language.md")

    assert [name for name in getattr(operators, table) if f"`{name}`" not in text and f"`$${name}`" not in text] == []


def test_every_error_code_is_documented() -> None:
    tree = [value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, errors.GenerationsError)]

    assert [error.code for error in tree if f"`{error.code}`" not in page("errors.md")] == []


def test_every_environment_variable_is_documented() -> None:
    variables = {name for source in SOURCES for name in re.findall(r"GENERATIONS_[A-Z_]+", source.read_text())}

    assert "GENERATIONS_URL" in variables
    assert {name for name in variables if f"`{name}`" not in page("settings.md")} == set()


@pytest.mark.parametrize("limit", [field.name for field in fields(Limits)])
def test_every_limit_is_documented_with_its_default(limit: str) -> None:
    assert f"| `{limit}` |" in page("settings.md")


@pytest.mark.parametrize("command", sorted(typer.main.get_command(app).commands))
def test_every_command_has_its_help_in_the_docs(command: str) -> None:
    assert f"$ generations {command} --help" in page("cli.md")


@pytest.mark.parametrize("endpoint", [f"{endpoint.method} {endpoint.path}" for endpoint in ENDPOINTS])
def test_every_route_is_documented(endpoint: str) -> None:
    """But for the files of the page that shows the routes."""
    assert f"| `{endpoint}` |" in page("server.md") or endpoint.startswith("GET /api/docs/")


def test_every_query_parameter_and_operator_is_documented() -> None:
    text = page("server.md")

    assert [name for name in LIST_PARAMETERS if f"| `{name}` |" not in text] == []
    assert [name for name in OPERATORS if f"`[{name}]`" not in text] == []


def test_every_test_that_the_reference_names_is_there() -> None:
    named = re.findall(r"\[`(test_\w+)`\]\(\.\./([^)]+)\)", page("server.md"))

    assert len(named) >= 4
    assert [name for name, path in named if f"def {name}(" not in (ROOT / path).read_text()] == []


@pytest.mark.parametrize("name", [*PATTERNS, *(field.name for field in fields(Counters))])
def test_every_pattern_and_counter_of_capture_is_documented(name: str) -> None:
    assert f"| `{name}` |" in page("capture.md")


def test_every_argument_of_configure_is_documented() -> None:
    """In its docstring, which editors show; the pages tell what needs more words."""
    arguments = inspect.signature(capture.configure).parameters

    assert [name for name in arguments if f"        {name}: " not in str(capture.configure.__doc__)] == []


def test_every_public_name_is_mentioned() -> None:
    """In the README or in a page of the docs, as code."""
    text = "".join(document.read_text() for document in [ROOT / "README.md", *DOCS.glob("*.md")])

    assert [name for name in generations.__all__ if not re.search(rf"\b{name}\b", text)] == []
