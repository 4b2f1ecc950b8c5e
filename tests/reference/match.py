"""Filters: does a document satisfy `{path: condition, ...}`."""

import math
import re
from collections.abc import Callable
from typing import Any

from . import expressions
from .order import compare, equal, rank
from .paths import Reached, reach
from .values import MISSING, TYPE_BY_CODE, TYPE_CODES, MongoError, is_nan, is_nullish, is_number, is_true, is_whole, need, type_name

Test = Callable[[Any], bool]


def match(filter: dict[str, Any], doc: Any) -> bool:
    """Whether a document satisfies a filter."""
    return matched_index(filter, doc)[0]


def matched_index(filter: dict[str, Any], doc: Any) -> tuple[bool, int | None]:
    """Whether it does, and the array index that the last condition on an array was satisfied at, for the positional `$`."""
    need(isinstance(filter, dict), "a filter is an object", 14)
    matched, index = True, None
    for name, condition in filter.items():
        part, part_index = _logical(name, condition, doc) if name.startswith("$") else _on_path(name, condition, doc)
        matched = matched and part
        index = index if part_index is None else part_index
    return matched, index if matched else None


def _logical(name: str, operand: Any, doc: Any) -> tuple[bool, int | None]:
    match name:
        case "$and" | "$or" | "$nor":
            need(isinstance(operand, list) and len(operand) > 0, f"{name} needs a list that is not empty", 2)
            need(all(isinstance(part, dict) for part in operand), f"{name} needs a list of filters", 2)
            parts = [matched_index(part, doc) for part in operand]
            index = next((index for matched, index in reversed(parts) if matched and index is not None), None)
            if name == "$and":
                return all(matched for matched, _ in parts), index
            if name == "$or":
                return any(matched for matched, _ in parts), index
            return not any(matched for matched, _ in parts), None
        case "$expr":
            return is_true(expressions.evaluate(operand, doc)), None
        case "$comment":
            return True, None
        case _:
            raise MongoError(f"unknown top level operator: {name}", 2)


def _on_path(path: str, condition: Any, doc: Any) -> tuple[bool, int | None]:
    if isinstance(condition, re.Pattern):
        return _some(path, doc, _regex(compile_pattern(condition)))
    if not is_operators(condition):
        return _some(path, doc, _equals(condition))
    _check_regex_options(condition)
    matched, index = True, None
    for operator, operand in condition.items():
        part, part_index = _operator(path, operator, operand, condition, doc)
        matched = matched and part
        index = index if part_index is None else part_index
    return matched, index


def is_operators(condition: Any) -> bool:
    """An object whose first name is an operator; `{}` and `{a: 1, $gt: 2}` are values to be equal to."""
    return isinstance(condition, dict) and len(condition) > 0 and next(iter(condition)).startswith("$")


def _operator(path: str, operator: str, operand: Any, whole: dict[str, Any], doc: Any) -> tuple[bool, int | None]:
    """Each operator is satisfied by itself: different elements of an array may satisfy different operators."""
    match operator:
        case "$not":
            need(isinstance(operand, re.Pattern) or is_operators(operand), "$not needs a regex or operators", 2)
            return not _on_path(path, operand, doc)[0], None
        case "$ne" | "$nin":
            need(not isinstance(operand, re.Pattern) or operator == "$nin", "Can't have regex as arg to $ne.", 2)
            return not _some(path, doc, element_test("$eq" if operator == "$ne" else "$in", operand, whole))[0], None
        case "$exists":
            found = any(item.value is not MISSING for item in reach(doc, path, expand_last=False))
            return found == is_true(operand), None
        case "$all":
            return _all(path, operand, doc)
        case "$elemMatch":
            return _elem_match(path, operand, doc)
        case "$size":
            return _some(path, doc, element_test(operator, operand, whole), expand_last=False)
        case _:
            return _some(path, doc, element_test(operator, operand, whole))


def _some(path: str, doc: Any, test: Test, expand_last: bool = True) -> tuple[bool, int | None]:
    found: Reached | None = next((item for item in reach(doc, path, expand_last) if test(item.value)), None)
    return found is not None, found.index if found else None


def element_test(operator: str, operand: Any, whole: dict[str, Any]) -> Test:
    """The test that an operator makes of one value, without opening arrays. `whole` is the object the operator stands in."""
    need(operator in ELEMENT_TESTS, f"unknown operator: {operator}", 2)
    return ELEMENT_TESTS[operator](operand, whole)


def _negated(test: Test) -> Test:
    return lambda value: not test(value)


