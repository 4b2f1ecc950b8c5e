"""Pipelines: each stage turns a relation into the next."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, cast

from generations.query.context import Context, invalid, pointer, refuse_unknown_operator, refuse_unsupported
from generations.query.evaluate import condition
from generations.query.filter import Filter, parse_filter
from generations.query.operators import REFUSED_STAGES, STAGES
from generations.query.predicate import Filters
from generations.query.relation import Relation
from generations.query.value import Value

Stage = Callable[[Relation, Any, str], Relation]
"""Takes the rows, the raw argument of the stage and its pointer."""

REGISTRY: dict[str, Stage] = {}
"""Every stage by name; filled by the modules of `query.stages`."""

MOST_STAGES = 1000
"""As many stages as MongoDB takes."""


def stage(*names: str) -> Callable[[Stage], Stage]:
    """Register the function that compiles a stage."""

    def register(function: Stage) -> Stage:
        for name in names:
            assert name not in REGISTRY, name
            REGISTRY[name] = function
        return function

    return register


def run(relation: Relation, pipeline: Any, path: str = "") -> Relation:
    """Apply all stages in order.

    Raises:
        InvalidQuery: and its kinds, with a pointer such as `/2/$group/_id`.
    """
    if not isinstance(pipeline, list | tuple):
        raise invalid(f"a pipeline is a list of stages, not {type(pipeline).__name__}", path or "/")
    stages = cast("list[Any]", pipeline)
    if len(stages) > MOST_STAGES:
        raise invalid(f"a pipeline has at most {MOST_STAGES} stages", path or "/")
    for i, raw in enumerate(stages):
        name, argument, at = _stage(raw, pointer(path, i))
        relation = REGISTRY[name](relation, argument, at)
    return relation


def _stage(raw: Any, path: str) -> tuple[str, Any, str]:
    if not isinstance(raw, Mapping) or len(cast("Mapping[Any, Any]", raw)) != 1:
        raise invalid("a stage is an object with one key, the stage's name", path, 'write {"$match": {…}}')
    name, argument = next(iter(cast("Mapping[Any, Any]", raw).items()))
    at = pointer(path, name)
    if name in REFUSED_STAGES:
        raise refuse_unsupported(name, REFUSED_STAGES[name], at)
    if name not in STAGES:
        raise refuse_unknown_operator(str(name), STAGES, at, "stage")
    return str(name), argument, at


def matching(relation: Relation, filter: Filter) -> Relation:
    """The rows whose documents satisfy a filter."""
    filters = Filters(relation.context, relation.root, expressions_of(relation.context), of_table=relation.is_table)
    condition = filters.compile(filter)
    return replace(relation.matching(condition), filters=(*relation.filters, filter))


def filtered(relation: Relation, raw: Any, path: str) -> Relation:
    """The rows whose documents satisfy a raw filter."""
    return matching(relation, parse_filter(raw, path))


def expressions_of(context: Context) -> Callable[[Any, str, Value], str]:
    """How `$expr` inside a filter is compiled."""
    return lambda raw, path, root: condition(context, raw, path, root)
