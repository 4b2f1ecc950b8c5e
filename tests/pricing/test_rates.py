"""The arithmetic: exact, and silent where it would have to guess."""

from fractions import Fraction

import pytest

from generations.pricing.rates import NAMES, Rate, Rates


def rates(**prices):
    return Rates({name: price if isinstance(price, Rate) else Rate(Fraction(price)) for name, price in prices.items()})


def counts(**told):
    return [told.get(name) for name in NAMES]


CHAT = rates(promptTokens="2.5", completionTokens="10", cachedTokens="1.25")
CLAUDE = rates(promptTokens=3, completionTokens=15, cachedTokens="0.3", cacheWriteTokens="3.75", cacheWriteHourTokens=6)
AUDIO = rates(promptTokens=1, completionTokens=4, cachedTokens="0.5", inputAudioTokens=10, outputAudioTokens=20, cachedAudioTokens=2)
IMAGE = rates(promptTokens=5, completionTokens=40, inputImageTokens=10)
EMBEDDING = rates(promptTokens="0.02")


@pytest.mark.parametrize(
    ("prices", "told", "cost"),
    [
        (CHAT, {"promptTokens": 1000, "completionTokens": 100}, 0.0035),
        (CHAT, {"promptTokens": 1000, "completionTokens": 100, "cachedTokens": 400}, 0.003),
        (CHAT, {"promptTokens": 0, "completionTokens": 0}, 0.0),
        (CHAT, {"promptTokens": 10, "completionTokens": 100, "reasoningTokens": 90}, 0.001025),
        (CLAUDE, {"promptTokens": 1000, "completionTokens": 10, "cachedTokens": 600, "cacheWriteTokens": 300}, 0.001755),
        (CLAUDE, {"promptTokens": 1000, "completionTokens": 0, "cacheWriteTokens": 300, "cacheWriteHourTokens": 300}, 0.0039),
        (AUDIO, {"promptTokens": 100, "completionTokens": 50, "inputAudioTokens": 60, "outputAudioTokens": 30}, 0.00132),
        (
            AUDIO,
            {"promptTokens": 100, "completionTokens": 0, "inputAudioTokens": 60, "cachedTokens": 50, "cachedAudioTokens": 20},
            0.000465,
        ),
        (IMAGE, {"promptTokens": 300, "completionTokens": 1056, "inputImageTokens": 250}, 0.04499),
        (EMBEDDING, {"promptTokens": 8}, 1.6e-07),
        (EMBEDDING, {"promptTokens": 8, "completionTokens": 0}, 1.6e-07),
    ],
)
def test_each_token_is_billed_once_at_the_price_of_the_most_that_is_said_of_it(prices, told, cost):
    assert prices.cost(counts(**told)) == cost


@pytest.mark.parametrize(
    ("prices", "told", "reason"),
    [
        (CHAT, {}, "no tokens were reported"),
        (CHAT, {"promptTokens": 5}, "completionTokens were not reported"),
        (CHAT, {"completionTokens": 5}, "promptTokens were not reported"),
        (EMBEDDING, {"promptTokens": 5, "completionTokens": 5}, "there is no price for completionTokens"),
        (
            CHAT,
            {"promptTokens": 5, "completionTokens": 5, "cachedTokens": 6},
            "cachedTokens are more than promptTokens, which hold them",
        ),
        (
            AUDIO,
            {"promptTokens": 9, "completionTokens": 1, "cachedTokens": 5, "inputAudioTokens": 5},
            "cachedAudioTokens were not reported, and cachedTokens and inputAudioTokens have different prices",
        ),
        (Rates({}), {"promptTokens": 5}, "it is listed without a price"),
        (
            Rates({}, others=["audio hours"]),
            {"promptTokens": 5},
            "it is billed by audio hours, which the record does not tell",
        ),
    ],
)
def test_what_cannot_be_known_is_unknown_with_the_reason(prices, told, reason):
    """A cost that is a little too low is worse than none: nobody would look for it."""
    assert prices.cost(counts(**told)) == reason


def test_a_free_model_costs_nothing_which_is_known():
    assert rates(promptTokens=0, completionTokens=0).cost(counts(promptTokens=5)) == 0


@pytest.mark.parametrize(("prompt", "cost"), [(200_000, 0.2), (200_001, 0.400002), (1_000_001, 3.000003)])
def test_all_tokens_of_a_long_prompt_have_the_price_of_its_tier(prompt, cost):
    long = rates(promptTokens=Rate(Fraction(1), ((200_000, Fraction(2)), (1_000_000, Fraction(3)))), completionTokens=1)

    assert long.cost(counts(promptTokens=prompt, completionTokens=0)) == cost


def test_a_request_may_have_a_price_of_its_own():
    assert Rates({}, request=Rate(Fraction("0.04"))).cost(counts()) == 0.04
    both = Rates({"promptTokens": Rate(Fraction(1))}, request=Rate(Fraction("0.01")))
    assert both.cost(counts(promptTokens=1000)) == 0.011


@pytest.mark.parametrize(
    ("hears", "speaks", "cost"),
    [(True, False, 0.00066), (False, True, 0.00094), (True, True, "the audio tokens of input and output are not told apart")],
)
def test_audio_that_is_counted_together_belongs_to_the_only_side_that_can_have_it(hears, speaks, cost):
    told = counts(promptTokens=100, completionTokens=50)

    assert AUDIO.cost(told, audio_tokens=40, hears=hears, speaks=speaks) == cost
    assert CHAT.cost(told, audio_tokens=50, hears=True, speaks=True) == 0.00075


def test_a_discount_reduces_every_price():
    tiered = Rates({"promptTokens": Rate(Fraction(2), ((10, Fraction(4)),))}, request=Rate(Fraction(1))).reduced(Fraction(25))

    assert tiered.cost(counts(promptTokens=10)) == 0.750015
    assert tiered.cost(counts(promptTokens=20)) == 0.75006


def test_sums_are_exact():
    """0.1 + 0.2 in floats is 0.30000000000000004."""
    assert rates(promptTokens="0.1", completionTokens="0.2").cost(counts(promptTokens=1_000_000, completionTokens=1_000_000)) == 0.3
