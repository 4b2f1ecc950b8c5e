"""Everything arrives once, whatever happens to the server, the program or the machine's disk in between."""

import signal
import socket
import threading
import time
from contextlib import contextmanager

import pytest

from generations import Generations, capture
from generations.capture import generation
from tests.targets.network import Network

pytestmark = pytest.mark.programs


@pytest.fixture
def captured(captured_by_server):
    """What becomes of it on a server is the question here."""
    return captured_by_server


CAPTURE_10 = """
import json, os, sys
from generations import capture
first = int(sys.argv[1]) if len(sys.argv) > 1 else 0
for number in range(first, first + 10):
    with capture.generation(model="m", input=str(number)) as g:
        g.output = "x" * 200
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def environment(captured, **more):
    return {"GENERATIONS_URL": captured.server.url, "GENERATIONS_PROJECT": captured.project, "GENERATIONS_SPOOL": captured.spool, **more}


def until(claim, seconds=15):
    """Wait for a claim to hold."""
    ends_at = time.monotonic() + seconds
    while not claim():
        assert time.monotonic() < ends_at, "it did not come about in time"
        time.sleep(0.02)


def spooled_files(captured):
    return sorted(path for path in captured.spool.rglob("*.spool") if path.stat().st_size)


def test_the_end_of_a_program_waits_for_what_is_left(captured, program):
    program(CAPTURE_10, **environment(captured))

    assert len(captured.on_server()) == 10
    assert list(captured.spool.rglob("*.spool")) == []


def test_importing_and_configuring_start_nothing(program):
    done = program(
        """
import json, os, sys, threading
from generations import capture, generation, recorded, instrument
capture.configure(url="http://127.0.0.1:9", spool="spool")
heavy = {"anyio", "chdb", "httpx2", "openai", "opentelemetry", "pandas", "pyarrow", "ssl"} & set(sys.modules)
print(json.dumps([threading.active_count(), os.listdir("."), sorted(heavy)]))
"""
    )

    assert done == [1, ["program.py"], []]


def test_what_a_dead_server_does_not_take_is_sent_by_the_next_process(captured, program, start_server, tmp_path, project):
    """Exactly once: the ids are given when the generation happens."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    told = program(
        CAPTURE_10 + "print(json.dumps([capture.flush(5), capture.counters().spooled]))", **environment(captured, GENERATIONS_URL=url)
    )
    assert told == [False, 10]
    assert spooled_files(captured)

    server = start_server(port=port)
    told = program(
        """
import json
from generations import capture
with capture.generation(model="m", input="10"):
    pass
print(json.dumps([capture.flush(10), capture.counters().sent, capture.counters().recovered]))
""",
        **environment(captured, GENERATIONS_URL=url),
    )

    assert told == [True, 1, 10]
    with server.client(headers={"Generations-Project": project}) as client:
        docs = client.get("/api/generations", params={"limit": 100}).json()["docs"]
    assert sorted(int(doc["input"]["content"]) for doc in docs) == list(range(11))
    assert list(captured.spool.rglob("*.spool")) == []


def test_a_server_that_comes_back_is_noticed_by_the_same_process(captured, start_server, project):
    port = free_port()
    captured.configure(url=f"http://127.0.0.1:{port}")
    with generation(model="m", input="while it is down"):
        pass
    until(lambda: capture.counters().spooled)
    assert capture.counters().errors["unreachable"]

    server = start_server(port=port)
    until(lambda: capture.counters().sent == 1)

    with server.client(headers={"Generations-Project": project}) as client:
        assert client.get("/api/generations").json()["totalDocs"] == 1


