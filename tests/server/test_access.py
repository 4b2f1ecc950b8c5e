"""Who may do what: each route with each kind of key, and nothing of another project by any way there is."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from generations.errors import ConfigError
from generations.record.fields import FIELDS
from generations.server.routes import ENDPOINTS
from generations.server.settings import ServerSettings
from generations.store.keys import SCOPES, Keys

OPEN = {"/health", "/health/live", "/health/ready", "/api/openapi.json", "/api/docs", "/api/docs/docs.css", "/api/docs/docs.js"}
"""What everyone may ask; none of it tells of records."""

SECRET = "marker-7f3a"
"""Stands in every text of the records of the project `mine`."""

TARGET = "the-record"


@dataclass
class Asked:
    """A request that is answered with success by whoever may send it."""

    body: Any = None
    params: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)


def record(id: str, text: str) -> dict[str, Any]:
    return {
        "id": id,
        "timestamp": "2026-01-01T00:00:00Z",
        "model": {"id": text, "name": text, "version": text, "provider": text},
        "input": {"type": "text", "content": text},
        "output": {"type": "text", "content": [{"text": text}]},
        "parameters": {"stopSequences": [text], text: text},
        "usage": {"cost": 0.25, "currency": text, "promptTokens": 4},
        "metadata": {"userId": text, "tags": [text], text: text},
        "performance": {"latency": 5},
        "feedback": {"rating": 4, "comment": text, "userId": text},
        "evals": {text: {"score": 1, "label": text}},
        "error": {"type": text, "message": text},
    }


REQUESTS: dict[tuple[str, str], Asked] = {
    ("POST", "/api/generations"): Asked({"id": "another", "model": {"id": "m"}}),
    ("POST", "/api/generations/find"): Asked({"filter": {}}),
    ("POST", "/api/generations/aggregate"): Asked({"pipeline": [{"$match": {}}]}),
    ("POST", "/api/generations/count"): Asked({"filter": {}}),
    ("POST", "/api/generations/distinct"): Asked({"key": "model.id"}),
    ("POST", "/api/generations/export"): Asked({"format": "jsonl"}),
    ("POST", "/api/generations/explain"): Asked({"filter": {"id": TARGET}}),
    ("GET", "/api/generations/stats"): Asked(),
    ("GET", "/api/generations"): Asked(),
    ("GET", "/api/traces/{traceId}/generations"): Asked(),
    ("GET", "/api/generations/{id}"): Asked(),
    ("GET", "/api/generations/{id}/feedback"): Asked(),
    ("GET", "/api/generations/{id}/evals"): Asked(),
    ("GET", "/api/generations/{id}/history"): Asked(),
    ("POST", "/api/generations/update"): Asked({"filter": {"id": TARGET}, "update": {"$set": {"status": "error"}}}),
    ("POST", "/api/generations/delete"): Asked({"filter": {"id": TARGET}}),
    ("PATCH", "/api/generations/{id}"): Asked({"$set": {"status": "error"}}),
    ("DELETE", "/api/generations/{id}"): Asked(),
    ("POST", "/api/generations/{id}/feedback"): Asked({"rating": 1}),
    ("POST", "/api/generations/{id}/evals"): Asked({"name": "relevance", "score": 1}),
    ("POST", "/api/keys"): Asked({"scopes": ["read"]}),
    ("GET", "/api/keys"): Asked(),
    ("GET", "/api/exports/{id}"): Asked(),
    ("DELETE", "/api/keys/{id}"): Asked(),
    ("GET", "/metrics"): Asked(),
    ("POST", "/api/litellm"): Asked({"id": "l", "model": "m"}),
    ("POST", "/api/public/ingestion"): Asked({"batch": []}),
    ("POST", "/api/public/scores"): Asked([]),
    ("GET", "/api/public/projects"): Asked(),
}

OTLP = {"Content-Type": "application/json"}
for path in ("/v1/traces", "/v1/logs", "/api/public/otel/v1/traces"):
    REQUESTS["POST", path] = Asked({}, headers=OTLP)
for name in ("custom", "oai", "anthropic", "googleapis"):
    REQUESTS["POST", f"/{name}/v1/log"] = Asked({"providerRequest": {}, "providerResponse": {}})

GUARDED = [(endpoint.method, endpoint.path) for endpoint in ENDPOINTS if endpoint.scope is not None]


@dataclass
class Served:
    """A server with two projects, `mine` and `theirs`, and keys for both.

    Attributes:
        url: where it listens.
        keys: texts by name: a scope alone is a key of `mine` with that scope, `all` and `theirs` have every scope, `empty` sees nothing.
        ids: make the id that stands in a path: the record, or where it begins so, a key of `mine` to revoke or an export of it.
    """

    url: str
    keys: dict[str, str]
    ids: dict[str, Callable[[], str]]

    def ask(self, method: str, path: str, key: str | None, asked: Asked | None = None, **headers: str) -> httpx2.Response:
        asked = asked or REQUESTS[method, path]
        id = self.ids[path]() if path in self.ids else TARGET
        sent = {**({"Authorization": f"Bearer {self.keys.get(key, key)}"} if key is not None else {}), **asked.headers, **headers}
        body = None if asked.body is None else json.dumps(asked.body)
        return self.client.request(method, path.replace("{id}", id), params=asked.params, headers=sent, content=body)

    def fill(self) -> None:
        """Have the record there, as it was."""
        self.ask("POST", "/api/generations", "all", Asked(record(TARGET, SECRET)))

    def __post_init__(self):
        self.client = httpx2.Client(base_url=self.url, timeout=30)


@pytest.fixture(scope="module")
def served(serve_inside):
    with serve_inside() as inside:
        keys: Keys = inside.state.keys.keys
        made = {scope: keys.create("mine", [scope])[0] for scope in SCOPES}
        made |= {"all": keys.create("mine", SCOPES)[0], "theirs": keys.create("theirs", SCOPES)[0]}
        made["empty"] = keys.create("empty", ["read"])[0]
        made["expired"] = keys.create("mine", SCOPES, expires_at=datetime.now(UTC) + timedelta(milliseconds=50))[0]
        made["revoked"], revoked = keys.create("mine", SCOPES)
        keys.revoke(revoked.id)
        made["wrong"] = made["all"][:-1] + ("0" if made["all"][-1] != "0" else "1")
        time.sleep(0.06)
        inside.state.keys.forget()
        served = Served(inside.url, made, {})
        served.ids["/api/keys/{id}"] = lambda: keys.create("mine", ["read"])[1].id
        served.ids["/api/exports/{id}"] = lambda: served.ask("POST", "/api/generations/export", "all").headers["generations-export"]
        with served.client:
            served.ask("POST", "/api/generations", "theirs", Asked(record("own", "own")))
            yield served


def code_of(answer: httpx2.Response) -> str:
    """Our code of an error, in a problem document or in a `google.rpc.Status`."""
    told = answer.json()
    return told["details"][0]["reason"] if "details" in told else told["code"]


def test_every_route_is_tried_here() -> None:
    """A new one is added to `REQUESTS`, or, where everyone may ask it, to `OPEN`."""
    assert set(REQUESTS) == set(GUARDED)
    assert {endpoint.path for endpoint in ENDPOINTS if endpoint.scope is None} <= OPEN


@pytest.mark.parametrize("key", [None, "gen", "wrong", "expired", "revoked"])
def test_without_a_living_key_nothing_is_answered(served: Served, key: str | None) -> None:
    for method, path in GUARDED:
        answer = served.ask(method, path, key)

        assert (answer.status_code, code_of(answer)) == (401, "unauthenticated"), (method, path)
        assert answer.headers["www-authenticate"].startswith("Bearer")


def test_wrong_expired_and_revoked_keys_are_told_the_same(served: Served) -> None:
    """Who has an old key learns nothing from it."""
    told = [served.ask("GET", "/api/generations", key, **{"X-Request-Id": "r"}).json() for key in ("wrong", "expired", "revoked")]

    assert told[0] == told[1] == told[2]


def test_without_a_living_key_nothing_is_done(served: Served) -> None:
    served.fill()
    for method, path in GUARDED:
        served.ask(method, path, "expired")

    assert served.ask("GET", "/api/generations/{id}", "all").json()["output"]["content"] == [{"text": SECRET}]
    assert "another" not in served.ask("GET", "/api/generations", "all").text


@pytest.mark.parametrize("scope", SCOPES)
def test_a_scope_allows_its_own_routes_and_no_others(served: Served, scope: str) -> None:
    for endpoint in ENDPOINTS:
        if endpoint.scope is None:
            continue
        if endpoint.scope == scope:
            served.fill()
        answer = served.ask(endpoint.method, endpoint.path, scope)

        if endpoint.scope == scope:
            assert answer.is_success, (endpoint.method, endpoint.path, answer.text)
        else:
            assert (answer.status_code, code_of(answer)) == (403, "forbidden"), (endpoint.method, endpoint.path)
            assert repr(endpoint.scope) in answer.json().get("hint", answer.text)


def test_a_key_names_no_other_project(served: Served) -> None:
    for method, path in GUARDED:
        answer = served.ask(method, path, "theirs", **{"Generations-Project": "mine"})

        assert (answer.status_code, code_of(answer)) == (403, "forbidden"), (method, path)
    assert served.ask("GET", "/api/generations", "theirs", **{"Generations-Project": "theirs"}).is_success


def test_no_route_shows_a_record_of_another_project(served: Served) -> None:
    """With the id known, the answer is that of an id that nobody has."""
    served.fill()
    for method, path in GUARDED:
        if path.startswith("/api/keys"):
            continue
        answer = served.ask(method, path, "theirs")

        assert SECRET not in answer.text + str(answer.headers), (method, path)
        if "{id}" in path:
            served.ask("DELETE", "/api/generations/{id}", "theirs")
            without = served.ask(method, path.replace("{id}", "never-was"), "theirs", REQUESTS[method, path])
            assert answer.status_code == without.status_code, (method, path)
            asked = answer.request.url.path.split("/")[3]
            assert _plain(answer).replace(asked, "never-was") == _plain(without), (method, path)


def test_no_route_changes_a_record_of_another_project(served: Served) -> None:
    served.fill()
    before = served.ask("GET", "/api/generations/{id}/history", "all").json()
    for method, path in GUARDED:
        served.ask(method, path, "theirs")
    everything = {"filter": {}, "many": True}
    served.ask("POST", "/api/generations/update", "theirs", Asked({**everything, "update": {"$set": {"status": "error"}}}))
    served.ask("POST", "/api/generations/delete", "theirs", Asked(everything))

    assert served.ask("GET", "/api/generations/{id}/history", "all").json() == before
    served.ask("POST", "/api/generations", "theirs", Asked(record("own", "own")))


def test_the_same_id_in_another_project_is_another_record(served: Served) -> None:
    """Otherwise `replacedCount` would tell who has which ids."""
    served.fill()

    taken = served.ask("POST", "/api/generations", "theirs", Asked(record(TARGET, "own"))).json()

    assert (taken["insertedCount"], taken["replacedCount"], taken["unchangedCount"]) == (1, 0, 0)
    assert served.ask("GET", "/api/generations/{id}", "all").json()["model"]["id"] == SECRET
    served.ask("DELETE", "/api/generations/{id}", "theirs")


PATHS = [field.path for field in FIELDS] + ["project", "seq", "given", "sent_hash", "_id"]
ELSEWHERE = [
    [{"$lookup": {"from": "generations", "localField": "id", "foreignField": "id", "as": "all"}}],
    [{"$unionWith": {"coll": "generations", "pipeline": []}}],
    [{"$unionWith": "mine"}],
    [{"$match": {"project": "mine"}}],
    [{"$match": {"$expr": {"$eq": ["$project", "mine"]}}}],
    [{"$match": {"$or": [{"project": "mine"}, {"id": {"$exists": True}}]}}],
    [{"$replaceWith": "$$ROOT"}],
    [{"$facet": {"all": [{"$match": {}}]}}],
    [{"$collStats": {"count": {}}}],
    [{"$out": "mine"}],
]


@pytest.mark.parametrize("pipeline", ELSEWHERE, ids=json.dumps)
def test_no_pipeline_leads_to_another_project(served: Served, pipeline: list[Any]) -> None:
    served.fill()
    for path in ("aggregate", "explain"):
        answer = served.ask("POST", f"/api/generations/{path}", "theirs", Asked({"pipeline": pipeline}))

        assert SECRET not in answer.text
        assert TARGET not in answer.text


def test_no_field_tells_of_another_project(served: Served) -> None:
    """By its distinct values, in groups, in an expression, in an order."""
    served.fill()
    for path in PATHS:
        assert SECRET not in served.ask("POST", "/api/generations/distinct", "theirs", Asked({"key": path})).text, path
    gathered = {f"f{n}": {"$addToSet": f"${field.path}"} for n, field in enumerate(FIELDS)}
    unequal = {"$or": [{"$expr": {"$ne": [f"${field.path}", "nothing"]}} for field in FIELDS]}

    groups = served.ask("POST", "/api/generations/aggregate", "theirs", Asked({"pipeline": [{"$group": {"_id": None, **gathered}}]}))
    count = served.ask("POST", "/api/generations/count", "theirs", Asked({"filter": unequal}))
    order = served.ask("POST", "/api/generations/find", "theirs", Asked({"sort": {field.path: -1 for field in FIELDS[:8]}}))

    assert groups.is_success
    assert SECRET not in groups.text + order.text
    assert count.json() == {"count": 1}
    assert [doc["id"] for doc in order.json()["docs"]] == ["own"]
    assert SECRET in served.ask("POST", "/api/generations/distinct", "all").text


FAILING = [
    {"$toInt": "$model.id"},
    {"$toDate": "$metadata.userId"},
    {"$divide": [1, {"$subtract": ["$usage.promptTokens", 4]}]},
    {"$strLenCP": "$parameters.stopSequences"},
    {"$convert": {"input": "$output.content", "to": "double"}},
    {"$arrayElemAt": ["$model.id", 0]},
    {"$size": "$error.type"},
    {"$dateFromString": {"dateString": "$feedback.comment"}},
]


@pytest.mark.parametrize("expression", FAILING, ids=json.dumps)
def test_a_record_of_another_project_makes_no_question_fail(served: Served, expression: dict[str, Any]) -> None:
    """An expression that has no value for it would tell of it, and the message might quote it."""
    served.fill()
    for body in (
        {"pipeline": [{"$match": {"$expr": {"$gt": [expression, 0]}}}]},
        {"pipeline": [{"$group": {"_id": expression}}]},
        {"pipeline": [{"$match": {"id": "nobody"}}, {"$project": {"value": expression}}]},
        {"pipeline": [{"$sort": {"id": 1}}, {"$match": {"id": "nobody"}}, {"$set": {"value": expression}}]},
    ):
        answer = served.ask("POST", "/api/generations/aggregate", "empty", Asked(body))

        assert (answer.status_code, answer.json()) == (200, {"docs": []}), body
    own = served.ask("POST", "/api/generations/aggregate", "all", Asked({"pipeline": [{"$group": {"_id": expression}}]}))
    assert own.is_error, "the question should fail where the record is seen"


def test_stats_and_plans_tell_of_the_own_project_only(served: Served) -> None:
    served.fill()

    stats = served.ask("GET", "/api/generations/stats", "theirs").json()
    plan = served.ask("POST", "/api/generations/explain", "theirs").json()

    assert [one["project"] for one in stats["projects"]] == ["theirs"]
    assert stats["records"] == stats["projects"][0]["records"]
    assert (stats["compressedBytes"], stats["parts"], plan["estimate"]) == (None, None, None)
    assert "mine" not in json.dumps(plan)


def test_a_place_in_a_list_is_no_use_in_another_project(served: Served) -> None:
    served.fill()
    served.ask("POST", "/api/generations", "all")
    first = served.ask("GET", "/api/generations", "all", Asked(params={"limit": "1"}))

    moved = served.ask("GET", "/api/generations", "theirs", Asked(params={"limit": "1", "cursor": first.json()["nextCursor"]}))

    assert SECRET not in moved.text
    assert TARGET not in moved.text


def test_a_record_of_another_project_is_not_told_by_its_tag(served: Served) -> None:
    served.fill()
    tag = served.ask("GET", "/api/generations/{id}", "all").headers["etag"]

    assert served.ask("GET", "/api/generations/{id}", "theirs", **{"If-None-Match": tag}).status_code == 404


def test_the_keys_of_another_project_are_unknown(served: Served) -> None:
    own = served.ask("GET", "/api/keys", "theirs").json()["docs"]

    assert {key["project"] for key in own} == {"theirs"}
    assert served.ask("DELETE", "/api/keys/{id}", "theirs").status_code == 404


def test_a_key_made_over_http_is_of_the_same_project_and_works_at_once(served: Served) -> None:
    made = served.ask("POST", "/api/keys", "admin", Asked({"scopes": ["read"], "name": "reader", "expiresAt": "2126-01-01T00:00:00Z"}))

    assert made.headers["cache-control"] == "no-store"
    assert (made.json()["project"], made.json()["name"]) == ("mine", "reader")
    assert served.ask("GET", "/api/generations", made.json()["key"]).is_success
    assert made.json()["key"] not in served.ask("GET", "/api/keys", "admin").text

    revoked = served.ask("DELETE", f"/api/keys/{made.json()['id']}", "admin", Asked())

    assert revoked.json()["revokedAt"]
    assert served.ask("GET", "/api/generations", made.json()["key"]).status_code == 401


@pytest.mark.parametrize("body", [{"scopes": ["read"], "name": "\ud800"}, {"scopes": []}, {"scopes": ["read"], "project": "theirs"}, {}])
def test_a_key_that_is_not_one_is_refused(served: Served, body: dict[str, Any]) -> None:
    assert served.ask("POST", "/api/keys", "admin", Asked(body)).status_code == 400


def test_health_needs_no_key(served: Served) -> None:
    for endpoint in ENDPOINTS:
        if endpoint.scope is None:
            assert served.client.get(endpoint.path).is_success


def _plain(answer: httpx2.Response) -> str:
    """An answer without what differs from one to the next."""
    if "application/problem+json" in answer.headers.get("content-type", ""):
        return json.dumps({**answer.json(), "requestId": None})
    return answer.text


@pytest.mark.parametrize("origin", ["foo", "app.example", "https://app.example/", "https://app.example/page", ""])
def test_what_is_no_origin_is_refused(origin):
    with pytest.raises(ConfigError, match=r"is not an origin; write https://app\.example"):
        ServerSettings(cors_origins=(origin,))


@pytest.mark.parametrize("origin", ["*", "https://app.example", "http://localhost:3000", "chrome-extension://abcdef"])
def test_an_origin_is_what_a_browser_sends(origin):
    assert ServerSettings(cors_origins=(origin,)).cors_origins == (origin,)