def _element_condition(condition: Any) -> Test:
    """The test of one value by a regex, operators or a value to be equal to."""
    if isinstance(condition, re.Pattern):
        return _regex(compile_pattern(condition))
    if not is_operators(condition):
        return _equals(condition)
    _check_regex_options(condition)
    tests = [element_test(operator, operand, condition) for operator, operand in condition.items()]
    return lambda value: all(test(value) for test in tests)


def _equals(operand: Any) -> Test:
    """Null equals missing; everything else only itself."""
    if operand is None:
        return is_nullish
    return lambda value: equal(value, operand)


def _range(operator: str, operand: Any) -> Test:
    """Only values of the operand's own type class are compared; null with >= and <= means null or missing."""
    need(not isinstance(operand, re.Pattern), f"Can't have RegEx as arg to predicate over field {operator}", 2)
    or_equal = operator in ("$gte", "$lte")
    wanted = 1 if operator in ("$gt", "$gte") else -1

    def test(value: Any) -> bool:
        if operand is None:
            return or_equal and is_nullish(value)
        if rank(value) != rank(operand):
            return False
        if is_nan(value) or is_nan(operand):
            return or_equal and is_nan(value) and is_nan(operand)
        result = compare(value, operand)
        return result == wanted or (or_equal and result == 0)

    return test


def _in(operand: Any) -> Test:
    need(isinstance(operand, list), "$in needs a list", 2)
    need(not any(is_operators(item) for item in operand), "cannot nest $ under $in", 2)
    tests = [_regex(compile_pattern(item)) if isinstance(item, re.Pattern) else _equals(item) for item in operand]
    return lambda value: any(test(value) for test in tests)


def _regex(pattern: re.Pattern[str]) -> Test:
    return lambda value: (
        (isinstance(value, str) and pattern.search(value) is not None) or (isinstance(value, re.Pattern) and equal(value, pattern))
    )


