"""Ids grow, and equal content has equal ids."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from uuid import UUID

from generations.record import identity
from generations.record.identity import digest, id_of_content, uuid7, uuid7_text


def test_new_ids_are_version_seven_and_increase():
    ids = [uuid7() for _ in range(5000)]

    assert all(one < other for one, other in pairwise(ids))
    assert {(UUID(id_).version, UUID(id_).variant) for id_ in ids} == {(7, "specified in RFC 4122")}


def test_ids_of_many_threads_are_all_different():
    with ThreadPoolExecutor(8) as pool:
        ids = list(pool.map(lambda _: uuid7(), range(5_000)))

    assert len(set(ids)) == len(ids)


def test_ids_increase_beyond_the_room_of_one_millisecond(monkeypatch):
    """Also when the clock is set back."""
    clock = iter([10**18, *[10**18 - 10**9] * 1000])
    make = identity._make_uuid7()
    monkeypatch.setattr(identity.time, "time_ns", lambda: next(clock))
    monkeypatch.setattr(identity, "_COUNTER_BITS", 8)
    monkeypatch.setattr(identity.os, "urandom", bytes)

    ids = [make() for _ in range(1000)]

    assert all(one < other for one, other in pairwise(ids))


FORKS_WHILE_AN_ID_IS_MADE = """
import os, signal, threading
from types import SimpleNamespace
from generations.record import identity

clock, is_asked, goes_on = identity.time, threading.Event(), threading.Event()

def slow():
    is_asked.set()
    goes_on.wait()
    return clock.time_ns()

identity.time = SimpleNamespace(time_ns=slow)
maker = threading.Thread(target=identity.uuid7)
maker.start()
is_asked.wait()
identity.time = clock
child = os.fork()
if not child:
    signal.alarm(5)
    os._exit(identity.uuid7() == identity.uuid7())
goes_on.set()
maker.join()
assert os.waitpid(child, 0)[1] == 0
"""


def test_a_fork_while_an_id_is_made_stops_no_child():
    subprocess.run([sys.executable, "-c", FORKS_WHILE_AN_ID_IS_MADE], check=True, timeout=30)


def test_an_id_carries_its_millisecond():
    assert uuid7_text(0x0123456789AB, 0x3FFFF, b"\xff" * 7) == "01234567-89ab-7fff-bfff-ffffffffffff"


def test_ids_of_content_depend_on_content_and_occurrence():
    ids = {id_of_content(digest(b"", [text]), occurrence) for text in ("a", "b") for occurrence in (1, 2)}

    assert len(ids) == 4
    assert id_of_content(digest(b"", ["a"]), 1) in ids
    assert {UUID(id_).version for id_ in ids} == {8}


def test_the_digest_knows_where_a_part_ends():
    digests = {digest(b"", parts) for parts in (["a", "b"], ["ab", ""], ["", "ab"], [None, "ab"], ["ab", None])}

    assert len(digests) == 5
    assert {len(one) for one in digests} == {16}
