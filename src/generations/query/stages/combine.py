"""`$facet`: several pipelines over the same documents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from generations.query.context import invalid, pointer
from generations.query.pipeline import run, stage
from generations.query.relation import Relation
from generations.query.value import Document, Tagged, Value, to_tagged


@stage("$facet")
def _facet(relation: Relation, raw: Any, path: str) -> Relation:
    if not isinstance(raw, Mapping) or not raw:
        raise invalid("$facet takes an object of pipelines", path)
    fields: dict[str, Value] = {}
    items: list[str] = []
    for i, (name, pipeline) in enumerate(cast("Mapping[Any, Any]", raw).items()):
        at = pointer(path, name)
        if not isinstance(name, str) or not name or name.startswith("$") or "." in name:
            raise invalid(f"{name!r} cannot name an output field", at)
        for j, inner in enumerate(cast("list[Any]", pipeline) if isinstance(pipeline, list) else []):
            if isinstance(inner, Mapping) and "$facet" in inner:
                raise invalid("$facet cannot stand inside $facet", pointer(at, j))
        inside = run(relation, pipeline, at)
        documents = inside.select(f"{to_tagged(inside.root)} AS d", ordered=True)
        items.append(f"(SELECT concat('[', arrayStringConcat(groupArray(d), ','), ']') FROM ({documents})) AS f{i}")
        fields[name] = Tagged(f"assumeNotNull(f{i})")
    return Relation(relation.context, f"(SELECT {', '.join(items)})", (), Document(fields))
