"""`$densify`: documents for the steps that have none."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from . import calendar_units as units
from .expressions import check_names, evaluate
from .order import group_key
from .projection import Computed, add_fields, check_path
from .values import MISSING, is_nullish, is_number, need

Docs = list[dict[str, Any]]


def densify(spec: Any, docs: Docs) -> Docs:
    """Each partition in order of the field, with a new document for each step without one.

    A new document holds the field and the partition's fields. Documents without the field come first.
    """
    check_names("$densify", spec, ("field", "range"), ("partitionByFields",))
    check_names("$densify", spec["range"], ("step", "bounds"), ("unit",))
    step, bounds, unit = spec["range"]["step"], spec["range"]["bounds"], spec["range"].get("unit")
    check_path(spec["field"])
    fields = spec.get("partitionByFields", [])
    need(is_number(step) and step > 0, "the step must be above 0", 5733401)
    need(bounds in ("full", "partition") or (isinstance(bounds, list) and len(bounds) == 2), "not bounds", 5733402)
    need(bounds != "partition" or bool(fields), "bounds 'partition' need partitionByFields", 5733408)
    values = {id(doc): evaluate("$" + spec["field"], doc) for doc in docs}
    placed = [doc for doc in docs if not is_nullish(values[id(doc)])]
    for doc in placed:
        wanted = is_number(values[id(doc)]) if unit is None else isinstance(values[id(doc)], datetime)
        need(wanted, "the field must hold numbers, or dates with a unit", 5733201)
    result = [doc for doc in docs if is_nullish(values[id(doc)])]
    parts: dict[Any, Docs] = {}
    for doc in placed:
        parts.setdefault(group_key([evaluate("$" + field, doc) for field in fields]), []).append(doc)
    every = [values[id(doc)] for doc in placed]
    for part in parts.values():
        own = [values[id(doc)] for doc in part]
        steps = _steps(bounds, every if bounds == "full" else own, step, unit)
        new = [_new_document(spec["field"], fields, part[0], place) for place in steps if place not in own]
        result += sorted([*part, *new], key=lambda doc: evaluate("$" + spec["field"], doc))
    return result


def _steps(bounds: Any, values: list[Any], step: Any, unit: Any) -> Iterator[Any]:
    """From the first to the last value, or up to but without the upper bound that was given."""
    first, last = bounds if isinstance(bounds, list) else (min(values), max(values))
    place, count = first, 0
    while place < last or (place == last and bounds == "full"):
        yield place
        count += 1
        place = first + count * step if unit is None else units.add(first, units.check_unit(unit), count * int(step), timedelta(0))


def _new_document(field: str, fields: list[str], like: dict[str, Any], place: Any) -> dict[str, Any]:
    doc: dict[str, Any] = {}
    for path, value in [*((name, evaluate("$" + name, like)) for name in fields), (field, place)]:
        tree: Any = Computed("$$REMOVE" if value is MISSING else {"$literal": value})
        for name in reversed(check_path(path)):
            tree = {name: tree}
        doc = add_fields(tree, doc)
    return doc
