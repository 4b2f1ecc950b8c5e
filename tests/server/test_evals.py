"""Evals over HTTP: one or a list, as stored, and beside the record."""

import pytest


@pytest.fixture
def filled(http):
    http.post("/api/generations", json={"id": "a", "model": {"id": "gpt-4"}, "evals": {"tone": {"score": 0.5}}})
    return http


def test_one_eval_is_answered_as_it_was_stored(filled):
    body = {"name": "relevance", "score": 0.9, "label": "pass", "testId": "t-1", "duration": 12.5, "rubric": {"version": 2}}
    answer = filled.post("/api/generations/a/evals", json={**body, "timestamp": "2024-06-15T14:00:00+02:00"})

    assert (answer.status_code, answer.json()) == (201, {**body, "timestamp": "2024-06-15T12:00:00.000000Z"})
    stored = {name: value for name, value in body.items() if name != "name"} | {"timestamp": {"$date": "2024-06-15T12:00:00.000000Z"}}
    assert filled.get("/api/generations/a").json()["evals"] == {"tone": {"score": 0.5}, "relevance": stored}
    assert filled.get("/api/generations/a/evals").json() == {"docs": [answer.json(), {"name": "tone", "score": 0.5}]}
    assert filled.get("/api/generations?evals.relevance.score[gte]=0.8").json()["totalDocs"] == 1


def test_a_list_of_evals_is_taken_whole_or_not_at_all(filled):
    answer = filled.post("/api/generations/a/evals", json=[{"name": "b", "score": 1}, {"name": "c", "label": "fail"}])
    assert answer.status_code == 201
    assert [one["name"] for one in answer.json()["docs"]] == ["b", "c"]

    refused = filled.post("/api/generations/a/evals", json=[{"name": "d", "score": 1}, {"name": "e", "score": 7}])
    assert refused.status_code == 400
    assert refused.json()["errors"] == [{"message": "a score is from 0 to 1, not 7", "path": "1.score"}]
    assert set(filled.get("/api/generations/a").json()["evals"]) == {"tone", "b", "c"}


def test_what_cannot_be_an_eval_is_refused(filled):
    for body in ("7", "", "[]", '{"name": "a.b", "score": 1}', '{"name": "a", "label": 3}'):
        assert filled.post("/api/generations/a/evals", content=body).status_code == 400, body
    assert filled.post("/api/generations/nobody/evals", json={"name": "a", "score": 1}).status_code == 404
    assert filled.get("/api/generations/nobody/evals").status_code == 404
    assert filled.get("/api/generations/nobody/feedback").status_code == 404
