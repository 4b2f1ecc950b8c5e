"""An error crosses the wire and is raised as what it was."""

import pytest

from generations import ConfigError, Generations, GenerationsError, InvalidInput, Limits, StoreUnavailable, errors
from generations.errors import AccessDenied, TooLarge

from .unreliable import Answer, patient, problem, unreliable

TREE = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, GenerationsError)]


def refusal(answer: Answer) -> GenerationsError:
    with unreliable(answer) as server, patient(server.url, 0) as generations, pytest.raises(GenerationsError) as raised:
        generations.stats()
    return raised.value


@pytest.mark.parametrize("kind", TREE, ids=lambda kind: kind.code)
def test_each_error_comes_back_as_its_own_class(kind: type[GenerationsError]) -> None:
    told = refusal(problem(500, kind.code, "what", "/where", "how to mend it"))

    assert type(told) is kind
    assert (told.message, told.hint) == ("what", "how to mend it")
    assert told.path == (None if kind is AccessDenied else "/where")


def test_an_unknown_key_is_told_from_one_that_may_not() -> None:
    assert refusal(problem(401, "unauthenticated")).code == "unauthenticated"
    assert refusal(problem(403, "forbidden")).code == "forbidden"


def test_an_error_of_a_later_version_is_still_an_error_of_ours() -> None:
    assert type(refusal(problem(400, "of_the_future", "what"))) is GenerationsError


@pytest.mark.parametrize(
    ("status", "kind"),
    [(302, ConfigError), (400, InvalidInput), (403, AccessDenied), (404, ConfigError), (413, TooLarge), (500, StoreUnavailable)],
)
def test_what_comes_from_something_between_is_told_by_its_status(status: int, kind: type[GenerationsError]) -> None:
    told = refusal(Answer(status, b"<html>", {"Location": "https://elsewhere.example.com"} if status == 302 else {}))

    assert type(told) is kind
    assert str(status) in str(told) or kind is TooLarge


def test_the_key_and_the_project_go_with_each_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENERATIONS_API_KEY", "from-the-environment")
    with unreliable(Answer(200, b'{"count": 1}')) as server:
        for settings in ({}, {"api_key": "given", "project": "team-a"}):
            with Generations(server.url, **settings) as generations:
                generations.count_documents({})

        shown = [(headers.get("Authorization"), headers.get("Generations-Project")) for headers in server.headers]
        assert shown == [("Bearer from-the-environment", None), ("Bearer given", "team-a")]


def test_a_key_is_never_shown() -> None:
    with Generations("http://localhost:4300", api_key="secret") as generations:
        assert "secret" not in repr(generations)
    with pytest.raises(ConfigError) as refused:
        Generations("http://localhost:4300", api_key="secret\n")
    assert "secret" not in str(refused.value)


def test_the_limits_of_a_server_are_its_own() -> None:
    with pytest.raises(ConfigError, match="limits"):
        Generations("http://localhost:4300", limits=Limits())
