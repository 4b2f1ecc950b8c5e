"""The commands about costs."""

import json
import os
import subprocess
import sys

import pytest

PRICES = 'name = "ours"\n[[prices]]\nmodel = "gpt-4*"\ninput = 1000\noutput = 1000\n'
USAGE = {"promptTokens": 1000, "completionTokens": 1000}
RECORDS = [{"id": f"g-{n}", "model": {"id": model}, "usage": USAGE} for n, model in enumerate(["gpt-4", "gpt-4", "our-own"])]


@pytest.fixture
def prices(tmp_path):
    (tmp_path / "prices.toml").write_text(PRICES)
    return str(tmp_path / "prices.toml")


@pytest.fixture
def unpriced(run):
    """Three records without a cost."""
    assert run("insert", json.dumps(RECORDS)).code == 0
    return run


def test_inserted_records_are_priced(run, prices):
    assert run("insert", json.dumps(RECORDS), "--prices", prices).code == 0

    assert [line["usage"].get("cost") for line in run("find", "--sort", "id").lines] == [2, 2, None]


def test_imported_records_are_priced(run, prices, tmp_path):
    (tmp_path / "in.jsonl").write_text("\n".join(map(json.dumps, RECORDS)))

    assert run("import", "in.jsonl", "--prices", prices).code == 0
    assert run("count", '{"usage.cost": 2}').out.strip() == "2"


def test_a_dry_run_tells_and_writes_nothing(unpriced, prices):
    (told,) = unpriced("reprice", "--prices", prices, "--dry-run").lines

    assert (told["records"], told["toChange"], told["changed"]) == (3, 2, 0)
    assert told["models"][0] == {
        "model": "gpt-4",
        "provider": None,
        "currency": "USD",
        "records": 2,
        "reported": 0,
        "unknown": 0,
        "changed": 2,
        "before": 0.0,
        "after": 4.0,
    }
    assert unpriced("count", '{"usage.cost": null}').out.strip() == "3"


def test_repricing_shows_the_difference_and_writes(unpriced, prices):
    shown = unpriced("reprice", '{"model.id": "gpt-4"}', "--prices", prices, "--table")

    assert shown.code == 0
    assert " ".join(shown.out.splitlines()[0].split()) == "model provider currency records reported unknown changed before after difference"
    assert shown.out.splitlines()[-1] == "2 records, 2 changed"
    assert unpriced("count", '{"usage.cost": 2}').out.strip() == "2"


def test_repricing_asks_on_a_terminal_and_no_is_no(tmp_path, prices):
    """In processes of their own, on a terminal of their own."""
    environment = {**os.environ, "GENERATIONS_URL": str(tmp_path / "data"), "GENERATIONS_PRICES": "off"}
    program = [sys.executable, "-c", "from generations.cli import main; main()"]
    subprocess.run([*program, "insert", json.dumps(RECORDS)], env=environment, capture_output=True, check=True)

    assert answering("n", [*program, "reprice", "--prices", prices], environment) == 130
    assert answering("y", [*program, "reprice", "--prices", prices], environment) == 0

    (again,) = (
        json.loads(line)
        for line in subprocess.run(
            [*program, "reprice", "--prices", prices], env=environment, capture_output=True, check=True, stdin=subprocess.DEVNULL
        ).stdout.splitlines()
    )
    assert again["toChange"] == 0


def answering(text, command, environment):
    """Run a command on a terminal, answer its question, and return how it ended."""
    ours, theirs = os.openpty()
    process = subprocess.Popen(command, stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment)
    os.write(ours, f"{text}\n".encode())
    _, said = process.communicate(timeout=60)
    os.close(ours)
    os.close(theirs)
    assert b"Give 2 generations of" in said
    return process.returncode


def test_a_filter_is_given_once(unpriced, prices):
    assert unpriced("reprice", "{}", "--filter", "{}", "--prices", prices).code == 3


def test_without_prices_repricing_says_how_to_get_some(unpriced):
    ran = unpriced("reprice", "--prices", "off")

    assert ran.code == 6
    assert "pip install 'generations[prices]', or name a file with --prices" in ran.err


def test_a_price_file_with_a_mistake_is_told_with_its_line(unpriced, tmp_path):
    (tmp_path / "bad.toml").write_text("[[prices]]\ninptu = 1\n")
    ran = unpriced("reprice", "--prices", "bad.toml")

    assert ran.code == 6
    assert ran.err == "error: bad.toml, line 2: unknown key 'inptu' at prices.0.inptu; did you mean 'input'?\n"


def test_models_without_a_cost_are_listed(unpriced, prices):
    lines = unpriced("stats", "--unpriced", "--prices", prices).lines

    assert [(line["model"], line["records"], line["tokens"]) for line in lines] == [("gpt-4", 2, 4000), ("our-own", 1, 2000)]
    assert [line["reason"] for line in lines] == [
        "there is a price now: generations reprice",
        "no provider was recorded, and the name does not tell one",
    ]
    assert "our-own" in unpriced("stats", "--unpriced", "--table").out
