"""What a provider's own answer says that the call cost, wherever the answer is passed on."""

from __future__ import annotations

import json

import pytest

from generations.wire import helicone_export, openai_stored
from generations.wire.litellm import record_of as litellm_record
from generations.wire.llm_logs import records as llm_records
from generations.wire.otlp.trace import read_traces
from generations.wire.provider_bodies import answer_of
from generations.wire.provider_cost import provider_cost
from generations.wire.streamed import joined

from .exports import a_helicone_request
from .otlp.payloads import CHAT, a_chat, a_span, only

COUNTS = {"prompt_tokens": 12, "completion_tokens": 5, "total_tokens": 17}
OPENROUTER = COUNTS | {"cost": 0.0012, "is_byok": False, "cost_details": {"upstream_inference_cost": 0.0012}}
PERPLEXITY = COUNTS | {"cost": {"input_tokens_cost": 0.00012, "output_tokens_cost": 0.00008, "request_cost": 0.005, "total_cost": 0.0052}}
XAI = COUNTS | {"cost_in_usd_ticks": 37_756_000}
OF_THE_AGENT_API = {"currency": "USD", "input_cost": 0.001, "output_cost": 0.002, "total_cost": 0.003}
ANSWER = {
    "id": "gen-1",
    "object": "chat.completion",
    "created": 1740823200,
    "model": "openai/gpt-4o",
    "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Here."}}],
    "usage": OPENROUTER,
}
REPORTED = {"cost": 0.0012, "currency": "USD", "costSource": "reported"}


def with_key(cost, of_provider):
    return {"cost": cost, "is_byok": True, "cost_details": {"upstream_inference_cost": of_provider}}


@pytest.mark.parametrize(
    ("usage", "cost"),
    [
        (OPENROUTER, 0.0012),
        ({"cost": 0.0012, "cost_details": {"upstream_inference_cost": None}}, 0.0012),
        ({"cost": 0.0012, "is_byok": False}, 0.0012),
        ({"cost": "0.0012", "is_byok": False}, 0.0012),
        (with_key(0.25, 5), 5.25),
        (with_key(0, 0.5), 0.5),
        (PERPLEXITY, 0.0052),
        ({"cost": OF_THE_AGENT_API}, 0.003),
        (XAI, 0.0037756),
    ],
    ids=["OpenRouter", "before", "only the flag", "text", "own key", "own key without a fee", "Perplexity", "its agents", "xAI"],
)
def test_what_is_documented_is_the_cost(usage, cost):
    assert provider_cost(usage) == cost


@pytest.mark.parametrize(
    "usage",
    [
        COUNTS,
        {"cost": 15.75, "cost_rub": 15.75},
        {"cost": 15.75},
        {"cost": {"total_cost": 3}},
        {"cost": OF_THE_AGENT_API | {"currency": "EUR"}},
        with_key(0.25, None),
        with_key(None, 5),
        {"cost": 0.95, "cost_details": {"upstream_inference_cost": 19}},
        {"cost": -1, "is_byok": False},
        {"cost": 10**12, "is_byok": False},
        {"cost": float("nan"), "is_byok": False},
        {"cost": True, "is_byok": False},
        {"estimated_cost": 0.001},
    ],
    ids=[
        *("nothing", "roubles", "whose?", "an object of somebody", "euros", "only the fee", "no fee", "a fee or all of it"),
        *("less than nothing", "absurd", "no number", "a flag", "an estimate"),
    ],
)
def test_what_would_have_to_be_guessed_is_unknown(usage):
    assert provider_cost(usage) is None


@pytest.mark.parametrize("usage", [{"cost": 0, "is_byok": False}, {"cost": OF_THE_AGENT_API | {"total_cost": 0}}, {"cost_in_usd_ticks": 0}])
def test_nothing_is_what_a_free_model_costs_and_else_unknown(usage):
    assert provider_cost(usage, "openai/gpt-4o") is None
    assert provider_cost(usage) is None
    assert provider_cost(usage, "meta-llama/llama-3.2-3b-instruct:free") == 0


@pytest.mark.parametrize(
    ("usage", "rest"),
    [
        (OPENROUTER, {"cost_details": {"upstream_inference_cost": 0.0012}}),
        (with_key(0.25, 5), with_key(0.25, 5)),
        (PERPLEXITY, {"cost": {"input_tokens_cost": 0.00012, "output_tokens_cost": 0.00008, "request_cost": 0.005}}),
        (XAI, {}),
        ({"cost": 15.75, "cost_rub": 15.75}, {"cost": 15.75, "cost_rub": 15.75}),
    ],
    ids=["OpenRouter", "own key", "Perplexity", "xAI", "unknown"],
)
def test_what_the_cost_consists_of_is_kept_beside_it(usage, rest):
    assert answer_of(ANSWER | {"usage": usage}).rest["usage" if rest else "created"] == (rest or 1740823200)


