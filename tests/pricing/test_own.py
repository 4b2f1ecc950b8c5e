"""Price files: what they say is meant, and what they do not say well is refused with its place."""

from datetime import UTC, datetime

import pytest

from generations.errors import ConfigError
from generations.pricing.own import read_prices
from generations.pricing.prices import Cost, Model, Prices, Unknown
from generations.pricing.rates import NAMES

CONTRACT = """
name = "contract"
version = "2026-1"
currency = "EUR"

[[prices]]
project = "research"
model = "gpt-4o*"
discount = 100
input = 2

[[prices]]
model = "gpt-4o*"
provider = "azure"
until = 2026-01-01
input = 2.5
output = 10

[[prices]]
model = "gpt-4o*"
provider = "azure"
from = 2026-01-01
discount = 10
input = 2
output = 8
cached = 1
  [[prices.tiers]]
  above = 1000
  input = 4

[[prices]]
model = "batch-*"
processing = "batch"
input = 1

[[prices]]
model = "our-painter"
currency = "USD"
request = 0.04
"""


OFF = "no price of your own holds for it, and those of genai-prices are not used"


def read(text, name="prices.toml"):
    return read_prices(text, name)


def cost(text, id, *, provider=None, project="default", at="2025-06-01", context=(), **told):
    prices = Prices(read(text), use_library=False)
    instant = int(datetime.fromisoformat(at).replace(tzinfo=UTC).timestamp() * 1_000_000)
    return prices.cost(Model(id, None, provider, project), instant, [told.get(name) for name in NAMES], context=context)


@pytest.mark.parametrize(
    ("asked", "amount"),
    [
        ({"at": "2025-12-31T23:59:59"}, 0.0035),
        ({"at": "2026-01-01T00:00:00"}, 0.00252),
        ({"at": "2026-01-01", "cachedTokens": 500}, 0.00207),
        ({"at": "2025-06-01", "provider": "azure.ai.openai"}, 0.0035),
        ({"at": "2025-06-01", "provider": None, "id": "azure/gpt-4o"}, None),
        ({"at": "2025-06-01", "provider": "AZURE", "id": "GPT-4o-mini"}, 0.0035),
    ],
)
def test_the_first_entry_that_holds_counts(asked, amount):
    told = {"id": "gpt-4o", "provider": "azure", "promptTokens": 1000, "completionTokens": 100} | asked
    found = cost(CONTRACT, told.pop("id"), **told)

    assert found == (Unknown(OFF) if amount is None else Cost(amount, "EUR", "contract", "2026-1"))


def test_a_project_has_its_own_prices():
    assert cost(CONTRACT, "gpt-4o", project="research", promptTokens=1000).amount == 0


def test_a_long_prompt_has_the_price_of_its_tier():
    found = cost(CONTRACT, "gpt-4o", provider="azure", at="2026-05-05", promptTokens=2000, completionTokens=0)

    assert found.amount == 2000 * 4 * 0.9 / 1e6


def test_an_entry_for_batches_is_for_them_alone():
    assert cost(CONTRACT, "batch-model", context=(("processing", "batch"),), promptTokens=10).amount == 1e-05
    assert isinstance(cost(CONTRACT, "batch-model", promptTokens=10), Unknown)


def test_a_price_for_each_request_needs_no_tokens():
    assert cost(CONTRACT, "our-painter") == Cost(0.04, "USD", "contract", "2026-1")


def test_a_discount_alone_is_taken_off_the_prices_of_the_library():
    prices = Prices(read('version = "7"\n[[prices]]\nprovider = "openai"\ndiscount = 20'))
    model = Model("gpt-4", None, "openai", "default")
    counts = [1000, 0, *[None] * (len(NAMES) - 2)]

    amount, currency, source, version = prices.cost(model, 0, counts)
    assert (amount, currency, source) == (0.024, "USD", "prices.toml, genai-prices")
    assert version.startswith("7, ")


def test_what_a_file_does_not_cover_has_the_price_of_the_library():
    prices = Prices(read('[[prices]]\nmodel = "other"\ninput = 1'))
    found = prices.cost(Model("gpt-4", None, "openai", "default"), 0, [1000, 0, *[None] * (len(NAMES) - 2)])

    assert (found.amount, found.source) == (0.03, "genai-prices")


