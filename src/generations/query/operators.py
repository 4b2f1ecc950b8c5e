"""The operator tables: every name of the query language, with its tier and one sentence; what is refused, and why.

The parsers, the nearest-name hints and the reference in the docs all read these tables.
"""

from __future__ import annotations

from dataclasses import dataclass

_ONE_COLLECTION = "there is one collection; export and join elsewhere"

QUERY: dict[str, str] = {
    "$eq": "Equal to a value, or an array that contains it.",
    "$ne": "Not equal; a missing field is not equal to anything but null.",
    "$gt": "Greater, among values of the same type.",
    "$gte": "Greater or equal, among values of the same type; `null` also matches missing.",
    "$lt": "Less, among values of the same type.",
    "$lte": "Less or equal, among values of the same type; `null` also matches missing.",
    "$in": "Equal to one of the values, or matched by one of the patterns.",
    "$nin": "Equal to none of the values and matched by none of the patterns.",
    "$and": "All filters hold.",
    "$or": "At least one filter holds.",
    "$nor": "None of the filters holds.",
    "$not": "The operators do not hold; a missing field satisfies it.",
    "$exists": "The field is there, be it null.",
    "$type": "The value, or an element of it, is of the BSON type.",
    "$regex": "The text matches the regular expression.",
    "$options": "Options of `$regex`: i, m, s, x.",
    "$elemMatch": "One element of the array satisfies everything.",
    "$all": "The array contains all of the values.",
    "$size": "The array has so many elements.",
    "$mod": "The number divided by the divisor leaves the remainder.",
    "$expr": "The expression is true.",
    "$comment": "Ignored.",
}

REFUSED_QUERY: dict[str, str] = {
    "$where": "use $expr",
    "$text": "use $regex",
    "$jsonSchema": "use $type and $exists",
    "$bitsAllSet": "bit tests are not offered",
    "$bitsAllClear": "bit tests are not offered",
    "$bitsAnySet": "bit tests are not offered",
    "$bitsAnyClear": "bit tests are not offered",
    "$geoWithin": "records have no places",
    "$geoIntersects": "records have no places",
    "$near": "records have no places",
    "$nearSphere": "records have no places",
    "$sampleRate": "use the $sample stage",
    "$rand": "use the $sample stage",
}

STAGES: dict[str, str] = {
    "$match": "Keep the documents that satisfy a filter.",
    "$project": "Keep, drop and compute fields.",
    "$addFields": "Add or replace fields.",
    "$set": "The same as `$addFields`.",
    "$unset": "Drop fields.",
    "$group": "Group by an expression and accumulate.",
    "$sort": "Order the documents.",
    "$limit": "Keep the first n documents.",
    "$skip": "Drop the first n documents.",
    "$count": "Count the documents into one field; no document when there are none.",
    "$unwind": "One document for each element of an array.",
    "$sortByCount": "Group by an expression and order by how many there are.",
    "$replaceRoot": "Make an embedded object the document.",
    "$replaceWith": "The same as `$replaceRoot`, written shorter.",
    "$facet": "Several pipelines over the same documents, in one document.",
    "$bucket": "Group by ranges with given boundaries.",
    "$bucketAuto": "Group by ranges so that the groups are of even size.",
    "$setWindowFields": "Compute over neighbours in an order: running sums, ranks, shifts.",
    "$sample": "Keep n documents at random.",
    "$fill": "Fill null and missing fields with a value.",
    "$densify": "Add documents where a sequence of dates or numbers has gaps.",
}

REFUSED_STAGES: dict[str, str] = {
    "$lookup": _ONE_COLLECTION,
    "$unionWith": _ONE_COLLECTION,
    "$graphLookup": _ONE_COLLECTION,
    "$out": "use export",
    "$merge": "use update",
    "$redact": "use $project and $match",
    "$geoNear": "records have no places",
    "$search": "use $match with $regex",
    "$collStats": "use stats",
    "$indexStats": "use stats",
    "$documents": "there is one collection",
    "$changeStream": "poll by `updatedAt`",
}

