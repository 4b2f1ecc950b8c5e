"""How we ask: MongoDB's language, parsed, checked and compiled to one SQL statement. Pure: no engine is needed to compile."""

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
