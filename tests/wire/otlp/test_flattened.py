"""Lists and objects in attribute names."""

from __future__ import annotations

from generations.wire.otlp.attributes import Attributes
from generations.wire.otlp.flattened import nested, unflattened


def test_indices_become_lists_and_names_objects():
    names = {"0.role": "user", "0.parts.1.text": "b", "0.parts.0.text": "a", "1.role": "assistant"}

    assert unflattened(names) == ([{"role": "user", "parts": [{"text": "a"}, {"text": "b"}]}, {"role": "assistant"}], {})


def test_gaps_and_order_of_the_names_do_not_matter():
    assert unflattened({"10.x": 2, "9.x": 1})[0] == [{"x": 1}, {"x": 2}]


def test_an_index_bomb_costs_nothing_and_is_left_aside():
    names = {"0.content": "hello", "999999999.content": "boom", "9" * 900 + ".content": "boom"}
    value, aside = unflattened(names)

    assert value == [{"content": "hello"}]
    assert aside.keys() == names.keys() - {"0.content"}


def test_names_that_contradict_each_other_are_left_aside():
    assert unflattened({"0": "text", "0.role": "user"}) == (["text"], {"0.role": "user"})
    assert unflattened({"0.role": "user", "0": "text"}) == ([{"role": "user"}], {"0": "text"})


def test_very_long_paths_are_left_aside():
    name = ".".join("0" * 500)

    assert unflattened({name: 1}) == ({}, {name: 1})


def test_what_was_left_aside_is_not_understood():
    told = Attributes({"llm.input_messages.999999999.message.content": "boom", "llm.input_messages.0.message.role": "user"})

    assert told.unflattened("llm.input_messages.") == [{"message": {"role": "user"}}]
    assert told.rest() == {"llm.input_messages.999999999.message.content": "boom"}
    assert told.notes


def test_only_names_that_begin_with_an_index_are_flattened_lists():
    told = Attributes({"gen_ai.prompt.name": "greeting", "gen_ai.prompt.0.role": "user"})

    assert told.unflattened("gen_ai.prompt.") == [{"role": "user"}]
    assert told.rest() == {"gen_ai.prompt.name": "greeting"}


def test_dotted_names_are_nested_so_that_paths_reach_them():
    assert nested({"service.name": "shop", "service.instance.id": "i"}) == {"service": {"name": "shop", "instance": {"id": "i"}}}


def test_a_name_that_is_a_value_and_a_beginning_loses_neither():
    assert nested({"a": 1, "a.b": 2}) == {"a": 1, "a.b": 2}
    assert nested({"x..y": 1}) == {"x..y": 1}