def test_a_killed_program_loses_nothing_that_it_had_spooled(captured, program, started_program):
    """SIGKILL in the middle of writing, several times; then one process sends what is left of all of them."""
    source = """
import sys
from generations import capture
with capture.generation(model="m", input="0"):
    pass
number = 1
while True:
    with capture.generation(model="m", input=str(number)) as g:
        g.output = "x" * 500
    number += 1
    if number % 50 == 0:
        capture.flush(0.05)
        print(capture.counters().spooled, flush=True)
"""
    dead = environment(captured, GENERATIONS_URL=f"http://127.0.0.1:{free_port()}")
    safe = 0
    for _ in range(3):
        process = started_program(source, **dead)
        spooled = 0
        while spooled < 300:
            spooled = int(process.stdout.readline())
        process.kill()
        safe += spooled
        process.wait()

    # what was meant for one destination is never sent to another: the folder is named after it
    [folder] = captured.spool.iterdir()
    captured.configure(spool=captured.spool)
    with generation(model="probe"):
        pass
    until(lambda: capture.counters().sent == 1)
    [own] = [path for path in captured.spool.iterdir() if path != folder]
    for path in spooled_files(captured):
        path.rename(own / path.name)
    captured.records()

    assert capture.counters().recovered >= safe
    found = captured.on_server()
    assert len(found) == min(1000, capture.counters().recovered + 1)
    assert len({record["id"] for record in found}) == len(found)


def test_through_kills_of_server_and_program_everything_arrives_once(captured, program, started_program, start_server, project):
    """The server dies under a capturing program, which dies itself; each generation is there once in the end."""
    port = free_port()
    told = environment(captured, GENERATIONS_URL=f"http://127.0.0.1:{port}")
    server = start_server(port=port)
    process = started_program(
        """
import sys
from generations import capture
for number, line in enumerate(sys.stdin):
    for _ in range(20):
        with capture.generation(model="m", input=str(number)) as g:
            g.output = "x" * 500
    capture.flush(1)
    print(capture.counters().waiting, flush=True)
""",
        **told,
    )

    def capture_20():
        process.stdin.write("go\n")
        process.stdin.flush()
        return int(process.stdout.readline())

    assert [capture_20() for _ in range(3)] == [0] * 3
    server.process.kill()
    server.process.wait()
    assert [capture_20() for _ in range(3)] == [0] * 3
    server = start_server(port=port)
    assert capture_20() == 0
    server.process.kill()
    server.process.wait()
    assert capture_20() == 0
    process.kill()
    process.wait()
    server = start_server(port=port)
    program('from generations import capture\nwith capture.generation(model="last"): pass\nassert capture.flush(20)', **told)

    with server.client(headers={"Generations-Project": project}) as client:
        answer = client.get("/api/generations", params={"limit": 1000}).json()
    assert answer["totalDocs"] == 8 * 20 + 1
    assert len({record["id"] for record in answer["docs"]}) == 161


def test_a_silent_network_keeps_nothing_in_memory(captured, project):
    """Neither while a batch waits for its answer nor while a flush does; it all arrives once the network is back."""
    network = Network(int(captured.server.url.rpartition(":")[2]))
    network.cut()
    captured.configure(url=f"http://127.0.0.1:{network.port}")

    def capture_one_more(spooled):
        with generation(model="m", input=str(spooled)):
            pass
        until(lambda: capture.counters().spooled == spooled, seconds=1)
        assert capture.counters().waiting == 0

    capture_one_more(1)
    capture_one_more(2)
    flushing = threading.Thread(target=capture.flush, args=[20])
    flushing.start()
    capture_one_more(3)
    capture_one_more(4)
    network.mend()
    flushing.join()

    assert len(captured.on_server()) == 4
    assert capture.counters().sent == 4
    network.close()


def test_a_torn_tail_is_stepped_over(captured, program):
    url = f"http://127.0.0.1:{free_port()}"
    program(CAPTURE_10, **environment(captured, GENERATIONS_URL=url))
    [file] = spooled_files(captured)
    whole = file.read_bytes()
    with generation(model="probe"):
        pass
    assert capture.flush(10)
    [own] = [path for path in captured.spool.iterdir() if path != file.parent]
    (own / file.name).write_bytes(whole[:20] + whole + whole[: len(whole) - 5])

    assert len(captured.records()) == 11
    assert capture.counters().errors["damaged spool"] == 1
    assert capture.counters().recovered == 10


