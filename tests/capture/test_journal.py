"""What outlives the process: the journal, and what is written into it."""

from __future__ import annotations

import errno
import itertools
import os
import signal
import threading
import time
from collections.abc import Mapping
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generations.capture import journal as journal_of
from generations.capture.journal import SEGMENT_BYTES, Journal
from generations.capture.recording import Recording
from generations.capture.records import record_of
from generations.capture.spans import EmittedLog, EndedSpan, OpenSpan, TakenLog, TakenSpan
from generations.capture.stored import packed, restored

RULES = b"r" * 16
pytestmark = pytest.mark.skipif(not hasattr(os, "posix_fallocate"), reason="this system has no memory that outlives a process")


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "above" / "journal"


@pytest.fixture
def start(folder):
    """Journals as processes have them: `start()`; all are let go in the end."""
    started = []

    def make(most_bytes=64 << 20, rules=RULES):
        started.append(Journal(folder, most_bytes, rules))
        return started[-1]

    yield make
    for one in started:
        one.abandon()


def left_in(journal):
    """The entries that others have left, whose files are removed."""
    found = []
    for left in journal.left():
        found += left.bodies
        left.close(remove=True)
    return found


def test_what_is_not_done_is_left_in_order(start):
    dying = start()
    entries = [dying.write(f"entry {number}".encode()) for number in range(5)]
    dying.done(entries[1:3])
    dying.abandon()

    other = start()
    assert left_in(other) == [b"entry 0", b"entry 3", b"entry 4"]
    assert left_in(other) == []


def test_what_a_living_process_has_is_its_own(start):
    living = start()
    living.write(b"entry")

    assert left_in(start()) == []


def test_what_one_process_left_in_several_files_is_one_thing(start):
    for dying in (start(), start()):
        for number in range(300):
            dying.write(b"%03d" % number + b"x" * 4_000)
        dying.abandon()

    reader = start()
    lefts = list(reader.left())
    assert [[int(body[:3]) for body in left.bodies] for left in lefts] == [list(range(300))] * 2
    assert list(reader.left()) == []
    for left in lefts:
        left.close(remove=True)


def test_closing_leaves_what_is_not_done_and_nothing_else(start, folder):
    first, second = start(), start()
    first.write(b"entry")
    second.done([second.write(b"done")])
    first.close()
    second.close()

    [path] = folder.iterdir()
    assert left_in(start()) == [b"entry"]
    assert not path.exists()


def test_closing_takes_the_folder_along_when_it_is_empty(start, folder):
    start().close()

    assert not folder.exists()


def test_an_entry_that_a_kill_cut_off_is_stepped_over(start, folder):
    dying = start()
    dying.write(b"one")
    cut = dying.write(b"two")
    dying.write(b"three")
    cut.segment.map[cut.at] = journal_of._BEGUN
    dying.abandon()

    assert left_in(start()) == [b"one", b"three"]


@pytest.mark.parametrize("content", [b"", b"G", b"nothing of ours" * 100], ids=["empty", "short", "strange"])
def test_a_file_that_is_none_is_removed(start, folder, content):
    reader = start()
    path = folder / "00000000000000000001-1-00000000-000000000000.journal"
    path.write_bytes(content)

    [left] = reader.left()
    assert left.bodies == []
    assert left.has_rules
    left.close(remove=True)
    assert not path.exists()


