import pytest

from generations.store.insertion import FEEDBACK, InsertOutcome, Known, keep_said, plan_insert, says_all, untangle

NOW = 1_000


def plan(sent: list[tuple[str, bytes]], known: dict[str, Known] | None = None):
    return plan_insert([id for id, _ in sent], [sent_hash for _, sent_hash in sent], known or {}, range(100, 100 + len(sent)), NOW)


def test_what_is_new_is_written_once() -> None:
    planned = plan([("a", b"1"), ("b", b"2"), ("a", b"1")])

    assert planned.rows == [0, 1]
    assert planned.versions.supersedes == [0, 0]
    assert planned.outcome == InsertOutcome(["a", "b"], [], [])


def test_what_is_there_as_sent_is_left_alone() -> None:
    planned = plan([("a", b"1")], {"a": Known(7, b"1", 5)})

    assert planned.rows == []
    assert planned.outcome == InsertOutcome([], ["a"], [])


def test_what_is_there_with_another_content_is_replaced_and_keeps_its_first_time() -> None:
    planned = plan([("a", b"2")], {"a": Known(7, b"1", 5)})

    assert planned.versions.supersedes == [7]
    assert planned.versions.created_at_us == [5]
    assert planned.versions.changes == ["resend"]
    assert planned.outcome == InsertOutcome([], [], ["a"])


def test_one_id_with_several_contents_is_a_chain_of_versions() -> None:
    planned = plan([("a", b"1"), ("a", b"2"), ("a", b"2"), ("a", b"1")])

    assert planned.rows == [0, 1, 3]
    assert planned.versions.seqs == [100, 101, 103]
    assert planned.versions.supersedes == [0, 100, 101]
    assert planned.versions.created_at_us == [NOW, NOW, NOW]
    assert planned.outcome == InsertOutcome(["a"], [], [])


def test_an_id_stands_in_one_list_only() -> None:
    """Its first row equals what is there, its second does not."""
    planned = plan([("a", b"1"), ("a", b"2")], {"a": Known(7, b"1", 5)})

    assert planned.rows == [1]
    assert planned.outcome == InsertOutcome([], [], ["a"])


def columns(given: list[str], **values: object) -> dict[str, list[object]]:
    """A row with an eval, and with what is named."""
    empty: dict[str, object] = {name: [] if name == "feedback_categories" else None for name in FEEDBACK}
    return {name: [value] for name, value in {**empty, "evals": '{"a":{}}', "evals_odd": False, "given": given, **values}.items()}


def kept(mine: dict[str, list[object]], before: dict[str, list[object]]) -> dict[str, object]:
    keep_said(mine, 0, {name: values[0] for name, values in before.items()})
    return {name: values[0] for name, values in mine.items()}


def test_a_null_feedback_says_nothing_and_an_empty_one_does() -> None:
    assert not says_all(columns([]), 0)
    assert not says_all(columns(["feedback", "usage"]), 0)
    assert says_all(columns(["feedback."]), 0)
    assert says_all(columns(["feedback.rating"]), 0)
    assert says_all(columns([], feedback_rating=0.0), 0)
    assert says_all(columns([], feedback_categories=["x"]), 0)


def test_feedback_is_kept_with_its_nulls() -> None:
    row = kept(columns(["feedback", "usage"]), columns(["feedback.comment", "error"], feedback_rating=4.0, evals='{"b":{}}'))

    assert row["feedback_rating"] == 4.0
    assert row["given"] == ["usage", "feedback.comment"]
    assert row["evals"] == '{"a":{}}'


@pytest.mark.parametrize("evals", ["", "null"])
def test_evals_are_kept_where_none_come(evals: str) -> None:
    mine = columns([], feedback_rating=1.0, evals=evals)
    assert not says_all(mine, 0)

    row = kept(mine, columns([], feedback_rating=4.0, evals='{"b":{"$":1}}', evals_odd=True))

    assert (row["evals"], row["evals_odd"], row["feedback_rating"]) == ('{"b":{"$":1}}', True, 1.0)


def test_versions_of_one_writer_are_not_tangled() -> None:
    assert untangle([("b", 9, 0), ("a", 1, 0), ("a", 2, 1), ("a", 5, 2)]) == {}


def test_two_first_versions_become_a_chain() -> None:
    assert untangle([("a", 2, 0), ("a", 1, 0)]) == {2: 1}


def test_two_versions_that_replace_the_same_one_become_a_chain() -> None:
    """The second writer had gone on to a third version before anyone saw it."""
    assert untangle([("a", 1, 0), ("a", 2, 1), ("a", 3, 1), ("a", 4, 3), ("b", 5, 0)]) == {3: 2}
