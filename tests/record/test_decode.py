"""Documents of reads become Python values: instants are aware datetimes, the rest is what JSON says."""

from datetime import UTC, datetime
from typing import Any

from hypothesis import given, settings

from generations.record.decode import decode_document

from .builders import JSON_MAPS, as_text, letters

NOON = datetime(2024, 6, 15, 12, 30, 45, 123456, tzinfo=UTC)
TEXT = "2024-06-15T12:30:45.123456Z"


def test_declared_instants_and_dates_are_datetimes():
    document = {
        "timestamp": TEXT,
        "createdAt": TEXT,
        "updatedAt": TEXT,
        "feedback": {"timestamp": TEXT, "comment": TEXT},
        "output": {"content": TEXT, "alternatives": [{"feedback": {"timestamp": TEXT}}, {"feedback": None}, {}]},
        "metadata": {"at": {"$date": TEXT}, "list": [[{"$date": TEXT}]], "text": TEXT, "kept": {"$date": TEXT, "x": 1}},
    }

    assert decode_document(as_text(document)) == {
        "timestamp": NOON,
        "createdAt": NOON,
        "updatedAt": NOON,
        "feedback": {"timestamp": NOON, "comment": TEXT},
        "output": {"content": TEXT, "alternatives": [{"feedback": {"timestamp": NOON}}, {"feedback": None}, {}]},
        "metadata": {"at": NOON, "list": [[NOON]], "text": TEXT, "kept": {"$date": TEXT, "x": 1}},
    }


def test_a_projected_document_may_hold_anything():
    for document in ({}, {"timestamp": None}, {"timestamp": 5}, {"timestamp": "soon"}, {"feedback": 5}, {"output": [1]}):
        assert decode_document(as_text(document)) == document
        assert decode_document(as_text(document).decode()) == document


@settings(max_examples=60, deadline=None)
@given(JSON_MAPS)
def test_everything_else_is_what_json_says(found: dict[str, Any]):
    assert letters(decode_document(as_text({"metadata": found}))) == letters({"metadata": found})
