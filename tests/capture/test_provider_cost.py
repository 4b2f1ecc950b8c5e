"""The cost that a provider's answer tells is the reported cost of the captured call."""

import pytest

from generations.capture import generation

ANSWER = {
    "id": "gen-1",
    "model": "openai/gpt-4o",
    "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Here."}}],
}
USAGE = {"prompt_tokens": 12, "completion_tokens": 5, "cost": 0.0012, "is_byok": False, "cost_details": {"upstream_inference_cost": 0.001}}


@pytest.mark.parametrize(("told", "cost"), [({}, 0.0012), ({"cost": 0.5}, 0.5)], ids=["by the provider", "by the host"])
def test_it_is_reported_where_the_host_says_nothing_else(captured, told, cost):
    with generation(model="openai/gpt-4o", provider="openrouter", input="Where?") as g:
        g.response(ANSWER | {"usage": USAGE})
        if told:
            g.usage(**told)

    usage = captured.record()["usage"]
    assert (usage["cost"], usage["currency"], usage["costSource"]) == (cost, "USD", "reported")


def test_that_of_a_stream_comes_with_its_last_piece(captured):
    pieces = [{**ANSWER, "object": "chat.completion.chunk", "choices": [{"index": 0, "delta": {"content": "Here."}}]}]
    with generation(model="openai/gpt-4o", input="Where?") as g:
        for piece in [*pieces, {**ANSWER, "choices": [], "usage": USAGE}]:
            g.chunk(piece)

    assert captured.record()["usage"]["cost"] == 0.0012
