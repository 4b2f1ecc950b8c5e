"""Telling the shapes of documents apart."""

from __future__ import annotations

import pytest

from generations.errors import InvalidInput
from generations.wire.detect import (
    DIALECTS,
    HELICONE,
    INSPECT,
    LANGFUSE,
    LANGSMITH,
    LITELLM,
    LLM,
    OPENAI_BATCH,
    OPENAI_STORED,
    OTLP,
    OWN,
    PHOENIX,
    detect,
    detected,
    named,
)

from .exports import (
    a_batch_request,
    a_chain,
    a_helicone_request,
    a_page_of_completions,
    a_row_of_phoenix,
    a_run,
    a_span_of_phoenix,
    a_spend_log,
    a_stored_completion,
    an_agent_of_phoenix,
    an_answered_request,
)
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
        (a_helicone_request(), HELICONE),
        ({"data": [a_helicone_request()], "error": None}, HELICONE),
        (a_run(), LANGSMITH),
        (a_chain(), LANGSMITH),
        (a_row_of_phoenix(), PHOENIX),
        (an_agent_of_phoenix(), PHOENIX),
        ({"data": [a_span_of_phoenix()], "next_cursor": None}, PHOENIX),
        (a_spend_log(), LITELLM),
        ({"data": [a_spend_log()], "total": 1}, LITELLM),
        ({"llmTable": "turns"}, LLM),
        (an_answered_request(), OPENAI_BATCH),
        (an_answered_request(response=None, error={"code": "batch_expired"}), OPENAI_BATCH),
        (a_stored_completion(), OPENAI_STORED),
        (a_page_of_completions(a_stored_completion()), OPENAI_STORED),
    ],
)
def test_a_document_tells_its_dialect(document, dialect):
    assert detect(document) is dialect


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_format_has_a_name_and_can_be_asked_for_by_it(dialect):
    assert named(dialect.name) is dialect


def test_requests_without_answers_are_in_no_format_and_the_refusal_says_what_they_lack():
    assert detected(a_batch_request()) is None
    with pytest.raises(InvalidInput, match="without their answers"):
        detect(a_batch_request())


@pytest.mark.parametrize("document", [{"foo": 1, "bar": 2}, {}, "text", None, 5, [["nested"]]])
def test_what_no_dialect_recognises_is_refused_with_the_shapes_that_would_do(document):
    with pytest.raises(InvalidInput) as refused:
        detect(document)

    assert all(dialect.title in str(refused.value) for dialect in DIALECTS)


def test_a_refusal_shows_the_keys_that_were_found():
    with pytest.raises(InvalidInput, match='"foo", "bar"'):
        detect({"foo": 1, "bar": 2})
