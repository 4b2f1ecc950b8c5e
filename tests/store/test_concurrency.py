"""Many threads at once: readers see whole batches and every record once, and nobody waits for a long query."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from generations.store.store import Store

from .rows import ask, encoded, every_version, rows

LONG = "SELECT count() FROM numbers(1_000_000_000_000) WHERE NOT ignore(rand())"
BATCH = 200


@contextmanager
def meanwhile(*what: Callable[[], object]):
    """Do things again and again on threads of their own, until the context ends; what they raise is raised."""
    over = threading.Event()

    def again(one: Callable[[], object]) -> int:
        times = 0
        while not over.is_set():
            one()
            times += 1
        return times

    with ThreadPoolExecutor(len(what)) as pool:
        running = [pool.submit(again, one) for one in what]
        try:
            yield
        finally:
            over.set()
        for one in running:
            assert one.result() > 0


def test_readers_see_batches_whole_while_writers_write(store: Store) -> None:
    def read() -> None:
        counts = ask(store, "metadata_session_id AS batch, count() AS records", group="GROUP BY batch", order="batch")
        assert {row["records"] for row in counts} <= {BATCH}

    def write(writer: int) -> None:
        for n in range(3):
            batch = f"{writer}-{n}"
            store.insert(encoded({"id": f"{batch}-{i}", "metadata": {"sessionId": batch}} for i in range(BATCH)))

    with meanwhile(read, read), ThreadPoolExecutor(2) as writers:
        list(writers.map(write, range(2)))

    assert len(ask(store, "id")) == 2 * 3 * BATCH


def test_readers_see_every_record_once_while_it_is_rewritten(store: Store) -> None:
    """Between the old version and the new there is no moment with none or both."""
    store.insert(rows(*(f"g-{n}" for n in range(20))))

    def read() -> None:
        assert ask(store, "count() AS records, uniqExact(id) AS ids", order="1") == [{"records": 20, "ids": 20}]

    with meanwhile(read, read):
        for n in range(5):
            with store.writing():
                found = ask(store, "id, seq")
                changed = rows(*(row["id"] for row in found), metadata={"n": n})
                store.rewrite(changed, [row["seq"] for row in found], "update")

    assert len(every_version(store, "id")) == 20 * 6


def test_the_same_records_sent_by_many_at_once_are_counted_once(store: Store) -> None:
    with ThreadPoolExecutor(4) as senders:
        outcomes = list(senders.map(lambda _: store.insert(rows("a", "b", "c")), range(4)))

    assert sum(len(outcome.inserted_ids) for outcome in outcomes) == 3
    assert len(every_version(store, "id")) == 3


def test_reading_and_rewriting_inside_writing_loses_no_change(store: Store) -> None:
    store.insert(rows("counter", metadata={"n": 0}))

    def count_up(_: int) -> None:
        with store.writing():
            (now,) = ask(store, "seq, metadata_paths.n::Int64 AS n")
            store.rewrite(rows("counter", metadata={"n": now["n"] + 1}), [now["seq"]], "update")

    with ThreadPoolExecutor(4) as writers:
        list(writers.map(count_up, range(6)))

    assert ask(store, "metadata_paths.n::Int64 AS n") == [{"n": 6}]


def test_a_long_query_does_not_hold_up_a_short_one(engine) -> None:
    with meanwhile(lambda: engine.query(LONG, settings={"max_execution_time": 1, "timeout_overflow_mode": "break"})):
        time.sleep(0.2)
        started = time.monotonic()
        engine.query("SELECT 1")
        took = time.monotonic() - started

    assert took < 0.7


def test_a_half_read_stream_does_not_hold_up_anyone(engine, store: Store) -> None:
    streams = [engine.stream("SELECT number FROM numbers(1_000_000_000)", "TSV") for _ in range(5)]
    for stream in streams:
        next(stream)

    store.insert(rows("a"))

    assert len(ask(store, "id")) == 1
    for stream in streams:
        assert next(stream)
        stream.close()
