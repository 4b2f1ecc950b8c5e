"""What a running server holds: the collections, the writer that all requests share, and the room for blocking work."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from anyio import CapacityLimiter

from generations.server.access import Rates
from generations.server.exports import Exports
from generations.server.health import Health
from generations.server.links import Links

if TYPE_CHECKING:
    from generations.joining.joiner import Joiner
    from generations.server.committer import Committer
    from generations.server.keyring import KeyRing
    from generations.server.metrics import Metrics
    from generations.server.projects import Projects
    from generations.server.room import Room
    from generations.server.settings import ServerSettings
    from generations.server.telemetry import Telemetry


@dataclass(slots=True)
class State:
    """Made when the server starts; limiters belong to its event loop."""

    projects: Projects
    committer: Committer
    joiner: Joiner
    settings: ServerSettings
    keys: KeyRing
    room: Room
    metrics: Metrics
    telemetry: Telemetry | None
    links: Links = field(init=False)
    health: Health = field(init=False)
    rates: Rates = field(init=False)
    reads: CapacityLimiter = field(init=False)
    writes: CapacityLimiter = field(init=False)
    exports: Exports = field(init=False)
    encoders: CapacityLimiter = field(init=False)

    def __post_init__(self) -> None:
        self.links = Links(self.settings.links)
        self.health = Health(lambda: self.committer.is_writing and self.joiner.is_working, self.projects.engine.probe)
        self.rates = Rates(self.settings.rate_per_second)
        self.reads = CapacityLimiter(self.settings.concurrent_reads)
        self.writes = CapacityLimiter(4)
        self.encoders = CapacityLimiter(2)
        self.exports = Exports(self.settings.concurrent_exports)
