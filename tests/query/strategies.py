"""Hypothesis strategies: free-form documents, filters over them, expressions and pipelines.

Documents are what open maps hold: `a`, `b` and `c` have any type in any document; the others keep one type,
may be null or missing, and let expressions be plausible: `n` and `m` numbers, `s` and `t` texts, `d` a date, `l` numbers,
`w` words, `o` an object, `items` objects, and `k` a number of its own for each document.
"""

from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

Strategy = st.SearchStrategy[Any]

# Values

INTEGERS = st.sampled_from([0, 1, 2, 3, 5, 10, -1, -7, 100, 2**31, 2**53, 2**53 + 1, 2**62]) | st.integers(-5, 5)
DOUBLES = st.sampled_from([0.0, 1.0, 5.0, 0.5, 2.5, -2.5, 1.5, 1e-7, 1e20, 2.0**53])
NUMBERS = INTEGERS | DOUBLES
TEXTS = st.sampled_from(
    [
        "",
        "a",
        "b",
        "A",
        "abc",
        "ABC",
        "aba",
        "5",
        "x y",
        "é",
        "e\u0301",
        "日本",
        "😀",
        "a\nb",
        "a\n",
        "true",
        "2024-06-15T12:30:45Z",
        "$a",
        "a.b",
        "\\",
        '"',
    ]
)
DATES = st.sampled_from(
    [
        datetime(2024, 6, 15, 12, 30, 45, 123_000, tzinfo=UTC),
        datetime(2024, 6, 15, tzinfo=UTC),
        datetime(2024, 2, 29, 23, 59, 59, tzinfo=UTC),
        datetime(2023, 12, 31, 22, 0, tzinfo=UTC),
        datetime(2021, 1, 3, 5, 0, tzinfo=UTC),
        datetime(1999, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC),
        datetime(1969, 7, 20, 20, 17, 40, tzinfo=UTC),
    ]
)
FREQUENT = st.sampled_from([None, None, True, False, 0, 1, 1.0, 5, 5.0, 2.5, -1, "", "a", "b", "5", datetime(2024, 6, 15, tzinfo=UTC)])
SCALARS = FREQUENT | FREQUENT | FREQUENT | NUMBERS | TEXTS | DATES
NAMES = st.sampled_from(["a", "b", "c", "0", "1"])
ODD_NAMES = st.sampled_from(["a.b", "$a", "", "é", " "])


def values(depth: int = 3) -> Strategy:
    """Any value of an open map."""
    if depth == 0:
        return SCALARS
    deeper = st.deferred(lambda: values(depth - 1))
    return SCALARS | st.lists(deeper, max_size=3) | objects(deeper)


def objects(inner: Strategy) -> Strategy:
    names = st.integers(0, 9).flatmap(lambda n: ODD_NAMES if n == 0 else NAMES)
    return st.dictionaries(names, inner, max_size=3)


ANY_VALUES = values()
SMALL_NUMBERS = st.integers(-5, 20) | st.sampled_from([0.5, 2.5, -1.5, 3.0, 1e6])
WORDS = st.sampled_from(["", "a", "b", "ab", "Ab", "abc", "b a", "é", "日本", "42", " a "])


def maybe(strategy: Strategy) -> Strategy:
    """The value, null now and then."""
    return st.integers(0, 7).flatmap(lambda n: st.none() if n == 0 else strategy)


ITEM = st.fixed_dictionaries({}, optional={"p": maybe(SMALL_NUMBERS), "q": maybe(WORDS)})

DOCUMENTS: Strategy = st.fixed_dictionaries(
    {},
    optional={
        "a": ANY_VALUES,
        "b": ANY_VALUES,
        "c": ANY_VALUES,
        "n": maybe(SMALL_NUMBERS),
        "m": maybe(SMALL_NUMBERS),
        "s": maybe(WORDS),
        "t": maybe(WORDS),
        "d": maybe(DATES),
        "l": maybe(st.lists(SMALL_NUMBERS, max_size=4)),
        "w": maybe(st.lists(WORDS, max_size=4)),
        "o": maybe(st.fixed_dictionaries({}, optional={"n": maybe(SMALL_NUMBERS), "s": maybe(WORDS)})),
        "items": maybe(st.lists(ITEM, max_size=3)),
    },
)
"""Documents without `k`, which whoever stores them sets."""

# Filters