ACCUMULATORS: dict[str, str] = {
    "$sum": "Sum of the numbers; what is not a number is ignored; 0 of none.",
    "$avg": "Mean of the numbers; null of none.",
    "$min": "Least value in BSON order, null and missing ignored.",
    "$max": "Greatest value in BSON order, null and missing ignored.",
    "$count": "How many documents.",
    "$first": "Value of the first document.",
    "$last": "Value of the last document.",
    "$push": "All values as an array, missing ones skipped.",
    "$addToSet": "The distinct values as an array, in no order.",
    "$percentile": "Percentiles, each a value of the set (discrete).",
    "$median": "The 50th percentile, a value of the set (discrete).",
    "$stdDevPop": "Standard deviation of a population.",
    "$stdDevSamp": "Standard deviation of a sample; null of one value.",
    "$top": "Output of the first document by `sortBy`.",
    "$topN": "Outputs of the first n documents by `sortBy`.",
    "$bottom": "Output of the last document by `sortBy`.",
    "$bottomN": "Outputs of the last n documents by `sortBy`.",
    "$firstN": "Values of the first n documents.",
    "$lastN": "Values of the last n documents.",
    "$maxN": "The n greatest values, null and missing ignored.",
    "$minN": "The n least values, null and missing ignored.",
    "$mergeObjects": "All objects merged, later fields win.",
    "$setUnion": "The union of the arrays as sets.",
    "$concatArrays": "The arrays one after the other.",
}

REFUSED_ACCUMULATORS: dict[str, str] = {
    "$accumulator": "no code runs in the store",
    "$covariancePop": "not offered",
    "$covarianceSamp": "not offered",
    "$expMovingAvg": "not offered",
    "$derivative": "not offered",
    "$integral": "not offered",
    "$linearFill": "not offered",
    "$locf": "use $fill with a value",
}

WINDOW: dict[str, str] = {
    "$rank": "Rank in the partition, with gaps after ties.",
    "$denseRank": "Rank in the partition, without gaps.",
    "$documentNumber": "Position in the partition.",
    "$shift": "Value of a neighbour so many places away.",
}
"""Window operators beside the accumulators, which all work over windows too unless the reference says otherwise."""


@dataclass(frozen=True, slots=True)
class Signature:
    """How an expression operator takes its arguments.

    Attributes:
        tier: 1 is what everybody uses, 2 what people expect.
        summary: one sentence for the reference.
        least: fewest positional arguments; a single one need not stand in a list.
        most: most positional arguments; None is any number; -1 means named arguments only.
        names: named arguments; those that end in `?` may be left out.
    """

    tier: int
    summary: str
    least: int = 1
    most: int | None = 1
    names: tuple[str, ...] = ()


def _one(tier: int, summary: str) -> Signature:
    return Signature(tier, summary)


def _many(tier: int, summary: str, least: int = 0, most: int | None = None) -> Signature:
    return Signature(tier, summary, least, most)


def _named(tier: int, summary: str, *names: str) -> Signature:
    return Signature(tier, summary, 0, -1, names)


