"""Objects and their fields. Names with dots or dollars are reachable here and only here."""

from typing import Any

from .expressions import Scope, check_names, eager, lazy
from .values import MISSING, is_nullish, need, type_name


@eager("$objectToArray")
def _object_to_array(value: Any) -> Any:
    if is_nullish(value):
        return None
    need(isinstance(value, dict), f"$objectToArray requires a document input, found: {type_name(value)}", 40390)
    return [{"k": name, "v": item} for name, item in value.items()]


@eager("$arrayToObject")
def _array_to_object(array: Any) -> Any:
    """Of `[name, value]` pairs or `{k, v}` objects, not both."""
    if is_nullish(array):
        return None
    need(isinstance(array, list), f"$arrayToObject requires an array input, found: {type_name(array)}", 40386)
    result: dict[str, Any] = {}
    kind = dict if array and isinstance(array[0], dict) else list
    for item in array:
        need(isinstance(item, kind), "$arrayToObject requires a consistent input format", 40391)
        if isinstance(item, dict):
            need(set(item) == {"k", "v"}, "$arrayToObject requires an object with keys 'k' and 'v'", 40392)
            name, value = item["k"], item["v"]
        else:
            need(len(item) == 2, "$arrayToObject requires an array of size 2 arrays", 40397)
            name, value = item
        need(isinstance(name, str), f"$arrayToObject requires names to be strings, found: {type_name(name)}", 40394)
        need("\0" not in name, "a name cannot hold a NUL", 4940401)
        result[name] = value
    return result


@lazy("$mergeObjects")
def _merge_objects(spec: Any, scope: Scope) -> dict[str, Any]:
    return merged(scope.evaluate(operand) for operand in (spec if isinstance(spec, list) else [spec]))


def merged(values: Any) -> dict[str, Any]:
    """Later fields overwrite earlier ones in place; null and missing add nothing."""
    result: dict[str, Any] = {}
    for value in values:
        if not is_nullish(value):
            need(isinstance(value, dict), f"$mergeObjects requires object inputs, found: {type_name(value)}", 40400)
            result.update(value)
    return result


@lazy("$getField")
def _get_field(spec: Any, scope: Scope) -> Any:
    if not (isinstance(spec, dict) and ("field" in spec or "input" in spec)):
        spec = {"field": spec}
    check_names("$getField", spec, ("field",), ("input",))
    name = scope.evaluate(spec["field"])
    need(isinstance(name, str), f"$getField requires 'field' to be a string, found: {type_name(name)}", 3041704)
    value = scope.evaluate(spec.get("input", "$$CURRENT"))
    if value is None:
        return None
    return value.get(name, MISSING) if isinstance(value, dict) else MISSING


@lazy("$setField")
def _set_field(spec: Any, scope: Scope) -> Any:
    check_names("$setField", spec, ("field", "input", "value"))
    return _with_field("$setField", spec, scope, scope.evaluate(spec["value"]))


@lazy("$unsetField")
def _unset_field(spec: Any, scope: Scope) -> Any:
    check_names("$unsetField", spec, ("field", "input"))
    return _with_field("$unsetField", spec, scope, MISSING)


def _with_field(operator: str, spec: Any, scope: Scope, value: Any) -> Any:
    name = spec["field"]
    if isinstance(name, dict) and set(name) == {"$literal"}:
        name = name["$literal"]
    else:
        need(not (isinstance(name, str) and name.startswith("$")), f"{operator} requires a constant field", 4161108)
    need(isinstance(name, str), f"{operator} requires 'field' to be a string", 4161107)
    source = scope.evaluate(spec["input"])
    if is_nullish(source):
        return None
    need(isinstance(source, dict), f"{operator} requires 'input' to be an object, found: {type_name(source)}", 4161105)
    result = dict(source)
    if value is MISSING:
        result.pop(name, None)
    else:
        result[name] = value
    return result
