r"""Tagged JSON: how a value of any BSON type travels through SQL as one String.

The text is canonical JSON (as the engine prints it: no whitespace, shortest numbers), so that all JSON functions of the
engine work on it. What JSON cannot say is a string that starts with U+0001 and a letter:

    "\u0001d5.0"                            a double that JSON printers would turn into an integer, NaN, Infinity, or a big integer
    "\u0001t2024-06-15T12:30:45.000000Z"    an instant, UTC, microseconds
    "\u0001s…"                              a string that itself began with U+0001

The empty String is a missing value. Every function here maps SQL texts to an SQL text; arguments may be repeated in the
result, so callers bind anything longer than a name with `let`.
"""

from generations.query.tagged.binding import (
    LOOSE,
    all_of,
    any_of,
    choose,
    fails,
    fresh,
    function,
    is_name,
    let,
    let_all,
    none_of,
    quote,
    restart_names,
    written,
)
from generations.query.tagged.constants import equality_text, text_of, text_of_float, text_of_instant
from generations.query.tagged.kinds import (
    is_array,
    is_bool,
    is_date,
    is_double,
    is_integer,
    is_nullish,
    is_number,
    is_object,
    is_string,
    rank,
    type_name,
)
from generations.query.tagged.making import (
    array,
    array_of,
    canonical,
    cut,
    from_bool,
    from_float,
    from_instant,
    from_string,
    from_sums,
    from_text,
    from_wide,
    object_from_pairs,
    object_of,
    with_field,
)
from generations.query.tagged.order import KEY_TYPE, equality, sort_key
from generations.query.tagged.paths import get, is_index, leaves, leaves_by_index, leaves_by_key
from generations.query.tagged.reading import elements, instant_text, pairs, to_float, to_instant, to_integer, to_string

__all__ = [
    "KEY_TYPE",
    "LOOSE",
    "all_of",
    "any_of",
    "array",
    "array_of",
    "canonical",
    "choose",
    "cut",
    "elements",
    "equality",
    "equality_text",
    "fails",
    "fresh",
    "from_bool",
    "from_float",
    "from_instant",
    "from_string",
    "from_sums",
    "from_text",
    "from_wide",
    "function",
    "get",
    "instant_text",
    "is_array",
    "is_bool",
    "is_date",
    "is_double",
    "is_index",
    "is_integer",
    "is_name",
    "is_nullish",
    "is_number",
    "is_object",
    "is_string",
    "leaves",
    "leaves_by_index",
    "leaves_by_key",
    "let",
    "let_all",
    "none_of",
    "object_from_pairs",
    "object_of",
    "pairs",
    "quote",
    "rank",
    "restart_names",
    "sort_key",
    "text_of",
    "text_of_float",
    "text_of_instant",
    "to_float",
    "to_instant",
    "to_integer",
    "to_string",
    "type_name",
    "with_field",
    "written",
]