OFTEN = st.sampled_from(["a", "b", "c"])
DEEP = st.sampled_from(["a.a", "a.b", "b.a", "c.b", "a.0", "b.0", "a.1", "a.b.c", "a.0.b", "a.0.0", "c.b.0"])
TYPED = st.sampled_from(["n", "s", "d", "l", "w", "l.0", "o", "o.n", "items", "items.p", "items.q", "items.0.p", "nowhere"])
PATHS = OFTEN | OFTEN | DEEP | TYPED
TYPES = st.sampled_from(
    [
        "double",
        "string",
        "object",
        "array",
        "bool",
        "date",
        "null",
        "int",
        "long",
        "number",
        "decimal",
        "objectId",
        1,
        2,
        3,
        4,
        8,
        9,
        10,
        16,
        18,
    ]
)
PATTERNS = st.sampled_from(["a", "^a", "b$", "^$", "a.b", "[ab]c?", "^(a|é)", r"\d", "A", ".", "日"])
COMPARED = FREQUENT | FREQUENT | ANY_VALUES | SMALL_NUMBERS | WORDS


def conditions(depth: int = 2) -> Strategy:
    """What stands beside a path: a value, or operators."""
    return st.one_of(_equal_values(), operators(depth), operators(depth))


def _equal_values() -> Strategy:
    """Values to be equal to; an object whose first name is an operator would not be one."""
    return COMPARED.filter(lambda value: not _is_operators(value))


def _is_operators(value: Any) -> bool:
    return isinstance(value, dict) and bool(value) and next(iter(value)).startswith("$")


def operators(depth: int = 2) -> Strategy:
    """One or two operators for one path."""
    lists = st.lists(_equal_values(), min_size=0, max_size=3)
    plain: dict[str, Strategy] = {
        "$eq": COMPARED,
        "$ne": COMPARED,
        "$gt": COMPARED,
        "$gte": COMPARED,
        "$lt": COMPARED,
        "$lte": COMPARED,
        "$in": lists,
        "$nin": lists,
        "$exists": st.sampled_from([True, False, 1, 0]),
        "$type": TYPES | st.lists(TYPES, min_size=1, max_size=2),
        "$size": st.integers(0, 3),
        "$all": lists,
        "$mod": st.tuples(st.sampled_from([1, 2, 3, -3, 2.5]), st.integers(-2, 2)).map(list),
        "$regex": PATTERNS,
    }
    single = [operand.map(lambda value, name=name: {name: value}) for name, operand in plain.items()]
    single.append(PATTERNS.map(lambda pattern: {"$regex": pattern, "$options": "i"}))
    if depth > 0:
        deeper = st.deferred(lambda: operators(depth - 1))
        single.append(deeper.map(lambda inner: {"$not": inner}))
        single.append(deeper.map(lambda inner: {"$elemMatch": inner}))
        single.append(st.deferred(lambda: filters(depth - 1)).map(lambda inner: {"$elemMatch": inner}))
    one = st.one_of(single)
    return one | one | st.tuples(one, one).map(lambda pair: {**pair[0], **pair[1]})


def filters(depth: int = 2) -> Strategy:
    """A filter over the paths of the documents, without `$expr`."""
    by_path = st.dictionaries(PATHS, conditions(depth), min_size=1, max_size=2)
    if depth == 0:
        return by_path
    parts = st.lists(st.deferred(lambda: filters(depth - 1)), min_size=1, max_size=2)
    logical = st.tuples(st.sampled_from(["$and", "$or", "$nor"]), parts).map(lambda pair: {pair[0]: pair[1]})
    return by_path | by_path | logical


def expression_filters() -> Strategy:
    """A filter that is an expression."""
    return truths(2).map(lambda expression: {"$expr": expression})


# Expressions, by the type of what they give; each may also give null

ZONES = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "+05:30", "-0800", "+02"])
UNITS = st.sampled_from(["year", "quarter", "month", "week", "day", "hour", "minute", "second", "millisecond"])


def literal(strategy: Strategy) -> Strategy:
    return strategy.map(lambda value: {"$literal": value})


