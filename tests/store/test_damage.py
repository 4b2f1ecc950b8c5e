"""What is damaged on disk is told, with the part's name, and is never read as something else."""

from collections.abc import Callable
from pathlib import Path

import pytest

from generations.errors import StoreDamaged
from generations.store.chdb_engine import ChdbEngine
from generations.store.store import Store

from .rows import ask, encoded, rows


def a_store_with_parts(folder: Path) -> dict[str, Path]:
    """A closed store of two parts, by name."""
    store = Store(ChdbEngine(folder))
    store.insert(encoded({"id": f"g-{n}", "output": {"type": "text", "content": "some words " * 50}} for n in range(2000)))
    store.insert(rows("last"))
    found = store._engine.query("SELECT name, path FROM system.parts WHERE active AND table = 'generations'").to_pylist()
    store.close()
    return {row["name"]: Path(row["path"]) for row in found}


def flip(file: Path) -> None:
    """Turn round the bits of some bytes in the middle."""
    content = bytearray(file.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 40] = bytes(byte ^ 0xFF for byte in content[middle : middle + 40])
    file.write_bytes(content)


def test_flipped_bits_are_told_when_they_are_read(folder: Path) -> None:
    parts = a_store_with_parts(folder)
    flip(parts["all_1_1_0"] / "data.bin")
    store = Store(ChdbEngine(folder))

    with pytest.raises(StoreDamaged, match=r"part all_1_1_0 of .* is damaged: Checksum doesn't match") as told:
        ask(store, "*")

    assert told.value.hint == "restore the folder from a backup"
    store.close()


@pytest.mark.parametrize(
    "harm",
    [
        pytest.param(lambda part: flip(part / "checksums.txt"), id="flipped checksums"),
        pytest.param(lambda part: (part / "data.bin").write_bytes(b""), id="emptied data"),
        pytest.param(lambda part: (part / "data.bin").unlink(), id="missing data"),
        pytest.param(lambda part: (part / "columns.txt").unlink(), id="missing columns"),
    ],
)
def test_a_part_that_cannot_be_opened_is_told_at_open(folder: Path, harm: Callable[[Path], object]) -> None:
    """The engine itself would set it aside and answer without its records."""
    harm(a_store_with_parts(folder)["all_1_1_0"])

    for _ in range(2):  # and is told again, until somebody has decided
        with pytest.raises(StoreDamaged, match=r"part all_1_1_0 of .* is damaged, and was set aside") as told:
            ChdbEngine(folder)

    assert "restore the folder from a backup" in told.value.hint
    assert str(folder) in told.value.hint


def test_a_store_without_its_table_is_not_made_anew(folder: Path) -> None:
    a_store_with_parts(folder)
    (table,) = folder.glob("store/*/*/generations.sql")
    table.unlink()
    engine = ChdbEngine(folder)

    with pytest.raises(StoreDamaged, match="has lost its table"):
        Store(engine)

    engine.close()


def test_a_table_that_cannot_be_understood_is_told(folder: Path) -> None:
    a_store_with_parts(folder)
    (table,) = folder.glob("store/*/*/generations.sql")
    table.write_text("nonsense")

    with pytest.raises(StoreDamaged, match="cannot be opened"):
        ChdbEngine(folder)
