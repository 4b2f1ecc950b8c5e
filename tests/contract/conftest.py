"""Collections on every target; each test has a project of its own."""

import asyncio

import pytest

from generations import AsyncGenerations, Collection, Generations, Limits
from generations.store.store import Store
from tests.targets.unlooped import Unlooped


@pytest.fixture
def collection(request, target, project):
    """A collection with nothing in it."""
    match target.name:
        case "server":
            with Generations(target.url, project=project) as collection:
                yield collection
        case "async":
            with asyncio.Runner() as loop, Unlooped(AsyncGenerations(target.url, project=project), loop) as collection:
                yield collection
        case _:
            yield Collection(Store(request.getfixturevalue("engine"), project))


@pytest.fixture
def limited(engine, project) -> Collection:
    """The same collection, whose queries may return 100 rows and use 64 MiB."""
    return Collection(Store(engine, project, Limits(memory_bytes=64 << 20, result_rows=100)))