def test_every_shape_of_an_answer_tells_it():
    of_response = {"input_tokens": 12, "output_tokens": 5, "cost": 0.0012, "is_byok": False}
    chunks = [{**ANSWER, "choices": [{"index": 0, "delta": {"content": "Here."}}], "usage": None}, {**ANSWER, "choices": []}]
    answers = [
        ANSWER,
        joined(chunks),
        {"object": "response", "output": [], "usage": of_response},
        {"type": "message", "role": "assistant", "content": [], "usage": of_response},
        {"object": "list", "data": [{"embedding": [0.5]}], "usage": of_response},
        {"generations": [[{"message": {"kwargs": {"type": "ai", "content": "Hi", "response_metadata": {"token_usage": OPENROUTER}}}}]]},
    ]

    assert [answer_of(answer).tokens.cost_usd for answer in answers] == [0.0012] * len(answers)


def test_it_is_in_the_records_of_imports():
    [stored] = openai_stored.records(ANSWER)
    [free] = openai_stored.records(ANSWER | {"model": "openai/gpt-oss-20b:free", "usage": OPENROUTER | {"cost": 0}})
    [logged] = llm_records(
        {"llmTable": "responses", "id": "1", "model": "openrouter/x", "input_tokens": 12, "token_details": json.dumps(OPENROUTER)}
    )

    assert stored["usage"].items() >= REPORTED.items()
    assert free["usage"].items() >= {**REPORTED, "cost": 0}.items()
    assert logged["usage"].items() >= REPORTED.items()


def test_it_goes_before_what_a_proxy_reckons_but_for_an_answer_from_its_cache():
    def of_helicone(**fields):
        [record] = helicone_export.records(a_helicone_request(response_body=ANSWER, **fields))
        return record["usage"]["cost"]

    def of_litellm(**fields):
        about = {"id": "1", "model": "openai/gpt-4o", "status": "success", "call_type": "completion", "response": ANSWER}
        return litellm_record({**about, **fields})["usage"]["cost"]

    assert [of_helicone(cost=0.5), of_litellm(response_cost=0.5), of_litellm(response_cost=0)] == [0.0012] * 3
    assert of_litellm(response_cost=0, model_map_information={"model_map_value": {"mode": "chat"}}) == 0.0012
    assert of_helicone(cost=0, cache_reference_id="7c7e9a3e-6f3f-4d0a-9a1e-000000000001") == 0
    assert of_litellm(response_cost=0.0, cache_hit=True) == 0


def test_it_goes_before_what_an_instrumentation_reckons():
    answer = json.dumps(ANSWER)
    spans = [
        {"openinference.span.kind": "LLM", "llm.token_count.prompt": 12, "llm.cost.total": 0.5, "output.value": answer},
        {"mlflow.spanType": '"CHAT_MODEL"', "mlflow.spanOutputs": answer, "mlflow.llm.cost": '{"total_cost": 0.5}'},
        {"request_data": '{"model": "openai/gpt-4o"}', "operation.cost": 0.5, "gen_ai.usage.raw": json.dumps(OPENROUTER)},
        {"request_data": '{"model": "openai/gpt-4o"}', "gen_ai.usage.input_tokens": 12, "response_data": answer},
        {"langsmith.span.kind": "llm", "gen_ai.usage.cost": 0.5, "gen_ai.completion": answer},
        {
            "langfuse.observation.type": "generation",
            "langfuse.observation.usage_details": '{"input": 12}',
            "langfuse.observation.output": answer,
        },
    ]

    found = [only(a_span(attributes={"gen_ai.request.model": "openai/gpt-4o"} | told))["usage"] for told in spans]

    assert [usage["cost"] for usage in found] == [0.0012] * len(spans)
    assert [usage["promptTokens"] for usage in found] == [12] * len(spans)


def test_the_users_own_word_on_a_span_goes_before_it():
    told = {"langfuse.observation.type": "generation", "langfuse.observation.cost_details": '{"total": 0.5}'}

    assert only(a_span(attributes=told | {"langfuse.observation.output": json.dumps(ANSWER)}))["usage"]["cost"] == 0.5


@pytest.mark.parametrize("counts", [{}, {"gen_ai.usage.input_tokens": 13}], ids=["the same counts", "other counts"])
def test_of_two_views_of_a_call_the_one_that_tells_it_is_believed(counts):
    outer = {"openinference.span.kind": "LLM", "output.value": json.dumps(ANSWER | {"id": CHAT["gen_ai.response.id"]})}
    outer |= {"llm.model_name": CHAT["gen_ai.request.model"]}
    spans = [
        a_span("0000000000000001", scope="framework", attributes=outer),
        a_chat(parent_span_id="0000000000000001", attributes={"gen_ai.usage.cost": 0.5} | counts),
    ]

    [record] = read_traces(spans, []).records

    assert record["usage"]["cost"] == 0.0012
