"""What embedding an engine asks of the process: no use across a fork, and an orderly end."""

from __future__ import annotations

import atexit
import ctypes
import os
import threading
import weakref
from importlib import import_module
from typing import TYPE_CHECKING, Any

from generations.errors import StoreUnavailable

if TYPE_CHECKING:
    from generations.store.chdb_engine import ChdbEngine

_open_engines: weakref.WeakSet[ChdbEngine] = weakref.WeakSet()
_kept_alive: list[Any] = []


class _Started:
    """The process that loaded the engine's library, and the thread that ends it; 0 before."""

    pid = 0
    ending_thread = 0


def load() -> Any:
    """The engine's module.

    Raises:
        StoreUnavailable: this process was forked from one that had loaded it. The library's threads are not
            in the child, and whatever it is asked, it would wait for them for ever.
    """
    refuse_forked()
    chdb = import_module("chdb")
    if not _Started.pid:
        _Started.pid = os.getpid()
        atexit.register(_close_all)
        os.register_at_fork(after_in_child=_leave_to_parent)
    return chdb


def started() -> int:
    """The process that loaded the library; 0 before."""
    return _Started.pid


def refuse_forked() -> None:
    """Raise in a child of the process that loaded the engine."""
    if _Started.pid not in {0, os.getpid()}:
        raise StoreUnavailable(
            "this process was forked after Generations was opened, and the engine does not survive a fork",
            hint="open Generations in the child and not before forking, or start processes with the `spawn` method",
        )


def register(engine: ChdbEngine) -> None:
    """Close the engine when the process ends: leaving it open would crash the process then."""
    _open_engines.add(engine)


def halt_while_ending() -> None:
    """Keep a daemon thread whose query was stopped by the end of the process from going on, for ever.

    Whatever it did with the error, the interpreter is taken apart meanwhile: a traceback that it prints ends the process with
    SIGABRT now and then. From Python 3.14 on such threads are halted by the interpreter itself.
    """
    if _Started.ending_thread not in {0, threading.get_ident()}:
        threading.Event().wait()


def _close_all() -> None:
    _Started.ending_thread = threading.get_ident()
    if _Started.pid == os.getpid():
        for engine in list(_open_engines):
            engine.close()


def _leave_to_parent() -> None:
    """Let a forked child end: neither Python nor C may run the engine's clean-up there, which would hang."""
    _kept_alive.extend(engine.abandon() for engine in list(_open_engines))
    for one in _kept_alive:
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(one))
    c = ctypes.CDLL(None)
    if hasattr(c, "on_exit"):  # glibc: end with the status that was asked for, before the library's destructors run
        c.on_exit(c["_exit"], None)
