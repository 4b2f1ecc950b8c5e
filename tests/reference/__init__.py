"""The reference meaning of MongoDB's query language, in plain Python over lists of dicts.

The tests compare the engine with it. It is written to be read, not to be fast: one module per concept,
one function per rule, nothing shared with the product.

Values are `None`, `bool`, `int`, `float`, `str`, aware `datetime`, `list`, `dict` and, in queries, `re.Pattern`.
A field that is not there is `MISSING`, which is not `None`. Where MongoDB answers with an error, `MongoError` is raised.
"""

from . import (  # noqa: F401  (each registers its operators)
    accumulators,
    expressions_arithmetic,
    expressions_arrays,
    expressions_conditions,
    expressions_dates,
    expressions_objects,
    expressions_strings,
    expressions_types,
)
from .expressions import evaluate
from .find import count_documents, distinct, find
from .match import match
from .order import compare, group_key, sort_documents
from .stages import aggregate
from .values import MISSING, Long, MongoError

__all__ = [
    "MISSING",
    "Long",
    "MongoError",
    "aggregate",
    "compare",
    "count_documents",
    "distinct",
    "evaluate",
    "find",
    "group_key",
    "match",
    "sort_documents",
]
