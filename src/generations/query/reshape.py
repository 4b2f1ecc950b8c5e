"""Projections, compiled: a value in another shape."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import assert_never

from generations.query import filter as f
from generations.query import tagged
from generations.query.evaluate import Scope, condition, failure
from generations.query.predicate import Filters
from generations.query.projection import Below, Compute, Drop, FirstElement, Keep, Matched, Mode, Node, Part, Projection, computes
from generations.query.source import refuse_unknown_field_of
from generations.query.value import MISSING, Document, Open, Patched, Scalar, Strings, Tagged, Value, is_present, quote, to_tagged


def reshape(scope: Scope, root: Value, projection: Projection, filters: Sequence[f.Filter] = ()) -> Value:
    """The document in the projection's shape.

    Args:
        filters: what the document satisfied, for positional projections.

    Raises:
        UnknownField: the projection keeps or drops a field that the document cannot have.
    """
    shaper = _Shaper(scope, projection, filters)
    fields = projection.fields
    if projection.mode == "include" and "_id" not in fields.fields and not (isinstance(root, Document) and "_id" not in root.fields):
        fields = Below({"_id": Keep(), **fields.fields})
    if isinstance(root, Document):
        return shaper.document(root, fields, ())
    if projection.mode == "include" and sum(not isinstance(node, Compute | Drop) for node in fields.fields.values()) <= 1:
        return shaper.named(root, fields)
    return Tagged(shaper.text(to_tagged(root), fields))


class _Shaper:
    def __init__(self, scope: Scope, projection: Projection, filters: Sequence[f.Filter]) -> None:
        self._scope = scope
        self._mode: Mode = projection.mode
        self._path = projection.path
        self._filters = filters

    def document(self, value: Document, below: Below, at: tuple[str, ...]) -> Document:
        """An object whose fields are known: kept fields in their order, then computed ones."""
        for name, node in below.fields.items():
            if not value.knows(name) and not computes(node) and not (name == "_id" and not at):
                raise refuse_unknown_field_of(value, (*at, name), self._path, at=at)
        fields: dict[str, Value] = {}
        for name, field in value.fields.items():
            node = below.fields.get(name)
            if node is None:
                if self._mode != "include":
                    fields[name] = field
            elif not isinstance(node, Drop) and not (isinstance(node, Compute) and self._mode == "include"):
                fields[name] = self._field(field, node, (*at, name))
        for name, node in below.fields.items():
            if name not in fields and (isinstance(node, Compute) or (computes(node) and name not in value.fields)):
                fields[name] = self._field(MISSING, node, (*at, name))
        dropped = (value.dropped | value.fields.keys()) - fields.keys()
        return Document(fields, self._empty(value, below, fields), value.closed, dropped)

    def _empty(self, value: Document, below: Below, kept: Mapping[str, Value]) -> str:
        """What stands there when no field is left: an object where there was one, or where a field was to be computed."""
        if value.empty == "'{}'" or computes(below):
            return "'{}'"
        if any(is_present(field) == "1" for field in kept.values()):
            return value.empty
        was_object = tagged.any_of([*(is_present(field) for field in value.fields.values()), f"{value.empty} = '{{}}'"])
        return tagged.choose([(was_object, "'{}'")], "''" if self._mode == "include" else value.empty)

    def named(self, root: Value, below: Below) -> Document:
        """A document of any shape from which at most one field is kept, so that the order is known."""
        text = to_tagged(root)
        kept = {name: node for name, node in below.fields.items() if not isinstance(node, Compute | Drop)}
        fields: dict[str, Value] = {}
        for name, node in kept.items():
            fields[name] = self._field(Tagged(f"JSONExtractRaw({text}, {quote(name)})"), node, (name,))
        for name, node in below.fields.items():
            if isinstance(node, Compute):
                fields[name] = self._field(MISSING, node, (name,))
        return Document(fields, closed=False)

    def _field(self, value: Value, node: Node, at: tuple[str, ...]) -> Value:
        match node:
            case Keep():
                return value
            case Drop():
                return MISSING
            case Compute(expression):
                return self._scope.value(expression)
            case Part() | FirstElement() | Matched():
                return Tagged(self._element_text(to_tagged(value), node))
            case Below():
                if isinstance(value, Document):
                    return self.document(value, node, at)
                if isinstance(value, Scalar | Strings) and not computes(node):
                    raise refuse_unknown_field_of(value, (*at, next(iter(node.fields))), self._path)
                if value == MISSING and computes(node):
                    return self.document(Document({}, closed=False), node, at)
                if (
                    self._mode == "add"
                    and isinstance(value, Open | Patched)
                    and _is_map(value)
                    and all(isinstance(n, Compute) for n in node.fields.values())
                ):
                    for name, inner in node.fields.items():
                        value = Patched(value, name, self._field(MISSING, inner, (*at, name)))
                    return value
                return Tagged(self.text(to_tagged(value), node))
            case _:
                assert_never(node)

    def text(self, value: str, below: Below) -> str:
        """Tagged JSON in the shape: objects, objects in arrays, and in arrays directly inside arrays.

        The shape of an object is written once and applied to `[v]`, to the elements, or to the elements' elements, so
        that the statement grows with the depth of the projection and not with its power.
        """
        if any(isinstance(node, Matched) for node in _innermost(below)):
            return tagged.let(value, lambda v: f"multiIf({tagged.is_array(v)}, {self._elements(v, Matched())}, {self._one(v, below)})")
        return tagged.let(value, lambda v: _each(v, lambda e: _each(e, lambda x: self._one(x, below))))

    def _one(self, v: str, below: Below) -> str:
        """One value that is no array, or an array nested too deep."""
        other = self._fresh_object(below) if computes(below) else (v if self._mode != "include" else "''")
        deep = f"throwIf({tagged.is_array(v)}, 'a projection reaches through at most two arrays that are directly inside each other') = 1"
        return f"multiIf({tagged.is_object(v)}, {self._object(v, below)}, {deep}, '', {other})"

    def _object(self, v: str, below: Below) -> str:
        p = tagged.fresh()
        cases: list[str] = []
        appended: list[str] = []
        for name, node in below.fields.items():
            key = quote(name)
            if isinstance(node, Compute):
                made = self._scope.text(node.expression)
                if self._mode == "add":
                    cases.append(f"{p}.1 = {key}, {made}")
                    appended.append(f"if(JSONHas({v}, {key}), ('', ''), ({key}, {made}))")
                else:
                    cases.append(f"{p}.1 = {key}, ''")
                    appended.append(f"({key}, {made})")
                continue
            cases.append(f"{p}.1 = {key}, {self._inside(f'{p}.2', node)}")
            if isinstance(node, Below) and computes(node):
                appended.append(f"if(JSONHas({v}, {key}), ('', ''), ({key}, {self._fresh_object(node)}))")
        rest = f"{p}.2" if self._mode != "include" else "''"
        choice = f"multiIf({', '.join(cases)}, {rest})" if cases else rest
        items = f"arrayMap({p} -> ({p}.1, {choice}), {tagged.pairs(v)})"
        if appended:
            items = f"arrayConcat({items}, [{', '.join(appended)}])"
        return tagged.object_from_pairs(items)

    def _inside(self, v: str, node: Node) -> str:
        match node:
            case Keep():
                return v
            case Drop():
                return "''"
            case Below():
                return self.text(v, node)
            case Part() | FirstElement() | Matched():
                return self._element_text(v, node)
            case Compute(expression):
                return self._scope.text(expression)
            case _:
                assert_never(node)

    def _fresh_object(self, below: Below) -> str:
        """The object of the computed fields alone, where there was none."""
        fields = [
            (quote(name), self._scope.text(node.expression) if isinstance(node, Compute) else self._fresh_object(node))
            for name, node in below.fields.items()
            if isinstance(node, Compute) or (isinstance(node, Below) and computes(node))
        ]
        return tagged.object_of(fields)

    def _element_text(self, value: str, node: Part | FirstElement | Matched) -> str:
        return tagged.let(value, lambda v: f"if({tagged.is_array(v)}, {self._elements(v, node)}, {self._no_array(v, node)})")

    @staticmethod
    def _no_array(v: str, node: Part | FirstElement | Matched) -> str:
        return "''" if isinstance(node, FirstElement) else v

    def _elements(self, v: str, node: Part | FirstElement | Matched) -> str:
        items = tagged.elements(v)
        match node:
            case Part(skip, count):
                start = skip + 1 if skip >= 0 else f"greatest(toInt64(length({items})) + {skip + 1}, 1)"
                return tagged.array(f"arraySlice({items}, {start}, {count})")
            case FirstElement(test):
                e = tagged.fresh()
                holds = self._over(Tagged(f"concat('[', {e}, ']')")).holds(test)
                return tagged.let(f"arrayFirst({e} -> {holds}, {items})", lambda x: f"if({x} = '', '', concat('[', {x}, ']'))")
            case Matched():
                index = self._over(self._scope.root).position(self._filters, self._path)
                return tagged.let(index, lambda i: _element_at(v, items, i))
            case _:
                assert_never(node)

    def _over(self, root: Value) -> Filters:
        context = self._scope.context
        return Filters(context, root, lambda raw, path, over: condition(context, raw, path, over))


def _element_at(v: str, items: str, i: str) -> str:
    none = failure(f"{i} = 0", "the filter matched no element of an array", v)
    return f"multiIf({i} = 0, {none}, {i} > length({items}), '', concat('[', {items}[{i}], ']'))"


def _is_map(value: Open | Patched) -> bool:
    """Whether it is a whole open map of a record, which is an object, null or missing."""
    return _is_map(value.base) if isinstance(value, Patched) else bool(value.stem) and not value.path


def _innermost(below: Below) -> list[Node]:
    """The nodes at the ends of all paths."""
    return [inner for node in below.fields.values() for inner in (_innermost(node) if isinstance(node, Below) else [node])]


def _each(v: str, body: Callable[[str], str]) -> str:
    """The value, or each element of an array, put through a body; what becomes missing leaves the array."""
    e, r = tagged.fresh(), tagged.fresh()
    items = f"if({tagged.is_array(v)}, {tagged.elements(v)}, [{v}])"
    made = f"arrayFilter({r} -> {r} != '', arrayMap({e} -> {body(e)}, {items}))"
    return tagged.let(made, lambda a: f"if({tagged.is_array(v)}, concat('[', arrayStringConcat({a}, ','), ']'), {a}[1])")
