import math

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from generations.query.compiled import Param

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
FLOAT = st.floats(allow_nan=False, allow_infinity=False)
INTEGER = st.integers(-(2**63), 2**63 - 1)
VALUES = st.one_of(
    st.builds(Param, st.just("String"), TEXT),
    st.builds(Param, st.just("Nullable(String)"), st.none() | TEXT),
    st.builds(Param, st.just("Array(String)"), st.lists(TEXT, max_size=5)),
    st.builds(Param, st.just("Array(Nullable(String))"), st.lists(st.none() | TEXT, max_size=5)),
    st.builds(Param, st.just("Int64"), INTEGER),
    st.builds(Param, st.just("Nullable(Int64)"), st.none() | INTEGER),
    st.builds(Param, st.just("Array(Int64)"), st.lists(INTEGER, max_size=5)),
    st.builds(Param, st.just("Float64"), FLOAT),
    st.builds(Param, st.just("Array(Float64)"), st.lists(FLOAT, max_size=5)),
    st.builds(Param, st.just("Bool"), st.booleans()),
    st.builds(Param, st.just("Array(Array(String))"), st.lists(st.lists(TEXT, max_size=3), max_size=3)),
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True)
@given(st.lists(VALUES, min_size=1, max_size=8))
def test_a_value_arrives_as_it_was_sent(engine, params: list[Param]) -> None:
    named = {f"p{n}": param for n, param in enumerate(params)}

    (answer,) = engine.query(
        "SELECT " + ", ".join(f"{{{name}:{param.type}}} AS {name}" for name, param in named.items()), named
    ).to_pylist()

    assert answer == {name: param.value for name, param in named.items()}


@pytest.mark.parametrize(
    "text", ["", "\\N", "NULL", "\\", "'", "\\'", "\t\n\r\0\b\f", "{p:String}", "%s %(a)s", "é😀\u2028", "a" * 100_000]
)
def test_text_that_means_something_to_a_parser_is_only_text(engine, text: str) -> None:
    params = {"one": Param("String", text), "many": Param("Array(String)", [text, text])}

    (answer,) = engine.query("SELECT {one:String} AS one, {many:Array(String)} AS many", params).to_pylist()

    assert answer == {"one": text, "many": [text, text]}


def test_the_zero_keeps_its_sign(engine) -> None:
    (answer,) = engine.query("SELECT {p:Float64} AS x", {"p": Param("Float64", -0.0)}).to_pylist()

    assert math.copysign(1, answer["x"]) == -1
