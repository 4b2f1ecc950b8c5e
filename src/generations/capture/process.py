"""Capture in this process: its configuration, its recorder, and what happens when the process forks or ends."""

from __future__ import annotations

import atexit
import functools
import os
import signal
import sys
import threading
from collections.abc import Sequence
from types import FrameType
from typing import Any, Final

from generations.capture import settings as settings_of
from generations.capture.counters import LOG, Counters
from generations.capture.locking import let_go_below
from generations.capture.recorder import Captured, Recorder
from generations.capture.redaction import Redaction
from generations.capture.sampling import Sample
from generations.capture.settings import EXIT_SECONDS, MEMORY_BYTES, SPOOL_BYTES, Settings
from generations.errors import ConfigError

_FORK_SECONDS: Final = 2.0


class _Process:
    """The one recorder of this process; None until something is captured or configured."""

    def __init__(self) -> None:
        self.settings: Settings | None = None
        self.recorder: Recorder | None = None
        self.is_broken = False
        self.has_hooks = False
        self.lock = threading.RLock()


_process = _Process()


def configure(
    *,
    url: str | os.PathLike[str] | None = None,
    api_key: str | None = None,
    project: str | None = None,
    redact: Redaction | str | Sequence[Redaction | str] | None = None,
    sample: float | Sequence[Sample] | None = None,
    content: bool | None = None,
    spool: str | os.PathLike[str] | bool | None = None,
    journal: str | os.PathLike[str] | bool | None = None,
    spool_bytes: int = SPOOL_BYTES,
    memory_bytes: int = MEMORY_BYTES,
    exit_seconds: float = EXIT_SECONDS,
    enabled: bool | None = None,
    flush_on_sigterm: bool = False,
) -> None:
    """Say where generations go; without it the environment says so when the first one is captured.

    What an earlier configuration still held is sent to where that one said.

    Args:
        url: of a Generations server, `http(s)://…`; a folder, or `clickhouse://…`. Else `GENERATIONS_URL`, else `./generations-data`.
        api_key: of the server; else `GENERATIONS_API_KEY`.
        project: else `GENERATIONS_PROJECT`, else the key's, or `default`.
        redact: functions from a record to the record to send or None, names of patterns, or both; else `GENERATIONS_REDACT`.
        sample: the rate to keep, or rules; errors are always kept. Else `GENERATIONS_SAMPLE`, else 1.
        content: False keeps what was said here, and sends usage, times and metadata; else `GENERATIONS_CONTENT`, else True.
        spool: folder for what cannot be sent yet, False for none; else `GENERATIONS_SPOOL`, else below the user's state folder.
        journal: folder of a file system in memory for what is not in the spool yet and was not redacted yet, so that a kill
            does not take it along, False for none; else `GENERATIONS_JOURNAL`, else `/dev/shm` where there is one.
        spool_bytes: most of it on disk; the oldest goes first, and is counted.
        memory_bytes: most of what waits in memory; the oldest goes first, and is counted.
        exit_seconds: how long the end of the process may wait for what is left.
        enabled: False records nothing; else `GENERATIONS_CAPTURE`, else True.
        flush_on_sigterm: flush when SIGTERM comes, and then do what would have been done without. Only from the main thread.

    Raises:
        ConfigError: a setting cannot be followed.
    """
    chosen = settings_of.settled(
        url=url,
        api_key=api_key,
        project=project,
        redact=redact,
        sample=sample,
        content=content,
        spool=spool,
        journal=journal,
        spool_bytes=spool_bytes,
        memory_bytes=memory_bytes,
        exit_seconds=exit_seconds,
        enabled=enabled,
    )
    if flush_on_sigterm:
        _chain_sigterm()
    with _process.lock:
        before = _process.recorder
        _process.settings = chosen
        _process.recorder = Recorder(chosen, _on_start, _on_open)
        _process.is_broken = False
    if before is not None:
        before.stop(before.settings.exit_seconds)


def flush(seconds: float = 10.0) -> bool:
    """Wait until everything captured so far has been sent, what earlier processes left on disk included.

    Returns:
        Whether it has been sent. What was not is on disk, and will be.
    """
    recorder = _process.recorder
    return recorder is None or recorder.flush(seconds)


def counters() -> Counters:
    """What became of everything that was captured in this process."""
    recorder = _process.recorder
    return Counters() if recorder is None else recorder.counters()


def keep(captured: Captured) -> None:
    """Hand what has ended to the recorder. Never raises."""
    recorder = _process.recorder or _made()
    if recorder is not None:
        recorder.keep(captured)


def sends_content() -> bool:
    """Whether what was said is recorded, as far as anything is."""
    recorder = _process.recorder or _made()
    return recorder is not None and recorder.settings.enabled and recorder.settings.content


def _made() -> Recorder | None:
    """The recorder that the environment asks for; None when it asks for what cannot be, which is logged once."""
    with _process.lock:
        if _process.recorder is None and not _process.is_broken:
            try:
                _process.settings = _process.settings or settings_of.settled()
                _process.recorder = Recorder(_process.settings, _on_start, _on_open)
            except (ConfigError, OSError, RuntimeError) as error:
                _process.is_broken = True
                LOG.error("nothing is captured: %s", error)
        return _process.recorder


def _on_start() -> None:
    """Register what happens at the end and at a fork, when there is something that it could happen to."""
    if not _process.has_hooks:
        _process.has_hooks = True
        atexit.register(_at_exit)
        os.register_at_fork(before=_before_fork, after_in_parent=_after_fork, after_in_child=_in_child)
    if "multiprocessing.util" in sys.modules:  # its children end without `atexit`
        sys.modules["multiprocessing.util"].Finalize(None, _at_exit, exitpriority=100)


def _on_open() -> None:
    """Flush before the destination's own end: functions registered later run earlier, and an engine registers one."""
    atexit.unregister(_at_exit)
    atexit.register(_at_exit)


def _at_exit() -> None:
    recorder = _process.recorder
    if recorder is not None:
        recorder.stop(recorder.settings.exit_seconds)


def _before_fork() -> None:
    recorder = _process.recorder
    if recorder is not None:
        recorder.before_fork(_FORK_SECONDS)


def _after_fork() -> None:
    recorder = _process.recorder
    if recorder is not None:
        recorder.after_fork()


def _in_child() -> None:
    """Begin anew: what the parent had captured is the parent's to send."""
    recorder, _process.recorder = _process.recorder, None
    _process.lock = threading.RLock()
    if recorder is not None:
        recorder.abandon()
        let_go_below(*(folder for folder in (recorder.settings.spool, recorder.settings.journal) if folder is not None))


def _chain_sigterm() -> None:
    """Put a flush before what SIGTERM does now, once.

    Raises:
        ConfigError: not called from the main thread.
    """
    before = signal.getsignal(signal.SIGTERM)
    if isinstance(before, functools.partial) and before.func is _flush_and_pass_on:
        return
    try:
        signal.signal(signal.SIGTERM, functools.partial(_flush_and_pass_on, before))
    except ValueError:
        raise ConfigError("flush_on_sigterm needs the main thread", hint="call capture.configure where the program starts") from None


def _flush_and_pass_on(before: Any, number: int, frame: FrameType | None) -> None:
    recorder = _process.recorder
    if recorder is not None:
        recorder.flush(recorder.settings.exit_seconds)
    if callable(before):
        before(number, frame)
    elif before != signal.SIG_IGN:
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
