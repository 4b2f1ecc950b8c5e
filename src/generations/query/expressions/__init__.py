"""The expression operators, by family. Importing this package registers them all in `query.evaluate.OPERATORS`."""

from generations.query.expressions import (
    arithmetic,
    arrays,
    compare,
    conditions,
    convert,
    date_arithmetic,
    date_parts,
    date_text,
    folds,
    objects,
    powers,
    rounding,
    sets,
    strings,
    summaries,
)

__all__ = [
    "arithmetic",
    "arrays",
    "compare",
    "conditions",
    "convert",
    "date_arithmetic",
    "date_parts",
    "date_text",
    "folds",
    "objects",
    "powers",
    "rounding",
    "sets",
    "strings",
    "summaries",
]
