"""Stages: each takes the documents before it and gives those after it."""

import random
from collections.abc import Callable, Iterable
from typing import Any

from .accumulators import accumulate
from .buckets import bucket, bucket_auto
from .densify import densify
from .expressions import check_names, evaluate
from .match import match
from .order import group_key, sort_documents
from .paths import get_through_objects
from .projection import add_fields, check_path, parse_added_fields, parse_projection
from .values import INT64, MISSING, fits, is_nullish, is_number, is_whole, need, type_name
from .windows import fill, set_window_fields

Docs = list[dict[str, Any]]


def aggregate(pipeline: Iterable[Any], docs: Iterable[dict[str, Any]]) -> Docs:
    """What a pipeline makes of documents."""
    result = list(docs)
    for stage in pipeline:
        need(isinstance(stage, dict) and len(stage) == 1, "a stage is an object with exactly one field", 40323)
        [(name, spec)] = stage.items()
        need(name in STAGES, f"Unrecognized pipeline stage name: {name}", 40324)
        result = STAGES[name](spec, result)
    return result


def _match(spec: Any, docs: Docs) -> Docs:
    need(isinstance(spec, dict), "$match takes a filter", 15959)
    return [doc for doc in docs if match(spec, doc)]


def _project(spec: Any, docs: Docs) -> Docs:
    projection = parse_projection(spec)
    return [projection.apply(doc) for doc in docs]


def _add_fields(spec: Any, docs: Docs) -> Docs:
    tree = parse_added_fields(spec)
    return [add_fields(tree, doc) for doc in docs]


def _unset(spec: Any, docs: Docs) -> Docs:
    paths = spec if isinstance(spec, list) else [spec]
    need(len(paths) > 0 and all(isinstance(path, str) and path != "" for path in paths), "$unset takes paths", 31002)
    return _project(dict.fromkeys(paths, 0), docs)


def _group(spec: Any, docs: Docs) -> Docs:
    """Missing and null are one group, but differ inside a compound `_id`. No documents, no group."""
    need(isinstance(spec, dict), "$group takes an object", 15947)
    need("_id" in spec, "a group specification must include an _id", 15955)
    accumulators = {name: item for name, item in spec.items() if name != "_id"}
    for name, item in accumulators.items():
        need("." not in name, f"the field name {name!r} cannot contain '.'", 40235)
        need(not name.startswith("$"), f"the field name {name!r} cannot be an operator name", 40236)
        need(isinstance(item, dict) and len(item) == 1, f"the field {name!r} must be an accumulator object", 40234)
    groups: dict[Any, Docs] = {}
    identities: dict[Any, Any] = {}
    for doc in docs:
        identity = evaluate(spec["_id"], doc)
        identity = None if identity is MISSING else identity
        groups.setdefault(group_key(identity), []).append(doc)
        identities.setdefault(group_key(identity), identity)
    return [
        {"_id": identities[key], **{name: accumulate(item, group) for name, item in accumulators.items()}} for key, group in groups.items()
    ]


def _sort(spec: Any, docs: Docs) -> Docs:
    return sort_documents(docs, spec)


def _limit(spec: Any, docs: Docs) -> Docs:
    need(is_number(spec) and is_whole(spec) and spec > 0 and fits(spec, INT64), "the limit must be a whole number above 0", 15958)
    return docs[: int(spec)]


def _skip(spec: Any, docs: Docs) -> Docs:
    need(is_number(spec) and is_whole(spec) and spec >= 0 and fits(spec, INT64), "the skip must be a whole number not below 0", 15956)
    return docs[int(spec) :]


def _count(spec: Any, docs: Docs) -> Docs:
    """No documents, no count."""
    need(isinstance(spec, str) and spec != "", "the count field must be a non-empty string", 40156)
    need(not spec.startswith("$"), "the count field cannot be a $-prefixed path", 40158)
    need("." not in spec, "the count field cannot contain '.'", 40160)
    return [{spec: len(docs)}] if docs else []


