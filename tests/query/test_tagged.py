"""Tagged JSON: Python and the engine write equal values alike, and the engine reads, compares and orders what is written."""

import struct
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from generations.query import matching, tagged
from generations.query.compiled import Param
from generations.store.chdb_engine import ChdbEngine
from generations.store.decode import value_of
from tests.query import strategies

Each = Callable[[Callable[[str], str], list[str]], list[Any]]


@pytest.fixture(scope="module")
def each(tmp_path_factory) -> Each:
    """`each(sql_of, texts)`: what the SQL made of a name gives for each text."""
    engine = ChdbEngine(tmp_path_factory.mktemp("tagged") / "data")

    def ask(sql_of: Callable[[str], str], texts: list[str]) -> list[Any]:
        sql = f"SELECT arrayMap(v -> {sql_of('v')}, {{texts:Array(String)}}) AS r"
        found = engine.query(sql, {"texts": Param("Array(String)", texts)}).column(0)[0].as_py()
        return [item.decode() if isinstance(item, bytes) else item for item in found]

    yield ask
    engine.close()


def generated(strategy: st.SearchStrategy[Any]) -> Callable[..., Any]:
    """Lists of values, so that a statement asks about many at once."""

    def decorate(test: Callable[..., None]) -> Callable[..., None]:
        limits = settings(
            max_examples=25, deadline=None, database=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
        )
        return limits(given(values=st.lists(strategy, min_size=1, max_size=40))(test))

    return decorate


FLOATS = st.floats() | st.sampled_from([0.0, -0.0, 5e-324, 2.0**53, 2.0**63, -(2.0**63), 1e20, 1e21, 1e-6, 1e-7, 0.1 + 0.2, 9.3e18])
TEXTS = st.text() | st.sampled_from(["\x01", "\x01d5.0", "\x01t", "\u2028", "\x7f", '"', "\\u0001d5", "/", "".join(map(chr, range(0x20)))])
INTEGERS = st.integers(-(2**63), 2**63 - 1)
DATES = st.datetimes(datetime(1970, 1, 2), datetime(2200, 1, 1), timezones=st.just(UTC)).map(lambda d: d.replace(fold=0))  # noqa: DTZ001 - the strategy adds the zone
VALUES = strategies.ANY_VALUES | FLOATS | TEXTS | INTEGERS | DATES


def bits(value: float) -> str:
    return str(struct.unpack("q", struct.pack("d", value))[0])


@generated(FLOATS)
def test_python_and_the_engine_write_doubles_alike(each: Each, values: list[float]) -> None:
    made = each(lambda v: tagged.from_float(f"reinterpretAsFloat64(toInt64({v}))"), [bits(value) for value in values])

    assert made == [tagged.text_of(value) for value in values]


@generated(TEXTS)
def test_python_and_the_engine_write_texts_alike(each: Each, values: list[str]) -> None:
    assert each(tagged.from_string, values) == [tagged.text_of(value) for value in values]


@generated(DATES)
def test_python_and_the_engine_write_instants_alike(each: Each, values: list[datetime]) -> None:
    made = each(lambda v: tagged.from_instant(f"toDateTime64({v}, 6, 'UTC')"), [f"{value:%Y-%m-%d %H:%M:%S.%f}" for value in values])

    assert made == [tagged.text_of(value) for value in values]


@generated(VALUES)
def test_what_python_writes_is_what_the_engine_prints(each: Each, values: list[Any]) -> None:
    """A constant is compared with texts that the engine's JSON functions have printed."""
    texts = [tagged.text_of([value]) for value in values]

    assert each(lambda v: f"concat('[', JSONExtractRaw({v}, 1), ']')", texts) == texts
    assert each(tagged.canonical, texts) == texts


@generated(VALUES)
def test_what_is_written_reads_as_the_same_value(each: Each, values: list[Any]) -> None:
    assert [repr(value_of(tagged.text_of(value).encode())) for value in values] == [repr(value).replace("-0.0", "0.0") for value in values]


STORED = {
    "": "",
    "5": "5",
    "5.0": 5.0,
    "-0.0": -0.0,
    "2.50": 2.5,
    "1e2": 100.0,
    "1E-7": 1e-7,
    '"5.0"': "5.0",
    '"\\u0001d5.0"': "\x01d5.0",
    "9223372036854775807": 2**63 - 1,
    "9223372036854775808": 2**63,
    "123456789012345678901234567890": 123456789012345678901234567890,
    '{"$date":"2024-06-15T12:30:45.000000Z"}': datetime(2024, 6, 15, 12, 30, 45, tzinfo=UTC),
    '{"a":[5.0,"\\"1.0\\\\",{"b":1e3}],"5.0":null}': {"a": [5.0, '"1.0\\', {"b": 1000.0}], "5.0": None},
    '"{\\"$date\\":\\"x\\"}"': '{"$date":"x"}',
    '"\\u00e9\\/"': "é/",
}


