"""How we ask: MongoDB's language, parsed, checked and compiled to one SQL statement. Pure: no engine is needed to compile.

The compiler is loaded when it is first used, so that importing what stands on it stays light.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from generations.query.compile import compile_aggregate, compile_count, compile_distinct, compile_find, compile_keys
    from generations.query.compiled import Compiled, Param, Source
    from generations.query.update import Update, apply_update, parse_update

__all__ = [
    "Compiled",
    "Param",
    "Source",
    "Update",
    "apply_update",
    "compile_aggregate",
    "compile_count",
    "compile_distinct",
    "compile_find",
    "compile_keys",
    "parse_update",
]

_HOMES = {
    "Compiled": "generations.query.compiled",
    "Param": "generations.query.compiled",
    "Source": "generations.query.compiled",
    "Update": "generations.query.update",
    "apply_update": "generations.query.update",
    "parse_update": "generations.query.update",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'generations.query' has no attribute {name!r}")
    value = getattr(import_module(_HOMES.get(name, "generations.query.compile")), name)
    globals()[name] = value
    return value
