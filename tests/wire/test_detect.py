"""Telling the shapes of documents apart."""

from __future__ import annotations

import pytest

from generations.errors import InvalidInput
from generations.wire.detect import DIALECTS, INSPECT, LANGFUSE, OTLP, OWN, detect

from .payloads import a_log, a_model_event, an_export, an_observation


@pytest.mark.parametrize(
    ("document", "dialect"),
    [
        ({"model": {"id": "gpt-4"}}, OWN),
        ([{"model": {"id": "gpt-4"}}], OWN),
        ([], OWN),
        ({"output": {"type": "text"}, "unknown": 1}, OWN),
        (an_export(an_observation()), LANGFUSE),
        ([an_export(an_observation())], LANGFUSE),
        (an_observation(), LANGFUSE),
        ({"data": [an_observation()], "meta": {}}, LANGFUSE),
        (a_log(a_model_event()), INSPECT),
        (a_log(), INSPECT),
        ({"resourceSpans": []}, OTLP),
        ({"resourceLogs": []}, OTLP),
        ({"traces": [{"resourceSpans": []}], "logs": []}, OTLP),
    ],
)
def test_a_document_tells_its_dialect(document, dialect):
    assert detect(document) is dialect


@pytest.mark.parametrize("document", [{"foo": 1, "bar": 2}, {}, "text", None, 5, [["nested"]]])
def test_what_no_dialect_recognises_is_refused_with_the_shapes_that_would_do(document):
    with pytest.raises(InvalidInput) as refused:
        detect(document)

    assert all(dialect.title in str(refused.value) for dialect in DIALECTS)


def test_a_refusal_shows_the_keys_that_were_found():
    with pytest.raises(InvalidInput, match='"foo", "bar"'):
        detect({"foo": 1, "bar": 2})
