"""What `/metrics` tells of the server and of the generations, and that it stays small and cheap."""

from __future__ import annotations

import re
import time

import pytest

from generations.record.encode import encode_records
from generations.record.sample import sample_generations
from generations.server.measured import MOST_NAMES, MOST_PROJECTS, OTHER, Measures, Names
from generations.server.metrics import Metrics
from generations.store.block import Block
from tests.targets.served import running


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A server that nobody else has asked: it is told what it did since it started."""
    with running(tmp_path_factory.mktemp("server") / "data") as started:
        yield started


def told(text: str) -> dict[tuple, float]:
    """Samples by name and labels."""
    samples = re.findall(r"^(\w+)(?:\{(.*)\})? (\S+)$", text, flags=re.MULTILINE)
    return {(name, *re.findall(r'(\w+)="([^"]*)"', labels)): float(value) for name, labels, value in samples}


@pytest.fixture
def measures() -> Measures:
    return Measures()


@pytest.fixture
def samples(measures):
    """The samples of a project, as Prometheus reads them."""
    return lambda project="p": told(Metrics(measures, lambda: 0).text(project).decode())


def write(measures: Measures, *records: dict, change: str = "insert", project: str = "p") -> None:
    block = Block.of(encode_records({"model": {"id": "m"}, **record} for record in records))
    measures.written(project, block, [change] * len(block))


def test_a_generation_is_told_under_the_names_of_the_platform(measures, samples) -> None:
    model = {"id": "gpt-4", "version": "0613", "provider": "openai"}
    write(measures, {"model": model, "performance": {"latency": 300}, "usage": {"promptTokens": 10, "completionTokens": 4}})
    write(measures, {"model": model, "performance": {"latency": 20_000}, "usage": {"promptTokens": 5}})

    found = samples()
    series = (("endpoint", "openai"), ("model", "gpt-4"), ("version", "0613"))
    duration = [value for (name, *labels), value in found.items() if name == "model_inference_duration_seconds_bucket"]
    assert duration == [0, 0, 0, 1, 1, 1, 1, 2]
    assert found["model_inference_duration_seconds_sum", *series] == pytest.approx(20.3)
    assert found["model_calls_total", *series] == 2
    assert found["model_token_usage", ("model", "gpt-4"), ("type", "prompt")] == 15
    assert found["model_token_usage", ("model", "gpt-4"), ("type", "completion")] == 4


def test_what_is_unknown_is_not_zero(measures, samples) -> None:
    write(measures, {}, {})

    assert {name for name, *_ in samples() if name.startswith("model_")} == {"model_calls_total"}
    assert samples()["model_calls_total", ("endpoint", ""), ("model", "m"), ("version", "")] == 2


def test_cost_is_told_by_its_currency(measures, samples) -> None:
    write(measures, *({"usage": {"cost": cost, "currency": currency}} for cost, currency in [(1.5, "USD"), (2, "EUR"), (0.25, "USD")]))

    found = samples()
    assert found["model_cost_total", ("currency", "USD"), ("model", "m")] == 1.75
    assert found["model_cost_total", ("currency", "EUR"), ("model", "m")] == 2


def test_errors_speeds_and_ratings_are_told_by_model(measures, samples) -> None:
    speed = {"timeToFirstToken": 200, "tokensPerSecond": 40}
    write(measures, {"error": {"type": "timeout"}}, {"status": "error"}, {"performance": speed, "feedback": {"rating": 4, "thumbs": "up"}})

    found = samples()
    assert found["model_errors_total", ("model", "m"), ("type", "timeout")] == 1
    assert found["model_errors_total", ("model", "m"), ("type", "")] == 1
    assert found["model_time_to_first_token_seconds_sum", ("model", "m")] == 0.2
    assert found["model_tokens_per_second_bucket", ("le", "50.0"), ("model", "m")] == 1
    assert found["model_rating_sum", ("model", "m")] == 4
    assert found["model_thumbs_total", ("model", "m"), ("thumbs", "up")] == 1


def test_only_new_records_count_and_feedback_when_it_is_given(measures, samples) -> None:
    write(measures, {"usage": {"promptTokens": 3}})
    for change in ("resend", "update", "feedback"):
        write(measures, {"usage": {"promptTokens": 3}, "feedback": {"rating": 5}}, change=change)

    found = samples()
    assert found["model_token_usage", ("model", "m"), ("type", "prompt")] == 3
    assert found["model_rating_count", ("model", "m")] == 1


def test_labels_are_bounded(measures, samples) -> None:
    write(measures, *({"model": {"id": f"m-{n}"}, "performance": {"latency": 1}} for n in range(MOST_NAMES + 50)))

    models = {labels["model"]: one for (name, *pairs), one in samples().items() if name == "model_calls_total" for labels in [dict(pairs)]}
    assert len(models) == MOST_NAMES + 1
    assert models[OTHER] == 50
    assert Names().kept("a" * 1000) == OTHER


def test_projects_see_their_own_and_are_bounded(measures, samples) -> None:
    for n in range(MOST_PROJECTS + 5):
        write(measures, {"model": {"id": f"of-{n}"}}, project=str(n))

    assert {dict(labels)["model"] for name, *labels in samples("7") if name == "model_calls_total"} == {"of-7"}
    assert not any(name.startswith("model_") for name, *_ in samples(str(MOST_PROJECTS + 1)))


def test_measuring_costs_less_than_two_microseconds_a_record(measures) -> None:
    """Processor time, the best of five, since the machine may be busy."""
    block = Block.of(encode_records(sample_generations(5_000)))
    changes = ["insert"] * len(block)
    costs = []
    for _ in range(5):
        started = time.thread_time()
        measures.written("p", block, changes)
        costs.append(time.thread_time() - started)

    assert min(costs) / len(block) < 2e-6


def test_a_server_tells_what_it_did(http) -> None:
    records = [{"id": str(n), "model": {"id": "m"}, "performance": {"latency": 5}} for n in range(10)]
    http.post("/api/generations", json=[*records, {"model": 5}])
    http.post("/api/generations", json=records)
    http.post("/api/generations/0/feedback", json={"rating": 5})
    http.get("/nowhere/at/all")
    http.request("BREW", "/api/generations")

    answer = http.get("/metrics")

    found = told(answer.text)
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert found["model_calls_total", ("endpoint", ""), ("model", "m"), ("version", "")] == 10
    assert found["model_rating_sum", ("model", "m")] == 5
    assert found["generations_records_taken_total",] == 20
    assert found["generations_records_refused_total",] == 1
    assert found["generations_commit_records_sum",] == 20
    assert found["generations_http_requests_in_flight",] == 1
    assert found["generations_ingest_held_bytes",] == 0
    requests = {labels["route"]: labels for name, *pairs in found if name == "generations_http_requests_total" for labels in [dict(pairs)]}
    assert {"/api/generations/{id}/feedback", "/api/generations", "unmatched"} <= set(requests)
    assert "BREW" not in answer.text
    assert "/nowhere" not in answer.text
    assert "# TYPE model_token_usage counter\n" in answer.text


def test_another_project_is_not_told(http) -> None:
    http.post("/api/generations", json={"model": {"id": "private-model"}})

    assert "private-model" in http.get("/metrics").text
    assert "private-model" not in http.get("/metrics", headers={"Generations-Project": "elsewhere"}).text
