"""Records get their cost when they are recorded, and come back otherwise as they were sent."""

import json

import pytest

from generations import ConfigError, Generations
from generations.jobs.importing import import_from

PRICES = 'name = "ours"\nversion = "1"\n[[prices]]\nmodel = "m*"\ninput = 2\noutput = 10\n[[prices]]\nmodel = "painter"\nrequest = 0.04\n'
COMPUTED = {"computedCurrency": "USD", "priceSource": "ours", "priceVersion": "1"}


@pytest.fixture
def prices(tmp_path):
    path = tmp_path / "prices.toml"
    path.write_text(PRICES)
    return path


@pytest.fixture
def db(tmp_path, prices):
    with Generations(tmp_path / "data", prices=prices) as db:
        yield db


def record(usage=None, **more):
    return {"id": "one", "timestamp": "2026-01-01T00:00:00Z", "model": {"id": "m1"}, **({} if usage is None else {"usage": usage}), **more}


def usage_of(db, sent):
    db.insert_one(sent)
    return db.get("one").get("usage")


def test_a_cost_that_was_not_reported_is_computed(db):
    usage = {"promptTokens": 1000, "completionTokens": 100}

    assert usage_of(db, record(usage)) == usage | {
        "totalTokens": 1100,
        "cost": 0.003,
        "currency": "USD",
        "costSource": "computed",
        "computedCost": 0.003,
        **COMPUTED,
    }


def test_a_reported_cost_stays_and_ours_stands_beside_it(db):
    usage = {"promptTokens": 1000, "completionTokens": 100, "cost": 7, "currency": "EUR", "costSource": "reported"}

    assert usage_of(db, record(usage)) == usage | {"totalTokens": 1100, "computedCost": 0.003, **COMPUTED}


def test_a_currency_that_was_sent_is_not_replaced(db):
    found = usage_of(db, record({"promptTokens": 1000, "completionTokens": 100, "currency": "EUR"}))

    assert (found["currency"], found.get("cost"), found["computedCost"], found["computedCurrency"]) == ("EUR", None, 0.003, "USD")


@pytest.mark.parametrize("sent", [{"promptTokens": 5}, {"cachedTokens": 5}, {"cost": None}, {}])
def test_what_is_unknown_stays_as_it_was_sent(db, sent):
    assert usage_of(db, record(sent)) == sent


def test_an_unknown_model_has_no_cost(db):
    assert usage_of(db, record({"promptTokens": 5, "completionTokens": 5}, model={"id": "x", "provider": "nobody"})) == {
        "promptTokens": 5,
        "completionTokens": 5,
        "totalTokens": 10,
    }


@pytest.mark.parametrize("sent", [None, {}, {"cost": None}])
def test_a_price_for_each_request_needs_no_usage(db, sent):
    """A null says that the cost was not known, and now it is."""
    found = usage_of(db, record(sent, model={"id": "painter"}))

    assert found == {"cost": 0.04, "currency": "USD", "costSource": "computed", "computedCost": 0.04, **COMPUTED}


def test_usage_that_was_sent_as_null_gives_way_to_what_is_known(db):
    assert usage_of(db, record(model={"id": "painter"}) | {"usage": None})["cost"] == 0.04


def test_sending_again_adds_nothing_whatever_the_prices(db, tmp_path, prices):
    sent = record({"promptTokens": 1000, "completionTokens": 100})
    db.insert_one(sent)
    db.close()
    prices.write_text(PRICES.replace("input = 2", "input = 3"))

    with Generations(tmp_path / "data", prices=prices) as later:
        assert later.insert_many([sent]).unchanged_count == 1
        assert later.get("one")["usage"]["cost"] == 0.003


