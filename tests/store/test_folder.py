"""A folder that cannot be opened: a clear error with the way out, never a hang."""

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from generations.errors import ConfigError, StoreDamaged, StoreUnavailable
from generations.store.chdb_engine import ChdbEngine
from generations.store.folder import MARKER
from generations.store.store import Store

from .rows import ask, rows

ENDLESS = "SELECT count() FROM numbers(1_000_000_000_000) WHERE NOT ignore(rand())"
HOLD = """
    import sys
    from generations.store.chdb_engine import ChdbEngine
    engine = ChdbEngine(sys.argv[1])
    print("open", flush=True)
    sys.stdin.read()
"""


def test_a_missing_folder_is_made_with_its_parents(tmp_path: Path) -> None:
    engine = ChdbEngine(tmp_path / "not" / "there" / "yet")

    engine.close()

    assert (tmp_path / "not" / "there" / "yet" / MARKER).read_text() == '{"format":1}\n'


def test_what_was_written_is_there_after_closing_and_opening(folder: Path) -> None:
    store = Store(ChdbEngine(folder))
    store.insert(rows("a"))
    (before,) = ask(store, "seq")
    store.close()

    store = Store(ChdbEngine(folder))
    store.insert(rows("b"))

    assert [row["id"] for row in ask(store, "id")] == ["a", "b"]
    assert ask(store, "seq")[1]["seq"] > before["seq"]
    store.close()


def test_another_process_is_named(folder: Path, child) -> None:
    holder = child(HOLD, folder)
    assert holder.line() == "open"

    with pytest.raises(StoreUnavailable) as refused:
        ChdbEngine(folder)

    assert f"in use by process {holder.process.pid}" in refused.value.message
    assert "clickhouse://" in refused.value.hint
    holder.end()
    ChdbEngine(folder).close()


def test_a_killed_process_holds_nothing(folder: Path, child) -> None:
    holder = child(HOLD, folder)
    assert holder.line() == "open"
    holder.process.kill()
    holder.process.wait()

    ChdbEngine(folder).close()


def test_a_second_folder_in_one_process_is_refused_until_the_first_is_closed(tmp_path: Path) -> None:
    first = ChdbEngine(tmp_path / "first")

    with pytest.raises(StoreUnavailable, match="this process has another folder open"):
        ChdbEngine(tmp_path / "second")

    first.close()
    ChdbEngine(tmp_path / "second").close()