def either(depth: int, same: Strategy) -> list[Strategy]:
    """The ways to choose between two expressions of one type."""
    conditions = st.deferred(lambda: truths(depth - 1))
    return [
        st.tuples(conditions, same, same).map(lambda x: {"$cond": list(x)}),
        st.tuples(same, same).map(lambda x: {"$ifNull": list(x)}),
        st.tuples(conditions, same, same).map(lambda x: {"$switch": {"branches": [{"case": x[0], "then": x[1]}], "default": x[2]}}),
        st.tuples(same, same).map(lambda x: {"$let": {"vars": {"x": x[0]}, "in": {"$ifNull": ["$$x", x[1]]}}}),
    ]


def numbers(depth: int = 2) -> Strategy:
    leaves = st.sampled_from(["$n", "$m", "$o.n", "$k"]) | SMALL_NUMBERS
    if depth == 0:
        return leaves
    some, texts_, lists_, dates_ = numbers(depth - 1), texts(depth - 1), number_lists(depth - 1), dates(depth - 1)
    anything_ = anything(depth - 1)
    pairs = st.tuples(some, some).map(list)
    nonzero = st.sampled_from([1, 2, -3, 0.5, 7])
    listed = lists_.map(lambda x: {"$ifNull": [x, []]})
    certain_texts = texts_.map(lambda x: {"$ifNull": [x, ""]})
    return st.one_of(
        leaves,
        pairs.map(lambda x: {"$add": x}),
        pairs.map(lambda x: {"$subtract": x}),
        pairs.map(lambda x: {"$multiply": x}),
        st.tuples(some, nonzero).map(lambda x: {"$divide": list(x)}),
        st.tuples(some, nonzero).map(lambda x: {"$mod": list(x)}),
        some.flatmap(lambda x: st.sampled_from(["$abs", "$ceil", "$floor", "$round", "$trunc", "$toDouble"]).map(lambda op: {op: x})),
        st.tuples(some, st.integers(-1, 2)).map(lambda x: {"$round": list(x)}),
        some.map(lambda x: {"$sqrt": {"$abs": x}}),
        st.tuples(st.sampled_from(["$ln", "$log10"]), some).map(lambda x: {x[0]: {"$add": [{"$abs": x[1]}, 1]}}),
        st.tuples(some, st.sampled_from([2, 10, 0.5])).map(lambda x: {"$log": [{"$add": [{"$abs": x[0]}, 1]}, x[1]]}),
        some.map(lambda x: {"$exp": {"$subtract": [0, {"$abs": x}]}}),
        st.tuples(some, st.sampled_from(["double", "long", "int", 1, 18])).map(
            lambda x: {"$convert": {"input": x[0], "to": x[1], "onError": -1, "onNull": 0}}
        ),
        st.tuples(some, st.integers(0, 3)).map(lambda x: {"$pow": list(x)}),
        st.tuples(st.sampled_from(["$sum", "$avg", "$min", "$max"]), lists_ | pairs).map(lambda x: {x[0]: x[1]}),
        listed.map(lambda x: {"$size": x}),
        certain_texts.map(lambda x: {"$strLenCP": x}),
        certain_texts.map(lambda x: {"$strLenBytes": x}),
        st.tuples(st.sampled_from(["$indexOfCP", "$indexOfBytes"]), texts_, WORDS).map(lambda x: {x[0]: [x[1], x[2]]}),
        st.tuples(texts_, texts_).map(lambda x: {"$strcasecmp": list(x)}),
        st.tuples(lists_, some).map(lambda x: {"$indexOfArray": list(x)}),
        st.tuples(lists_, st.integers(-2, 2)).map(lambda x: {"$arrayElemAt": list(x)}),
        st.tuples(anything_, anything_).map(lambda x: {"$cmp": list(x)}),
        lists_.map(lambda x: {"$reduce": {"input": x, "initialValue": 0, "in": {"$add": ["$$value", "$$this"]}}}),
        st.tuples(st.sampled_from(["$year", "$month", "$dayOfMonth", "$hour", "$minute", "$second", "$millisecond"]), dates_).map(
            lambda x: {x[0]: x[1]}
        ),
        st.tuples(
            st.sampled_from(["$dayOfWeek", "$dayOfYear", "$week", "$isoWeek", "$isoWeekYear", "$isoDayOfWeek", "$hour", "$year"]),
            dates_,
            ZONES,
        ).map(lambda x: {x[0]: {"date": x[1], "timezone": x[2]}}),
        st.tuples(dates_, dates_, UNITS).map(lambda x: {"$dateDiff": {"startDate": x[0], "endDate": x[1], "unit": x[2]}}),
        dates_.map(lambda x: {"$toLong": x}),
        *either(depth, some),
    )


