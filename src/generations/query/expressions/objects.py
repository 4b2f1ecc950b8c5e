"""`$objectToArray $arrayToObject $mergeObjects $getField $setField $unsetField`: objects and their fields, by any name."""

from __future__ import annotations

from generations.query import tagged
from generations.query.context import invalid, pointer
from generations.query.evaluate import Scope, failure, operator
from generations.query.expression import Call, Constant
from generations.query.expressions.operands import array_or_null, joined, mapped, object_or_null
from generations.query.source import resolve
from generations.query.value import MISSING, Document, Open, Scalar, Tagged, Value, to_tagged


@operator("$objectToArray")
def _object_to_array(scope: Scope, call: Call) -> Value:
    def body(v: str) -> str:
        p = tagged.fresh()
        pair = f"concat('{{\"k\":', {tagged.from_string(f'{p}.1')}, ',\"v\":', {p}.2, '}}')"
        return joined(mapped(p, pair, tagged.pairs(v)))

    return Tagged(object_or_null(scope.text(call.args[0]), "$objectToArray requires an object", body))


@operator("$arrayToObject")
def _array_to_object(scope: Scope, call: Call) -> Value:
    def body(v: str) -> str:
        def shaped(items: str) -> str:
            return f"if({tagged.is_object(f'{items}[1]')}, {_from_objects(items)}, {_from_arrays(items)})"

        return tagged.let(tagged.elements(v), shaped)

    return Tagged(array_or_null(scope.text(call.args[0]), "$arrayToObject requires an array", body))


def _from_objects(items: str) -> str:
    x = tagged.fresh()
    shape = f"{tagged.is_object(x)} AND JSONLength({x}) = 2 AND JSONHas({x}, 'k') AND JSONHas({x}, 'v')"
    checked = failure(_some_not(x, shape, items), "$arrayToObject requires objects with the keys k and v, and nothing else", items)
    return _object(f"JSONExtractRaw({x}, 'k')", f"JSONExtractRaw({x}, 'v')", x, checked)


def _from_arrays(items: str) -> str:
    x = tagged.fresh()
    shape = f"{tagged.is_array(x)} AND JSONLength({x}) = 2"
    checked = failure(_some_not(x, shape, items), "$arrayToObject requires arrays of a key and a value, or objects of k and v", items)
    return _object(f"JSONExtractRaw({x}, 1)", f"JSONExtractRaw({x}, 2)", x, checked)


def _object(key: str, value: str, x: str, items: str) -> str:
    """An object of checked items, given the key and the value of an item `x`."""
    y = tagged.fresh()
    named = f"({tagged.is_string(y)} AND position(JSONExtractString({y}), '\\0') = 0)"

    def body(pairs: str) -> str:
        complaint = "$arrayToObject requires keys that are strings without NUL"
        y_of = f"arrayExists({y} -> NOT {named}, arrayMap({x} -> {x}.1, {pairs}))"
        named_pairs = mapped(x, f"({tagged.let(f'{x}.1', tagged.to_string)}, {x}.2)", pairs)
        return failure(y_of, complaint, object_of_last(named_pairs))

    return tagged.let(mapped(x, f"({key}, {value})", items), body)


def _some_not(x: str, test: str, items: str) -> str:
    return f"arrayExists({x} -> NOT ({test}), {items})"


def object_of_last(pairs: str) -> str:
    """An object of pairs (key, tagged value): where a key comes twice the last value stands in the first place."""
    p, q, k = tagged.fresh(), tagged.fresh(), tagged.fresh()

    def body(name: str) -> str:
        keys = f"arrayMap({p} -> {p}.1, {name})"
        last = f"arrayMap({k} -> arrayLast({q} -> {q}.1 = {k}, {name}), arrayDistinct({keys}))"
        return tagged.object_from_pairs(f"if(length(arrayDistinct({keys})) = length({name}), {name}, {last})")

    return tagged.let(pairs, body)


# --- merging ----------------------------------------------------------------------------------------------------------


