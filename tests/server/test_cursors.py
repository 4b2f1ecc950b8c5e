"""Cursors: every record once, in order, whatever arrives meanwhile."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

RECORDS = [
    {
        "id": f"r{n:02}",
        "timestamp": f"2023-01-01T{n % 5:02}:00:00.{n % 3:06}Z",
        "model": {"id": f"m{n % 3}"},
        **({"usage": {"cost": n % 4 / 100, "totalTokens": n}} if n % 2 else {}),
        "metadata": {"userId": f"u{n % 2}"} if n % 5 else {},
    }
    for n in range(30)
]


@pytest.fixture(scope="module")
def http(server):
    with server.client(headers={"Generations-Project": "cursors"}) as client:
        assert client.post("/api/generations", json=RECORDS).status_code == 201
        yield client


def walk(http, query, between=lambda: None):
    ids, cursor = [], None
    while True:
        params = query + ([("cursor", cursor)] if cursor else [])
        answer = http.get("/api/generations", params=params)
        assert answer.status_code == 200, answer.text
        ids += [doc["id"] for doc in answer.json()["docs"]]
        cursor = answer.json()["nextCursor"]
        if cursor is None:
            return ids
        between()


@given(
    sort=st.lists(
        st.tuples(
            st.sampled_from(["", "-"]),
            st.sampled_from(["timestamp", "model.id", "usage.cost", "usage.totalTokens", "metadata.userId", "id"]),
        ),
        max_size=3,
        unique_by=lambda one: one[1],
    ),
    limit=st.integers(4, 31),
    fields=st.sampled_from([None, "id", "id,usage.cost", "id,model"]),
)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_walk_gives_each_record_once_in_order(http, sort, limit, fields):
    order = [[path, -1 if sign else 1] for sign, path in sort] or [["timestamp", -1]]
    meant = http.post("/api/generations/find", json={"sort": [*order, *([] if "id" in dict(order) else [["id", 1]])]}).json()["docs"]

    query = [("sort", ",".join(sign + path for sign, path in sort)), ("limit", limit), *([("fields", fields)] if fields else [])]
    assert walk(http, query) == [doc["id"] for doc in meant]


@pytest.mark.parametrize("sort", ["-timestamp", "usage.cost", "-metadata.userId,timestamp"])
def test_records_that_arrive_meanwhile_move_none(server, project, sort):
    """Those that were there are given once each; a newcomer is given at most once, where the order has its place."""
    with server.client(headers={"Generations-Project": project}) as http:
        http.post("/api/generations", json=RECORDS)
        arrived = iter(range(100))

        def insert():
            n = next(arrived)
            sent = {
                "id": f"new-{n}",
                "model": {"id": "m"},
                "timestamp": f"20{n % 2 * 9 + 14}-01-01T00:00:00Z",
                "usage": {"cost": n % 5 / 100},
            }
            assert http.post("/api/generations", json=sent).status_code == 201

        ids = walk(http, [("sort", sort), ("limit", 7)], insert)

    assert sorted(id for id in ids if id.startswith("r")) == [record["id"] for record in RECORDS]
    assert len(set(ids)) == len(ids)


def test_a_page_behind_a_cursor_has_no_number(http):
    cursor = http.get("/api/generations?limit=10&model.id=m1").json()["nextCursor"]
    assert cursor is None
    cursor = http.get("/api/generations?limit=10").json()["nextCursor"]
    answer = http.get("/api/generations", params={"limit": 10, "cursor": cursor}).json()

    assert (answer["page"], answer["nextPage"], answer["prevPage"], answer["hasPrevPage"], answer["totalDocs"]) == (
        None,
        None,
        None,
        True,
        30,
    )


def test_size_and_fields_of_pages_may_change_on_the_way(http):
    cursor = http.get("/api/generations?limit=10").json()["nextCursor"]

    assert (
        len(http.get("/api/generations", params={"limit": 3, "fields": "model.id", "count": "false", "cursor": cursor}).json()["docs"]) == 3
    )


@pytest.mark.parametrize("other", ["model.id=m1", "sort=timestamp", "from=2023-01-01", "where={}"])
def test_a_cursor_of_another_question_is_refused(http, other):
    cursor = http.get("/api/generations?limit=10").json()["nextCursor"]
    answer = http.get("/api/generations", params={"cursor": cursor, **dict([other.split("=")])})

    assert answer.status_code == 400
    assert answer.json()["detail"].startswith("the cursor belongs to another question")


@pytest.mark.parametrize("cursor", ["", "x", "!!!", "AAAA", "é", "AAAAAAAAAAAAWzFd"])
def test_what_is_no_cursor_is_refused(http, cursor):
    answer = http.get("/api/generations", params={"cursor": cursor})

    assert (answer.status_code, answer.json()["errors"][0]["path"]) == (400, "cursor")


def test_an_order_by_an_open_path_has_pages_and_no_cursors(http):
    answer = http.get("/api/generations?sort=metadata.plan&limit=10").json()

    assert (answer["hasNextPage"], answer["nextPage"], answer["nextCursor"]) == (True, 2, None)
