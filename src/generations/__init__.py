"""The system of record for everything that AI models produce.

    from generations import Generations

    with Generations("./generations-data") as generations:
        generations.insert_one({"model": {"id": "gpt-4"}, "output": {"type": "text", "content": "Hello."}})
        generations.find_one({"model.id": "gpt-4"})

Names are loaded when they are first used: importing the package loads neither an engine nor a file format.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from generations.asynchronous import AsyncCursor, AsyncGenerations
    from generations.capture import generation, instrument, recorded
    from generations.connect import Generations
    from generations.errors import (
        AccessDenied,
        Busy,
        ConfigError,
        GenerationsError,
        InvalidInput,
        InvalidQuery,
        InvalidRecord,
        LimitExceeded,
        MissingExtra,
        NotFound,
        QueryFailed,
        RateLimited,
        StoreDamaged,
        StoreError,
        StoreUnavailable,
        TooLarge,
        UnknownField,
        UnknownOperator,
        Unsupported,
    )
    from generations.record.generation import Generation
    from generations.record.sample import sample_generations
    from generations.store.collection import Collection
    from generations.store.cursor import Cursor
    from generations.store.limits import Limits

__all__ = [
    "AccessDenied",
    "AsyncCursor",
    "AsyncGenerations",
    "Busy",
    "Collection",
    "ConfigError",
    "Cursor",
    "Generation",
    "Generations",
    "GenerationsError",
    "InvalidInput",
    "InvalidQuery",
    "InvalidRecord",
    "LimitExceeded",
    "Limits",
    "MissingExtra",
    "NotFound",
    "QueryFailed",
    "RateLimited",
    "StoreDamaged",
    "StoreError",
    "StoreUnavailable",
    "TooLarge",
    "UnknownField",
    "UnknownOperator",
    "Unsupported",
    "generation",
    "instrument",
    "recorded",
    "sample_generations",
]

_HOMES = {
    "AsyncCursor": "generations.asynchronous",
    "AsyncGenerations": "generations.asynchronous",
    "Collection": "generations.store.collection",
    "Cursor": "generations.store.cursor",
    "Generation": "generations.record.generation",
    "Generations": "generations.connect",
    "Limits": "generations.store.limits",
    "generation": "generations.capture",
    "instrument": "generations.capture",
    "recorded": "generations.capture",
    "sample_generations": "generations.record.sample",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'generations' has no attribute {name!r}")
    value = getattr(import_module(_HOMES.get(name, "generations.errors")), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
