"""Expressions over one free-form document, evaluated by an engine; typed columns are not involved."""

from collections.abc import Callable
from typing import Any

import pytest

from generations import InvalidQuery, QueryFailed
from generations.query import expressions, tagged
from generations.query.compiled import Param, Source
from generations.query.context import Context
from generations.query.evaluate import evaluate
from generations.query.value import Tagged, to_tagged
from generations.store.chdb_engine import ChdbEngine
from generations.store.decode import value_of

REGISTERED = expressions

MISSING = "no value at all"
"""What `answer` gives for an expression without a value."""


@pytest.fixture(scope="module")
def answer(tmp_path_factory) -> Callable[..., Any]:
    """`answer(expression, a=1, …)`: the value of the expression for the document, MISSING, or the error as a text."""
    engine = ChdbEngine(tmp_path_factory.mktemp("expressions") / "data")

    def ask(expression: Any, **document: Any) -> Any:
        context = Context(Source())
        context.params["document"] = Param("String", tagged.text_of(document))
        try:
            text = to_tagged(evaluate(context, Tagged("document"), expression, ""))
            rows = engine.query(f"SELECT {text} AS v FROM (SELECT materialize({{document:String}}) AS document)", context.params)
        except (InvalidQuery, QueryFailed) as error:
            return f"error: {error}"
        found = rows.column(0)[0].as_py()
        return value_of(found.encode() if isinstance(found, str) else found) if found else MISSING

    yield ask
    engine.close()


@pytest.fixture(scope="module")
def gives(answer) -> Callable[..., None]:
    """`gives(expression, value, a=1, …)`: the expression has exactly this value: 5 is not 5.0, and fields have an order."""

    def check(expression: Any, value: Any, **document: Any) -> None:
        assert repr(answer(expression, **document)) == repr(value), expression

    return check


@pytest.fixture(scope="module")
def fails(answer) -> Callable[..., None]:
    """`fails(expression, words, a=1, …)`: the query fails with these words."""

    def check(expression: Any, words: str, **document: Any) -> None:
        found = answer(expression, **document)
        assert isinstance(found, str), expression
        assert found.startswith("error: "), expression
        assert words in found

    return check
