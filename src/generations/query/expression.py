"""Expressions, parsed: constants, paths, variables, objects, arrays and calls as a closed tree of frozen nodes."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from generations.query.constants import Pattern, constant
from generations.query.context import MAX_DEPTH, invalid, pointer, refuse_unknown_operator, refuse_unsupported
from generations.query.operators import EXPRESSIONS, REFUSED_EXPRESSIONS, VARIABLES, Signature


@dataclass(frozen=True, slots=True)
class Constant:
    """None, bool, int, float, str, aware datetime, Pattern, list or dict."""

    value: Any
    path: str = ""


@dataclass(frozen=True, slots=True)
class FieldPath:
    """`$a.b`: from the current document."""

    steps: tuple[str, ...]
    path: str


@dataclass(frozen=True, slots=True)
class Variable:
    """`$$name.a.b`."""

    name: str
    steps: tuple[str, ...]
    path: str


@dataclass(frozen=True, slots=True)
class ObjectOf:
    fields: tuple[tuple[str, Expression], ...]
    path: str


@dataclass(frozen=True, slots=True)
class ArrayOf:
    items: tuple[Expression, ...]
    path: str


@dataclass(frozen=True, slots=True)
class Call:
    """An operator with its arguments: positional, named, or both empty; `names` holds names of variables it binds."""

    op: str
    path: str
    args: tuple[Expression, ...] = ()
    named: Mapping[str, Expression] = field(default_factory=dict[str, "Expression"])
    names: Mapping[str, str] = field(default_factory=dict[str, str])


Expression = Constant | FieldPath | Variable | ObjectOf | ArrayOf | Call

SYSTEM_VARIABLES = frozenset(VARIABLES)


def parse_expression(raw: Any, path: str, variables: frozenset[str] = frozenset(), depth: int = 0) -> Expression:
    """Read an expression.

    Args:
        variables: names bound around it (`$let`, `$map`, …).

    Raises:
        InvalidQuery: and its kinds, with a pointer.
    """
    if depth > MAX_DEPTH:
        raise invalid(f"the expression nests deeper than {MAX_DEPTH} levels", path)
    if isinstance(raw, str) and raw.startswith("$"):
        return _path(raw, path, variables)
    if isinstance(raw, list | tuple):
        items = cast("list[Any]", raw)
        return ArrayOf(tuple(parse_expression(item, pointer(path, i), variables, depth + 1) for i, item in enumerate(items)), path)
    if not isinstance(raw, Mapping):
        return Constant(constant(raw, path), path)
    fields = cast("Mapping[Any, Any]", raw)
    if len(fields) == 1:
        name = next(iter(fields))
        if name in ("$date", "$regularExpression", "$numberInt", "$numberLong", "$numberDouble", "$oid", "$numberDecimal"):
            return Constant(constant(raw, path), path)
        if isinstance(name, str) and name.startswith("$"):
            return _call(name, fields[name], pointer(path, name), variables, depth + 1)
    return _object(fields, path, variables, depth)


def _object(fields: Mapping[Any, Any], path: str, variables: frozenset[str], depth: int) -> Expression:
    out: list[tuple[str, Expression]] = []
    for name, value in fields.items():
        at = pointer(path, name)
        if not isinstance(name, str):
            raise invalid(f"a key must be a string, not {type(name).__name__}", path)
        if name.startswith("$"):
            raise invalid(f"{name} must be the only key of its object", at)
        if "." in name:
            raise invalid(f"{name!r}: a key of an object expression has no dots", at, "nest objects, or use $setField")
        out.append((name, parse_expression(value, at, variables, depth + 1)))
    return ObjectOf(tuple(out), path)


def _path(raw: str, path: str, variables: frozenset[str]) -> Expression:
    if raw.startswith("$$"):
        name, *steps = raw[2:].split(".")
        if name not in variables and name not in SYSTEM_VARIABLES:
            if name and (name[0].isupper() or not name[0].isalpha()):
                raise refuse_unknown_operator(name, SYSTEM_VARIABLES, path, "variable")
            raise refuse_unknown_operator(name, variables | SYSTEM_VARIABLES, path, "variable")
        _check_steps(steps, raw, path)
        return Variable(name, tuple(steps), path)
    steps = raw[1:].split(".")
    _check_steps(steps, raw, path)
    return FieldPath(tuple(steps), path)


def _check_steps(steps: list[str], raw: str, path: str) -> None:
    for step in steps:
        if not step or step.startswith("$") or "\0" in step:
            raise invalid(f"{raw!r} is not a field path", path, "use $literal for a text that starts with $, $getField for such a key")


def _call(op: str, raw: Any, path: str, variables: frozenset[str], depth: int) -> Expression:
    signature = EXPRESSIONS.get(op)
    if signature is None:
        if op in REFUSED_EXPRESSIONS:
            raise refuse_unsupported(op, REFUSED_EXPRESSIONS[op], path)
        raise refuse_unknown_operator(op, EXPRESSIONS, path)
    binding = _BINDING.get(op)
    if binding:
        return binding(raw, path, variables, depth)
    if signature.most == -1 or (signature.names and isinstance(raw, Mapping) and not _is_call(cast("Mapping[Any, Any]", raw))):
        given = _arguments(op, raw, path)
        named = {name: parse_expression(value, pointer(path, name), variables, depth) for name, value in given.items()}
        return Call(op, path, named=named)
    whole = isinstance(raw, list | tuple)
    items: list[Any] = list(cast("list[Any]", raw)) if whole else [raw]
    if len(items) < signature.least or (signature.most is not None and len(items) > signature.most):
        raise invalid(f"{op} takes {_count(signature)}, not {len(items)}", path)
    args = tuple(parse_expression(item, pointer(path, i) if whole else path, variables, depth) for i, item in enumerate(items))
    return Call(op, path, args=args)


def _is_call(raw: Mapping[Any, Any]) -> bool:
    return len(raw) == 1 and str(next(iter(raw))).startswith("$")


def _arguments(op: str, raw: Any, path: str) -> Mapping[Any, Any]:
    """The named arguments of an operator, all known and none missing."""
    names = EXPRESSIONS[op].names
    if not isinstance(raw, Mapping):
        raise invalid(f"{op} needs an object with {_listed(names)}", path)
    given = cast("Mapping[Any, Any]", raw)
    known = [name.rstrip("?") for name in names]
    for name in given:
        if name not in known:
            raise refuse_unknown_operator(str(name), known, pointer(path, name), f"argument of {op}")
    for name in names:
        if not name.endswith("?") and name not in given:
            raise invalid(f"{op} needs {name!r}", path)
    return given


def _count(signature: Signature) -> str:
    if signature.most is None:
        return f"at least {signature.least} arguments"
    if signature.least == signature.most:
        return f"{signature.least} argument{'s' if signature.least != 1 else ''}"
    return f"{signature.least} to {signature.most} arguments"


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(name.rstrip("?") for name in names)


# --- operators that bind variables or do not evaluate their arguments ---------------------------------------------------

Binding = Callable[[Any, str, frozenset[str], int], Expression]
"""Reads the raw argument of an operator, at a pointer, with the variables bound around it and the depth it stands at."""


def _literal(raw: Any, path: str, _variables: frozenset[str], _depth: int) -> Expression:
    value = constant(raw, path)
    if isinstance(value, Pattern):
        raise invalid("a regular expression cannot be a value", path)
    return Constant(value, path)


def _let(raw: Any, path: str, variables: frozenset[str], depth: int) -> Expression:
    given = _arguments("$let", raw, path)
    names = given["vars"]
    if not isinstance(names, Mapping):
        raise invalid("vars must be an object", pointer(path, "vars"))
    at = pointer(path, "vars")
    bound: dict[str, Expression] = {}
    for name, value in cast("Mapping[Any, Any]", names).items():
        bound[_variable_name(name, pointer(at, name))] = parse_expression(value, pointer(at, name), variables, depth)
    inner = parse_expression(given["in"], pointer(path, "in"), variables | bound.keys(), depth)
    return Call("$let", path, named={**{f"vars.{n}": v for n, v in bound.items()}, "in": inner}, names={n: n for n in bound})


_VARIABLE = re.compile(r"[a-z\x80-\U0010ffff][A-Za-z0-9_\x80-\U0010ffff]*|CURRENT")


def _variable_name(name: Any, path: str) -> str:
    if not isinstance(name, str) or not _VARIABLE.fullmatch(name):
        raise invalid(f"{name!r} cannot name a variable", path, "names start with a lower-case letter")
    return name


def _over_elements(op: str, body: str) -> Binding:
    def parse(raw: Any, path: str, variables: frozenset[str], depth: int) -> Expression:
        given = _arguments(op, raw, path)
        name = _variable_name(given.get("as", "this"), pointer(path, "as"))
        named = {key: parse_expression(given[key], pointer(path, key), variables, depth) for key in given if key not in ("as", body)}
        named[body] = parse_expression(given[body], pointer(path, body), variables | {name}, depth)
        return Call(op, path, named=named, names={"as": name})

    return parse


def _reduce(raw: Any, path: str, variables: frozenset[str], depth: int) -> Expression:
    given = _arguments("$reduce", raw, path)
    named = {key: parse_expression(given[key], pointer(path, key), variables, depth) for key in ("input", "initialValue")}
    named["in"] = parse_expression(given["in"], pointer(path, "in"), variables | {"this", "value"}, depth)
    return Call("$reduce", path, named=named)


def _switch(raw: Any, path: str, variables: frozenset[str], depth: int) -> Expression:
    given = _arguments("$switch", raw, path)
    branches = given["branches"]
    at = pointer(path, "branches")
    if not isinstance(branches, list | tuple) or not branches:
        raise invalid("branches must be a list of at least one", at)
    args: list[Expression] = []
    for i, branch in enumerate(cast("list[Any]", branches)):
        where = pointer(at, i)
        if not isinstance(branch, Mapping) or set(cast("Mapping[Any, Any]", branch)) != {"case", "then"}:
            raise invalid("a branch is an object with case and then", where)
        args += [parse_expression(branch[key], pointer(where, key), variables, depth) for key in ("case", "then")]
    named = {"default": parse_expression(given["default"], pointer(path, "default"), variables, depth)} if "default" in given else {}
    return Call("$switch", path, args=tuple(args), named=named)


def _zip(raw: Any, path: str, variables: frozenset[str], depth: int) -> Expression:
    given = _arguments("$zip", raw, path)
    longest = given.get("useLongestLength", False)
    if not isinstance(longest, bool):
        raise invalid("useLongestLength must be true or false", pointer(path, "useLongestLength"))
    if "defaults" in given and not longest:
        raise invalid("defaults need useLongestLength: true", pointer(path, "defaults"))
    named = {key: parse_expression(given[key], pointer(path, key), variables, depth) for key in ("inputs", "defaults") if key in given}
    return Call("$zip", path, named={**named, "useLongestLength": Constant(longest)})


def _sort_array(raw: Any, path: str, variables: frozenset[str], depth: int) -> Expression:
    given = _arguments("$sortArray", raw, path)
    by = constant(given["sortBy"], pointer(path, "sortBy"))
    source = parse_expression(given["input"], pointer(path, "input"), variables, depth)
    return Call("$sortArray", path, named={"input": source, "sortBy": Constant(by, pointer(path, "sortBy"))})


_BINDING: dict[str, Binding] = {
    "$literal": _literal,
    "$let": _let,
    "$map": _over_elements("$map", "in"),
    "$filter": _over_elements("$filter", "cond"),
    "$reduce": _reduce,
    "$switch": _switch,
    "$zip": _zip,
    "$sortArray": _sort_array,
}
