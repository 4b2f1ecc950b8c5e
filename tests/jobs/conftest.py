"""A store on every target."""

import pytest

from generations.store.collection import Collection
from generations.store.store import Store


@pytest.fixture
def collection(engine, project) -> Collection:
    """A collection with nothing in it; its `store` is what jobs work on."""
    return Collection(Store(engine, project))
