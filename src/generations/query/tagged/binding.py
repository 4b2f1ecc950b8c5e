"""Names for values inside one SQL expression, and conditions that are decided here where they can be."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Final

from generations.errors import InvalidQuery

MOST_NAMES: Final = 100_000
"""In one statement, which then has 10 to 40 MB; engines read 64 MB."""
MOST_WRITTEN: Final = 512 << 20
"""Characters of all that is named or selected from, counted again with everything around it, for it is copied: 1 s in all."""


class _Names(threading.local):
    """The counters of lambda parameters and of what they hold, for each thread: a statement is compiled in one."""

    def __init__(self) -> None:
        self.next = 0
        self.written = 0


_names = _Names()


def restart_names() -> None:
    """Begin a statement: the same query always gives the same text."""
    _names.next = _names.written = 0


def written(sql: str) -> str:
    """A part of the statement that is about to be copied into another one.

    Raises:
        InvalidQuery: too much was.
    """
    _names.written += len(sql)
    if _names.written > MOST_WRITTEN:
        raise _too_large()
    return sql


def let(value: str, body: Callable[[str], str]) -> str:
    """Evaluate `value` once and use it by name in `body`."""
    if is_name(value):
        return body(value)
    name = fresh()
    return f"arrayMap({function([name], body(name))}, [{written(value)}])[1]"


LOOSE = "/*\\*/"
"""Marks where a test that may fail the query takes up what it must depend on; no quoted name or text can contain it."""


def function(parameters: Sequence[str], body: str) -> str:
    """A lambda over parameters.

    The engine computes what does not depend on a lambda's parameters outside of it, for all rows, also where an `if`
    inside guards it. So every test in the body that may fail the query is made to depend on a parameter.
    """
    names = f"({', '.join(parameters)})" if len(parameters) > 1 else parameters[0]
    return f"{names} -> {written(body).replace(LOOSE, f', {parameters[-1]}{LOOSE}')}"


def let_all(bound: Sequence[tuple[str, str]], body: str) -> str:
    """Evaluate several values once each: (name from `fresh`, value); `body` uses the names."""
    if not bound:
        return body
    values = written(", ".join(f"[{value}]" for _, value in bound))
    return f"arrayMap({function([name for name, _ in bound], body)}, {values})[1]"


def choose(cases: Sequence[tuple[str, str]], otherwise: str) -> str:
    """The value of the first condition that holds; the conditions '0' and '1' are decided here."""
    kept: list[tuple[str, str]] = []
    for condition, value in cases:
        if condition == "1":
            otherwise = value
            break
        if condition != "0":
            kept.append((condition, value))
    return f"multiIf({', '.join(f'{c}, {v}' for c, v in kept)}, {otherwise})" if kept else otherwise


def any_of(conditions: Sequence[str]) -> str:
    """Whether one condition holds; '0' and '1' are decided here."""
    kept = [c for c in dict.fromkeys(conditions) if c != "0"]
    return "1" if "1" in kept else f"({' OR '.join(kept)})" if kept else "0"


def all_of(conditions: Sequence[str]) -> str:
    """Whether all conditions hold; '0' and '1' are decided here."""
    kept = [c for c in dict.fromkeys(conditions) if c != "1"]
    return "0" if "0" in kept else f"({' AND '.join(kept)})" if kept else "1"


def none_of(condition: str) -> str:
    """Whether a condition does not hold; '0' and '1' are decided here."""
    return {"0": "1", "1": "0"}.get(condition, f"NOT {condition}")


def fails(condition: str, message: str) -> str:
    """A condition that never holds: where `condition` does, the query fails instead. For the cases of `choose`.

    The condition may be NULL, which is not to fail; the engine by itself looks at the garbage below a NULL.
    """
    if condition == "0":
        return "0"
    return f"throwIf(tuple(ifNull({condition}, 0){LOOSE}).1, {quote(message)})"


def fresh() -> str:
    """A name for a lambda's parameter, unused so far.

    Raises:
        InvalidQuery: there are too many.
    """
    _names.next += 1
    if _names.next > MOST_NAMES:
        raise _too_large()
    return f"x{_names.next}"


def is_name(sql: str) -> bool:
    """Whether an expression is a bare column, parameter of a lambda, bound parameter or short constant."""
    return sql.isidentifier() or (sql.startswith("{") and sql.endswith("}") and sql.count("{") == 1) or sql in ("''", "'null'")


def quote(text: str) -> str:
    """An SQL string literal of a name (a key of a path, a field). Values never come this way: they are bound."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'").replace("\0", "\\0")
    return f"'{escaped}'"


def _too_large() -> InvalidQuery:
    return InvalidQuery("the question is too large: too many expressions, or too many within each other", path="/")
