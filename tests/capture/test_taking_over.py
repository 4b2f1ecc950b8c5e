"""What a process left that is no more, also where another version wrote it, or nobody of ours: the rest is taken."""

import tracemalloc

import msgspec
import pytest

from generations.capture.counters import Tally
from generations.capture.delivery import Delivery
from generations.capture.recording import Recording
from generations.capture.settings import settled
from generations.capture.spool import Frame
from generations.capture.stored import packed
from generations.capture.taking_over import lines_left


class Bodies:
    """What was left, under the same rules."""

    has_rules = True

    def __init__(self, *bodies):
        self.bodies = bodies


def entry(id="good", **fields):
    recording = Recording(lambda _: None, "m", "Where?", id=id)
    for name, value in fields.items():
        setattr(recording, name, value)
    return packed(recording)


def of_another_version():
    """An entry with one value less."""
    kind, plain, *rest = msgspec.msgpack.decode(entry("bad"))
    return msgspec.msgpack.encode([kind, plain[:-1], *rest])


@pytest.mark.parametrize(
    "bad",
    [
        b"",
        b"[" * 100_000,
        of_another_version(),
        entry("bad", source="a library that nobody knows"),
        entry("bad", source="langchain", told={"sent": "Where?"}),
        entry("bad", tags=5),
    ],
    ids=["nothing", "deep", "of another version", "of an unknown library", "told otherwise", "of another type"],
)
def test_an_entry_that_cannot_be_read_takes_no_other_with_it(bad, tmp_path):
    tally = Tally()
    lines = lines_left(Bodies(entry("before"), bad, entry("after")), settled(url=tmp_path, spool=False, journal=False), tally)

    ids = [msgspec.json.decode(line)["id"] for line in lines]
    assert [id for id in ids if id != "bad"] == ["before", "after"]
    assert tally.counters().errors["journal"] == 3 - len(ids)


def test_what_was_left_is_not_held_several_times_over(tmp_path):
    bodies = [entry(str(number), input="x" * 500_000) for number in range(20)]
    settings = settled(url=tmp_path, spool=False, journal=False)
    tracemalloc.start()
    lines = lines_left(Bodies(*bodies), settings, Tally())
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert len(lines) == 20
    assert peak_bytes < 2 * sum(map(len, bodies))


def test_what_goes_from_the_spool_for_what_was_taken_over_is_counted(tmp_path):
    tally = Tally()
    delivery = Delivery(settled(url="http://127.0.0.1:9", spool=tmp_path, spool_bytes=1_000), tally, lambda: None)
    for _ in range(2):
        assert delivery.leave([Frame(b"x" * 800, 5)])

    assert tally.counters().dropped == {"spool full": 5}


def test_a_batch_that_is_larger_than_the_memory_waits_for_the_server_all_the_same(tmp_path):
    tally = Tally()
    delivery = Delivery(settled(url="http://127.0.0.1:9", spool=False, memory_bytes=1_000), tally, lambda: None)
    delivery.deliver(Frame(b"x" * 2_000, 5))

    assert tally.counters().dropped == {}
