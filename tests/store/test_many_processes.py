"""A server serves many processes, which no lock of ours keeps apart; a record is still counted once."""

import pytest

from generations.connect import open_engine
from generations.record.encode import Rows
from generations.store.block import as_arrow
from generations.store.insertion import InsertOutcome
from generations.store.sequence import SEQUENCE
from generations.store.store import Store

from .rows import ask, every_version, rows

SEND = """
    import sys
    sys.path.insert(0, sys.argv[3])
    from generations.connect import open_engine
    from generations.store.store import Store
    from tests.store.rows import rows
    store = Store(open_engine(sys.argv[1]), sys.argv[2])
    print("ready", flush=True)
    sys.stdin.readline()
    for n in range(5):
        store.insert(rows(f"g-{n}", metadata={"by": sys.argv[4]}))
    store.close()
"""


@pytest.fixture
def server(target):
    if target.name == "embedded":
        pytest.skip("a folder serves one process")
    return target.url


def test_two_processes_that_send_the_same_records_at_once(server, project, child, request) -> None:
    senders = [child(SEND, server, project, request.config.rootpath, name) for name in ("one", "other")]
    for sender in senders:
        assert sender.line() == "ready"
    for sender in senders:
        sender.process.stdin.write("go\n")
        sender.process.stdin.flush()

    for sender in senders:
        status, _, errors = sender.end()
        assert status == 0, errors

    engine = open_engine(server)
    store = Store(engine, project)
    assert sorted(row["id"] for row in ask(store, "id")) == sorted(f"g-{n}" for n in range(5))
    assert len(every_version(store, "id")) == 10
    engine.close()


def test_what_two_processes_wrote_at_the_same_moment_is_put_in_order(server, project) -> None:
    """As it is left when each of two looked before the other wrote, and neither lived to look again."""
    engine = open_engine(server)
    store = Store(engine, project)
    store.insert(rows("a", status="success"))
    store.insert(rows("b"))
    unseen(store, rows("a", status="error"))
    assert len(ask(store, "id", "id = 'a'")) == 2

    assert store.insert(rows("a", "b", metadata={"n": 1})) == InsertOutcome([], [], ["a", "b"])

    assert [row["metadata"] for row in ask(store, "metadata")] == ['{"n":1}', '{"n":1}']
    chain = [row for row in every_version(store, "id, seq, supersedes") if row["id"] == "a"]
    assert [row["supersedes"] for row in chain] == [0, chain[0]["seq"], chain[1]["seq"]]
    engine.close()


def unseen(store: Store, sent: Rows) -> None:
    """Write first versions, as a process does that has looked before anything was there."""
    count = len(sent)
    kept = {"project": [store.project] * count, "seq": SEQUENCE.take(count), "supersedes": [0] * count, "change": ["insert"] * count}
    times = {"created_at": [0] * count, "updated_at": [0] * count}
    store._engine.insert(store.source.table, as_arrow({**sent.columns, **kept, **times}))