def test_one_folder_may_be_open_twice_in_one_process(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    one, other = Store(ChdbEngine(folder)), Store(ChdbEngine(tmp_path / "link" / "data"))

    one.insert(rows("a"))
    other.insert(rows("b"))
    one.close()

    assert [row["id"] for row in ask(other, "id")] == ["a", "b"]
    other.close()


def test_a_folder_of_something_else_is_left_alone(folder: Path) -> None:
    folder.mkdir()
    (folder / "thesis.txt").write_text("…")

    with pytest.raises(ConfigError, match=r"holds 'thesis.txt'"):
        ChdbEngine(folder)

    assert [entry.name for entry in folder.iterdir()] == ["thesis.txt"]


def test_an_empty_folder_is_taken_with_what_file_systems_put_there(folder: Path) -> None:
    folder.mkdir()
    (folder / "lost+found").mkdir()
    (folder / ".DS_Store").touch()

    ChdbEngine(folder).close()


def test_a_file_is_not_a_folder(folder: Path) -> None:
    folder.touch()

    with pytest.raises(ConfigError, match="is a file"):
        ChdbEngine(folder)


def test_a_folder_below_a_file_cannot_be_made(folder: Path) -> None:
    folder.touch()

    with pytest.raises(StoreUnavailable, match="Not a directory"):
        ChdbEngine(folder / "below")


@pytest.mark.parametrize(("marker", "said"), [('{"format": 99}', "has format 99"), ("{", "cannot be read"), ("[]", "cannot be read")])
def test_a_folder_of_another_format_is_refused(folder: Path, marker: str, said: str) -> None:
    folder.mkdir()
    (folder / MARKER).write_text(marker)

    with pytest.raises(StoreDamaged, match=said):
        ChdbEngine(folder)


FORK = """
    import os, signal, sys
    signal.alarm(20)
    from generations.store.chdb_engine import ChdbEngine
    from generations.store.store import Store
    store = Store(ChdbEngine(sys.argv[1]))
    pid = os.fork()
    if pid == 0:
        for use in (store.stats, lambda: ChdbEngine(sys.argv[1])):
            try:
                use()
            except Exception as error:
                print(type(error).__name__, error, flush=True)
        sys.exit(7)
    print("child", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
    print("parent", store.stats().records)
    store.close()
"""


def test_a_forked_child_is_told_and_ends(folder: Path, child) -> None:
    status, output, errors = child(FORK, folder).end()

    used, opened, childs, parents = output.splitlines()
    for line in (used, opened):
        assert line.startswith("StoreUnavailable this process was forked after Generations was opened")
        assert "open Generations in the child" in line
    assert (childs, parents, status) == ("child 7", "parent 0", 0), errors


def test_a_process_that_forgets_to_close_ends_well(folder: Path, child) -> None:
    """Without care the engine's library crashes a process that ends with a query running or a stream half read.

    So does the interpreter, where the thread whose query was stopped prints that while all is taken apart.
    """
    status, _, errors = child(
        """
        import sys, threading, time
        from generations.store.chdb_engine import ChdbEngine
        engine = ChdbEngine(sys.argv[1])
        stream = engine.stream("SELECT number FROM numbers(1000000000)", "TSV")
        next(stream)
        query = lambda: engine.query("SELECT count() FROM numbers(1000000000000) WHERE NOT ignore(rand())")
        threading.Thread(target=query, daemon=True).start()
        time.sleep(0.3)
        """,
        folder,
    ).end()

    assert (status, errors) == (0, "")


def test_importing_the_store_loads_no_engine() -> None:
    code = "import sys, generations.store.store, generations.store.chdb_engine; print({'chdb', 'pyarrow'} & set(sys.modules))"

    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "set()"


def fill(store: Store, acknowledged: list[str]) -> None:
    for n in range(100):
        store.insert(rows(f"big-{n}", output={"type": "text", "content": os.urandom(500_000).hex()}))
        acknowledged.append(f"big-{n}")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk")
def test_a_full_disk_is_told_and_what_was_there_stays(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", disk], capture_output=True, check=False).returncode:
        pytest.skip("mounting is not allowed here")
    try:
        store = Store(ChdbEngine(disk / "data"))
        store.insert(rows("first"))
        acknowledged = ["first"]
        with pytest.raises(StoreUnavailable, match=r"the disk of .* is full; nothing of this call was kept"):
            fill(store, acknowledged)

        assert [row["id"] for row in ask(store, "id")] == acknowledged
        store.close()
    finally:
        subprocess.run(["umount", "-l", disk], check=True)


def test_closing_stops_what_runs(folder: Path) -> None:
    engine = ChdbEngine(folder)
    stream = engine.stream("SELECT number FROM numbers(1_000_000_000)", "TSV")
    next(stream)
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(engine.query, ENDLESS)
        time.sleep(0.3)

        engine.close()

        with pytest.raises(StoreUnavailable, match="closed"):
            running.result(timeout=5)
    with pytest.raises(StoreUnavailable, match="closed"):
        list(stream)
    ChdbEngine(folder).close()


def test_who_finds_all_connections_busy_is_told(folder: Path) -> None:
    engine = ChdbEngine(folder, connections=2, patience=0.2)
    streams = [engine.stream("SELECT number FROM numbers(1_000_000_000)", "TSV") for _ in range(2)]
    for stream in streams:
        next(stream)

    with pytest.raises(StoreUnavailable, match=r"all 2 connections have been busy for 0.2 s"):
        engine.query("SELECT 1")

    streams[0].close()
    assert engine.query("SELECT 1 AS one").num_rows == 1
    engine.close()
