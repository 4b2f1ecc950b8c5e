"""Group commit over a real folder: order, outcomes of one's own, errors that reach only those they concern."""

from __future__ import annotations

import threading
import time
from concurrent.futures import wait

import pytest

from generations.connect import open_engine
from generations.errors import Busy, StoreUnavailable
from generations.record.encode import Rows, encode_records
from generations.server.committer import WORTH_A_BLOCK, Committer
from generations.server.projects import Projects
from generations.server.room import Room
from generations.store.block import Block
from generations.store.insertion import InsertOutcome


def rows(*ids: str, **fields) -> Rows:
    return encode_records({"id": id, "timestamp": "2026-01-01T00:00:00Z", "model": {"id": "m"}, **fields} for id in ids)


def unwritable(id: str) -> Block:
    """A block that the engine refuses, alone and with others."""
    block = Block.of(rows(id))
    return Block(block.ids, block.hashes, block.table.append_column("no_such_column", block.table["id"]))


@pytest.fixture(scope="module")
def projects(tmp_path_factory):
    projects = Projects(open_engine(str(tmp_path_factory.mktemp("committer") / "data")))
    projects.collection("default")
    yield projects
    projects.close()


@pytest.fixture
def committer(projects):
    committer = Committer(projects, Room(1 << 20))
    yield committer
    committer.close()


@pytest.fixture
def gathered(projects, committer, project):
    """Has records submitted while another group is written, so that they are one group."""

    def submit(*parts: Rows | Block, to: str = project) -> list:
        with projects.collection(to).store.writing():
            first = committer.submit(f"{project}-first", rows("first"), 0)
            while committer._queue:
                time.sleep(0.001)
            submitted = [committer.submit(to, part, 0) for part in parts]
        first.result(10)
        wait(submitted, 10)
        return submitted

    return submit


def found(projects: Projects, project: str) -> list[str]:
    return [doc["id"] for doc in projects.collection(project).find({}, ["id"])]


def test_the_future_is_done_when_the_records_are_there(projects, committer, project):
    assert committer.submit(project, rows("a", "b"), 0).result(10) == InsertOutcome(["a", "b"], [], [])

    assert found(projects, project) == ["a", "b"]


def test_what_gathers_is_written_as_one_block(projects, gathered, project):
    submitted = gathered(*(rows(f"r-{n}") for n in range(50)))

    assert [one.result() for one in submitted] == [InsertOutcome([f"r-{n}"], [], []) for n in range(50)]
    found = projects.collection(project).aggregate([{"$group": {"_id": "$createdAt"}}]).to_list()
    assert len(found) == 1


def test_rows_and_blocks_of_a_project_keep_their_order(projects, gathered, project):
    many = [f"many-{n:03}" for n in range(WORTH_A_BLOCK)]

    gathered(rows("a"), rows("b"), Block.of(rows(*many)), rows("c"))

    assert found(projects, project) == ["a", "b", *many, "c"]


def test_each_request_is_told_what_became_of_its_own_records(projects, gathered, project):
    projects.collection(project).insert_many(
        [{"id": id, "timestamp": "2026-01-01T00:00:00Z", "model": {"id": "m"}} for id in ("old", "same")]
    )

    one, other = gathered(rows("old", "new", status="error"), rows("same", "more"))

    assert one.result() == InsertOutcome(["new"], [], ["old"])
    assert other.result() == InsertOutcome(["more"], ["same"], [])


def test_the_same_record_in_two_requests_is_inserted_by_the_first(projects, gathered, project):
    one, other, third = gathered(rows("a"), rows("a"), rows("a", status="error"))

    assert one.result() == InsertOutcome(["a"], [], [])
    assert other.result() == InsertOutcome([], ["a"], [])
    assert third.result() == InsertOutcome([], [], ["a"])
    assert [version.change for version in projects.collection(project).history("a")] == ["resend", "insert"]


def test_projects_share_a_writer_and_nothing_else(projects, committer, project):
    names = [f"{project}-{n % 3}" for n in range(12)]

    wait([committer.submit(name, rows(f"r-{n}"), 0) for n, name in enumerate(names)], 10)

    assert [found(projects, f"{project}-{n}") for n in range(3)] == [[f"r-{k}" for k in range(n, 12, 3)] for n in range(3)]


def test_an_error_reaches_only_the_request_that_caused_it(projects, gathered, project):
    before, bad, after = gathered(rows("before"), unwritable("bad"), rows("after"))

    assert before.result() == InsertOutcome(["before"], [], [])
    assert isinstance(bad.exception(), Exception)
    assert after.result() == InsertOutcome(["after"], [], [])
    assert found(projects, project) == ["before", "after"]


def test_a_request_that_was_given_up_is_written_all_the_same(projects, committer, project):
    with projects.collection(project).store.writing():
        given_up = committer.submit(project, rows("a"), 0)
        assert not given_up.cancel()

    given_up.result(10)
    assert found(projects, project) == ["a"]


def test_closing_writes_what_waits_and_takes_no_more(projects, project):
    committer = Committer(projects, Room(1 << 20))
    with projects.collection(project).store.writing():
        waiting = [committer.submit(f"{project}-{n}", rows("a"), 0) for n in range(3)]
        closing = threading.Thread(target=committer.close)
        closing.start()

    closing.join(20)
    assert [one.result(0) for one in waiting] == [InsertOutcome(["a"], [], [])] * 3
    with pytest.raises(StoreUnavailable, match="stopping"):
        committer.submit(project, rows("b"), 0)
    committer.close()


def test_room_is_given_back_when_records_are_written_or_refused(projects, project):
    room = Room(1000)
    committer = Committer(projects, room)
    room.take(600)
    with pytest.raises(Busy, match="more is sent"):
        room.take(600)

    committer.submit(project, rows("a"), 200).result(10)
    committer.submit(project, unwritable("bad"), 400).exception(10)

    assert room.held_bytes == 0
    committer.close()


def test_what_is_larger_than_the_room_is_let_in_alone():
    room = Room(1000)

    room.take(5000)
    with pytest.raises(Busy):
        room.take(1)
    room.give_back(5000)
    room.take(1)
