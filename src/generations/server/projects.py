"""The collections of one engine, one for each project."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Final

from generations.server.measured import Measures
from generations.store.collection import Collection
from generations.store.store import Store

if TYPE_CHECKING:
    from generations.pricing.prices import Prices
    from generations.store.engine import Engine
    from generations.store.limits import Limits

_MOST_OPEN: Final = 1000


class Projects:
    """Hands out the collection of a project; safe to use from many threads. Whoever makes the engine hands it over.

    Attributes:
        measures: of what is recorded in them.
    """

    def __init__(
        self, engine: Engine, limits: Limits | None = None, max_record_bytes: int | None = None, prices: Prices | None = None
    ) -> None:
        self._engine = engine
        self._limits = limits
        self._max_record_bytes = max_record_bytes
        self._prices = prices
        self.measures = Measures()
        self._lock = threading.Lock()
        self._open: OrderedDict[str, Collection] = OrderedDict()

    @property
    def engine(self) -> Engine:
        return self._engine

    def opened(self, project: str) -> Collection | None:
        """The collection of a project where it is open already; does not block."""
        return self._open.get(project)

    def collection(self, project: str) -> Collection:
        """The collection of a project, made when it is first asked for. Blocks; the first one runs the migrations."""
        with self._lock:
            found = self._open.pop(project, None) or self._made(project)
            self._open[project] = found
            if len(self._open) > _MOST_OPEN:
                self._open.popitem(last=False)
            return found

    def _made(self, project: str) -> Collection:
        return Collection(Store(self._engine, project, self._limits, self.measures.written, self._prices), self._max_record_bytes)

    def close(self) -> None:
        self._engine.close()
