"""The typed class holds every field, and what was read is written back as it was."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generations.errors import InvalidRecord
from generations.record import generation
from generations.record.decode import decode_document
from generations.record.fields import EVAL, FIELDS, OBJECTS, ROOTS
from generations.record.generation import Alternative, Eval, Generation, Input, Key, Metadata, Model, Output, Parameters
from generations.record.sample import sample_generations

from .builders import INSTANTS, JSON_MAPS, JSON_VALUES, a_record, as_text, letters, row_of


def test_the_class_has_the_fields_of_the_table():
    assert {name for name in Generation.__struct_encode_fields__ if name != "nulls"} == set(ROOTS)
    for name in OBJECTS:
        kind = getattr(generation, name.capitalize())
        assert [f"{name}.{key}" for key in kind.__struct_encode_fields__] == [
            field.path for field in FIELDS if field.path.startswith(f"{name}.")
        ]


@pytest.mark.parametrize("kind", [Metadata, Parameters])
def test_open_maps_have_the_declared_keys_as_attributes(kind: Any):
    name = kind.__name__.lower()
    keys = [member.name for member in vars(kind).values() if isinstance(member, Key)]

    assert [f"{name}.{key}" for key in keys] == [field.path for field in FIELDS if field.path.startswith(f"{name}.")]


def test_an_eval_has_the_declared_keys_as_attributes():
    keys = [member.name for member in vars(Eval).values() if isinstance(member, Key)]

    assert [f"evals.<name>.{key}" for key in keys] == [field.path for field in EVAL]


def test_attributes_of_open_maps_read_and_write_their_keys():
    found = Metadata({"customer": {"plan": "pro"}}, user_id="u", tags=["a"])

    assert found == {"customer": {"plan": "pro"}, "userId": "u", "tags": ["a"]}
    found.session_id = "s"
    found.tags = None
    assert (found.user_id, found.session_id, found.tags, found["customer"]) == ("u", "s", None, {"plan": "pro"})
    assert found == {"customer": {"plan": "pro"}, "userId": "u", "sessionId": "s"}
    assert Parameters({"n": 1}, max_tokens=5).max_tokens == 5


def test_every_attribute_of_an_open_map_can_be_given_when_it_is_built():
    for kind in (Metadata, Parameters, Eval):
        for attribute, member in vars(kind).items():
            if isinstance(member, Key):
                assert kind(**{attribute: ["x"]}) == {member.name: ["x"]}


def test_a_built_generation_is_the_record_that_it_says():
    built = Generation(
        id="a",
        model=Model(id="gpt-4"),
        input=Input(type="text", content="hi"),
        output=Output(type="text", content="ho", alternatives=[Alternative(content="hu", score=0.5)]),
        parameters=Parameters(temperature=0.5),
    )

    assert built.to_dict() == {
        "id": "a",
        "model": {"id": "gpt-4"},
        "input": {"type": "text", "content": "hi"},
        "output": {"type": "text", "content": "ho", "alternatives": [{"content": "hu", "score": 0.5}]},
        "parameters": {"temperature": 0.5},
    }


@settings(max_examples=80, deadline=None)
@given(
    st.fixed_dictionaries(
        {"model": st.fixed_dictionaries({"id": st.text(min_size=1)}, optional={"name": st.none() | st.text()})},
        optional={
            "id": st.text(min_size=1),
            "timestamp": INSTANTS.map(lambda at: at.astimezone(UTC)),
            "output": st.fixed_dictionaries(
                {"type": st.just("text")},
                optional={
                    "content": JSON_VALUES,
                    "tokens": st.none() | st.integers(0, 9),
                    "alternatives": st.none()
                    | st.lists(
                        st.fixed_dictionaries({}, optional={"content": JSON_VALUES, "score": st.none() | st.floats(0, 1)}), max_size=2
                    ),
                },
            ),
            "usage": st.none()
            | st.fixed_dictionaries({}, optional={"cost": st.none() | st.floats(0, 1), "promptTokens": st.integers(0, 9)}),
            "metadata": st.none() | JSON_MAPS,
            "evals": st.none() | st.dictionaries(st.sampled_from("ab"), st.fixed_dictionaries({"score": st.none() | st.floats(0, 1)})),
            "status": st.none() | st.sampled_from(["success", "error"]),
            "createdAt": INSTANTS.map(lambda at: at.astimezone(UTC)),
        },
    )
)
def test_what_was_read_is_written_back_equal(record: dict[str, Any]):
    """Null and missing are two things, also inside alternatives."""
    written = Generation.from_dict(record).to_dict()

    assert written == record
    assert letters(written.get("metadata")) == letters(record.get("metadata"))


def test_milder_spellings_become_values_of_the_fields_type():
    record = a_record(
        timestamp="2024-06-15T14:30:45+02:00",
        usage={"promptTokens": 5.0, "cost": None},
        createdAt="2024-06-15T12:30:45.000000Z",
        feedback={"timestamp": {"$date": 0}},
        output={"type": "text", "alternatives": [{"tokens": 2.0}]},
        metadata={"userId": "u"},
        evals={"relevance": {"score": 1}},
    )

    read = Generation.from_dict(record)
    assert read.evals is not None
    assert read.evals["relevance"].score == 1

    noon = datetime(2024, 6, 15, 12, 30, 45, tzinfo=UTC)
    assert (read.timestamp, read.created_at) == (noon, noon)
    assert read.feedback is not None
    assert read.feedback.timestamp == datetime(1970, 1, 1, tzinfo=UTC)
    assert read.usage is not None
    assert letters(read.usage.prompt_tokens) == "5"
    assert read.nulls == {"usage.cost"}
    assert isinstance(read.metadata, Metadata)
    assert read.output is not None
    assert read.output.alternatives == [Alternative(tokens=2)]


def test_instants_without_an_offset_are_utc():
    east = timezone(timedelta(hours=2))

    assert Generation.from_dict(a_record(timestamp="2024-01-01T00:00:00")).timestamp == datetime(2024, 1, 1, tzinfo=UTC)
    assert Generation.from_dict(a_record(timestamp=datetime(2024, 1, 1, 2, tzinfo=east))).timestamp == datetime(2024, 1, 1, tzinfo=UTC)
    assert Generation.from_dict(a_record(feedback={"timestamp": datetime(2024, 1, 1)})).feedback == generation.Feedback(  # noqa: DTZ001 - naive is what is tested
        timestamp=datetime(2024, 1, 1, tzinfo=UTC)
    )


@pytest.mark.parametrize(
    ("record", "path"),
    [
        (a_record(nulls=["usage.cost"]), "nulls"),
        (a_record(usage={"foo": 1}), "usage.foo"),
        (a_record(metadata=[1]), "metadata"),
        (a_record(model="gpt-4"), "model"),
        (a_record(output={"type": "text", "alternatives": [{"score": "x"}]}), "output.alternatives.0.score"),
        (a_record(output={"type": "text", "alternatives": 5}), "output.alternatives"),
        (a_record(output={"type": "text", "alternatives": [None]}), "output.alternatives.0"),
        (a_record(createdAt="yesterday"), "createdAt"),
    ],
    ids=str,
)
def test_what_is_no_record_is_refused_with_its_path(record: dict[str, Any], path: str):
    with pytest.raises(InvalidRecord) as refused:
        Generation.from_dict(record)
    assert refused.value.path == path


def test_a_null_counts_only_while_its_attribute_is_absent():
    read = Generation.from_dict(a_record(usage={"cost": None}, error=None))
    assert read.usage is not None
    read.usage.cost = 0.5

    assert read.to_dict() == a_record(usage={"cost": 0.5}, error=None)
    read.usage = None
    assert read.to_dict() == a_record(error=None)


def test_samples_survive_the_way_through_the_class():
    for record in sample_generations(100):
        document = decode_document(as_text(record))
        passed = Generation.from_dict(document).to_dict()

        assert passed == document
        assert row_of(passed) == row_of(record)