def test_a_forked_child_starts_anew_and_doubles_nothing(captured, program):
    told = program(
        """
import json, os, sys
from generations import capture
with capture.generation(model="m", input="parent before"):
    pass
child = os.fork()
if not child:
    with capture.generation(model="m", input="child"):
        pass
    os._exit(0 if capture.flush(10) and capture.counters().captured == 1 else 1)
status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
with capture.generation(model="m", input="parent after"):
    pass
capture.flush(10)
print(json.dumps([status, capture.counters().sent]))
""",
        **environment(captured),
    )

    assert told == [0, 2]
    assert sorted(record["input"]["content"] for record in captured.on_server()) == ["child", "parent after", "parent before"]


def test_forking_while_all_threads_capture_hangs_nobody(captured, program):
    told = program(
        """
import json, os, threading
from generations import capture
stop = threading.Event()
def work():
    while not stop.wait(0.001):
        with capture.generation(model="m", input="x" * 1000):
            pass
threads = [threading.Thread(target=work) for _ in range(3)]
for thread in threads:
    thread.start()
statuses = []
for _ in range(5):
    child = os.fork()
    if not child:
        with capture.generation(model="child"):
            pass
        os._exit(0 if capture.flush(10) else 1)
    statuses.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
stop.set()
for thread in threads:
    thread.join()
print(json.dumps(statuses))
""",
        **environment(captured),
    )

    assert told == [0] * 5


def test_children_of_multiprocessing_flush_at_their_end(captured, program):
    """They leave without `atexit`."""
    program(
        """
import multiprocessing
from generations import capture

def work(number):
    with capture.generation(model="m", input=str(number)):
        pass

if __name__ == "__main__":
    with capture.generation(model="m", input="parent"):
        pass
    children = [multiprocessing.get_context("fork").Process(target=work, args=(number,)) for number in range(3)]
    for child in children:
        child.start()
    for child in children:
        child.join()
""",
        **environment(captured),
    )

    assert sorted(record["input"]["content"] for record in captured.on_server()) == ["0", "1", "2", "parent"]


SIGTERM = """
import os, signal, sys, time
from generations import capture
HANDLER
capture.configure(flush_on_sigterm=True)
with capture.generation(model="m", input="x"):
    pass
os.kill(os.getpid(), signal.SIGTERM)
time.sleep(10)
"""

AROUND_OURS = """
capture.configure(flush_on_sigterm=True)
ours = signal.getsignal(signal.SIGTERM)
signal.signal(signal.SIGTERM, lambda *told: ours(*told))
"""


@pytest.mark.parametrize(
    ("handler", "status"),
    [
        ("", -signal.SIGTERM),
        ("signal.signal(signal.SIGTERM, lambda *_: os._exit(7))", 7),
        ("signal.signal(signal.SIGTERM, lambda *_: sys.exit(8))", 8),
        (AROUND_OURS, -signal.SIGTERM),
    ],
    ids=["default", "own", "exits", "around ours"],
)
def test_sigterm_flushes_and_goes_on_to_whom_it_was_for(captured, program, handler, status):
    program(SIGTERM.replace("HANDLER", handler), status=status, **environment(captured))

    assert len(captured.on_server()) == 1


def test_without_being_asked_no_signal_handler_is_installed(captured):
    before = signal.getsignal(signal.SIGTERM)
    with generation(model="m"):
        pass

    assert signal.getsignal(signal.SIGTERM) is before


def test_a_folder_is_a_destination_too(captured, program, tmp_path):
    """The engine ends at exit as well: what is left is written before that."""
    folder = tmp_path / "data"
    program(CAPTURE_10, **environment(captured, GENERATIONS_URL=folder))
    told = program(
        f"""
import json
from generations import Generations
with Generations({str(folder)!r}, project={captured.project!r}) as generations:
    print(json.dumps(generations.count_documents({{}})))
"""
    )

    assert told == 10


