"""Linked both ways: records of a trace or a request are found by its id, and lead to what others keep of it."""

from datetime import UTC, datetime

import pytest

from generations.errors import ConfigError
from generations.server.links import Links, named_templates
from generations.server.settings import ServerSettings

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
RECORD = {
    "id": "a/b",
    "timestamp": datetime(2024, 6, 15, 12, tzinfo=UTC),
    "metadata": {"traceId": TRACE, "userId": "jane doe&x=1/../", "region": {"zone": "é", "rack": 7}},
    "performance": {"latency": 1500.9},
}


def links_of(template: str, record: object = RECORD) -> str | None:
    return Links({"x": template}).shown(record).get("links", {}).get("x")


@pytest.mark.parametrize(
    ("template", "url"),
    [
        ("https://jaeger.example/trace/{traceId}", f"https://jaeger.example/trace/{TRACE}"),
        ("http://localhost:8080/u?user={userId}#{id}", "http://localhost:8080/u?user=jane%20doe%26x%3D1%2F..%2F#a%2Fb"),
        ("https://x.example/{metadata.region.zone}/{metadata.region.rack}", "https://x.example/%C3%A9/7"),
        ("https://x.example/?left=%7B{from}%2C{to}%7D", "https://x.example/?left=%7B1718452500000%2C1718453101500%7D"),
        ("https://x.example/{spanId}", None),
        ("https://x.example/{traceId}/{sessionId}", None),
        ("https://x.example/{metadata.region}", None),
    ],
)
def test_values_are_percent_encoded_and_an_absent_one_gives_no_link(template, url):
    assert links_of(template) == url


@pytest.mark.parametrize("metadata", [{}, None, "x", {"traceId": None}, {"traceId": ""}, {"traceId": "x" * 2000}, {"traceId": True}])
def test_what_is_no_id_gives_no_link(metadata):
    record = {"id": "a", "metadata": metadata}

    assert Links({"x": "https://x.example/{traceId}"}).shown(record) is record


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("https://x.example/{traceId}", "has no name; write jaeger="),
        ("a b=https://x.example/{traceId}", "'a b' is no name of a link"),
        ("x=https://x.example/{traceid}", "unknown variable {traceid}; did you mean {traceId}?"),
        ("x=https://x.example/{nothing}", "unknown variable {nothing}; there are id, requestId"),
        ("x=https://x.example/", "the same for every record; put an id into it"),
        ("x=javascript:alert('{id}')", "does not begin with https://"),
        ("x=https://{id}.example/", "does not begin with https://"),
        ("x=https://x.example:{id}/", "does not begin with https://"),
        ("x=x.example/{id}", "does not begin with https://"),
        ('x=https://x.example/{"a":"{id}"}', "is no URL"),
        ("x=https://x.example/a b/{id}", "is no URL"),
    ],
)
def test_a_template_that_cannot_be_meant_is_refused(written, message):
    with pytest.raises(ConfigError) as refused:
        Links(named_templates([written]))

    assert message in str(refused.value)


def test_two_links_of_one_name_are_refused():
    with pytest.raises(ConfigError, match="'x' is there twice"):
        named_templates(["x=https://a.example/{id}", "x=https://b.example/{id}"])


@pytest.fixture(scope="module")
def linked(serve_inside):
    links = {"jaeger": "https://jaeger.example/trace/{traceId}", "logs": "https://logs.example/?q={requestId}&from={from}"}
    with serve_inside(links=links) as inside, inside.client() as client:
        steps = [
            {
                "id": f"step-{n}",
                "timestamp": f"2024-06-15T12:00:0{9 - n}Z",
                "model": {"id": "gpt-4"},
                "metadata": {"traceId": TRACE, "requestId": f"req-{n % 2}"},
            }
            for n in range(4)
        ]
        others = [{"id": "other", "model": {"id": "m"}, "metadata": {"traceId": "f" * 32}}, {"id": "none", "model": {"id": "m"}}]
        assert client.post("/api/generations", json=[*steps, *others]).status_code == 201
        yield client


def ids_of(answer) -> list[str]:
    return [doc["id"] for doc in answer.json()["docs"]]


def test_the_records_of_a_trace_come_in_the_order_of_time(linked):
    assert ids_of(linked.get(f"/api/traces/{TRACE}/generations")) == ["step-3", "step-2", "step-1", "step-0"]
    assert ids_of(linked.get(f"/api/traces/{TRACE}/generations?metadata.requestId=req-1&sort=-timestamp")) == ["step-1", "step-3"]
    assert linked.get("/api/traces/nothing/generations").json()["totalDocs"] == 0


def test_the_pages_of_a_trace_follow_each_other(linked):
    first = linked.get(f"/api/traces/{TRACE}/generations?limit=3").json()
    rest = linked.get(f"/api/traces/{TRACE}/generations?limit=3&cursor={first['nextCursor']}")
    assert (first["totalDocs"], ids_of(rest)) == (4, ["step-0"])

    elsewhere = linked.get(f"/api/traces/{'f' * 32}/generations?cursor={first['nextCursor']}")
    assert elsewhere.status_code == 400
    assert "another question" in elsewhere.text


def test_records_are_found_by_their_request(linked):
    assert ids_of(linked.get("/api/generations?metadata.requestId=req-0")) == ["step-0", "step-2"]


def test_records_are_shown_with_their_links_and_stored_without(linked):
    links = {"jaeger": f"https://jaeger.example/trace/{TRACE}", "logs": "https://logs.example/?q=req-0&from=1718452509000"}
    answer = linked.get("/api/generations/step-0")

    assert answer.json()["links"] == links
    assert linked.get("/api/generations?id=step-0").json()["docs"][0]["links"] == links
    assert linked.get(f"/api/traces/{TRACE}/generations").json()["docs"][3]["links"] == links
    assert linked.patch("/api/generations/step-0", json={"$set": {"status": "success"}}).json()["links"] == links
    assert "links" not in linked.get("/api/generations/none").json()
    assert linked.get("/api/generations/other").json()["links"] == {"jaeger": f"https://jaeger.example/trace/{'f' * 32}"}

    assert linked.get("/api/generations?id=step-0&fields=id").json()["docs"] == [{"id": "step-0"}]
    assert "links" not in linked.get("/api/generations/step-0", headers={"Accept": "application/x-ndjson"}).text
    assert "links" not in linked.post("/api/generations/find", json={"filter": {"id": "step-0"}}).text


def test_an_entity_tag_tells_the_links_too(linked):
    tag = linked.get("/api/generations/other").headers["etag"]

    assert linked.get("/api/generations/other", headers={"If-None-Match": tag}).status_code == 304
    assert Links({"x": "https://x.example/{id}"}).tag not in ("", tag, Links({"x": "https://y.example/{id}"}).tag)
    assert ServerSettings().links == {}
    assert linked.patch("/api/generations/other", json={"$set": {"status": "success"}}, headers={"If-Match": tag}).status_code == 200
