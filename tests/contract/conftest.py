"""Collections on every target; each test has a project of its own."""

import pytest

from generations import Collection, Limits
from generations.store.store import Store


@pytest.fixture
def collection(engine, project) -> Collection:
    """A collection with nothing in it."""
    return Collection(Store(engine, project))


@pytest.fixture
def limited(engine, project) -> Collection:
    """The same collection, whose queries may return 100 rows and use 64 MiB."""
    return Collection(Store(engine, project, Limits(memory_bytes=64 << 20, result_rows=100)))