def test_the_version_of_a_file_without_one_changes_with_its_text():
    one, other = (read(f'[[prices]]\nmodel = "m"\ninput = {price}') for price in (1, 2))

    assert one.name == "prices.toml"
    assert len(one.version) == 12
    assert one.version != other.version


def test_json_says_the_same():
    text = '{"prices": [{"model": "m", "from": "2026-01-01T12:00:00Z", "input": 0.1, "output": 1}]}'

    assert cost_json(text, "2026-01-01T12:00:00") == 0.1
    assert cost_json(text, "2026-01-01T11:59:59") is None


def cost_json(text, at):
    prices = Prices(read(text, "prices.json"), use_library=False)
    instant = int(datetime.fromisoformat(at).replace(tzinfo=UTC).timestamp() * 1_000_000)
    found = prices.cost(Model("m", None, None, "default"), instant, [1_000_000, 0, *[None] * (len(NAMES) - 2)])
    return found.amount if isinstance(found, Cost) else None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "prices.toml: there are no prices at prices; begin each with [[prices]]"),
        ("prices = 1", "prices.toml, line 1: there are no prices at prices; begin each with [[prices]]"),
        ("[[prices]\n", "prices.toml is not TOML: "),
        ('[[prices]]\nmodel = "m"\ninptu = 1', "prices.toml, line 3: unknown key 'inptu' at prices.0.inptu; did you mean 'input'?"),
        (
            '[[prices]]\nmodel = "m"\ninput = 1\n\n[[prices]]\nmodel = "n"\ninput = "1"',
            "line 7: a price is a number that is not negative at prices.1.input",
        ),
        ("[[prices]]\ninput = -1", "line 2: a price is a number that is not negative"),
        ("[[prices]]\ninput = nan", "line 2: a price is a number that is not negative"),
        ("[[prices]]\ninput = true", "line 2: a price is a number that is not negative"),
        ('[[prices]]\nmodel = ""\ninput = 1', "line 2: a text is wanted here at prices.0.model"),
        ('[[prices]]\nmodel = "m"', "line 1: the entry has neither a price nor a discount at prices.0"),
        ("[[prices]]\ndiscount = 101", "line 2: a discount is a number of percent, 0 to 100"),
        (
            '[[prices]]\ndiscount = 5\ncurrency = "EUR"',
            "line 3: a discount on the library's prices has none of its own at prices.0.currency",
        ),
        ('currency = "euro"\n[[prices]]\ninput = 1', "line 1: a currency is the three capital letters of ISO 4217"),
        ("[[prices]]\ncached = 1", "line 2: `cached` needs a price for `input` at prices.0.cached"),
        ("[[prices]]\ninput = 1\ncachedAudio = 1", "line 3: `cachedAudio` needs a price for `cached`"),
        ('[[prices]]\ninput = 1\nfrom = "soon"', "line 3: a day or an instant is wanted here at prices.0.from"),
        ("[[prices]]\ninput = 1\nfrom = 2026-02-01\nuntil = 2026-02-01", "line 4: it ends before it begins at prices.0.until"),
        (
            "[[prices]]\ninput = 1\n[[prices.tiers]]\ninput = 2",
            "line 3: a tier says above how many prompt tokens it begins at prices.0.tiers.0.above",
        ),
        (
            "[[prices]]\ninput = 1\n[[prices.tiers]]\nabove = 5\noutput = 2",
            "line 5: the tier has a price for `output`, and the entry has none",
        ),
        (
            "[[prices]]\ninput = 1\n[[prices.tiers]]\nabove = 5\ninput = 2\n[[prices.tiers]]\nabove = 5",
            "line 7: two tiers begin above 5 at prices.0.tiers.1.above",
        ),
        ("[[prices]]\ninput = 1\ntiers = 3", "line 3: tiers are a list at prices.0.tiers"),
        ("prices = [1]", "line 1: this is not a table of keys at prices.0"),
    ],
)
def test_what_is_not_understood_is_told_with_its_line_and_key(text, message):
    """A price that is read otherwise than it was meant bills wrongly for months."""
    with pytest.raises(ConfigError) as told:
        read(text)

    assert message in str(told.value)
    assert told.value.hint


@pytest.mark.parametrize("text", ["[1]", "{", '{"prices": [{"model": "m", "inptu": 1}]}'])
def test_json_is_read_as_strictly(text):
    with pytest.raises(ConfigError, match=r"prices\.json"):
        read(text, "prices.json")
