"""Attributes read by name, with an account of what was understood."""

from __future__ import annotations

from generations.wire.otlp.attributes import Attributes, parsed
from generations.wire.otlp.names import Names, facts


def test_the_first_name_with_a_value_counts_and_names_with_the_same_value_are_understood_with_it():
    told = Attributes({"new": "openai", "old": "openai"})

    assert told.text("newest", "new", "old") == "openai"
    assert told.rest() == {}


def test_a_name_with_another_value_is_left():
    told = Attributes({"session.id": "s-1", "gen_ai.conversation.id": "c-1"})

    assert told.text("session.id", "gen_ai.conversation.id") == "s-1"
    assert told.rest() == {"gen_ai.conversation.id": "c-1"}


def test_a_value_of_another_type_is_not_understood():
    told = Attributes({"tokens": "many"})

    assert told.count("tokens") is None
    assert told.rest() == {"tokens": "many"}


def test_lists_of_texts_are_read_in_every_spelling():
    for sent in (["stop", "length"], '["stop", "length"]', "stop, length"):
        assert Attributes({"reasons": sent}).texts("reasons") == ["stop", "length"]


def test_quoted_text_loses_its_quotes():
    assert Attributes({"model": '"gpt-4o"'}).text("model") == "gpt-4o"


def test_text_that_merely_looks_like_json_stays_text():
    assert parsed("[not json") == "[not json"
    assert parsed("{'python': 1}") == "{'python': 1}"
    assert parsed("12") == "12"


def test_empty_values_and_nulls_tell_nothing():
    told = Attributes({"a": "", "b": [], "c": None, "d": "[]"})

    assert told.value("a", "b", "c") is None
    assert told.rest() == {"a": "", "b": [], "d": "[]"}


def test_a_parameter_that_is_told_twice_otherwise_is_left():
    told = Attributes({"gen_ai.request.seed": 1, "openai.request.seed": 2, "openai.request.service_tier": "flex"})
    call = facts(told, Names(parameters=("gen_ai.request.", "openai.request.")))

    assert call.parameters == {"seed": 1, "service_tier": "flex"}
    assert told.rest() == {"openai.request.seed": 2}