def test_an_export_that_is_imported_again_adds_nothing_and_elsewhere_keeps_its_costs(db, tmp_path):
    db.insert_many(
        [
            record({"promptTokens": 1000, "completionTokens": 100}),
            record({"promptTokens": 1, "completionTokens": 1, "cost": 5}) | {"id": "two"},
        ]
    )
    db.export(tmp_path / "all.jsonl")

    again = import_from(tmp_path / "all.jsonl", db.store)
    assert (again.unchanged, again.added, again.replaced) == (2, 0, 0)
    before = db.find({}, {"createdAt": 0, "updatedAt": 0}).to_list()
    db.close()
    with Generations(tmp_path / "other", prices="off") as other:
        import_from(tmp_path / "all.jsonl", other.store)
        assert other.find({}, {"createdAt": 0, "updatedAt": 0}).to_list() == before


def test_imports_are_priced(db, tmp_path):
    (tmp_path / "in.jsonl").write_text(json.dumps(record({"promptTokens": 1000, "completionTokens": 100})))

    import_from(tmp_path / "in.jsonl", db.store)

    assert db.get("one")["usage"]["cost"] == 0.003


def test_an_update_keeps_the_cost(db):
    db.insert_one(record({"promptTokens": 1000, "completionTokens": 100}))

    db.update_one({"id": "one"}, {"$set": {"metadata.reviewed": True}})

    assert db.get("one")["usage"]["computedCost"] == 0.003


@pytest.mark.parametrize("place", ["parameters", "metadata"])
def test_a_service_tier_has_its_price(tmp_path, place):
    prices = tmp_path / "prices.toml"
    prices.write_text(
        '[[prices]]\nmodel = "m1"\nserviceTier = "flex"\ninput = 1\noutput = 1\n' + PRICES.partition("\n")[2].partition("\n")[2]
    )

    with Generations(tmp_path / "data", prices=prices) as db:
        assert usage_of(db, record({"promptTokens": 1000, "completionTokens": 0}, **{place: {"service_tier": "flex"}}))["cost"] == 0.001
        assert usage_of(db, record({"promptTokens": 1000, "completionTokens": 0}, **{place: {"service_tier": "auto"}}))["cost"] == 0.002


def test_audio_that_is_counted_together_belongs_to_the_side_that_has_it(tmp_path):
    prices = tmp_path / "prices.toml"
    prices.write_text('[[prices]]\nmodel = "m1"\ninput = 1\noutput = 2\ninputAudio = 10\noutputAudio = 20\n')
    usage = {"promptTokens": 100, "completionTokens": 100, "audioTokens": 100}

    with Generations(tmp_path / "data", prices=prices) as db:
        assert usage_of(db, record(usage, input={"type": "audio"}, output={"type": "text"}))["cost"] == 0.0012
        assert usage_of(db, record(usage, input={"type": "text"}, output={"type": "audio"}))["cost"] == 0.0021
        assert "cost" not in usage_of(db, record(usage, input={"type": "audio"}, output={"type": "audio"}))


def test_the_installed_price_list_is_the_default(tmp_path, monkeypatch):
    monkeypatch.delenv("GENERATIONS_PRICES")
    with Generations(tmp_path / "data") as db:
        found = usage_of(db, record({"promptTokens": 1000, "completionTokens": 100}, model={"id": "gpt-4", "provider": "openai"}))

    assert (found["cost"], found["priceSource"]) == (0.036, "genai-prices")


def test_the_environment_names_the_prices(tmp_path, prices, monkeypatch):
    monkeypatch.setenv("GENERATIONS_PRICES", str(prices))
    with Generations(tmp_path / "data") as db:
        assert db.store.prices is not None
    monkeypatch.setenv("GENERATIONS_PRICES", "off")
    with Generations(tmp_path / "data") as db:
        assert db.store.prices is None


@pytest.mark.parametrize("name", ["missing.toml", "."])
def test_prices_that_cannot_be_read_are_an_error_before_anything_is_opened(tmp_path, name):
    with pytest.raises(ConfigError, match="the prices cannot be read from"):
        Generations(tmp_path / "data", prices=tmp_path / name)

    assert not (tmp_path / "data").exists()


def test_a_server_has_its_own_prices():
    with pytest.raises(ConfigError, match="the prices of a Generations server are its own"):
        Generations("http://127.0.0.1:9", prices="off")
