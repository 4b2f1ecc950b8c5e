"""What every engine promises, on every target."""

import time

import pyarrow as pa
import pytest

from generations.connect import open_engine
from generations.errors import LimitExceeded, QueryFailed, StoreError, StoreUnavailable
from generations.store.limits import Limits
from generations.store.settings import reading


def test_an_empty_answer_keeps_its_columns(engine) -> None:
    answer = engine.query("SELECT toInt64(number) AS n, toString(number) AS s FROM numbers(10) WHERE number > 100")

    assert answer.num_rows == 0
    assert answer.schema.names == ["n", "s"]
    assert answer.schema.field("n").type == pa.int64()


def test_batches_come_while_the_query_runs(engine) -> None:
    batches = engine.batches("SELECT number FROM numbers(1_000_000_000_000)")

    first = next(batches)
    batches.close()

    assert first.column(0)[0].as_py() == 0
    assert engine.query("SELECT 1 AS one").to_pylist() == [{"one": 1}]


def test_batches_hold_every_row_once(engine) -> None:
    sql = "SELECT toInt64(number) AS n FROM numbers(100_000)"

    numbers = [n for batch in engine.batches(sql) for n in batch.column(0).to_pylist()]

    assert numbers == list(range(100_000))


def test_no_rows_are_no_batches(engine) -> None:
    assert sum(batch.num_rows for batch in engine.batches("SELECT 1 WHERE 0")) == 0


def test_a_stream_is_the_answer_in_bytes(engine) -> None:
    lines = b"".join(engine.stream("SELECT number AS n FROM numbers(50_000)", "JSONEachRow")).splitlines()

    assert lines[0] == b'{"n":0}'
    assert lines[-1] == b'{"n":49999}'
    assert len(lines) == 50_000


def test_a_format_with_a_head_is_not_streamed(engine) -> None:
    """The head would be repeated in every piece."""
    with pytest.raises(ValueError, match="CSVWithNames cannot be streamed"):
        list(engine.stream("SELECT 1", "CSVWithNames"))


def test_an_error_in_the_middle_of_a_stream_is_raised_and_is_not_data(engine) -> None:
    got: list[bytes] = []
    with pytest.raises(QueryFailed, match=r"^too late$"):
        got.extend(engine.stream("SELECT throwIf(number = 900_000, 'too late') AS n FROM numbers(1_000_000)", "TSVRaw"))

    assert set(b"".join(got)) == set(b"0\n")
    assert engine.query("SELECT 1 AS one").num_rows == 1


def test_an_error_in_the_middle_of_batches_is_raised(engine) -> None:
    with pytest.raises(QueryFailed, match=r"^too late$"):
        list(engine.batches("SELECT throwIf(number = 900_000, 'too late') AS n FROM numbers(1_000_000)"))


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("SELECT throwIf(number = 3, 'no such thing') FROM numbers(10)", "no such thing"),
        ("SELECT intDiv(1, number) FROM numbers(3)", "Division by zero"),
        ("SELECT toInt32(materialize('x'))", "Cannot parse string 'x' as Int32"),
    ],
)
def test_an_expression_without_a_value_says_so_to_people(engine, sql: str, said: str) -> None:
    with pytest.raises(QueryFailed) as failed:
        engine.query(sql)

    assert failed.value.message.startswith(said)
    for inner in ("Code:", "DB::", "FUNCTION", "In scope", "executing", "(version"):
        assert inner not in failed.value.message


@pytest.mark.parametrize(
    ("limits", "sql", "limit"),
    [
        (Limits(seconds=0.3), "SELECT count() FROM numbers(1_000_000_000_000) WHERE NOT ignore(rand())", "seconds"),
        (Limits(memory_bytes=20 << 20), "SELECT groupArray(toString(number)) FROM numbers(100_000_000)", "memory_bytes"),
        (Limits(result_rows=10), "SELECT number FROM numbers(11)", "result_rows"),
    ],
)
def test_a_query_stopped_by_a_limit_names_it(engine, limits: Limits, sql: str, limit: str) -> None:
    started = time.monotonic()
    with pytest.raises(LimitExceeded, match=f"limit `{limit}`"):
        engine.query(sql, settings=reading(limits))

    assert time.monotonic() - started < 10
    assert engine.query("SELECT 1 AS one").to_pylist() == [{"one": 1}]


def test_a_limit_stops_a_stream_too(engine) -> None:
    with pytest.raises(LimitExceeded, match="limit `seconds`"):
        for _ in engine.stream(
            "SELECT number FROM numbers(1_000_000_000_000)", "TSVRaw", settings=reading(Limits(seconds=0.5, result_rows=None))
        ):
            pass


def test_within_its_limits_a_query_is_not_stopped(engine) -> None:
    settings = reading(Limits(seconds=30, memory_bytes=1 << 30, result_rows=10))

    assert engine.query("SELECT number FROM numbers(10)", settings=settings).num_rows == 10


def test_a_statement_that_makes_no_sense_is_an_error_of_the_tree(engine) -> None:
    with pytest.raises(StoreError, match="no_such_table"):
        engine.query("SELECT * FROM no_such_table")


def test_a_closed_engine_says_so_and_closes_again(store_url) -> None:
    engine = open_engine(store_url)
    open_batches = engine.batches("SELECT number FROM numbers(1_000_000_000)")
    next(open_batches)

    engine.close()
    engine.close()

    for use in (
        lambda: engine.query("SELECT 1"),
        lambda: engine.run("SELECT 1"),
        lambda: next(engine.batches("SELECT 1")),
    ):
        with pytest.raises(StoreUnavailable, match="closed"):
            use()


def test_a_name_says_where_and_keeps_the_password(store_url, engine) -> None:
    assert "secret" not in engine.name
    assert engine.name.rsplit(":", 1)[-1] in store_url