def texts(depth: int = 2) -> Strategy:
    leaves = st.sampled_from(["$s", "$t", "$o.s"]) | literal(WORDS)
    if depth == 0:
        return leaves
    some, dates_ = texts(depth - 1), dates(depth - 1)
    return st.one_of(
        leaves,
        st.tuples(some, some).map(lambda x: {"$concat": list(x)}),
        st.tuples(st.sampled_from(["$toLower", "$toUpper"]), some).map(lambda x: {x[0]: x[1]}),
        st.tuples(some, st.integers(0, 3), st.integers(0, 3)).map(lambda x: {"$substrCP": list(x)}),
        st.tuples(
            st.sampled_from(["$substrBytes", "$substr"]), st.sampled_from(["$k", "abcdef", "$d"]), st.integers(0, 3), st.integers(-1, 3)
        ).map(lambda x: {x[0]: [x[1], x[2], x[3]]}),
        st.tuples(st.sampled_from(["$trim", "$ltrim", "$rtrim"]), some).map(lambda x: {x[0]: {"input": x[1]}}),
        st.tuples(some, some).map(lambda x: {"$trim": {"input": x[0], "chars": x[1]}}),
        st.tuples(st.sampled_from(["$replaceAll", "$replaceOne"]), some, st.sampled_from(["a", "b", "é", "ab"]), some).map(
            lambda x: {x[0]: {"input": x[1], "find": x[2], "replacement": x[3]}}
        ),
        st.tuples(dates_, st.sampled_from(["%Y-%m-%d", "%H:%M:%S.%L", "%j %U %u %V %G", "%Y-%m-%dT%H:%M %z", "%%"]), ZONES).map(
            lambda x: {"$dateToString": {"date": x[0], "format": x[1], "timezone": x[2]}}
        ),
        anything(depth - 1).map(lambda x: {"$type": x}),
        st.sampled_from(["$k", {"$toInt": "$n"}, {"$gt": ["$n", 2]}]).map(lambda x: {"$toString": x}),
        some.map(lambda x: {"$getField": {"field": "match", "input": {"$regexFind": {"input": x, "regex": "[a-b]+"}}}}),
        *either(depth, some),
    )


def dates(depth: int = 2) -> Strategy:
    leaves = st.just("$d") | DATES
    if depth == 0:
        return leaves
    some = dates(depth - 1)
    return st.one_of(
        leaves,
        st.tuples(st.sampled_from(["$dateAdd", "$dateSubtract"]), some, UNITS, st.integers(-15, 15), ZONES).map(
            lambda x: {x[0]: {"startDate": x[1], "unit": x[2], "amount": x[3], "timezone": x[4]}}
        ),
        st.tuples(texts(0), st.sampled_from(["%Y-%m-%d", "%d.%m.%Y %H:%M"]), ZONES).map(
            lambda x: {"$dateFromString": {"dateString": x[0], "format": x[1], "timezone": x[2], "onError": "$d"}}
        ),
        st.tuples(st.sampled_from(["2024-06-15", "2024-06-15T12:30:45", "2024-06-15 12:30"]), ZONES).map(
            lambda x: {"$dateFromString": {"dateString": x[0], "timezone": x[1]}}
        ),
        st.tuples(some, UNITS, st.integers(1, 3), ZONES).map(
            lambda x: {"$dateTrunc": {"date": x[0], "unit": x[1], "binSize": x[2], "timezone": x[3]}}
        ),
        st.tuples(some, st.sampled_from(["sunday", "monday", "fri"])).map(
            lambda x: {"$dateTrunc": {"date": x[0], "unit": "week", "startOfWeek": x[1]}}
        ),
        st.tuples(some, st.integers(-(10**9), 10**9)).map(lambda x: {"$add": list(x)}),
        st.tuples(st.integers(1990, 2030), st.integers(-3, 15), st.integers(-3, 40), ZONES).map(
            lambda x: {"$dateFromParts": {"year": x[0], "month": x[1], "day": x[2], "timezone": x[3]}}
        ),
        st.sampled_from(["2024-06-15T12:30:45Z", "2020-02-29", "2024-06-15T12:30:45.123+05:30"]).map(lambda x: {"$toDate": x}),
        *either(depth, some),
    )