EXPRESSIONS: dict[str, Signature] = {
    "$literal": _one(1, "A constant, not read as an expression."),
    # comparison and conditions
    "$eq": _many(1, "Whether two values are equal.", 2, 2),
    "$ne": _many(1, "Whether two values differ.", 2, 2),
    "$gt": _many(1, "Greater, in BSON order across types.", 2, 2),
    "$gte": _many(1, "Greater or equal, in BSON order across types.", 2, 2),
    "$lt": _many(1, "Less, in BSON order across types.", 2, 2),
    "$lte": _many(1, "Less or equal, in BSON order across types.", 2, 2),
    "$cmp": _many(1, "-1, 0 or 1, in BSON order across types.", 2, 2),
    "$and": _many(1, "Whether all are true."),
    "$or": _many(1, "Whether one is true."),
    "$not": _one(1, "Whether it is false."),
    "$cond": Signature(1, "One of two values, by a condition.", 3, 3, ("if", "then", "else")),
    "$ifNull": _many(1, "The first value that is neither null nor missing.", 2),
    "$switch": _named(1, "The value of the first true branch.", "branches", "default?"),
    # arithmetic
    "$add": _many(1, "Sum of numbers, or a date and milliseconds."),
    "$subtract": _many(1, "Difference of numbers, of dates in milliseconds, or a date less milliseconds.", 2, 2),
    "$multiply": _many(1, "Product."),
    "$divide": _many(1, "Quotient, always a fraction; division by zero is an error.", 2, 2),
    "$round": _many(1, "Rounded half to even, to a number of decimals.", 1, 2),
    "$abs": _one(2, "Absolute value."),
    "$ceil": _one(2, "Least integer that is not less."),
    "$floor": _one(2, "Greatest integer that is not greater."),
    "$mod": _many(2, "Remainder, with the dividend's sign.", 2, 2),
    "$trunc": _many(2, "Cut to a number of decimals.", 1, 2),
    "$pow": _many(2, "Power.", 2, 2),
    "$sqrt": _one(2, "Square root; of a negative number an error."),
    "$ln": _one(2, "Natural logarithm."),
    "$log": _many(2, "Logarithm to a base.", 2, 2),
    "$log10": _one(2, "Logarithm to base 10."),
    "$exp": _one(2, "e to a power."),
    # text
    "$concat": _many(1, "Texts one after the other."),
    "$toLower": _one(1, "ASCII letters to lower case."),
    "$toUpper": _one(1, "ASCII letters to upper case."),
    "$substrCP": _many(2, "Part of a text, by code points.", 3, 3),
    "$substrBytes": _many(2, "Part of a text, by UTF-8 bytes.", 3, 3),
    "$substr": _many(2, "The same as `$substrBytes`.", 3, 3),
    "$strLenCP": _one(2, "Length in code points."),
    "$strLenBytes": _one(2, "Length in UTF-8 bytes."),
    "$indexOfCP": _many(2, "Position of a text in a text, by code points; -1 when absent.", 2, 4),
    "$indexOfBytes": _many(2, "Position of a text in a text, by bytes; -1 when absent.", 2, 4),
    "$split": _many(2, "A text cut at a separator.", 2, 2),
    "$trim": _named(2, "Without the characters at both ends.", "input", "chars?"),
    "$ltrim": _named(2, "Without the characters at the start.", "input", "chars?"),
    "$rtrim": _named(2, "Without the characters at the end.", "input", "chars?"),
    "$regexMatch": _named(2, "Whether a text matches a regular expression.", "input", "regex", "options?"),
    "$regexFind": _named(2, "First match with its position and captures.", "input", "regex", "options?"),
    "$regexFindAll": _named(2, "All matches with their positions and captures.", "input", "regex", "options?"),
    "$replaceOne": _named(2, "First occurrence of a text replaced.", "input", "find", "replacement"),
    "$replaceAll": _named(2, "All occurrences of a text replaced.", "input", "find", "replacement"),
    "$strcasecmp": _many(2, "-1, 0 or 1, ASCII case ignored.", 2, 2),
    # arrays
    "$size": _one(1, "Number of elements; an error for what is no array."),
    "$arrayElemAt": _many(1, "Element at a position, from the end when negative.", 2, 2),
    "$in": _many(1, "Whether an array contains a value.", 2, 2),
    "$first": _one(2, "First element."),
    "$last": _one(2, "Last element."),
    "$firstN": _named(2, "First n elements.", "n", "input"),
    "$lastN": _named(2, "Last n elements.", "n", "input"),
    "$maxN": _named(2, "The n greatest elements.", "n", "input"),
    "$minN": _named(2, "The n least elements.", "n", "input"),
    "$filter": _named(2, "Elements for which a condition holds.", "input", "as?", "cond", "limit?"),
    "$map": _named(2, "An expression of each element.", "input", "as?", "in"),
    "$reduce": _named(2, "All elements folded into one value.", "input", "initialValue", "in"),
    "$slice": _many(2, "Part of an array.", 2, 3),
    "$concatArrays": _many(2, "Arrays one after the other."),
    "$isArray": _one(2, "Whether it is an array."),
    "$range": _many(2, "Integers from, to (without), step.", 2, 3),
    "$reverseArray": _one(2, "Elements in reverse."),
    "$sortArray": _named(2, "Elements in order.", "input", "sortBy"),
    "$zip": _named(2, "Arrays transposed.", "inputs", "useLongestLength?", "defaults?"),
    "$indexOfArray": _many(2, "Position of a value in an array; -1 when absent.", 2, 4),
    "$objectToArray": _one(2, "An object as an array of {k, v}."),
    "$arrayToObject": _one(2, "An array of {k, v} or [k, v] as an object."),
    "$sum": _many(1, "Sum of the numbers, or of an array's."),
    "$avg": _many(1, "Mean of the numbers, or of an array's."),
    "$min": _many(1, "Least value, or least element of one array."),
    "$max": _many(1, "Greatest value, or greatest element of one array."),
    "$stdDevPop": _many(2, "Standard deviation of a population."),
    "$stdDevSamp": _many(2, "Standard deviation of a sample."),
    "$percentile": _named(2, "Percentiles of an array.", "input", "p", "method"),
    "$median": _named(2, "Median of an array.", "input", "method"),
    # sets
    "$setEquals": _many(2, "Whether arrays hold the same elements.", 2),
    "$setIntersection": _many(2, "Elements in all arrays."),
    "$setUnion": _many(2, "Elements in any array."),
    "$setDifference": _many(2, "Elements of the first that are not in the second.", 2, 2),
    "$setIsSubset": _many(2, "Whether all elements of the first are in the second.", 2, 2),
    "$anyElementTrue": _one(2, "Whether one element is true."),
    "$allElementsTrue": _one(2, "Whether all elements are true."),
    # objects
    "$mergeObjects": _many(2, "Objects merged, later fields win."),
    "$getField": Signature(2, "A field by name, also with dots or dollars.", 1, 1, ("field", "input?")),
    "$setField": _named(2, "A field set by name.", "field", "input", "value"),
    "$unsetField": _named(2, "A field dropped by name.", "field", "input"),
    "$let": _named(2, "Names for values.", "vars", "in"),
    # types
    "$type": _one(2, "Name of the BSON type."),
    "$isNumber": _one(2, "Whether it is a number."),
    "$convert": _named(2, "Converted to a type.", "input", "to", "onError?", "onNull?"),
    "$toBool": _one(2, "To a boolean."),
    "$toDate": _one(2, "To a date."),
    "$toDouble": _one(2, "To a double."),
    "$toInt": _one(2, "To a 32-bit integer."),
    "$toLong": _one(2, "To a 64-bit integer."),
    "$toString": _one(2, "To a text."),
    # dates
    "$dateToString": _named(1, "A date as a text.", "date", "format?", "timezone?", "onNull?"),
    "$dateTrunc": _named(1, "A date cut to a unit.", "date", "unit", "binSize?", "timezone?", "startOfWeek?"),
    "$year": Signature(1, "Year.", 1, 1, ("date", "timezone?")),
    "$month": Signature(1, "Month, 1 to 12.", 1, 1, ("date", "timezone?")),
    "$dayOfMonth": Signature(1, "Day of the month, 1 to 31.", 1, 1, ("date", "timezone?")),
    "$hour": Signature(1, "Hour, 0 to 23.", 1, 1, ("date", "timezone?")),
    "$minute": Signature(2, "Minute, 0 to 59.", 1, 1, ("date", "timezone?")),
    "$second": Signature(2, "Second, 0 to 59.", 1, 1, ("date", "timezone?")),
    "$millisecond": Signature(2, "Millisecond, 0 to 999.", 1, 1, ("date", "timezone?")),
    "$dayOfWeek": Signature(2, "Day of the week, 1 is Sunday.", 1, 1, ("date", "timezone?")),
    "$dayOfYear": Signature(2, "Day of the year, 1 to 366.", 1, 1, ("date", "timezone?")),
    "$week": Signature(2, "Week of the year, 0 to 53, from Sunday.", 1, 1, ("date", "timezone?")),
    "$isoWeek": Signature(2, "ISO 8601 week, 1 to 53.", 1, 1, ("date", "timezone?")),
    "$isoWeekYear": Signature(2, "ISO 8601 year of the week.", 1, 1, ("date", "timezone?")),
    "$isoDayOfWeek": Signature(2, "ISO 8601 day of the week, 1 is Monday.", 1, 1, ("date", "timezone?")),
    "$dateAdd": _named(2, "A date and so many units.", "startDate", "unit", "amount", "timezone?"),
    "$dateSubtract": _named(2, "A date less so many units.", "startDate", "unit", "amount", "timezone?"),
    "$dateDiff": _named(2, "Units between two dates.", "startDate", "endDate", "unit", "timezone?", "startOfWeek?"),
    "$dateFromParts": _named(
        2, "A date of its parts.",
        "year?", "month?", "day?", "isoWeekYear?", "isoWeek?", "isoDayOfWeek?", "hour?", "minute?", "second?", "millisecond?", "timezone?",
    ),
    "$dateToParts": _named(2, "The parts of a date.", "date", "timezone?", "iso8601?"),
    "$dateFromString": _named(2, "A date read from a text.", "dateString", "format?", "timezone?", "onError?", "onNull?"),
}  # fmt: skip