FLAGS = {"i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL, "x": re.VERBOSE, "u": re.NOFLAG}


def compile_pattern(pattern: Any, options: Any = None) -> re.Pattern[str]:
    """A pattern of a string or regex, with options; `\\d` and `\\w` are ASCII without `(*UCP)`.

    Python cannot ignore the case of all letters and keep classes to ASCII: with `i`, classes are Unicode here.
    """
    flags = re.NOFLAG
    if isinstance(pattern, re.Pattern):
        flags = re.RegexFlag(pattern.flags) & (re.IGNORECASE | re.MULTILINE | re.DOTALL | re.VERBOSE)
        need(options is None or not flags, "options set in both $regex and $options", 51075)
        pattern = pattern.pattern
    need(isinstance(pattern, str), "$regex has to be a string", 2)
    need("\0" not in pattern, "a pattern cannot hold a NUL", 51091)
    need(options is None or (isinstance(options, str) and "\0" not in options), "$options has to be a string", 2)
    for letter in options or "":
        need(letter in FLAGS, f"invalid flag in regex options: {letter}", 51108)
        flags |= FLAGS[letter]
    verbs = re.match(r"(\(\*UTF\)|\(\*UCP\))*", pattern)[0]
    if "(*UCP)" not in verbs and not flags & re.IGNORECASE:
        flags |= re.ASCII
    try:
        return re.compile(pattern.removeprefix(verbs), flags)
    except re.error as error:
        raise MongoError(f"not a regular expression: {error}", 51091) from None


def _check_regex_options(condition: dict[str, Any]) -> None:
    need("$options" not in condition or "$regex" in condition, "$options needs a $regex", 2)


def _type_names(operand: Any) -> set[str]:
    operands = operand if isinstance(operand, list) else [operand]
    need(len(operands) > 0, "$type must match at least one type", 9)
    names: set[str] = set()
    for item in operands:
        if isinstance(item, str):
            need(item in TYPE_CODES or item == "number", f"unknown type name alias: {item}", 2)
            names |= {"int", "long", "double", "decimal"} if item == "number" else {item}
        else:
            need(is_whole(item) and item in TYPE_BY_CODE, f"invalid numerical type code: {item}", 2)
            names.add(TYPE_BY_CODE[item])
    return names


def _mod(operand: Any) -> Test:
    """Both numbers and the value lose their fraction; the remainder has the sign of the value."""
    need(isinstance(operand, list) and len(operand) == 2 and all(is_number(item) for item in operand), "malformed mod", 2)
    need(all(math.isfinite(item) for item in operand), "malformed mod, not a finite number", 2)
    divisor, remainder = (int(item) for item in operand)
    need(divisor != 0, "divisor cannot be 0", 2)

    def test(value: Any) -> bool:
        if not is_number(value) or not math.isfinite(value):
            return False
        return abs(int(value)) % abs(divisor) * (-1 if value < 0 else 1) == remainder

    return test


def _all(path: str, operand: Any, doc: Any) -> tuple[bool, int | None]:
    """Every condition holds; an empty list is satisfied by nothing."""
    need(isinstance(operand, list), "$all needs a list", 2)
    uses = [isinstance(item, dict) and "$elemMatch" in item for item in operand]
    need(all(uses) or not any(uses), "no $ expressions in $all beside $elemMatch", 2)
    need(any(uses) or not any(is_operators(item) for item in operand), "no $ expressions in $all", 2)
    parts = [_on_path(path, item, doc) for item in operand]
    return bool(parts) and all(matched for matched, _ in parts), parts[-1][1] if parts else None


def _elem_match(path: str, operand: Any, doc: Any) -> tuple[bool, int | None]:
    need(isinstance(operand, dict), "$elemMatch needs an object", 2)
    for item in reach(doc, path, expand_last=False):
        if isinstance(item.value, list):
            index = first_match(operand, item.value)
            if index is not None:
                return True, index if item.index is None else item.index
    return False, None


def _size(operand: Any) -> Test:
    need(is_whole(operand) and operand >= 0, "$size needs a whole number that is not negative", 2)
    return lambda value: isinstance(value, list) and len(value) == operand


def _type(operand: Any) -> Test:
    names = _type_names(operand)
    return lambda value: type_name(value) in names


def _ne(operand: Any) -> Test:
    need(not isinstance(operand, re.Pattern), "Can't have regex as arg to $ne.", 2)
    return _negated(_equals(operand))


def _not(operand: Any) -> Test:
    need(isinstance(operand, re.Pattern) or is_operators(operand), "$not needs a regex or operators", 2)
    return _negated(_element_condition(operand))


def _all_of_one(operand: Any) -> Test:
    need(isinstance(operand, list), "$all needs a list", 2)
    tests = [_element_condition(part) for part in operand]
    return lambda value: bool(tests) and all(test(value) for test in tests)


def _exists(operand: Any) -> Test:
    return lambda value: (value is not MISSING) == is_true(operand)


def _elem_match_of_one(operand: Any) -> Test:
    return lambda value: isinstance(value, list) and first_match(operand, value) is not None


def _anything(_: Any) -> bool:
    return True


ELEMENT_TESTS: dict[str, Callable[[Any, dict[str, Any]], Test]] = {
    "$eq": lambda operand, _: _equals(operand),
    "$ne": lambda operand, _: _ne(operand),
    "$gt": lambda operand, _: _range("$gt", operand),
    "$gte": lambda operand, _: _range("$gte", operand),
    "$lt": lambda operand, _: _range("$lt", operand),
    "$lte": lambda operand, _: _range("$lte", operand),
    "$in": lambda operand, _: _in(operand),
    "$nin": lambda operand, _: _negated(_in(operand)),
    "$regex": lambda operand, whole: _regex(compile_pattern(operand, whole.get("$options"))),
    "$options": lambda _, __: _anything,
    "$comment": lambda _, __: _anything,
    "$size": lambda operand, _: _size(operand),
    "$type": lambda operand, _: _type(operand),
    "$mod": lambda operand, _: _mod(operand),
    "$exists": lambda operand, _: _exists(operand),
    "$not": lambda operand, _: _not(operand),
    "$all": lambda operand, _: _all_of_one(operand),
    "$elemMatch": lambda operand, _: _elem_match_of_one(operand),
}


LOGICAL = ("$and", "$or", "$nor", "$expr", "$comment")


def first_match(operand: dict[str, Any], array: list[Any]) -> int | None:
    """The index of the first element that satisfies an `$elemMatch` all alone.

    A condition of operators is about the element itself; one of paths is about elements that are objects, or
    arrays, which count as objects with their indexes as names.
    """
    need(isinstance(operand, dict), "$elemMatch needs an object", 2)
    if is_operators(operand) and next(iter(operand)) not in LOGICAL:
        test = _element_condition(operand)
        return next((index for index, element in enumerate(array) if test(element)), None)
    for index, element in enumerate(array):
        as_object = {str(place): item for place, item in enumerate(element)} if isinstance(element, list) else element
        if isinstance(as_object, dict) and match(operand, as_object):
            return index
    return None