def truths(depth: int = 2) -> Strategy:
    if depth <= 0:
        compared = st.sampled_from(["$a", "$b", "$a.b", "$n", "$s", "$d", "$o", "$l", "$nowhere"])
        return st.tuples(st.sampled_from(["$eq", "$ne", "$gt", "$gte", "$lt", "$lte"]), compared, compared | literal(COMPARED)).map(
            lambda x: {x[0]: [x[1], x[2]]}
        )
    some, anything_ = truths(depth - 1), anything(depth - 1)
    listed = lists(depth - 1).map(lambda x: {"$ifNull": [x, []]})
    return st.one_of(
        st.tuples(st.sampled_from(["$eq", "$ne", "$gt", "$gte", "$lt", "$lte"]), anything_, anything_).map(lambda x: {x[0]: [x[1], x[2]]}),
        st.tuples(st.sampled_from(["$and", "$or"]), st.lists(some | anything_, max_size=2)).map(lambda x: {x[0]: x[1]}),
        anything_.map(lambda x: {"$not": [x]}),
        st.tuples(anything_, listed).map(lambda x: {"$in": [x[0], x[1]]}),
        anything_.map(lambda x: {"$isArray": [x]}),
        anything_.map(lambda x: {"$isNumber": x}),
        anything_.map(lambda x: {"$toBool": x}),
        anything_.map(lambda x: {"$convert": {"input": x, "to": "bool", "onNull": "none"}}),
        st.tuples(texts(depth - 1), PATTERNS).map(lambda x: {"$regexMatch": {"input": x[0], "regex": x[1]}}),
        st.tuples(st.sampled_from(["$setIsSubset", "$setEquals"]), listed, listed).map(lambda x: {x[0]: [x[1], x[2]]}),
        st.tuples(st.sampled_from(["$allElementsTrue", "$anyElementTrue"]), listed).map(lambda x: {x[0]: [x[1]]}),
    )


def number_lists(depth: int = 2) -> Strategy:
    leaves = st.just("$l") | literal(st.lists(SMALL_NUMBERS, max_size=3))
    if depth == 0:
        return leaves
    some, one = number_lists(depth - 1), numbers(depth - 1)
    return st.one_of(
        leaves,
        *_list_operators(some),
        st.tuples(st.integers(-3, 3), st.integers(-3, 6), st.sampled_from([1, 2, -1])).map(lambda x: {"$range": list(x)}),
        st.tuples(some, one).map(lambda x: {"$map": {"input": x[0], "as": "each", "in": {"$add": ["$$each", x[1]]}}}),
        st.tuples(some, one).map(lambda x: {"$filter": {"input": x[0], "cond": {"$gte": ["$$this", x[1]]}}}),
        *either(depth, some),
    )


def word_lists(depth: int = 2) -> Strategy:
    leaves = st.just("$w") | literal(st.lists(WORDS, max_size=3))
    if depth == 0:
        return leaves
    some, one = word_lists(depth - 1), texts(depth - 1)
    return st.one_of(
        leaves,
        *_list_operators(some),
        st.tuples(one, st.sampled_from(["a", " ", "b"])).map(lambda x: {"$split": list(x)}),
        st.tuples(some, one).map(lambda x: {"$map": {"input": x[0], "in": {"$concat": ["$$this", x[1]]}}}),
        objects_of(depth - 1).map(lambda x: {"$map": {"input": {"$objectToArray": x}, "as": "pair", "in": "$$pair.k"}}),
    )


def _list_operators(some: Strategy) -> list[Strategy]:
    """Operators that give a list of what the lists they take hold; sets are sorted, for they have no order."""
    return [
        some.map(lambda x: {"$reverseArray": x}),
        st.tuples(some, st.sampled_from([1, -1])).map(lambda x: {"$sortArray": {"input": x[0], "sortBy": x[1]}}),
        st.tuples(some, st.integers(-3, 3)).map(lambda x: {"$slice": list(x)}),
        st.tuples(some, st.integers(-3, 3), st.integers(1, 2)).map(lambda x: {"$slice": list(x)}),
        st.tuples(some, some).map(lambda x: {"$concatArrays": list(x)}),
        st.tuples(some, some).map(lambda x: {"$setDifference": list(x)}),
        st.tuples(st.sampled_from(["$setUnion", "$setIntersection"]), some, some).map(
            lambda x: {"$sortArray": {"input": {x[0]: [x[1], x[2]]}, "sortBy": 1}}
        ),
        st.tuples(st.sampled_from(["$firstN", "$lastN", "$maxN", "$minN"]), some, st.integers(1, 3)).map(
            lambda x: {x[0]: {"input": {"$ifNull": [x[1], []]}, "n": x[2]}}
        ),
    ]


