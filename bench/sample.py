"""The sample as a file of JSON lines."""

from __future__ import annotations

from pathlib import Path

import msgspec

from bench.place import part
from generations.record.sample import sample_generations


@part
def write_sample(size: int, path: str) -> int:
    """Write `size` sample generations; returns the bytes."""
    encoder = msgspec.json.Encoder()
    with Path(path).open("wb", buffering=1 << 20) as file:
        file.writelines(encoder.encode(record) + b"\n" for record in sample_generations(size))
        return file.tell()
