"""Dates taken apart and put together: `$year … $isoDayOfWeek`, `$dateToParts`, `$dateFromParts`."""

from __future__ import annotations

from generations.query.evaluate import Scope, operator
from generations.query.expression import Call
from generations.query.expressions.arguments import Argument, Frame, Test, fail_where, null_where
from generations.query.expressions.zones import Zone, read_zone
from generations.query.value import Value

PARTS = {
    "$year": "toYear({0})",
    "$month": "toMonth({0})",
    "$dayOfMonth": "toDayOfMonth({0})",
    "$hour": "toHour({0})",
    "$minute": "toMinute({0})",
    "$second": "toSecond({0})",
    "$millisecond": "toMillisecond({0})",
    "$dayOfYear": "toDayOfYear({0})",
    "$dayOfWeek": "toDayOfWeek({0}, 3)",
    "$week": "toWeek({0}, 0)",
    "$isoWeek": "toISOWeek({0})",
    "$isoWeekYear": "toISOYear({0})",
    "$isoDayOfWeek": "toDayOfWeek({0})",
}
"""The engine's function of a local time for each part."""


@operator(*PARTS)
def _part(scope: Scope, call: Call) -> Value:
    frame = Frame()
    date, zone, tests = read_date(scope, call, frame)
    return frame.scalar("integer", tests, f"toInt64({PARTS[call.op].format(zone.local(date.value))})")


def read_date(scope: Scope, call: Call, frame: Frame) -> tuple[Argument, Zone, list[Test]]:
    """The arguments `date` and `timezone`, with the tests that null or a wrong type of either needs."""
    date = frame.read(scope.value(call.named["date"] if call.named else call.args[0]), "instant")
    zone, tests = read_zone(scope, call, frame)
    return date, zone, [null_where(date.absent), *tests, fail_where(date.wrong, f"{call.op}: can't convert from this BSON type to Date")]
