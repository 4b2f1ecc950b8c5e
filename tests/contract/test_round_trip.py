"""What was recorded comes back equal: nothing lost, nothing invented."""

from datetime import UTC, datetime
from itertools import count

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from generations import Collection
from generations.record.fields import FIELDS

from .records import a_generation

CLIENTS = ("server",)

KEYS = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=6) | st.sampled_from(
    ["a.b", "$x", "", "\x00", "0", "a", "A", "é"]
)
TEXTS = st.text(alphabet=st.characters(exclude_categories=["Cs"])) | st.sampled_from(
    [
        "",
        "\x00",
        "\x01d5.0",
        "null",
        "5",
        '"',
        "\\",
        "\\N",
        "\u2028",
        "😀",
        "2024-06-15",
        "2024-06-15T12:30:45Z",
        "a\tb\nc\rd",
        "'",
        "[1]",
        '{"a":1}',
    ]
)
NUMBERS = (
    st.integers()
    | st.sampled_from([0, 1, -1, 2**53 + 1, 2**63 - 1, 2**63, 2**64, -(2**63), -(2**63) - 1, 10**40])
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from([5.0, -0.0, 1e22, 1e-7, 2.50, 1.7976931348623157e308, 5e-324])
)
INSTANTS = st.datetimes(datetime(1900, 1, 2), datetime(2299, 12, 30), timezones=st.just(UTC))  # noqa: DTZ001 - Hypothesis wants naive bounds
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS | INSTANTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)
DECLARED = {field.path.partition(".")[2] for field in FIELDS if field.open}
MAPS = st.dictionaries(KEYS.filter(lambda key: key not in DECLARED), VALUES, max_size=4)
RECORDS = st.fixed_dictionaries(
    {"input": VALUES, "output": VALUES, "alternatives": st.lists(VALUES, max_size=2), "parameters": MAPS, "metadata": MAPS}
)
_numbers = count()


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(RECORDS, min_size=1, max_size=24))
def test_anything_that_json_can_hold_comes_back_equal(collection: Collection, drawn: list[dict]) -> None:
    sent = [a_record(parts) for parts in drawn]
    collection.insert_many(sent)

    read = {record["id"]: record for record in collection.find({"id": {"$in": [record["id"] for record in sent]}})}

    for record in sent:
        for name in ("input", "output", "parameters", "metadata"):
            assert letters(read[record["id"]][name]) == letters(record[name])


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(RECORDS, min_size=1, max_size=24))
def test_an_update_elsewhere_leaves_open_content_equal(collection: Collection, drawn: list[dict]) -> None:
    sent = [a_record(parts) for parts in drawn]
    collection.insert_many(sent)
    these = {"id": {"$in": [record["id"] for record in sent]}}
    assert collection.update_many(these, {"$set": {"status": "success"}}).modified_count == len(sent)

    read = {record["id"]: record for record in collection.find({**these, "status": "success"})}

    for record in sent:
        for name in ("input", "output", "parameters", "metadata"):
            assert letters(read[record["id"]][name]) == letters(record[name])


def a_record(parts: dict) -> dict:
    return {
        **a_generation(f"drawn-{next(_numbers)}"),
        "input": {"type": "multimodal", "content": parts["input"]},
        "output": {
            "type": "json",
            "content": parts["output"],
            "alternatives": [{"content": content} for content in parts["alternatives"]],
        },
        "parameters": parts["parameters"],
        "metadata": parts["metadata"],
    }


def letters(value: object) -> bytes:
    """A text that tells apart everything that must stay apart: order of keys, 5 and 5.0, an instant and its text."""
    return msgspec.json.encode(_marked(value))


def _marked(value: object) -> object:
    match value:
        case datetime():
            return {"an instant": value.isoformat()}
        case dict():
            return {key: _marked(item) for key, item in value.items()}
        case list():
            return [_marked(item) for item in value]
        case _:
            return value
