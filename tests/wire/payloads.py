"""Small payloads of the shapes that other programs write; the builders name only what matters."""

from __future__ import annotations

from typing import Any


def an_observation(span: str = "b1", **fields: Any) -> dict[str, Any]:
    observation = {
        "id": span,
        "traceId": "t1",
        "type": "GENERATION",
        "name": "chat",
        "parentObservationId": None,
        "startTime": "2025-03-01T10:00:00.000Z",
        "endTime": "2025-03-01T10:00:02.500Z",
        "completionStartTime": None,
        "level": "DEFAULT",
        "statusMessage": None,
        "model": "gpt-4",
        "modelParameters": {},
        "input": [{"role": "user", "content": "Which river runs through Prague?"}],
        "output": {"role": "assistant", "content": "The Vltava."},
        "metadata": {},
        "usageDetails": {"input": 12, "output": 5, "total": 17},
        "costDetails": {"input": 0.00036, "output": 0.0003, "total": 0.00066},
        "providedCostDetails": {},
        "inputUsage": 12,
        "totalCost": 0.00066,
        "latency": 2500,
    }
    return observation | fields


def a_span(span: str, **fields: Any) -> dict[str, Any]:
    return an_observation(span, type="SPAN", model=None, usageDetails={}, costDetails={}, inputUsage=0, totalCost=0) | fields


def an_export(*observations: dict[str, Any], **trace: Any) -> dict[str, Any]:
    about = {"id": "t1", "name": "river quiz", "userId": None, "sessionId": None, "tags": [], "scores": [], "input": "…", "output": "…"}
    return {"trace": about | trace, "observations": list(observations)}


def a_model_event(**fields: Any) -> dict[str, Any]:
    event: dict[str, Any] = {
        "event": "model",
        "span_id": "span-7",
        "timestamp": "2025-05-01T08:00:00.250000+02:00",
        "completed": "2025-05-01T08:00:01.250000+02:00",
        "model": "openai/gpt-4o-mini",
        "input": [{"role": "system", "content": "attachment://aa11"}, {"role": "user", "content": "Is 7 prime?"}],
        "tools": [],
        "tool_choice": "none",
        "config": {"temperature": 0.5, "max_tokens": 16, "stop_seqs": ["\n"], "seed": 7},
        "output": {
            "model": "gpt-4o-mini-2024-07-18",
            "choices": [{"message": {"id": "m1", "role": "assistant", "content": "Yes"}, "stop_reason": "stop"}],
            "usage": {"input_tokens": 20, "output_tokens": 1, "total_tokens": 21, "input_tokens_cache_read": 0, "reasoning_tokens": 0},
            "time": 0.75,
        },
        "call": {"request": {"model": "gpt-4o-mini"}, "response": {"id": "chatcmpl-1"}, "time": 0.75},
    }
    return event | fields


def a_log(*events: dict[str, Any], **sample: Any) -> dict[str, Any]:
    about = {
        "id": 1,
        "epoch": 1,
        "uuid": "s1",
        "target": "Yes",
        "events": [{"event": "sample_init"}, *events],
        "scores": {"match": {"value": "C"}},
        "attachments": {"aa11": "Answer with one word."},
    }
    return {
        "version": 2,
        "status": "success",
        "eval": {"eval_id": "e1", "run_id": "r1", "task": "primes", "model": "openai/gpt-4o-mini"},
        "samples": [about | sample],
    }
