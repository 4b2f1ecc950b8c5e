"""The REST reference of the mission, as it is written there."""

import pytest

RECORD = {
    "id": "generation-123",
    "timestamp": "2023-01-15T12:00:00Z",
    "model": {"id": "gpt-4"},
    "input": {"type": "text", "content": "What is 2 + 2?"},
    "output": {"type": "text", "content": "4"},
    "metadata": {"userId": "user-456"},
}


@pytest.fixture
def filled(http):
    http.post("/api/generations", json=RECORD)
    http.post("/api/generations", json={"id": "other", "model": {"id": "gpt-4o"}, "timestamp": "2024-01-01T00:00:00Z"})
    return http


@pytest.mark.parametrize(
    "query",
    [
        "model.id=gpt-4",
        "output.type=text",
        "metadata.userId=user-456",
        "from=2023-01-01T00:00:00Z&to=2023-01-31T23:59:59Z",
        "limit=1&sort=id",
    ],
)
def test_list_generations(filled, query):
    answer = filled.get(f"/api/generations?{query}")

    assert answer.status_code == 200
    assert [doc["id"] for doc in answer.json()["docs"]] == ["generation-123"]


def test_get_generation_by_id(filled):
    answer = filled.get("/api/generations/generation-123")

    assert answer.status_code == 200
    assert {name: value for name, value in answer.json().items() if name not in ("createdAt", "updatedAt")} == {
        **RECORD,
        "timestamp": "2023-01-15T12:00:00.000000Z",
    }
    assert filled.get("/api/generations/none").status_code == 404


def test_add_feedback_to_generation(filled):
    body = {"rating": 4, "thumbs": "up", "comment": "Very helpful response", "categories": ["accurate", "helpful"]}
    answer = filled.post("/api/generations/generation-123/feedback", json=body)

    given = answer.json()
    assert answer.status_code == 201
    assert {name: given[name] for name in body} == body
    assert filled.get("/api/generations/generation-123").json()["feedback"] == given
    assert filled.get("/api/generations/generation-123/feedback").json() == {"docs": [given]}


def test_export_generations(filled):
    body = {
        "format": "jsonl",
        "filters": {"model.id": "gpt-4", "timestamp": {"gte": "2023-01-01T00:00:00Z", "lte": "2023-01-31T23:59:59Z"}},
        "fields": ["input", "output", "feedback"],
    }
    answer = filled.post("/api/generations/export", json=body)

    assert answer.status_code == 200
    assert answer.text == '{"input":{"type":"text","content":"What is 2 + 2?"},"output":{"type":"text","content":"4"}}\n'