def lists(depth: int = 2) -> Strategy:
    """Lists of anything."""
    choices = [number_lists(depth), word_lists(depth), st.just("$items"), st.just("$items.p"), literal(st.lists(ANY_VALUES, max_size=3))]
    if depth > 0:
        anything_ = anything(depth - 1)
        choices.append(st.tuples(anything_, anything_).map(list))
        choices.append(
            st.tuples(texts(depth - 1), st.sampled_from(["a", "(a)(b)?", "."])).map(
                lambda x: {"$regexFindAll": {"input": x[0], "regex": x[1]}}
            )
        )
        choices.append(st.tuples(number_lists(depth - 1), word_lists(depth - 1)).map(lambda x: {"$zip": {"inputs": list(x)}}))
        choices.append(st.just("$items").map(lambda x: {"$sortArray": {"input": x, "sortBy": {"p": -1, "q": 1}}}))
    return st.one_of(choices)


def objects_of(depth: int = 2) -> Strategy:
    leaves = st.just("$o") | st.just({"n": "$n", "s": "$s"})
    if depth == 0:
        return leaves
    some, anything_ = objects_of(depth - 1), anything(depth - 1)
    return st.one_of(
        leaves,
        anything_.map(lambda x: {"x": x, "y": 1}),
        st.tuples(some, some).map(lambda x: {"$mergeObjects": list(x)}),
        st.tuples(some, anything_).map(lambda x: {"$setField": {"field": "f", "input": x[0], "value": x[1]}}),
        some.map(lambda x: {"$arrayToObject": {"$objectToArray": x}}),
        anything_.map(lambda x: {"$arrayToObject": [[["z", x], ["a", 1]]]}),
        some.map(lambda x: {"$unsetField": {"field": "n", "input": x}}),
        st.tuples(dates(depth - 1), ZONES, st.booleans()).map(
            lambda x: {"$dateToParts": {"date": x[0], "timezone": x[1], "iso8601": x[2]}}
        ),
    )


def anything(depth: int = 2) -> Strategy:
    """An expression of any type, over the mixed fields too."""
    leaves = st.sampled_from(["$a", "$b", "$c", "$a.b", "$b.a", "$a.0", "$items.q", "$nowhere", "$o.nowhere", "$d"]) | literal(ANY_VALUES)
    if depth == 0:
        return leaves
    return st.one_of(
        leaves,
        numbers(depth),
        texts(depth),
        dates(depth),
        lists(depth),
        objects_of(depth),
        st.deferred(lambda: truths(depth)),
        st.just("$$REMOVE"),
    )


# Pipelines over documents that come in the order of `k`

ACCUMULATORS_OVER_ANYTHING = ["$min", "$max", "$first", "$last", "$push", "$addToSet"]


def accumulators() -> Strategy:
    """`{name: accumulator}`; the name of what has no order starts with `set`."""
    number, value = numbers(1), anything(1)
    by_k = st.sampled_from([{"n": 1, "k": 1}, {"s": -1, "k": -1}])
    single = st.one_of(
        st.tuples(st.sampled_from(["$sum", "$avg", "$stdDevPop", "$stdDevSamp"]), number).map(lambda x: ("x", {x[0]: x[1]})),
        st.tuples(st.sampled_from(ACCUMULATORS_OVER_ANYTHING), value).map(lambda x: ("set" if x[0] == "$addToSet" else "x", {x[0]: x[1]})),
        st.just(("x", {"$count": {}})),
        st.tuples(st.sampled_from(["$firstN", "$lastN", "$minN", "$maxN"]), value, st.integers(1, 3)).map(
            lambda x: ("x", {x[0]: {"input": x[1], "n": x[2]}})
        ),
        st.tuples(st.sampled_from(["$top", "$bottom"]), value, by_k).map(lambda x: ("x", {x[0]: {"output": x[1], "sortBy": x[2]}})),
        st.tuples(st.sampled_from(["$topN", "$bottomN"]), value, by_k).map(
            lambda x: ("x", {x[0]: {"output": x[1], "sortBy": x[2], "n": 2}})
        ),
        objects_of(1).map(lambda x: ("x", {"$mergeObjects": x})),
        st.tuples(st.sampled_from(["$concatArrays", "$setUnion"]), number_lists(1)).map(
            lambda x: ("set" if x[0] == "$setUnion" else "x", {x[0]: {"$ifNull": [x[1], []]}})
        ),
        number.map(lambda x: ("x", {"$percentile": {"input": x, "p": [0.1, 0.5, 0.95], "method": "approximate"}})),
        number.map(lambda x: ("x", {"$median": {"input": x, "method": "approximate"}})),
    )
    return st.lists(single, min_size=1, max_size=2).map(
        lambda found: {f"{name}{index}": accumulator for index, (name, accumulator) in enumerate(found)}
    )