@operator("$mergeObjects")
def _merge(scope: Scope, call: Call) -> Value:
    values = [scope.value(arg) for arg in call.args]
    known = _merged_fields(values)
    if known is not None:
        return Document(known, closed=False)
    pairs = [_pairs_of(to_tagged(value)) for value in values]
    return Tagged(object_of_last(pairs[0] if len(pairs) == 1 else f"arrayConcat({', '.join(pairs)})"))


def _merged_fields(values: list[Value]) -> dict[str, Value] | None:
    """The fields of documents whose names are known and all different; None otherwise."""
    merged: dict[str, Value] = {}
    for value in values:
        if not isinstance(value, Document) or merged.keys() & value.fields.keys():
            return None
        merged.update(value.fields)
    return merged


def _pairs_of(value: str) -> str:
    """The pairs of an object, none of null and missing, an error of anything else."""

    def body(v: str) -> str:
        bad = f"NOT ({tagged.is_object(v)} OR {tagged.is_nullish(v)})"
        return failure(bad, "$mergeObjects requires objects", tagged.pairs(v))

    return tagged.let(value, body)


# --- fields by name ---------------------------------------------------------------------------------------------------


@operator("$getField")
def _get_field(scope: Scope, call: Call) -> Value:
    field = call.args[0] if call.args else call.named["field"]
    source = scope.value(call.named["input"]) if "input" in call.named else scope.variables.get("CURRENT", scope.root)
    if isinstance(field, Constant):
        if not isinstance(field.value, str):
            raise invalid("$getField requires a string as field", field.path or call.path)
        return _field_of(scope, source, field.value, field.path or call.path)
    complaint = "$getField requires a string as field"

    def named(name: str) -> str:
        found = tagged.let(tagged.to_string(name), lambda key: _raw_field(to_tagged(source), key))
        return failure(f"NOT {tagged.is_string(name)}", complaint, found)

    return Tagged(tagged.let(scope.text(field), named))


def _field_of(scope: Scope, source: Value, name: str, path: str) -> Value:
    match source:
        case Scalar(_, _, nullable):
            return Tagged(_raw_field(to_tagged(source), "''")) if nullable else MISSING
        case Document(_, "'{}'"):
            return resolve(source, (name,), path)
        case Open(text, (), stem) if stem:
            return Tagged(f"if({text} = 'null', 'null', {to_tagged(resolve(source, (name,), path))})")
        case _:
            return Tagged(_raw_field(to_tagged(source), scope.context.string(name)))


def _raw_field(value: str, key: str) -> str:
    """A field of an object; null of null; missing of anything else."""
    return tagged.let(value, lambda v: f"multiIf({v} = 'null', 'null', {tagged.is_object(v)}, JSONExtractRaw({v}, {key}), '')")


@operator("$setField", "$unsetField")
def _set_field(scope: Scope, call: Call) -> Value:
    field = call.named["field"]
    if not isinstance(field, Constant) or not isinstance(field.value, str):
        hint = "a name that starts with $ goes into $literal"
        raise invalid(f"{call.op} requires a constant string as field", pointer(call.path, "field"), hint)
    source = scope.value(call.named["input"])
    value = scope.value(call.named["value"]) if "value" in call.named else MISSING
    name = field.value
    if isinstance(source, Document) and source.empty == "'{}'" and name not in source.fields:
        return Document({**source.fields, name: value}, closed=False)
    key = scope.context.string(name)

    def body(v: str) -> str:
        def replaced(new: str) -> str:
            p = tagged.fresh()
            place = f"arrayMap({p} -> ({p}.1, if({p}.1 = {key}, {new}, {p}.2)), {tagged.pairs(v)})"
            return tagged.object_from_pairs(f"if(JSONHas({v}, {key}), {place}, arrayPushBack({tagged.pairs(v)}, ({key}, {new})))")

        return tagged.let(to_tagged(value), replaced)

    return Tagged(object_or_null(to_tagged(source), f"{call.op} requires an object as input", body))
