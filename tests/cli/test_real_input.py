"""The check of real input, over small files of the same shapes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from ..wire.payloads import a_log, a_model_event, a_span, an_export, an_observation

PROGRAM = Path(__file__).parents[2] / "examples" / "real_input.py"

pytestmark = pytest.mark.programs


@pytest.fixture
def inputs(tmp_path) -> Path:
    for name in ("traces-langfuse", "inspect-ai", "mt-bench"):
        (tmp_path / name).mkdir()
    spans = [a_span("s"), an_observation("b1", parentObservationId="s"), an_observation("b2", model="gpt-4o", output="the end")]
    (tmp_path / "traces-langfuse" / "one.json").write_text(json.dumps(an_export(*spans), indent=2))
    (tmp_path / "inspect-ai" / "log.json").write_text(json.dumps(a_log(a_model_event(), a_model_event())))
    questions = [
        {"question_id": 1, "category": "math", "turns": ["What is 2 + 2?", "And twice that?"]},
        {"question_id": 2, "category": "writing", "turns": ["Write a line.", "Another one."]},
    ]
    answers = [
        {
            "question_id": number,
            "answer_id": f"answer-{number}",
            "model_id": "gpt-4",
            "choices": [{"index": 0, "turns": ["Four.", "the eighth"]}],
            "tstamp": 1686286924.5 + number,
        }
        for number in (1, 2)
    ]
    for name, lines in (("question", questions), ("gpt-4", answers)):
        (tmp_path / "mt-bench" / f"{name}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return tmp_path


def test_every_number_is_compared_and_one_that_differs_is_told(inputs):
    """One plain count is wrong on purpose: it takes the parts of the tokens to be inside, where they stand beside."""
    usage = {"input": 10, "input_cached_tokens": 90, "output": 5, "total": 105}
    (inputs / "traces-langfuse" / "two.json").write_text(json.dumps(an_export(an_observation("c", traceId="t2", usageDetails=usage))))

    done = subprocess.run([sys.executable, str(PROGRAM), str(inputs)], capture_output=True, text=True, check=False)

    *different, summary = done.stdout.splitlines()
    assert different == ["DIFFERENT  prompt tokens of gpt-4: the store says 112, the files say 22"], done.stderr
    assert summary.startswith("9 generations of 4 files: ")
    assert done.returncode == 1


def test_usage_objects_are_priced_and_a_price_that_differs_is_told(inputs):
    """Inclusive counts, as they were extracted; the second price is wrong on purpose, the third call has none."""
    openai = {"provider_id": "openai", "api_flavor": "chat"}
    cases = [
        ("gpt-4", {"input_tokens": 1000, "output_tokens": 100}, openai | {"input_price": "0.03", "output_price": "0.006"}),
        (
            "gpt-4o",
            {"input_tokens": 1000, "output_tokens": 0, "cache_read_tokens": 1000},
            openai | {"input_price": "0.5", "output_price": "0"},
        ),
        ("our-own", {"input_tokens": 7, "output_tokens": 7, "input_text_tokens": 7}, openai),
        ("text-embedding-3-small", {"input_tokens": 50}, openai | {"input_price": "0.000001", "output_price": "0"}),
    ]
    (inputs / "usage").mkdir()
    lines = [{"body": {"model": model}, "extracted": [{"usage": usage, "extractors": [priced]}]} for model, usage, priced in cases]
    (inputs / "usage" / "usages.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))

    done = subprocess.run([sys.executable, str(PROGRAM), str(inputs)], capture_output=True, text=True, check=False)

    different, _, summary = done.stdout.splitlines()
    assert different == "DIFFERENT  cost of 1 openai chat: the store says 0.00125, the files say 0.5", done.stderr
    assert summary == "4 usage objects as 4 calls: 3 priced that the file lists, 0 more"
    assert done.returncode == 1
