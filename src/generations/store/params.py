"""Parameter values as the text the engine parses them from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from generations.query.compiled import Param
    from generations.store.engine import Params

# A value at the top is read as a field of TSV, one inside an array as a quoted literal.
_TOP = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\0": "\\0"})
_QUOTED = str.maketrans({"\\": "\\\\", "'": "\\'", "\0": "\\0"})


def as_texts(params: Params | None) -> dict[str, str]:
    """Every parameter as text, by name."""
    return {name: as_text(param) for name, param in (params or {}).items()}


def as_text(param: Param) -> str:
    """One value: str, bool, int, float, None or a list of those, nested as its type is."""
    value: Any = param.value
    if value is None:
        return "\\N"
    if isinstance(value, str):
        return value.translate(_TOP)
    return _literal(value)


def _literal(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, str):
        return "'" + value.translate(_QUOTED) + "'"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, tuple):
        return "(" + ",".join(_literal(one) for one in cast("tuple[Any, ...]", value)) + ")"
    return "[" + ",".join(_literal(one) for one in cast("Sequence[Any]", value)) + "]"