REFUSED_EXPRESSIONS: dict[str, str] = {
    **dict.fromkeys(
        ("$sin", "$cos", "$tan", "$asin", "$acos", "$atan", "$atan2", "$sinh", "$cosh", "$tanh", "$degreesToRadians", "$radiansToDegrees"),
        "trigonometry is not offered",
    ),
    **dict.fromkeys(("$bitAnd", "$bitOr", "$bitXor", "$bitNot"), "bit arithmetic is not offered"),
    **dict.fromkeys(("$function", "$accumulator"), "no code runs in the store"),
    "$rand": "an answer must not depend on chance; use the $sample stage",
    "$toDecimal": "numbers are 64-bit",
    "$toObjectId": "ids are texts",
    "$toUUID": "ids are texts",
    "$binarySize": "records hold no binary values",
    "$bsonSize": "records are not stored as BSON",
    "$meta": "there is no text search",
    "$tsSecond": "records hold no timestamps of this kind",
    "$tsIncrement": "records hold no timestamps of this kind",
}

UPDATES: dict[str, str] = {
    "$set": "Set fields; parents are made where they are missing.",
    "$unset": "Drop fields.",
    "$inc": "Add to a number.",
    "$push": "Append to an array; `$each`, `$position`, `$slice`, `$sort`.",
    "$addToSet": "Append to an array what it does not hold yet; `$each`.",
    "$pull": "Drop the elements that equal a value or satisfy a condition.",
    "$min": "Set when the new value is less.",
    "$max": "Set when the new value is greater.",
}

VARIABLES: dict[str, str] = {
    "ROOT": "The whole document.",
    "CURRENT": "The document that field paths start from.",
    "REMOVE": "No value: leaves the field out.",
    "NOW": "The instant at which the statement began.",
}

TIER_1 = frozenset(
    {
        *(name for name in QUERY if name not in ("$mod", "$comment")),
        *("$match", "$project", "$addFields", "$set", "$unset", "$group", "$sort", "$limit", "$skip", "$count", "$unwind", "$sortByCount"),
        *("$replaceRoot", "$replaceWith", "$sum", "$avg", "$min", "$max", "$first", "$last", "$push", "$addToSet"),
    }
)
"""Names of query operators, stages, accumulators and updates that everybody uses; the rest are tier 2."""
