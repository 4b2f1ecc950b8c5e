"""The data folder: ours or not, and who holds it."""

from __future__ import annotations

import errno
import fcntl
import os
import re
from pathlib import Path
from typing import Any, Final, cast

import msgspec

from generations.errors import ConfigError, StoreDamaged, StoreUnavailable

MARKER: Final = "generations.json"
FORMAT: Final = 1
"""Version of the folder itself; the schema inside has its own."""

_PROBE_BYTES: Final = 4096
_LEAST_FREE_BYTES: Final = 16 << 20
_IGNORED = {"lost+found"}


def claim(folder: Path) -> None:
    """See that a folder is ours and free, and make it when it is not there.

    Raises:
        ConfigError: it is a file, or holds what Generations did not write.
        StoreDamaged: it was written by a newer version.
        StoreUnavailable: another process holds it, or it cannot be written.
    """
    try:
        if folder.exists() and not folder.is_dir():
            raise ConfigError(f"{folder} is a file, not a folder", hint="name a folder for the data")
        folder.mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        marker = folder / MARKER
        if marker.exists():
            _refuse_newer(marker)
        else:
            _refuse_foreign(folder)
            _write_durably(marker, msgspec.json.encode({"format": FORMAT}) + b"\n")
        refuse_held(folder)
    except OSError as problem:
        raise StoreUnavailable(f"{folder} cannot be used: {problem.strerror}", hint="check its permissions and the disk") from problem


def refuse_held(folder: Path) -> None:
    """Raise when another process has the folder open. The engine locks `status`, and writes its process id into it."""
    try:
        with (folder / "status").open("rb+") as status:  # for writing, as the engine opens it
            try:
                fcntl.flock(status, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                holder = re.search(rb"PID: (\d+)", status.read(4096))
                if holder and int(holder.group(1)) == os.getpid():
                    return
                raise _held(folder, int(holder.group(1)) if holder else None) from None
    except FileNotFoundError:
        return


def probe(folder: Path) -> None:
    """See that a small file can be written durably, and that there is room for more.

    Raises:
        StoreUnavailable: it cannot, or there is not.
    """
    try:
        _write_durably(folder / ".probe", bytes(_PROBE_BYTES))
        free_bytes = os.statvfs(folder).f_bavail * os.statvfs(folder).f_frsize
    except OSError as problem:
        raise StoreUnavailable(f"{folder} cannot be written: {problem.strerror}", hint="check its permissions and the disk") from problem
    if free_bytes < _LEAST_FREE_BYTES:
        raise StoreUnavailable(f"{folder} has {free_bytes:,} bytes left", hint="make room on the disk")


def _held(folder: Path, pid: int | None) -> StoreUnavailable:
    by = f"process {pid}" if pid else "another process"
    return StoreUnavailable(
        f"{folder} is in use by {by}, and a folder serves one process at a time",
        hint="end that process, or let `generations serve` have the folder and ask it by its URL; a ClickHouse server"
        " (clickhouse://user:password@host:8123/database) serves many processes, too",
    )


def _refuse_newer(marker: Path) -> None:
    try:
        found = cast("dict[str, Any]", msgspec.json.decode(marker.read_bytes(), type=dict))
        version = int(found["format"])
    except (msgspec.DecodeError, KeyError, TypeError, ValueError) as problem:
        raise StoreDamaged(f"{marker} cannot be read", hint='it should hold {"format": 1}') from problem
    if version > FORMAT:
        raise StoreDamaged(
            f"{marker.parent} has format {version}, and this program knows up to {FORMAT}",
            hint="open it with the version of generations that wrote it last, or a newer one",
        )


def _refuse_foreign(folder: Path) -> None:
    strangers = sorted(entry.name for entry in folder.iterdir() if not entry.name.startswith(".") and entry.name not in _IGNORED)
    if strangers:
        raise ConfigError(
            f"{folder} holds {strangers[0]!r} and no {MARKER}: it is not a folder of Generations",
            hint="name an empty folder, or one that does not exist yet",
        )


def _write_durably(path: Path, content: bytes) -> None:
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    with beside.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.rename(path)
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
