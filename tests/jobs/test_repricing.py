"""Costs computed anew: what is told is what is done, reported costs stay, and the history keeps the old ones."""

import pytest

from generations import Generations, MissingExtra
from generations.jobs.repricing import plan_repricing, unpriced_models

OLD = """
name = "ours"
[[prices]]
model = "m*"
provider = "p"
input = 1
output = 1
"""
NEW = (
    OLD.replace("input = 1", "input = 2")
    + """
[[prices]]
model = "late"
currency = "EUR"
input = 1
output = 1
"""
)
USAGE = {"promptTokens": 1000, "completionTokens": 1000}


def record(id, model="m1", provider="p", **usage):
    return {"id": id, "timestamp": "2026-01-01T00:00:00Z", "model": {"id": model, "provider": provider}, "usage": USAGE | usage}


RECORDS = [
    record("computed"),
    record("free-input", promptTokens=0),
    record("reported", cost=9.0, currency="USD"),
    record("elsewhere", cost=0.5, currency="USD", costSource="computed"),
    record("late", model="late"),
    record("unknown", model="mystery", provider="nobody"),
    {"id": "no-tokens", "model": {"id": "m1", "provider": "p"}},
]


@pytest.fixture
def reopened(tmp_path):
    """Opens the store with other prices; the records were taken with the old ones."""
    opened = []

    def reopen(prices):
        while opened:
            opened.pop().close()
        (tmp_path / "prices.toml").write_text(prices)
        opened.append(Generations(tmp_path / "data", prices=tmp_path / "prices.toml" if prices else "off"))
        return opened[0]

    reopen(OLD).insert_many(RECORDS)
    yield reopen
    opened[0].close()


def costs(db):
    return {one["id"]: (one.get("usage", {}).get("cost"), one.get("usage", {}).get("computedCost")) for one in db.find({})}


def test_what_would_change_is_told_by_model_and_nothing_is_written(reopened):
    db = reopened(NEW)
    before = costs(db)

    plan = plan_repricing(db.store, {})

    told = {(one.model, one.provider, one.currency): one for one in plan.models}
    m1 = told["m1", "p", "USD"]
    assert (m1.records, m1.reported, m1.unknown, m1.changed) == (4, 1, 0, 3)
    assert (m1.before, m1.after) == (pytest.approx(0.002 + 0.001 + 9 + 0.5), pytest.approx(0.003 + 0.001 + 9 + 0.003))
    late = told["late", "p", "EUR"]
    assert (late.records, late.changed, late.before, late.after) == (1, 1, 0, 0.002)
    assert (told["mystery", "nobody", ""].unknown, told["m1", "p", ""].unknown) == (1, 1)
    assert (plan.records, sorted(plan.ids)) == (7, ["computed", "elsewhere", "late", "reported"])
    assert costs(db) == before


def test_what_was_told_is_written_and_reported_costs_stay(reopened):
    db = reopened(NEW)

    assert plan_repricing(db.store, {}).write(db.store) == 4

    assert costs(db) == {
        "computed": (0.003, 0.003),
        "free-input": (0.001, 0.001),
        "reported": (9.0, 0.003),
        "elsewhere": (0.003, 0.003),
        "late": (0.002, 0.002),
        "unknown": (None, None),
        "no-tokens": (None, None),
    }
    assert db.get("late")["usage"]["currency"] == "EUR"
    assert [(one.change, one.record["usage"]["computedCost"]) for one in db.history("computed")] == [("reprice", 0.003), ("insert", 0.002)]


def test_repricing_again_changes_nothing(reopened):
    db = reopened(NEW)
    plan_repricing(db.store, {}).write(db.store)

    assert plan_repricing(db.store, {}).ids == []
    assert db.insert_many(RECORDS[:-1]).unchanged_count == len(RECORDS) - 1


def test_only_what_matches_is_priced_anew(reopened):
    db = reopened(NEW)

    plan = plan_repricing(db.store, {"id": {"$in": ["computed", "unknown"]}})

    assert (plan.records, plan.ids) == (2, ["computed"])


def test_a_record_that_is_gone_when_its_turn_comes_is_left_out(reopened):
    db = reopened(NEW)
    plan = plan_repricing(db.store, {"id": {"$in": ["computed", "reported"]}})
    db.delete_one({"id": "computed"})

    assert plan.write(db.store) == 1


def test_without_prices_nothing_can_be_computed(reopened):
    with pytest.raises(MissingExtra, match="there are no prices"):
        plan_repricing(reopened("").store, {})


def test_models_without_a_cost_are_listed_with_the_reason(reopened):
    db = reopened(NEW)

    found = [(one.model, one.provider, one.records, one.tokens, one.reason) for one in unpriced_models(db, db.store.prices, {})]

    assert found == [
        ("late", "p", 1, 2000, "there is a price now: generations reprice"),
        ("mystery", "nobody", 1, 2000, "the provider 'nobody' is not in the price list"),
        ("m1", "p", 1, 0, "no tokens were reported"),
    ]
    assert {one.reason for one in unpriced_models(db, None, {})} == {"there are no prices to compute costs from"}
