"""Where captured generations go and what becomes of them on the way, from arguments and the environment."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Final

from generations.capture.redaction import Redaction, mask, name_of
from generations.capture.sampling import Sample, Sampling
from generations.errors import ConfigError

DEFAULT_FOLDER: Final = "./generations-data"
SHARED_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - what is put there is below a folder of one user, which is looked at
"""Where Linux keeps files in memory."""
SPOOL_BYTES: Final = 256 << 20
MEMORY_BYTES: Final = 64 << 20
EXIT_SECONDS: Final = 3.0
_OFF: Final = frozenset(["0", "off", "false", "no"])
_ON: Final = frozenset(["1", "on", "true", "yes", ""])


@dataclass(frozen=True, slots=True)
class Settings:
    """What `configure` was told, complete.

    Attributes:
        url: `http(s)://…` of a Generations server, an absolute folder, or `clickhouse://…`.
        api_key: shown to the server; None where it asks for none.
        project: None is the key's, or `default`.
        redactions: in their order.
        sampling: which records are sent.
        content: whether what was said is sent.
        spool: the folder of what could not be sent yet, for this destination alone; None keeps it in memory.
        journal: the folder, in memory, of what is not in the spool yet; None where it is in the memory of the process alone.
        spool_bytes: most of it on disk; the oldest goes first.
        memory_bytes: most of what waits in memory; the oldest goes first.
        exit_seconds: how long the end of the process may wait for what is left.
        enabled: whether anything is recorded.
    """

    url: str
    api_key: str | None
    project: str | None
    redactions: tuple[Redaction, ...]
    sampling: Sampling
    content: bool
    spool: Path | None
    journal: Path | None
    spool_bytes: int
    memory_bytes: int
    exit_seconds: float
    enabled: bool

    @property
    def is_server(self) -> bool:
        """Whether records go to a Generations server, rather than into a store that this process opens."""
        return self.url.startswith(("http://", "https://"))

    @property
    def rules(self) -> bytes:
        """What decides what leaves the process, in 16 bytes: two processes with the same ones send the same of what they capture."""
        told = (self.content, self.sampling.rules, [name_of(redact) for redact in self.redactions])
        return blake2b(repr(told).encode(errors="replace"), digest_size=16).digest()


def settled(
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
) -> Settings:
    """The arguments, completed from the environment.

    Raises:
        ConfigError: a setting is not one that can be followed.
    """
    environment = os.environ
    place = _place(os.fspath(url) if url is not None else environment.get("GENERATIONS_URL") or DEFAULT_FOLDER)
    project = project or environment.get("GENERATIONS_PROJECT") or None
    sends_content = content if content is not None else _switch(environment, "GENERATIONS_CONTENT")
    spool_folder = _spool(spool if spool is not None else environment.get("GENERATIONS_SPOOL"), place, project)
    return Settings(
        url=place,
        api_key=api_key or environment.get("GENERATIONS_API_KEY") or None,
        project=project,
        redactions=_redactions(redact if redact is not None else environment.get("GENERATIONS_REDACT", "")),
        sampling=_sampling(sample if sample is not None else environment.get("GENERATIONS_SAMPLE")),
        content=sends_content,
        spool=spool_folder,
        journal=_journal(journal if journal is not None else environment.get("GENERATIONS_JOURNAL"), spool_folder, sends_content),
        spool_bytes=_positive(spool_bytes, "spool_bytes"),
        memory_bytes=_positive(memory_bytes, "memory_bytes"),
        exit_seconds=_not_negative(exit_seconds, "exit_seconds"),
        enabled=enabled if enabled is not None else _switch(environment, "GENERATIONS_CAPTURE"),
    )


def _place(url: str) -> str:
    """An address without a slash at its end, or a folder from the root."""
    scheme, separator, rest = url.partition("://")
    if not separator:
        return str(Path(url).expanduser().absolute())
    if scheme == "chdb":
        return str(Path(rest))
    if scheme not in {"http", "https", "clickhouse"} or not rest:
        raise ConfigError(f"capture cannot send to {url!r}", hint="give http://host:4300 of a Generations server, or a folder")
    return url.rstrip("/")


def _redactions(given: Redaction | str | Sequence[Redaction | str]) -> tuple[Redaction, ...]:
    """Functions as they are; names of patterns as masks, `all` as all of them."""
    found: list[Redaction] = []
    for one in [given] if callable(given) or isinstance(given, str) else given:
        if callable(one):
            found.append(one)
            continue
        names = [name.strip() for name in one.split(",") if name.strip()]
        if names:
            found.append(mask() if names == ["all"] else mask(*names))
    return tuple(found)


def _sampling(given: float | str | Sequence[Sample] | None) -> Sampling:
    if given is None or given == "":
        return Sampling(())
    if isinstance(given, str | float | int):
        try:
            return Sampling((Sample(float(given)),))
        except ValueError:
            raise ConfigError(f"a sampling rate is a number, not {given!r}", hint="0.1 keeps one of ten") from None
    return Sampling(given)


def _switch(environment: Mapping[str, str], name: str) -> bool:
    text = environment.get(name, "").strip().lower()
    if text in _OFF:
        return False
    if text in _ON:
        return True
    raise ConfigError(f"{name} is on or off, not {text!r}")


def _journal(given: str | os.PathLike[str] | bool | None, spool: Path | None, sends_content: bool) -> Path | None:
    """A folder for each spool, since that is where what is in it goes; none where a system has no memory that outlives a process.

    Where content is to stay in the process there is none either, unless it was asked for.
    """
    if spool is None or not hasattr(os, "posix_fallocate"):
        return None
    if given is False or (isinstance(given, str) and given.lower() in _OFF):
        return None
    if given is None or given is True or given == "":
        above = SHARED_MEMORY if SHARED_MEMORY.is_dir() and (sends_content or given is True) else None
    else:
        above = Path(given).expanduser().absolute()
    return above and above / f"generations-{os.geteuid()}" / blake2b(os.fsencode(spool), digest_size=8).hexdigest()


def _spool(given: str | os.PathLike[str] | bool | None, place: str, project: str | None) -> Path | None:
    """A folder for each destination and project: what was meant for one never goes to another."""
    if given is False or (isinstance(given, str) and given.lower() in _OFF):
        return None
    if given is None or given is True or given == "":
        state = os.environ.get("XDG_STATE_HOME") or Path("~/.local/state").expanduser()
        above = Path(state) / "generations" / "spool"
    else:
        above = Path(given).expanduser()
    destination = blake2b(f"{place}\n{project or ''}".encode(), digest_size=8).hexdigest()
    return above.absolute() / destination


def _positive(value: int, name: str) -> int:
    if value <= 0:
        raise ConfigError(f"{name} is a number of bytes above 0, not {value!r}")
    return value


def _not_negative(seconds: float, name: str) -> float:
    if not 0 <= seconds <= threading.TIMEOUT_MAX:
        raise ConfigError(f"{name} is a number of seconds from 0 on, not {seconds!r}")
    return seconds
