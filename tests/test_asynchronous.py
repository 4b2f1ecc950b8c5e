"""`AsyncGenerations` beyond the contract, which `tests/contract` holds it to."""

import asyncio
import inspect
import time

import pytest

from generations import AsyncGenerations, Generations, InvalidQuery, StoreUnavailable

RECORDS = [{"id": f"g-{n}", "model": {"id": "m"}, "parameters": {"n": n}} for n in range(250)]


@pytest.fixture
def folder(tmp_path):
    with Generations(tmp_path / "data") as generations:
        generations.insert_many(RECORDS)
        yield tmp_path / "data"


def public(kind: type) -> set[str]:
    return {name for name in dir(kind) if not name.startswith("_")}


def test_it_has_each_verb_with_its_signature() -> None:
    verbs = {name for name in public(Generations) if inspect.isfunction(getattr(Generations, name))}

    assert verbs <= public(AsyncGenerations)
    for name in verbs | {"__init__"}:
        ours, theirs = (inspect.signature(getattr(kind, name)).parameters for kind in (AsyncGenerations, Generations))
        assert list(ours.values()) == list(theirs.values()), name


def test_a_folder_is_read_with_async_for(folder) -> None:
    async def read() -> list[str]:
        async with AsyncGenerations(folder) as generations, generations.find().sort("parameters.n", -1).skip(1).limit(201) as cursor:
            first = await cursor.next()
            some = [record["id"] async for record in cursor]
            assert await cursor.to_list() == []
            return [first["id"], *some]

    assert asyncio.run(read()) == [f"g-{n}" for n in range(248, 47, -1)]


def test_a_cursor_hands_over_in_pieces_and_starts_again(folder) -> None:
    async def read() -> list[int]:
        async with AsyncGenerations(folder) as generations:
            cursor = generations.find()
            await anext(cursor)
            lengths = [len(await cursor.to_list(120)), len(await cursor.to_list())]
            await cursor.rewind()
            lengths.append(len(await cursor.to_list()))
            await cursor.close()
            return [*lengths, len(await cursor.to_list())]

    assert asyncio.run(read()) == [120, 129, 250, 0]


def test_the_loop_goes_on_while_a_query_runs(folder) -> None:
    async def longest_pause() -> float:
        async with AsyncGenerations(folder) as generations:
            asked = asyncio.create_task(generations.aggregate([{"$sort": {"parameters.n": 1}}, {"$count": "n"}]).to_list())
            longest, before = 0.0, time.monotonic()
            while not asked.done():
                await asyncio.sleep(0.001)
                now = time.monotonic()
                longest, before = max(longest, now - before), now
            assert await asked == [{"n": 250}]
            return longest

    assert asyncio.run(longest_pause()) < 0.5


def test_many_verbs_run_at_once(folder) -> None:
    async def counts() -> list[int]:
        async with AsyncGenerations(folder) as generations:
            return await asyncio.gather(*(generations.count_documents({"parameters.n": {"$lt": n}}) for n in range(20)))

    assert asyncio.run(counts()) == list(range(20))


def test_a_mistake_is_told_when_the_cursor_is_made(folder) -> None:
    async def ask() -> None:
        async with AsyncGenerations(folder) as generations:
            with pytest.raises(InvalidQuery):
                generations.find({"model.nme": "x"})

    asyncio.run(ask())


def test_it_is_closed_behind_its_block(folder) -> None:
    async def ask() -> None:
        async with AsyncGenerations(folder, project="other") as generations:
            assert (generations.project, generations.name) == ("other", str(folder))
        with pytest.raises(StoreUnavailable):
            await generations.count_documents({})

    asyncio.run(ask())
