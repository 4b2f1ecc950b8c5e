"""What a server records has its cost, whether few records come or many."""

import pytest

from tests.targets.served import running

PRICES = 'name = "ours"\n[[prices]]\nmodel = "m"\ninput = 2\noutput = 10\n'


@pytest.mark.parametrize("count", [1, 150])
def test_recorded_generations_are_priced(tmp_path, count):
    (tmp_path / "prices.toml").write_text(PRICES)
    records = [{"id": f"g-{n}", "model": {"id": "m"}, "usage": {"promptTokens": 1000, "completionTokens": 100}} for n in range(count)]
    with running(tmp_path / "data", "--prices", str(tmp_path / "prices.toml")) as server, server.client() as client:
        taken = client.post("/api/generations", json=records)
        assert taken.json()["insertedCount"] == count
        usage = client.get(f"/api/generations/g-{count - 1}").json()["usage"]

    assert (usage["cost"], usage["costSource"], usage["priceSource"]) == (0.003, "computed", "ours")
