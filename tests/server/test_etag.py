"""Entity tags: who has seen a version need not read it again, and changes no other."""

import pytest

RECORD = {"id": "a", "model": {"id": "gpt-4"}}
PATH = "/api/generations/a"


@pytest.fixture
def filled(http):
    http.post("/api/generations", json=RECORD)
    return http


def test_what_the_client_has_is_not_sent_again(filled):
    tag = filled.get(PATH).headers["etag"]

    for known in (tag, f'"other", W/{tag}', "*"):
        answer = filled.get(PATH, headers={"If-None-Match": known})
        assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", tag)
    assert filled.get(PATH, headers={"If-None-Match": '"other"'}).status_code == 200


def test_each_form_and_each_version_has_a_tag_of_its_own(filled):
    first = filled.get(PATH)
    as_line = filled.get(PATH, headers={"Accept": "application/x-ndjson"})
    changed = filled.patch(PATH, json={"$set": {"metadata.plan": "pro"}})

    assert len({first.headers["etag"], as_line.headers["etag"], changed.headers["etag"]}) == 3
    assert filled.get(PATH).headers["etag"] == changed.headers["etag"]


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_a_change_meant_for_another_version_is_refused(filled, method):
    body = {"json": {"$set": {"metadata.plan": "pro"}}} if method == "PATCH" else {}
    tag = filled.get(PATH).headers["etag"]
    filled.patch(PATH, json={"$set": {"metadata.n": 1}})

    for old in (tag, f"W/{tag}", '"never"', '"ffffffffffffff.json"'):
        refused = filled.request(method, PATH, headers={"If-Match": old}, **body)
        assert (refused.status_code, refused.json()["code"]) == (412, "version_changed")
    assert filled.get(PATH).json()["metadata"] == {"n": 1}

    current = filled.get(PATH).headers["etag"]
    assert filled.request(method, PATH, headers={"If-Match": f'"other", {current}'}, **body).status_code == 200


def test_what_is_not_there_matches_no_tag(filled):
    missing = "/api/generations/missing"
    for given in ({}, {"If-Match": '"1.json"'}):
        assert filled.delete(missing, headers=given).status_code == 404
        assert filled.patch(missing, json={"$set": {"metadata.n": 1}}, headers=given).status_code == 404