def _unwind(spec: Any, docs: Docs) -> Docs:
    """One document for each element; null, missing and [] drop the document unless it is to be preserved."""
    options = spec if isinstance(spec, dict) else {"path": spec}
    check_names("$unwind", options, ("path",), ("includeArrayIndex", "preserveNullAndEmptyArrays"))
    path, index_path = options["path"], options.get("includeArrayIndex")
    preserve = options.get("preserveNullAndEmptyArrays", False)
    need(isinstance(path, str) and path.startswith("$") and len(path) > 1, "the path of $unwind starts with '$'", 28818)
    need(isinstance(preserve, bool), "preserveNullAndEmptyArrays must be a bool", 28809)
    names = check_path(path[1:])
    need(index_path is None or (isinstance(index_path, str) and index_path != ""), "includeArrayIndex must be a path", 28810)
    index_names = check_path(index_path) if index_path is not None else []
    result: Docs = []
    for doc in docs:
        value = get_through_objects(doc, names)
        if isinstance(value, list) and value:
            unwound = [(_put(doc, names, item), index) for index, item in enumerate(value)]
        elif not isinstance(value, list) and not is_nullish(value):
            unwound = [(doc, None)]
        elif preserve:
            unwound = [(_remove(doc, names) if value == [] else doc, None)]
        else:
            unwound = []
        result += [_put(new, index_names, index) if index_names else new for new, index in unwound]
    return result


def _put(doc: Any, names: list[str], value: Any) -> dict[str, Any]:
    """A copy with the value at a path through objects."""
    own = doc if isinstance(doc, dict) else {}
    return {**own, names[0]: _put(own.get(names[0]), names[1:], value) if names[1:] else value}


def _remove(doc: dict[str, Any], names: list[str]) -> dict[str, Any]:
    if names[1:]:
        return {**doc, names[0]: _remove(doc[names[0]], names[1:])}
    return {name: value for name, value in doc.items() if name != names[0]}


def _sort_by_count(spec: Any, docs: Docs) -> Docs:
    is_expression = isinstance(spec, dict) or (isinstance(spec, str) and spec.startswith("$"))
    need(is_expression, "$sortByCount takes a path or an expression", 40147)
    return sort_documents(_group({"_id": spec, "count": {"$sum": 1}}, docs), {"count": -1})


def _replace_with(spec: Any, docs: Docs) -> Docs:
    roots = [evaluate(spec, doc) for doc in docs]
    for root in roots:
        need(isinstance(root, dict), f"the new root must evaluate to an object, but was {type_name(root)}", 40228)
    return roots


def _replace_root(spec: Any, docs: Docs) -> Docs:
    check_names("$replaceRoot", spec, ("newRoot",))
    return _replace_with(spec["newRoot"], docs)


def _facet(spec: Any, docs: Docs) -> Docs:
    """Always one document."""
    need(isinstance(spec, dict) and len(spec) > 0, "$facet takes an object of pipelines", 40169)
    for name, pipeline in spec.items():
        check_path(name)
        need(isinstance(pipeline, list), f"the facet {name!r} must be a pipeline", 40170)
        for stage in pipeline:
            need(isinstance(stage, dict) and "$facet" not in stage, "$facet is not allowed within $facet", 40600)
    return [{name: aggregate(pipeline, docs) for name, pipeline in spec.items()}]


def _sample(spec: Any, docs: Docs) -> Docs:
    check_names("$sample", spec, ("size",))
    need(is_number(spec["size"]) and spec["size"] > 0, "the size of a sample must be a number above 0", 28747)
    return random.sample(docs, min(int(spec["size"]), len(docs)))


STAGES: dict[str, Callable[[Any, Docs], Docs]] = {
    "$match": _match,
    "$project": _project,
    "$addFields": _add_fields,
    "$set": _add_fields,
    "$unset": _unset,
    "$group": _group,
    "$sort": _sort,
    "$limit": _limit,
    "$skip": _skip,
    "$count": _count,
    "$unwind": _unwind,
    "$sortByCount": _sort_by_count,
    "$replaceRoot": _replace_root,
    "$replaceWith": _replace_with,
    "$facet": _facet,
    "$bucket": bucket,
    "$bucketAuto": bucket_auto,
    "$setWindowFields": set_window_fields,
    "$fill": fill,
    "$densify": densify,
    "$sample": _sample,
}