def test_a_child_of_a_process_with_an_open_folder_leaves_its_generations_to_the_parent(captured, program, tmp_path):
    """The engine does not survive a fork, so the child spools."""
    told = program(
        """
import json, os
from generations import capture
with capture.generation(model="m", input="parent"):
    pass
assert capture.flush(30)
child = os.fork()
if not child:
    with capture.generation(model="m", input="child"):
        pass
    capture.flush(5)
    os._exit(capture.counters().spooled)
status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
print(json.dumps([status, capture.flush(10), capture.counters().recovered]))
""",
        **environment(captured, GENERATIONS_URL=tmp_path / "data"),
    )

    assert told == [1, True, 1]


@contextmanager
def silent_server():
    """Takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


def test_a_clickhouse_server_is_a_destination_too(serving, captured):
    with serving() as url:
        captured.configure(url=url)
        with generation(model="m", input="x") as g:
            pass
        assert capture.flush(20), capture.counters()
        capture.configure(enabled=False, spool=False)
        with Generations(url, project=captured.project) as generations:
            assert generations.get(g.id)["input"]["content"] == "x"


def test_memory_is_bounded_and_the_oldest_go_first(captured):
    with silent_server() as url:
        captured.configure(url=url, spool=False, memory_bytes=500_000, exit_seconds=0.1)
        for number in range(300):
            with generation(model="m", input="x" * 10_000 + str(number)):
                pass

        counters = capture.counters()
        assert counters.captured == 300
        assert counters.dropped["memory full"] > 100
        assert counters.waiting + counters.dropped["memory full"] == 300
        capture.configure(enabled=False, spool=False)


def test_an_end_waits_for_a_silent_server_no_longer_than_allowed(captured, program):
    with silent_server() as url:
        started = time.monotonic()
        program(
            f'from generations import capture\ncapture.configure(url={url!r}, exit_seconds=0.3)\nwith capture.generation(model="m"): pass',
            **environment(captured),
        )

        assert time.monotonic() - started < 3
    assert len(spooled_files(captured)) == 1


def test_the_spool_is_bounded_and_the_oldest_go_first(captured):
    captured.configure(url=f"http://127.0.0.1:{free_port()}", spool_bytes=200_000)
    for number in range(60):
        with generation(model="m", input="".join(chr(0x4E00 + (number * 7919 + place * 104_729) % 20_000) for place in range(4_000))):
            pass
        capture.flush(0.02)
    until(lambda: not capture.counters().waiting)

    counters = capture.counters()
    assert sum(path.stat().st_size for path in captured.spool.rglob("*.spool")) <= 220_000
    assert counters.dropped["spool full"] > 20
    assert counters.spooled == 60


def test_without_a_disk_batches_wait_in_memory(captured, start_server, tmp_path):
    port = free_port()
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    captured.configure(url=f"http://127.0.0.1:{port}", spool=blocked)
    with generation(model="m"):
        pass
    until(lambda: capture.counters().errors["unreachable"])
    assert capture.counters().errors["spool"]
    assert capture.counters().waiting == 1

    start_server(port=port)
    until(lambda: capture.counters().sent == 1)
    assert capture.counters().waiting == 0


def test_records_that_the_server_refuses_are_counted_and_do_not_hold_up_the_others(captured):
    def spoil(record):
        if record["input"]["content"] == "bad":
            record["usage"] = {"promptTokens": -1}
        return record

    captured.configure(redact=spoil)
    for text in ("good", "bad", "good"):
        with generation(model="m", input=text):
            pass

    assert len(captured.records()) == 2
    assert capture.counters().dropped == {"refused": 1}


def test_a_wrong_key_keeps_everything_on_disk_until_it_is_mended(captured, start_server, project):
    server = start_server()
    with server.client(headers={"Generations-Project": project}) as client:
        key = client.post("/api/keys", json={"scopes": ["ingest"]}).json()["key"]
    captured.configure(url=server.url, api_key="gen_of_nobody", project=None)
    with generation(model="m"):
        pass
    until(lambda: capture.counters().spooled == 1)
    assert capture.counters().errors["unauthorized"] == 1

    captured.configure(url=server.url, api_key=key, project=None)
    with generation(model="m"):
        pass
    assert capture.flush(10)
    assert (capture.counters().sent, capture.counters().recovered) == (1, 1)