def projections() -> Strategy:
    kept = st.sampled_from(["a", "b", "a.b", "o.n", "items.p", "k", "n", "c.a", "b.0"])
    computed = st.tuples(st.sampled_from(["x", "y", "o.z", "a.z", "items.z"]), anything(2))
    return st.one_of(
        st.sets(kept, min_size=1, max_size=3).map(lambda paths: dict.fromkeys(_no_collision(paths), 1)),
        st.sets(kept, min_size=1, max_size=3).map(lambda paths: dict.fromkeys(_no_collision(paths), 0)),
        st.lists(computed, min_size=1, max_size=2).map(lambda pairs: {"k": 1, **_only(dict(pairs))}),
    )


def find_projections() -> Strategy:
    """Projections as `find` knows them, with `$slice` and `$elemMatch`."""
    paths = st.sampled_from(["a", "b", "c", "a.b", "l", "w", "items", "items.p", "o.n", "b.0", "k"])
    some_paths = st.sets(paths, min_size=1, max_size=3).map(_no_collision)
    cut = st.integers(-2, 2) | st.tuples(st.integers(-3, 2), st.integers(1, 2)).map(list)
    sliced = st.tuples(st.sampled_from(["a", "b", "l", "items", "a.b"]), cut).map(lambda x: {x[0]: {"$slice": x[1]}})
    element = st.tuples(st.sampled_from(["a", "l", "w", "items"]), operators(1) | filters(1)).map(lambda x: {x[0]: {"$elemMatch": x[1]}})
    plain = st.tuples(some_paths, st.sampled_from([1, 0, True])).map(lambda x: dict.fromkeys(*x))
    both = st.tuples(sliced | element, plain).map(lambda x: {**x[0], **_apart(x[1], x[0])})
    return plain | sliced | element | both


