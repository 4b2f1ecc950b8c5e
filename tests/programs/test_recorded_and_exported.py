"""A program that records its calls with `instrument()` and exports the same spans over OTLP, without messages, to the same server."""

from __future__ import annotations

import json

import pytest

from tests.targets.model_server import ANSWER

pytestmark = pytest.mark.programs


@pytest.mark.parametrize("first", ["record", "export"])
def test_a_call_that_is_recorded_and_exported_is_one_record_with_its_messages(programs, first):
    [record] = programs.run("recorded_and_exported.py", first)

    assert "Graz" in json.dumps(record["input"]["content"])
    assert ANSWER in json.dumps(record["output"]["content"])
    assert record["usage"]["totalTokens"] == 160
    assert record["id"] == f"{record['metadata']['traceId']}-{record['metadata']['spanId']}"
