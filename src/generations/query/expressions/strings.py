"""`$concat $toLower $toUpper $strcasecmp $strLen* $substr* $indexOf*`: texts by code points or UTF-8 bytes, ASCII case only."""

from __future__ import annotations

from generations.query import tagged
from generations.query.evaluate import Scope, operator
from generations.query.expression import Call, Expression
from generations.query.expressions.arguments import Argument, Frame, Number, Test, fail_where, null_where
from generations.query.expressions.texts import read_text
from generations.query.value import Value


@operator("$concat")
def _concat(scope: Scope, call: Call) -> Value:
    """The first argument that is null or no text decides."""
    frame = Frame()
    texts = [frame.read(scope.value(arg), "string") for arg in call.args]
    tests: list[Test] = []
    for text in texts:
        tests += [null_where(text.absent), fail_where(text.wrong, "$concat only supports strings")]
    return frame.scalar("string", tests, f"concat({', '.join(text.value for text in texts)})" if texts else "''")


@operator("$toLower", "$toUpper")
def _case(scope: Scope, call: Call) -> Value:
    frame = Frame()
    text = read_text(frame, scope.value(call.args[0]))
    function = "lower" if call.op == "$toLower" else "upper"
    return frame.scalar("string", [_no_text(call, text)], f"{function}({text.value})")


def _no_text(call: Call, text: Argument) -> Test:
    return fail_where(text.wrong, f"{call.op}: can't convert from this BSON type to String")


@operator("$strcasecmp")
def _strcasecmp(scope: Scope, call: Call) -> Value:
    frame = Frame()
    texts = [read_text(frame, scope.value(arg)) for arg in call.args]
    a, b = (f"upper({text.value})" for text in texts)
    return frame.scalar("integer", [_no_text(call, text) for text in texts], f"toInt64(multiIf({a} < {b}, -1, {a} > {b}, 1, 0))")


@operator("$strLenCP", "$strLenBytes")
def _length(scope: Scope, call: Call) -> Value:
    """A missing text is an error here."""
    frame = Frame()
    text = frame.read(scope.value(call.args[0]), "string")
    function = "lengthUTF8" if call.op == "$strLenCP" else "length"
    tests = [fail_where(tagged.any_of([text.absent, text.wrong]), f"{call.op} requires a string argument")]
    return frame.scalar("integer", tests, f"ifNull(toInt64({function}({text.value})), 0)")


# --- parts ------------------------------------------------------------------------------------------------------------


@operator("$substrCP")
def _substr_cp(scope: Scope, call: Call) -> Value:
    frame = Frame()
    text = read_text(frame, scope.value(call.args[0]))
    start, length = (frame.number(scope.value(arg)) for arg in call.args[1:])
    tests = [
        _no_text(call, text),
        _not_int32(start, "$substrCP: starting index must be a 32-bit integer"),
        _not_int32(length, "$substrCP: length must be a 32-bit integer"),
        fail_where(f"{length.double} < 0", "$substrCP: length must be a nonnegative integer"),
        fail_where(f"{start.double} < 0", "$substrCP: the starting index must be a nonnegative integer"),
    ]
    return frame.scalar("string", tests, f"substringUTF8({text.value}, {_cut(start)} + 1, {_cut(length)})")


@operator("$substr", "$substrBytes")
def _substr_bytes(scope: Scope, call: Call) -> Value:
    """Fractions are cut off; a negative length means the rest; a character is never cut."""
    frame = Frame()
    text = read_text(frame, scope.value(call.args[0]))
    start, length = (frame.number(scope.value(arg)) for arg in call.args[1:])
    size, begin = f"toInt64(length({text.value}))", _cut(start)
    count = f"if({_cut(length)} < 0, {size}, {_cut(length)})"
    tests = [
        _no_text(call, text),
        fail_where(tagged.any_of([start.absent, start.wrong]), f"{call.op}: starting index must be a numeric type"),
        fail_where(tagged.any_of([length.absent, length.wrong]), f"{call.op}: length must be a numeric type"),
        fail_where(f"{begin} < 0", f"{call.op}: starting index must be non-negative"),
        fail_where(_continues(text, begin), f"{call.op}: Invalid range, starting index is a UTF-8 continuation byte."),
        fail_where(
            _continues(text, f"{begin} + {count}"), f"{call.op}: Invalid range, ending index is in the middle of a UTF-8 character."
        ),
    ]
    return frame.scalar("string", tests, f"substring({text.value}, {begin} + 1, {count})")


def _continues(text: Argument, position: str) -> str:
    """Whether the byte at a position belongs to the character before it."""
    return f"bitAnd(reinterpretAsUInt8(substring({text.value}, {position} + 1, 1)), 192) = 128"


def _cut(number: Number) -> str:
    """The number without its fraction, no greater than any text is long."""
    return f"toInt64(greatest(-1, least({tagged.cut(number.double)}, 2147483647)))"


def _not_int32(number: Number, message: str) -> Test:
    """Fails for what is no 32-bit integer, null included."""
    whole = f"ifNull({number.double} = trunc({number.double}) AND abs({number.double}) <= 2147483648, 0)"
    return fail_where(tagged.any_of([number.absent, number.wrong, f"NOT {whole}"]), message)


# --- positions --------------------------------------------------------------------------------------------------------


@operator("$indexOfBytes", "$indexOfCP")
def _index_of(scope: Scope, call: Call) -> Value:
    frame = Frame()
    text, part = (frame.read(scope.value(arg), "string") for arg in call.args[:2])
    tests = [
        null_where(text.absent),
        fail_where(text.wrong, f"{call.op} requires a string as the first argument"),
        fail_where(tagged.any_of([part.absent, part.wrong]), f"{call.op} requires a string as the second argument"),
    ]
    start, end = "0", "2147483647"
    if len(call.args) > 2:
        start = _index(scope, call, frame, call.args[2], tests, "starting index")
    if len(call.args) > 3:
        end = _index(scope, call, frame, call.args[3], tests, "ending index")
    find = _position_of_bytes if call.op == "$indexOfBytes" else _position_of_code_points
    return frame.scalar("integer", tests, find(text.value, part.value, start, end), spreads=False)


def _index(scope: Scope, call: Call, frame: Frame, node: Expression, tests: list[Test], name: str) -> str:
    number = frame.number(scope.value(node))
    tests.append(_not_int32(number, f"{call.op} requires an integral {name}"))
    tests.append(fail_where(f"{number.double} < 0", f"{call.op} requires a nonnegative {name}"))
    return _cut(number)


def _position_of_bytes(text: str, part: str, start: str, end: str) -> str:
    """The match must end before `end`."""
    until = f"substring({text}, 1, {end})" if end != "2147483647" else text
    outside = f"{start} > toInt64(length({text})) OR {end} < {start}"
    return f"toInt64(multiIf({outside}, -1, {part} = '', {start}, toInt64(position({until}, {part}, toUInt64({start} + 1))) - 1))"


def _position_of_code_points(text: str, part: str, start: str, end: str) -> str:
    """The match must begin before `end`, as the server has it; an empty text is not found at the end of another."""
    size = f"toInt64(lengthUTF8({text}))"
    stop = f"least({size}, {end})"
    found = f"toInt64(positionUTF8(substringUTF8({text}, {start} + 1), {part})) - 1"
    inside = f"{found} >= 0 AND {start} + {found} < {stop}"
    cases = [(f"{stop} < {start}", "-1"), (f"{text} = '' AND {part} = ''", "0"), (inside, f"{start} + {found}")]
    return f"toInt64({tagged.choose(cases, '-1')})"