def _apart(projection: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    return {path: item for path, item in projection.items() if path.split(".")[0] not in {taken.split(".")[0] for taken in other}}


def _no_collision(paths: set[str]) -> list[str]:
    return [path for path in sorted(paths) if not any(path != other and path.startswith(other + ".") for other in paths)]


def _only(computed: dict[str, Any]) -> dict[str, Any]:
    return {path: computed[path] for path in _no_collision(set(computed))}


EVERY_OTHER = {"k": {"$mod": [2, 0]}}
"""Keeps half of the documents, so that what comes after a `$match` has something to do."""


def keeping_stages() -> Strategy:
    """Stages after which the documents still have their fields and a known order."""
    added = st.dictionaries(st.sampled_from(["x", "y", "a.z", "z.z"]), anything(2), min_size=1, max_size=2)
    return st.one_of(
        filters(1).map(lambda x: {"$match": {"$or": [x, EVERY_OTHER]}}),
        truths(2).map(lambda x: {"$match": {"$or": [{"$expr": x}, EVERY_OTHER]}}),
        added.map(lambda x: {"$addFields": x}),
        added.map(lambda x: {"$set": x}),
        st.sampled_from(["a", "b.a", ["c", "a.b"]]).map(lambda x: {"$unset": x}),
        st.tuples(st.sampled_from(["a", "b", "a.b", "n", "s", "d", "l", "items.p", "o"]), st.sampled_from([1, -1])).map(
            lambda x: {"$sort": {x[0]: x[1], "k": 1}}
        ),
        st.integers(1, 30).map(lambda x: {"$limit": x}),
        st.integers(0, 20).map(lambda x: {"$skip": x}),
    )


def last_stages() -> Strategy:
    """Stages that change what a document is."""
    keys = anything(1) | st.tuples(anything(1), anything(1)).map(lambda x: {"x": x[0], "y": x[1]})
    windows = st.sampled_from([["unbounded", "current"], [-2, 0], ["current", 1], ["unbounded", "unbounded"], [-1, 1], [1, 2]])
    certain_number = {"$ifNull": ["$n", 0]}
    filled = st.sampled_from(
        [{"n": {"value": 0}}, {"s": {"method": "locf"}}, {"n": {"value": {"$add": ["$k", 1]}}, "t": {"method": "locf"}}]
    )
    return st.one_of(
        projections().map(lambda x: {"$project": x}),
        st.tuples(keys, accumulators()).map(lambda x: {"$group": {"_id": x[0], **x[1]}}),
        st.tuples(
            st.sampled_from(["$a", "$l", "$items", "$b.a", "$nowhere"]), st.booleans(), st.sampled_from([{}, {"includeArrayIndex": "i"}])
        ).map(lambda x: {"$unwind": {"path": x[0], "preserveNullAndEmptyArrays": x[1], **x[2]}}),
        anything(1).map(lambda x: {"$sortByCount": {"$ifNull": [x, None]}}),
        objects_of(2).map(lambda x: {"$replaceWith": {"$mergeObjects": [x, {"k": "$k"}]}}),
        objects_of(2).map(lambda x: {"$replaceRoot": {"newRoot": {"$mergeObjects": [{"k": "$k"}, x]}}}),
        st.just({"$count": "count"}),
        accumulators().map(
            lambda x: {"$bucket": {"groupBy": certain_number, "boundaries": [-5, 0, 3, 10], "default": "other", "output": x}}
        ),
        st.tuples(st.sampled_from(["$n", "$a", "$s"]), st.integers(1, 5), accumulators()).map(
            lambda x: {"$bucketAuto": {"groupBy": x[0], "buckets": x[1], "output": x[2]}}
        ),
        st.tuples(st.sampled_from(["$s", "$a", None]), accumulators(), windows).map(
            lambda x: {
                "$setWindowFields": {
                    "partitionBy": {"$cond": [{"$isArray": [x[0]]}, "array", x[0]]},
                    "sortBy": {"k": 1},
                    "output": {name: {**function, "window": {"documents": x[2]}} for name, function in x[1].items()},
                }
            }
        ),
        st.tuples(st.sampled_from(["$rank", "$denseRank", "$documentNumber"]), st.sampled_from(["$s", None])).map(
            lambda x: {"$setWindowFields": {"partitionBy": x[1], "sortBy": {"k": 1}, "output": {"x": {x[0]: {}}}}}
        ),
        st.tuples(anything(1), st.integers(-2, 2)).map(
            lambda x: {
                "$setWindowFields": {"sortBy": {"k": -1}, "output": {"x": {"$shift": {"output": x[0], "by": x[1], "default": "none"}}}}
            }
        ),
        filled.map(lambda x: {"$fill": {"sortBy": {"k": 1}, "output": x}}),
        accumulators().map(
            lambda x: {
                "$setWindowFields": {
                    "sortBy": {"k": 1},
                    "output": {name: {**function, "window": {"range": [-2, 3]}} for name, function in x.items()},
                }
            }
        ),
        st.tuples(st.sampled_from([3, 7]), st.sampled_from(["full", [-3, 9]])).map(
            lambda x: {"$densify": {"field": "k", "range": {"step": x[0], "bounds": x[1]}}}
        ),
        st.tuples(filters(1), anything(1), accumulators()).map(
            lambda x: {
                "$facet": {"found": [{"$match": x[0]}, {"$count": "n"}], "groups": [{"$group": {"_id": x[1], **x[2]}}, {"$count": "n"}]}
            }
        ),
    )


def pipelines() -> Strategy:
    """Up to three stages that keep the documents, then one that changes what they are."""
    return st.tuples(st.lists(keeping_stages(), max_size=3), last_stages()).map(lambda x: [*x[0], x[1]])


def pairs_of_values() -> Strategy:
    """Two values, often alike."""
    return st.tuples(ANY_VALUES, ANY_VALUES) | ANY_VALUES.flatmap(lambda value: st.tuples(st.just(value), st.just(value) | ANY_VALUES))
