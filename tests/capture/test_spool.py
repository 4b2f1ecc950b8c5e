"""Batches on disk, among several processes."""

import errno
import fcntl
import os
import subprocess
import sys

import pytest

from generations.capture.spool import Frame, Spool, SpoolFile


def frames(spool):
    """What a process that comes along finds, oldest first; the files are gone afterwards."""
    found = []
    while (file := spool.claim()) is not None:
        found += list(file.frames())
        file.close(remove=True)
    return found


def read(path):
    """What is in a file, whoever holds it."""
    file = SpoolFile(path, os.open(path, os.O_RDONLY))
    found = list(file.frames())
    file.let_go()
    return found


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "spool"


def a_frame(number, size=100):
    return Frame(bytes([number]) * size, number)


def test_what_was_appended_is_found_in_order_once_it_is_let_go(folder):
    spool = Spool(folder, 1 << 20)
    for number in range(3):
        spool.append(a_frame(number))
    other = Spool(folder, 1 << 20)

    assert other.claim() is None
    spool.close()
    assert frames(other) == [a_frame(number) for number in range(3)]
    assert list(folder.iterdir()) == []


def test_the_folder_and_its_files_are_of_their_user_alone(folder):
    Spool(folder, 1 << 20).append(a_frame(1))

    [file] = folder.iterdir()
    assert (folder.stat().st_mode & 0o777, file.stat().st_mode & 0o777) == (0o700, 0o600)


def test_what_was_sent_is_gone_and_empty_files_with_it(folder):
    spool = Spool(folder, 1 << 20)
    spool.append(a_frame(1)).sent()
    assert not spool.has_own
    spool.append(a_frame(2))
    spool.append(a_frame(3)).sent()
    spool.close()

    assert frames(Spool(folder, 1 << 20)) == [a_frame(2)]
    spool.append(a_frame(4)).sent()
    spool.close()
    assert list(folder.iterdir()) == []


def test_what_was_sent_after_others_were_written_behind_it_is_passed_over(folder):
    spool = Spool(folder, 1 << 20)
    places = [spool.append(a_frame(number)) for number in range(3)]
    places[1].sent()
    spool.sync()
    spool.close()
    places[0].sent()  # it is anybody's by now

    assert frames(Spool(folder, 1 << 20)) == [a_frame(0), a_frame(2)]


def test_what_was_given_up_for_younger_ones_takes_none_of_them_with_it_when_it_arrives(folder):
    spool = Spool(folder, 1_500)
    place = spool.append(a_frame(1, 1_000))
    spool.append(a_frame(2, 1_000))
    place.sent()
    spool.close()

    assert spool.evicted == 1
    assert frames(Spool(folder, 1 << 20)) == [a_frame(2, 1_000)]


@pytest.mark.parametrize("cut", range(0, 116, 5))
def test_a_frame_that_was_not_written_whole_is_not_there(folder, cut):
    spool = Spool(folder, 1 << 20)
    spool.append(a_frame(1))
    place = spool.append(a_frame(2))
    spool.close()
    [file] = folder.iterdir()
    os.truncate(file, place.at + cut)

    assert frames(Spool(folder, 1 << 20)) == [a_frame(1)]


@pytest.mark.parametrize("at", range(0, 232, 7))
def test_a_damaged_byte_takes_one_frame_with_it(folder, at):
    spool = Spool(folder, 1 << 20)
    for number in (1, 2):
        spool.append(a_frame(number))
    spool.close()
    [file] = folder.iterdir()
    whole = bytearray(file.read_bytes())
    whole[at] ^= 0xFF
    file.write_bytes(whole)

    assert frames(Spool(folder, 1 << 20)) == [a_frame(2 if at < 116 else 1)]


def test_a_body_that_looks_like_a_frame_is_none(folder):
    inner = Spool(folder / "inner", 1 << 20)
    inner.append(a_frame(1))
    [file] = (folder / "inner").iterdir()
    spool = Spool(folder, 1 << 20)
    spool.append(Frame(file.read_bytes(), 5))
    spool.close()

    assert [frame.count for frame in frames(Spool(folder, 1 << 20))] == [5]


def test_the_oldest_go_when_there_is_no_room(folder):
    spool = Spool(folder, 16_000)
    for number in range(100):
        spool.append(a_frame(number, 1_000))
    spool.close()

    left = [frame.count for frame in frames(Spool(folder, 16_000))]
    assert left == list(range(100 - len(left), 100))
    assert 10 <= len(left) <= 16
    assert spool.evicted == sum(range(100 - len(left)))


def test_a_file_that_another_process_holds_is_not_evicted(folder):
    other = Spool(folder, 1 << 20)
    other.append(a_frame(7, 900))
    spool = Spool(folder, 1_000)
    for number in range(5):
        spool.append(a_frame(number, 100))
    other.close()
    spool.close()

    assert frames(Spool(folder, 1 << 20))[0].count == 7


def test_what_is_left_for_others_is_not_the_own(folder):
    spool = Spool(folder, 1 << 20)
    spool.append(a_frame(1))
    spool.leave([a_frame(2), a_frame(3)])

    [path] = [path for path in folder.iterdir() if len(read(path)) == 2]
    file = spool.claim()
    assert file.path == path
    assert not spool.is_own(file)
    assert list(file.frames()) == [a_frame(2), a_frame(3)]


def test_what_a_full_disk_does_not_take_leaves_nothing(folder, monkeypatch):
    def refuse(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "pwrite", refuse)
    with pytest.raises(OSError, match="No space left"):
        Spool(folder, 1 << 20).leave([a_frame(1)])

    assert list(folder.iterdir()) == []


def test_a_file_is_let_go_once(folder):
    """By the time of a second one its descriptor may be another file's."""
    spool = Spool(folder, 1 << 20)
    file = spool.append(a_frame(1)).file
    file.let_go()
    other = os.open(folder, os.O_RDONLY)
    spool.abandon()

    assert os.path.samestat(os.fstat(other), folder.stat()), "the descriptor was closed"
    os.close(other)


def test_where_nothing_can_be_locked_nothing_is_left(folder, monkeypatch):
    def refuse(*_):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    spool = Spool(folder, 1 << 20)

    with pytest.raises(OSError, match="No locks available"):
        spool.append(a_frame(1))
    assert list(folder.iterdir()) == []

    (folder / "of-another-machine.spool").write_bytes(b"x")
    assert spool.claim() is None


WRITER = """
import sys
from pathlib import Path
from generations.capture.spool import Frame, Spool
spool = Spool(Path(sys.argv[1]), 1 << 24)
left = []
for number in range(200):
    spool.append(Frame(f"{sys.argv[2]}-{number}".encode() * 50, 1))
    if number % 10 == 9:
        spool.close()
        file = spool.claim()
        if file is not None:
            left += [frame.body[:len(frame.body) // 50].decode() for frame in file.frames()]
            file.close(remove=True)
spool.close()
print("\\n".join(left))
"""


@pytest.mark.programs
def test_several_processes_write_and_take_at_once_and_each_frame_is_taken_once(folder):
    processes = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(folder), str(number)], stdout=subprocess.PIPE, text=True) for number in range(3)
    ]
    taken = [line for process in processes for line in process.communicate(timeout=60)[0].split()]
    taken += [frame.body[: len(frame.body) // 50].decode() for frame in frames(Spool(folder, 1 << 24))]

    assert sorted(taken) == sorted(f"{writer}-{number}" for writer in range(3) for number in range(200))
