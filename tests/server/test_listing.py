"""`GET /api/generations`: the mission's parameters, any path with any operator, and the envelope."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

RECORDS = [
    {
        "id": "a",
        "timestamp": "2023-01-02T00:00:00Z",
        "model": {"id": "gpt-4"},
        "output": {"type": "text", "content": "4"},
        "usage": {"cost": 0.02, "totalTokens": 15},
        "metadata": {"userId": "user-456", "plan": {"seats": 23}, "trial": True, "tags": ["x", "y"], "note": "One two, three (four)"},
        "feedback": {"timestamp": "2023-01-03T00:00:00Z"},
    },
    {
        "id": "b",
        "timestamp": "2023-01-03T00:00:00Z",
        "model": {"id": "gpt-4o"},
        "output": {"type": "code", "content": "x"},
        "usage": {"cost": 0.001},
        "metadata": {"userId": "user,456", "plan": {"seats": "23"}, "trial": "true", "tags": ["y"], "note": "three"},
    },
    {"id": "c", "timestamp": "2023-01-04T00:00:00Z", "model": {"id": "gpt-4"}, "metadata": {"plan": {"seats": 24.5}}},
]


@pytest.fixture(scope="module")
def http(server):
    with server.client(headers={"Generations-Project": "listing"}) as client:
        assert client.post("/api/generations", json=RECORDS).status_code == 201
        yield client


def listed(http, query):
    answer = http.get(f"/api/generations?{query}")
    assert answer.status_code == 200, answer.text
    return [doc["id"] for doc in answer.json()["docs"]]


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("model.id=gpt-4", "ca"),
        ("output.type=code", "b"),
        ("metadata.userId=user-456", "a"),
        ("from=2023-01-03T00:00:00Z", "cb"),
        ("to=2023-01-03T00:00:00Z", "ba"),
        ("from=2023-01-03&to=2023-01-03T01:00:00%2B01:00", "b"),
        ("limit=1", "c"),
        ("model.id=gpt-4&output.type=text&metadata.userId=user-456&from=2023-01-01&to=2023-12-31&limit=5", "a"),
    ],
)
def test_the_parameters_of_the_mission(http, query, ids):
    assert listed(http, query) == list(ids)


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("usage.cost[gte]=0.01", "a"),
        ("usage.cost[$gte]=0.01", "a"),
        ("usage.cost[gt]=0.001", "a"),
        ("usage.cost[lt]=1e-2", "b"),
        ("usage.cost[lte]=0.02", "ba"),
        ("usage.cost[gte]=0.001&usage.cost[lt]=0.02", "b"),
        ("usage.cost=0.020", "a"),
        ("usage.cost[ne]=0.02", "cb"),
        ("usage.totalTokens[in]=15,16", "a"),
        ("usage.totalTokens[nin]=15,16", "cb"),
        ("usage.cost[exists]=false", "c"),
        ("usage[exists]=true", "ba"),
        ("model.id[regex]=^gpt-4o$", "b"),
        ("model.id[regex]=o$&model.id[ne]=gpt-4", "b"),
        ("feedback.timestamp[gte]=2023-01-03", "a"),
        ("metadata.tags=x", "a"),
    ],
)
def test_any_path_with_an_operator(http, query, ids):
    assert listed(http, query) == list(ids)


def test_a_repeated_parameter_is_any_of_its_values(http):
    """A comma belongs to a value; only `[in]` and `[nin]` are split at it."""
    assert listed(http, "metadata.userId=user-456&metadata.userId=user,456") == ["b", "a"]
    assert listed(http, "metadata.userId[ne]=user-456&metadata.userId[ne]=user,456") == ["c"]


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("metadata.plan.seats=23", "ba"),
        ("metadata.plan.seats[ne]=23", "c"),
        ("metadata.plan.seats[gt]=23", "c"),
        ("metadata.trial=true", "ba"),
    ],
)
def test_a_value_at_an_open_path_is_what_its_text_spells_too(http, query, ids):
    """Compared by size it is a number where it spells one."""
    assert listed(http, query) == list(ids)


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("where[model.id][equals]=gpt-4", "ca"),
        ("where[model.id][not_equals]=gpt-4", "b"),
        ("where[usage.cost][greater_than]=0.001", "a"),
        ("where[usage.cost][greater_than_equal]=0.001", "ba"),
        ("where[usage.cost][less_than]=0.02", "b"),
        ("where[usage.cost][less_than_equal]=0.02", "ba"),
        ("where[model.id][in]=gpt-4,gpt-4o", "cba"),
        ("where[model.id][not_in]=gpt-4", "b"),
        ("where[usage.cost][exists]=true", "ba"),
        ("where[metadata.note][contains]=(FOUR)", "a"),
        ("where[metadata.note][like]=three one", "a"),
    ],
)
def test_the_operators_of_the_platform(http, query, ids):
    assert listed(http, query) == list(ids)


def test_where_is_a_whole_filter_beside_the_others(http):
    answer = http.get("/api/generations", params={"where": json.dumps({"$or": [{"id": "a"}, {"id": "b"}]}), "model.id": "gpt-4"})

    assert [doc["id"] for doc in answer.json()["docs"]] == ["a"]


def test_sort_and_fields(http):
    assert listed(http, "sort=model.id,-timestamp") == ["c", "a", "b"]
    answer = http.get("/api/generations?sort=-usage.cost&fields=model.id,usage.totalTokens&limit=1").json()
    assert answer["docs"] == [{"model": {"id": "gpt-4"}, "usage": {"totalTokens": 15}}]


@pytest.mark.parametrize(
    "query", ["sort=usage.cost&fields=metadata.tags", "sort=metadata.userId&fields=metadata.tags", "fields=usage.currency"]
)
def test_what_only_the_cursor_needs_is_not_shown(http, query):
    asked = {"projection": query.split("fields=")[1].split(","), "sort": [[query.split("&")[0].removeprefix("sort="), 1]]}
    if "sort" not in query:
        asked["sort"] = [["timestamp", -1]]

    assert http.get(f"/api/generations?{query}&limit=2").json()["docs"] == http.post("/api/generations/find", json=asked).json()["docs"][:2]


def test_the_envelope_of_the_platform(http):
    answer = http.get("/api/generations?limit=2").json()
    cursor = answer.pop("nextCursor")
    ids = [doc["id"] for doc in answer.pop("docs")]
    assert ids == ["c", "b"]
    assert cursor
    assert answer == {
        "totalDocs": 3,
        "limit": 2,
        "page": 1,
        "totalPages": 2,
        "pagingCounter": 1,
        "hasNextPage": True,
        "hasPrevPage": False,
        "nextPage": 2,
        "prevPage": None,
    }
    second = http.get("/api/generations?limit=2&page=2").json()
    assert [doc["id"] for doc in second["docs"]] == ["a"]
    assert (second["totalDocs"], second["prevPage"], second["nextPage"], second["nextCursor"]) == (3, 1, None, None)


def test_an_empty_list_has_one_page(http):
    answer = http.get("/api/generations?model.id=none").json()

    assert (answer["docs"], answer["totalDocs"], answer["totalPages"], answer["hasNextPage"]) == ([], 0, 1, False)


def test_a_page_behind_the_end_still_tells_the_total(http):
    answer = http.get("/api/generations?page=1000000000&limit=1000").json()

    assert (answer["docs"], answer["totalDocs"], answer["hasPrevPage"]) == ([], 3, True)


def test_the_total_can_be_left_out(http):
    answer = http.get("/api/generations?count=false").json()

    assert (answer["totalDocs"], answer["totalPages"], len(answer["docs"])) == (None, None, 3)


@pytest.mark.parametrize(
    ("query", "path", "hint"),
    [
        ("model.nme=x", "model.nme", "did you mean 'model.name'?"),
        ("limt=3", "limt", "did you mean 'limit'?"),
        ("usage.cost[gtee]=3", "usage.cost[gtee]", "did you mean 'gte'?"),
        ("usage.cost=cheap", "usage.cost", None),
        ("usage.cost[gte]=1&usage.cost[gte]=2", "usage.cost[gte]", "give it once"),
        ("from=yesterday", "from", "write 2024-06-15T12:30:45Z; a + in an offset is sent as %2B"),
        ("model=gpt-4", "model", "name a field of it: model.id, model.name, model.version, model.provider"),
        ("usage.cost[exists]=maybe", "usage.cost[exists]", None),
        ("limit=0", "limit", None),
        ("limit=1001", "limit", None),
        ("page=-1", "page", None),
        ("sort=usage.cots", "sort", "did you mean 'usage.cost'?"),
        ('where={"model.nme":1}', "where/model.nme", "did you mean 'model.name'?"),
        ("sort=nope", "sort", None),
        ("where=[]", "where", 'write where={"usage.cost":{"$gte":0.01}}, percent-encoded'),
        ("where={", "where", None),
        ("$where=1", "$where", "steps are joined by single dots"),
        ("where[or][0][id][equals]=a", "where[or][0][id][equals]", "write a path, or a path and an operator: usage.cost[gte]"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_name(http, query, path, hint):
    answer = http.get(f"/api/generations?{query}")

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["path"] == path
    assert answer.json()["hint"] == hint


def test_an_empty_id_in_a_path_is_told(http):
    assert http.get("/api/traces//generations").json()["detail"] == "the id in the path is empty at id"


def test_an_order_by_an_unknown_field_names_the_field(http):
    assert http.get("/api/generations?sort=nope").json()["detail"] == "unknown field 'nope' at sort"


def test_head_answers_like_get_without_a_body(http):
    for path in ("/api/generations", "/api/generations/a", "/api/generations/stats"):
        head, get = http.head(path), http.get(path)
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-length"] == str(len(get.content))


PATHS = {
    "model.id": st.sampled_from(["gpt-4", "gpt-4o", "", "x y&z=1", "é"]),
    "usage.cost": st.floats(0, 0.05) | st.integers(-(2**70), 2**70),
    "usage.totalTokens": st.integers(14, 16),
    "metadata.userId": st.text(max_size=5) | st.just("user-456"),
    "metadata.tags": st.sampled_from(["x", "y"]),
}
COMPARED = st.sampled_from(["eq", "ne", "gt", "gte", "lt", "lte"])


@given(
    conditions=st.lists(
        st.sampled_from(sorted(PATHS)).flatmap(lambda path: st.tuples(st.just(path), COMPARED, PATHS[path])),
        max_size=3,
        unique_by=lambda one: one[:2],
    ),
    dollar=st.booleans(),
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_list_is_what_find_finds(http, conditions, dollar):
    query = [(f"{path}[{'$' if dollar else ''}{operator}]", str(value)) for path, operator, value in conditions]
    filter = {"$and": [{path: {f"${operator}": value}} for path, operator, value in conditions]} if conditions else {}
    meant = http.post("/api/generations/find", json={"filter": filter, "sort": [["timestamp", -1]]}).json()["docs"]

    answer = http.get("/api/generations", params=query).json()

    assert answer["docs"] == meant
    assert answer["totalDocs"] == len(meant)


@pytest.mark.parametrize(
    ("query", "path", "byte"),
    [("model.id=%FF", "model.id", "0xff"), ("limit=1&metadata.note=caf%E9", "metadata.note", "0xe9"), ("%C3=1", "\ufffd", "0xc3")],
)
def test_what_is_not_utf8_is_refused(http, query, path, byte):
    answer = http.get(f"/api/generations?{query}")

    assert answer.status_code == 400
    [error] = answer.json()["errors"]
    assert (error["path"], error["message"]) == (path, f"the query parameter is not UTF-8: byte {byte}")


def test_what_is_utf8_is_what_was_meant(http):
    assert listed(http, "metadata.note=%E2%82%AC+%26%3D") == []