def test_stored_text_is_tagged_with_its_numbers_kept_apart(each: Each) -> None:
    made = each(lambda v: tagged.canonical(tagged.from_text(v)), [*STORED])

    assert [value_of(text.encode()) if text else "" for text in made] == [
        value_of(b"5") if text == "5" else STORED[text] for text in STORED
    ]
    assert [text and repr(value_of(text.encode())) for text in made][2] == "5.0"


def expected_type(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "bool"
        case int() if -(2**31) <= value < 2**31:
            return "int"
        case int() if -(2**63) <= value < 2**63:
            return "long"
        case int() | float():
            return "double"
        case str():
            return "string"
        case datetime():
            return "date"
        case dict():
            return "object"
        case _:
            return "array"


@generated(VALUES)
def test_the_type_of_every_value_is_told_from_its_text(each: Each, values: list[Any]) -> None:
    texts = [tagged.text_of(value) for value in values]
    names = [expected_type(value) for value in values]

    assert each(tagged.type_name, texts) == names
    for kind, belonging in {
        tagged.is_object: {"object"},
        tagged.is_array: {"array"},
        tagged.is_string: {"string"},
        tagged.is_number: {"int", "long", "double"},
        tagged.is_integer: {"int", "long"},
        tagged.is_double: {"double"},
        tagged.is_bool: {"bool"},
        tagged.is_date: {"date"},
        tagged.is_nullish: {"null"},
    }.items():
        assert [bool(found) for found in each(kind, texts)] == [name in belonging for name in names], kind.__name__


def test_the_missing_value_is_the_empty_text(each: Each) -> None:
    assert each(tagged.type_name, ["", '""']) == ["missing", "string"]
    assert each(tagged.is_nullish, ["", "null", '""', "[]"]) == [1, 1, 0, 0]


@generated(TEXTS)
def test_a_string_is_read_back(each: Each, values: list[str]) -> None:
    assert each(tagged.to_string, [tagged.text_of(value) for value in values]) == values


@generated(FLOATS.filter(lambda value: value == value))
def test_a_double_is_read_back(each: Each, values: list[float]) -> None:
    assert each(tagged.to_float, [tagged.text_of(value) for value in values]) == values


HUGE = st.integers(2**63, 2**65) | st.integers(10**32, 10**33 - 1)
PAIRS = (
    strategies.pairs_of_values()
    | st.tuples(FLOATS | INTEGERS, FLOATS | INTEGERS)
    | INTEGERS.map(lambda n: (n, float(n)))
    | st.tuples(HUGE, HUGE)
)


@generated(PAIRS)
def test_sort_keys_are_in_bson_order(each: Each, values: list[tuple[Any, Any]]) -> None:
    texts = [tagged.text_of(list(pair)) for pair in values]
    left, right = tagged.sort_key("JSONExtractRaw(v, 1)"), tagged.sort_key("JSONExtractRaw(v, 2)")

    found = each(lambda _: f"multiIf({left} < {right}, -1, {left} = {right}, 0, 1)", texts)

    for pair, sign in zip(values, found, strict=True):
        assert sign == matching.compare(*pair), pair


@generated(PAIRS)
def test_texts_of_equality_are_equal_where_mongodb_calls_values_equal(each: Each, values: list[tuple[Any, Any]]) -> None:
    texts = [tagged.text_of(list(pair)) for pair in values]

    found = each(lambda _: f"{tagged.equality('JSONExtractRaw(v, 1)')} = {tagged.equality('JSONExtractRaw(v, 2)')}", texts)

    for pair, equal in zip(values, found, strict=True):
        assert bool(equal) == (matching.compare(*pair) == 0), pair


@generated(VALUES)
def test_the_equality_of_a_constant_is_the_one_the_engine_makes(each: Each, values: list[Any]) -> None:
    assert each(tagged.equality, [tagged.text_of(value) for value in values]) == [tagged.equality_text(value) for value in values]


def test_missing_sorts_below_null(each: Each) -> None:
    missing, null = each(tagged.sort_key, ["", "null"])

    assert [tuple(part.values()) for part in missing] < [tuple(part.values()) for part in null]


PATHS = {
    '{"a":{"b":1}}': "1",
    '{"a":[{"b":1},{},5,{"b":2}]}': "[1,2]",
    '{"a":[]}': "[]",
    '{"a":[[{"b":1}]]}': "[]",
    '{"a":5}': "",
    '{"a.b":1}': "",
    '{"a":{"b":null}}': "null",
    '{"a":[{"b":[1,2]},{"b":3}]}': "[[1,2],3]",
    "[]": "[]",
    "5": "",
    "": "",
}


def test_an_expressions_path_maps_over_arrays_and_never_indexes(each: Each) -> None:
    assert dict(zip(PATHS, each(lambda v: tagged.get(v, ["'a'", "'b'"]), [*PATHS]), strict=True)) == PATHS
    assert each(lambda v: tagged.get(v, ["'a'", "'0'"]), ['{"a":[7,8]}', '{"a":{"0":7}}']) == ["[]", "7"]


LEAVES = {
    '{"a":{"b":1}}': ["1"],
    '{"a":[{"b":1},{},5,[{"b":7}]]}': ["1", ""],
    '{"a":[]}': [],
    '{"a":5}': [""],
    '{"a":null}': [""],
    "{}": [""],
    '{"a":{"b":[1,2]}}': ["[1,2]"],
}


def test_a_filters_path_reaches_the_objects_of_an_array(each: Each) -> None:
    assert dict(zip(LEAVES, each(lambda v: tagged.leaves(v, ["a", "b"]), [*LEAVES]), strict=True)) == LEAVES


def test_a_number_in_a_filters_path_is_a_key_and_an_index(each: Each) -> None:
    documents = ['{"a":[7,8]}', '{"a":{"1":9}}', '{"a":[{"1":"x"},"y"]}', '{"a":[7]}']

    assert each(lambda v: tagged.leaves(v, ["a", "1"]), documents) == [["8"], ["9"], ["x".join('""'), '"y"'], []]


def test_only_a_plain_number_is_an_index(each: Each) -> None:
    for step in ("01", "²", "1000000000000", "-1"):
        assert each(lambda v, step=step: tagged.leaves(v, ["a", step]), ['{"a":[7,8]}']) == [[]]


def test_an_object_leaves_out_its_missing_fields_and_an_array_holds_null_instead(each: Each) -> None:
    assert each(lambda v: tagged.object_of([("'k'", v), ("'n'", "'1'")]), ["", "2"]) == ['{"n":1}', '{"k":2,"n":1}']
    assert each(lambda v: tagged.array_of([v, "'1'"]), ["", "2"]) == ["[null,1]", "[2,1]"]


def test_a_field_is_replaced_where_it_stands_or_appended(each: Each) -> None:
    documents = ['{"k":1,"z":2}', '{"z":2}', "{}", "", "5"]

    assert each(lambda v: tagged.with_field(v, "'k'", "'9'"), documents) == [
        '{"k":9,"z":2}',
        '{"z":2,"k":9}',
        '{"k":9}',
        '{"k":9}',
        '{"k":9}',
    ]
    assert each(lambda v: tagged.with_field(v, "'k'", "''"), documents[:3]) == ['{"z":2}', '{"z":2}', "{}"]


def test_a_value_is_bound_once_and_a_name_is_not_bound_at_all() -> None:
    tagged.restart_names()

    assert tagged.let("name", lambda v: f"f({v}, {v})") == "f(name, name)"
    assert tagged.let("g(1)", lambda v: f"f({v}, {v})") == "arrayMap(x1 -> f(x1, x1), [g(1)])[1]"


def test_conditions_that_are_known_are_decided_before_any_row_is_read() -> None:
    assert tagged.choose([("0", "a"), ("c", "b"), ("1", "d"), ("e", "f")], "z") == "multiIf(c, b, d)"
    assert tagged.choose([("0", "a")], "z") == "z"
    assert tagged.any_of(["0", "a", "b", "a"]) == "(a OR b)"
    assert tagged.any_of(["a", "1"]) == "1"
    assert tagged.all_of(["1", "1"]) == "1"
    assert tagged.all_of(["a", "0"]) == "0"
    assert [tagged.none_of(condition) for condition in ("0", "1", "a")] == ["1", "0", "NOT a"]


def test_a_quoted_name_cannot_end_its_literal(each: Each) -> None:
    for name in ("'", "\\", "\\'", "a'b\\", "\n", "\0"):
        assert each(lambda _, name=name: tagged.quote(name), [""]) == [name]
