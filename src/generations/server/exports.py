"""Exports under way and those that have ended: how many may run, and what each has sent."""

from __future__ import annotations

import hashlib
import secrets
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Literal

from anyio import CapacityLimiter

from generations.errors import Busy
from generations.record.instants import iso

_MOST_KEPT: Final = 1000
_RETRY_AFTER_SECONDS: Final = 5


@dataclass(slots=True)
class Manifest:
    """What one export has sent so far; `sha256` and `size_bytes` are of the data as it is when unpacked."""

    id: str
    project: str
    format: str
    snapshot: int
    state: Literal["running", "complete", "failed"] = "running"
    count: int = 0
    size_bytes: int = 0
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    finished_at: datetime | None = None
    digest: Any = field(default_factory=hashlib.sha256)

    def add(self, data: bytes, records: int) -> None:
        self.digest.update(data)
        self.size_bytes += len(data)
        self.count += records

    def told(self) -> dict[str, Any]:
        """As JSON; the digest stands only under a whole export."""
        return {
            "id": self.id,
            "state": self.state,
            "format": self.format,
            "snapshot": str(self.snapshot),
            "count": self.count,
            "bytes": self.size_bytes,
            "sha256": self.digest.hexdigest() if self.state == "complete" else None,
            "startedAt": iso(self.started_at),
            "finishedAt": iso(self.finished_at) if self.finished_at else None,
        }


class Exports:
    """The exports of a server. Belongs to its event loop.

    Manifests are kept in memory, the last thousand of them.
    """

    def __init__(self, most_running: int) -> None:
        self.threads = CapacityLimiter(most_running)
        self._most_running = most_running
        self._running = 0
        self._kept: OrderedDict[str, Manifest] = OrderedDict()

    def begin(self, project: str, format: str, snapshot: int) -> Manifest:
        """Take a place for an export; `end` gives it back.

        Raises:
            Busy: as many as may are running. They may run for long, so nobody is kept waiting.
        """
        if self._running >= self._most_running:
            raise Busy(f"{self._running} exports are running", hint="try again after one has ended", retry_after=_RETRY_AFTER_SECONDS)
        self._running += 1
        manifest = Manifest(secrets.token_hex(16), project, format, snapshot)
        self._kept[manifest.id] = manifest
        if len(self._kept) > _MOST_KEPT:
            self._kept.popitem(last=False)
        return manifest

    def end(self, manifest: Manifest, *, is_whole: bool) -> None:
        """Note that an export has ended, and make room for the next."""
        self._running -= 1
        manifest.state = "complete" if is_whole else "failed"
        manifest.finished_at = datetime.now(UTC)

    def found(self, id: str, project: str) -> Manifest | None:
        """The manifest of an export of this project; None when there is none any more."""
        manifest = self._kept.get(id)
        return manifest if manifest is not None and manifest.project == project else None
