"""Files that belong to the process that holds them locked, and to whoever locks them next when it has ended, however it did."""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from pathlib import Path


def lock(path: Path) -> int | None:
    """A descriptor of the file, held locked until it is closed; None when another process holds it, or it is not there.

    Raises:
        OSError: the file system has no locks.
    """
    try:
        descriptor = os.open(path, os.O_RDWR)
    except OSError:  # taken meanwhile, or of another user
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(descriptor).st_nlink:
            return descriptor
    except BlockingIOError:  # somebody holds it
        pass
    except OSError:
        os.close(descriptor)
        raise
    os.close(descriptor)
    return None


def new_locked(path: Path) -> int | None:
    """A descriptor of a new file for its user alone, held locked; None when another process took it for an old, empty one.

    Raises:
        OSError: it cannot be made, or not be locked.
    """
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        return lock(path)
    except OSError:
        path.unlink(missing_ok=True)
        raise


def let_go_below(*folders: Path) -> None:
    """In a forked child: close what its parent had open there, also what another thread was about to open or held for a moment.

    A lock does not end before its last descriptor. Only Linux tells which there are.
    """
    above = tuple(f"{os.path.realpath(folder)}{os.sep}" for folder in folders)
    with suppress(OSError):
        for descriptor in list(Path("/proc/self/fd").iterdir()):
            with suppress(OSError):  # the one of the list itself is closed by now
                if str(descriptor.readlink()).startswith(above):
                    os.close(int(descriptor.name))