def test_all_threads_write_at_once_and_room_is_used_again(start, folder):
    dying = start(32 << 20)
    kept = []

    def write(name):
        for number in range(500):
            entry = dying.write(f"{name}-{number}-".encode() + b"x" * 4_000)
            assert entry is not None
            if number % 10:
                dying.done([entry])
            else:
                kept.append(f"{name}-{number}")

    threads = [threading.Thread(target=write, args=(name,)) for name in range(8)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        dying.tidy()
    dying.tidy()
    assert sum(path.stat().st_size for path in folder.iterdir()) < 6 << 20
    dying.abandon()

    bodies = left_in(start())
    assert all(body.endswith(b"x" * 4_000) for body in bodies)
    assert sorted(body.rsplit(b"-", 1)[0].decode() for body in bodies) == sorted(kept)


def test_a_signal_handler_may_write_while_its_thread_does(start):
    dying = start()
    written = []

    def handle(*_):
        body = b"handler %d" % len(written) + b"h" * 1_000
        if dying.write(body) is not None:  # there may be no room just while some is made
            written.append(body)

    before = signal.signal(signal.SIGALRM, handle)
    is_over = threading.Event()

    def tidy():
        while not is_over.wait(0.001):
            dying.tidy()

    thread = threading.Thread(target=tidy)
    thread.start()
    signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
    try:
        ends_at = time.monotonic() + 1
        own = []
        while time.monotonic() < ends_at:
            body = b"own %d" % len(own) + b"o" * 100
            entry = dying.write(body)
            if entry is not None:
                own.append(body)
                if len(own) % 100:
                    dying.done([entry])
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        is_over.set()
        thread.join()
    dying.abandon()

    assert len(written) > 50
    assert sorted(left_in(start())) == sorted([*written, *own[99::100]])


def test_room_is_bounded_and_comes_back(start):
    journal = start(2 * SEGMENT_BYTES)
    entries = []
    while (entry := journal.write(b"x" * 10_000)) is not None:
        entries.append(entry)
    assert len(entries) * 10_000 <= 2 * SEGMENT_BYTES

    journal.done(entries)
    journal.tidy()
    assert journal.write(b"x" * 10_000) is not None


def test_a_large_entry_has_a_file_of_its_own(start, folder):
    dying = start()
    large = os.urandom(3 << 20)
    entry = dying.write(large)
    dying.write(b"small")
    assert entry is not None
    dying.abandon()
    assert left_in(start()) == [large, b"small"]

    journal = start()
    journal.done([journal.write(large)])
    journal.write(b"small")
    journal.tidy()
    assert max(path.stat().st_size for path in folder.iterdir()) == SEGMENT_BYTES


def test_old_entries_are_moved_together_instead_of_keeping_their_files(start, folder):
    dying = start()
    old = []
    for number in range(20):
        old.append(b"old %d" % number)
        dying.write(old[-1])
        for _ in range(60):
            dying.done([dying.write(b"x" * 10_000)])
        dying.tidy()
    assert len(list(folder.iterdir())) < 10
    dying.abandon()

    assert sorted(left_in(start())) == sorted(old)


def test_a_moved_entry_is_done_where_it_is(start):
    dying = start()
    entries = []
    for _ in range(20):
        entries.append(dying.write(b"old"))
        for _ in range(60):
            dying.done([dying.write(b"x" * 10_000)])
        dying.tidy()
    dying.done(entries[1:])
    dying.abandon()

    assert left_in(start()) == [b"old"]


def test_the_files_are_of_their_user_alone(start, folder):
    start()

    assert folder.parent.stat().st_mode & 0o777 == folder.stat().st_mode & 0o777 == 0o700
    assert [path.stat().st_mode & 0o777 for path in folder.iterdir()] == [0o600]


def test_a_folder_that_others_can_write_to_is_not_used(tmp_path):
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared").chmod(0o777)

    with pytest.raises(PermissionError, match="not a folder of this user alone"):
        Journal(tmp_path / "shared" / "journal", 1 << 20, RULES)


def test_what_is_under_other_rules_is_known(start):
    dying = start(rules=b"x" * 16)
    dying.write(b"entry")
    dying.abandon()

    for _ in range(2):
        [left] = start().left()
        assert not left.has_rules
        found_seconds = left.found_seconds
        left.close(remove=False)
    assert 0 < found_seconds < 60

    [left] = start(rules=b"x" * 16).left()
    assert left.has_rules
    left.close(remove=True)


def test_a_child_has_no_part_in_it(start):
    parent = start()
    parent.write(b"of the parent")
    child = os.fork()
    if not child:
        parent.abandon()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    parent.write(b"still")

    assert left_in(start()) == []
    parent.abandon()
    assert left_in(start()) == [b"of the parent", b"still"]


def test_whoever_holds_the_lock_for_long_keeps_nobody_waiting(start):
    """A signal handler that flushes may have interrupted it, and waits for the recorder's thread."""
    journal = start()
    entry = journal.write(b"entry")
    held, is_over = threading.Event(), threading.Event()

    def hold():
        with journal._lock:
            held.set()
            is_over.wait(10)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait()
    began_at = time.monotonic()
    assert not journal.is_reachable
    assert not journal.done([entry])
    assert journal.write(b"entry") is None
    journal.tidy()
    assert time.monotonic() - began_at < 5
    is_over.set()
    thread.join()

    assert journal.is_reachable
    assert journal.done([entry])


def test_what_interrupts_writing_and_raises_leaves_no_gap(start, monkeypatch):
    dying = start()
    dying.write(b"one")
    numbers = dying._numbers

    def late():
        raise TimeoutError
        yield

    monkeypatch.setattr(dying, "_numbers", late())
    assert dying.write(b"interrupted") is None
    monkeypatch.setattr(dying, "_numbers", numbers)
    dying.write(b"two")
    dying.abandon()

    assert left_in(start()) == [b"one", b"two"]


def test_what_somebody_else_has_a_part_of_is_taken_by_nobody(start, folder):
    dying = start()
    for number in range(300):
        dying.write(b"%03d" % number + b"x" * 4_000)
    dying.abandon()
    last = max(folder.iterdir())
    descriptor = journal_of.lock(last)
    assert left_in(start()) == []

    os.close(descriptor)
    assert len(left_in(start())) == 300


def test_whoever_is_killed_while_removing_files_leaves_nothing_to_be_taken_again(start, folder, monkeypatch):
    dying = start()
    for number in range(300):
        dying.write(b"%03d" % number + b"x" * 4_000)
    dying.abandon()
    taker = start()
    unlink = type(folder).unlink
    unlinked = []

    def killed(path, **options):
        if unlinked:
            raise KeyboardInterrupt
        unlinked.append(path)
        unlink(path, **options)

    [left] = taker.left()
    with monkeypatch.context() as patched:
        patched.setattr(type(folder), "unlink", killed)
        with pytest.raises(KeyboardInterrupt):
            left.close(remove=True)
    for _, descriptor in left._files[:-1]:
        os.close(descriptor)

    assert left_in(start()) == []
    assert len(list(folder.iterdir())) == 2, "those of the living"


@pytest.mark.parametrize("content", [b"", b"of nobody" * 10, journal_of._HEAD.pack(b"GJN1", RULES, 0)], ids=["empty", "strange", "ours"])
def test_a_file_that_only_says_that_it_is_huge_is_not_read(start, folder, content):
    reader = start()
    path = folder / "00000000000000000001-1-00000000-000000000000.journal"
    path.write_bytes(content)
    os.truncate(path, 1 << 40)

    assert left_in(reader) == []
    assert not path.exists()


def test_what_is_no_file_is_left_alone(start, folder):
    dying = start()
    dying.write(b"entry")
    dying.abandon()
    os.mkfifo(folder / "00000000000000000001-1-00000000-000000000000.journal")
    (folder / "00000000000000000002-1-00000000-000000000000.journal").mkdir()

    assert left_in(start()) == [b"entry"]


@pytest.mark.parametrize("what", ["files", "folder"])
def test_when_somebody_removes_the_files_the_entries_move_to_others(start, folder, what):
    dying = start()
    done, *_ = [dying.write(f"before {number}".encode() + b"x" * 4_000) for number in range(200)]
    for path in folder.iterdir():
        path.unlink()
    if what == "folder":
        folder.rmdir()
    dying.tidy()
    dying.done([done])
    dying.write(b"after")
    dying.abandon()

    found = left_in(start())
    assert len(found) == 200
    assert found[-1] == b"after"


def test_a_file_system_without_room_is_not_asked_each_time(start, monkeypatch):
    journal = start()
    asked = []

    def refuse(*_):
        asked.append(True)
        raise OSError(errno.ENOSPC, "No space left on device")

    reserve = os.posix_fallocate
    monkeypatch.setattr(os, "posix_fallocate", refuse)
    for _ in range(1_000):
        journal.write(b"x" * 10_000)
    journal.tidy()
    assert len(asked) == 1

    monkeypatch.setattr(journal_of, "FULL_SECONDS", 0.0)
    monkeypatch.setattr(os, "posix_fallocate", reserve)
    journal._full_until = 0.0
    assert journal.write(b"x" * 10_000) is not None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(sent=JSON, output=JSON, metadata=st.dictionaries(st.text(), JSON, max_size=4), chunks=st.none() | st.lists(st.text(), max_size=5))
def test_a_recording_is_the_same_record_after_it_was_packed(sent, output, metadata, chunks):
    ended = []
    with Recording(ended.append, "gpt-4o", sent, provider="openai", metadata=metadata, tags=["a"]) as g:
        g.output = output
        g.usage(prompt_tokens=1)
        for chunk in chunks or ():
            g.chunk(chunk)

    assert record_of(restored(packed(ended[0]))) == record_of(ended[0])


def test_pieces_of_streams_take_bounded_time_and_are_the_same_record():
    """Whatever the host gives as pieces: each holds itself twice, thirty times over; or never ends."""
    twice = {"said": "x"}
    for _ in range(30):
        twice = {"left": twice, "right": twice}

    class Endless(Mapping):
        def __getitem__(self, key):
            return key

        def __iter__(self):
            return itertools.count()

        def __len__(self):
            return 1

    for chunk in (twice, Endless(), SimpleNamespace(type="x", inner=SimpleNamespace(a=[1]))):
        ended = []
        with Recording(ended.append, "gpt-4o") as g:
            g.chunk(chunk)
        began_at = time.monotonic()
        body = packed(ended[0])
        assert time.monotonic() - began_at < 5
    assert record_of(restored(body)) == record_of(ended[0])


def test_pieces_that_repeat_all_that_was_said_are_not_packed():
    ended, said = [], ""
    with Recording(ended.append, "gpt-4o") as g:
        for _ in range(4_000):
            said += "token "
            g.chunk(SimpleNamespace(delta="token ", snapshot=said))

    assert packed(ended[0]) is None


def test_what_msgpack_cannot_hold_is_packed_too():
    ended = []
    with Recording(ended.append, "gpt-4o", "half: \ud800", metadata={"large": 2**70}) as g:
        g.output = "said"
    record = record_of(restored(packed(ended[0])))

    assert record["metadata"]["large"] == 2**70
    assert record["input"]["content"] == "half: ?"


SPAN = TakenSpan(
    "1" * 32,
    "2" * 16,
    None,
    "chat",
    2,
    1,
    2,
    {"a": ["b", 1, 1.5, True]},
    [("e", 3, {"b": b"c"})],
    [("1" * 32, "3" * 16)],
    1,
    "d",
    ("s", "1"),
    {"r": 1},
    0,
    0,
)


@pytest.mark.parametrize(
    "captured",
    [
        EndedSpan(SPAN, None, 100),
        EmittedLog(TakenLog("1" * 32, None, 5, "gen_ai.choice", {"a": [1]}, {"b": "c"}, None, {}, 0), 100),
    ],
    ids=["span", "log"],
)
def test_pieces_of_traces_are_the_same_after_they_were_packed(captured):
    assert restored(packed(captured))[0] == captured[0]


def test_a_span_that_is_open_is_told_from_one_that_has_ended():
    still_open = OpenSpan(TakenSpan("1" * 32, "2" * 16, None, "agent", 0, 1, None, {}, [], [], 0, None, None, {}, 0, 0), 7)

    assert restored(packed(still_open)) == still_open


def test_what_cannot_be_written_is_none():
    ended = []
    with Recording(ended.append, "gpt-4o", "x") as g:
        g.told = {"deep": None}
        inner = g.told
        for _ in range(100_000):
            inner["deep"] = {"deep": None}
            inner = inner["deep"]

    assert packed(ended[0]) is None
