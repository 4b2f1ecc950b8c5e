import pytest

from generations.errors import ConfigError, QueryFailed, StoreUnavailable
from generations.store.http_engine import Address, HttpEngine


def test_an_address_says_where_and_as_whom() -> None:
    address = Address.parse("clickhouse://me:p%40ss%2Fword@db.example:9999/ai?secure=true&cluster=main")

    assert address == Address("db.example", 9999, "me", "p@ss/word", "ai", True, "main")
    assert str(address) == "clickhouse://db.example:9999/ai"


@pytest.mark.parametrize(
    ("url", "port"), [("clickhouse://h", 8123), ("clickhouse://h/?secure=1", 8443), ("clickhouse://h?secure=false", 8123)]
)
def test_what_an_address_leaves_out_has_a_default(url: str, port: int) -> None:
    assert Address.parse(url) == Address("h", port, "default", "", "default", port == 8443, None)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("clickhouse://h?sekure=1", "unknown option 'sekure'"),
        ("clickhouse://h?secure=maybe", "unknown value of secure"),
        ("clickhouse:///db", "unknown form"),
        ("clickhouse://h:port/db", "port of the URL"),
        ("clickhouse://h?cluster=a`b", "not the name of a cluster"),
    ],
)
def test_an_address_that_makes_no_sense_is_refused(url: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        Address.parse(url)


def test_a_server_that_does_not_answer_is_told_without_its_password() -> None:
    with pytest.raises(StoreUnavailable, match=r"clickhouse://127.0.0.1:9/default cannot be reached: .*refused") as told:
        HttpEngine("clickhouse://me:secret@127.0.0.1:9/default")

    assert "secret" not in str(told.value)


def test_a_server_that_is_too_old_is_refused(serving) -> None:
    with serving("--version", "24.3.1.1") as url, pytest.raises(ConfigError, match=r"is ClickHouse 24.3") as told:
        HttpEngine(url)

    assert "25.8 or newer" in told.value.hint


def test_an_older_server_finishes_an_answer_before_it_sends_it(serving) -> None:
    """It has no way to say that what it has sent is not the whole of it."""
    with serving("--version", "25.8.1.1") as url:
        engine = HttpEngine(url)
        stream = engine.stream("SELECT throwIf(number = 900_000, 'too late') AS n FROM numbers(1_000_000)", "TSVRaw")

        with pytest.raises(QueryFailed, match="too late"):
            next(stream)

        engine.close()
