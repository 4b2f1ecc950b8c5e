"""What must not leave the process does not."""

import re
import subprocess
import sys

import pytest

from generations import ConfigError, capture
from generations.capture import Sample, erase, generation, mask, preparing
from generations.capture.redaction import PATTERNS, name_of

SECRETS = {
    "key": [
        "sk-proj-abcdefghijklmnop1234567890",
        "sk-ant-api03-AbCdEfGhIjKlMnOpQrStUv",
        "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
        "AKIAIOSFODNN7EXAMPLE",
        "xoxb-123456789012-abcdefghij",
        "hf_abcdefghijklmnopqrstuvwxyzABCDEF",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NSJ9.c2lnbmF0dXJlLW9m",
    ],
    "private_key": ["-----BEGIN RSA PRIVATE KEY-----\nMIIEow+/=\nabc\n-----END RSA PRIVATE KEY-----"],
    "email": ["ada.lovelace+tag@mail.example.co.uk", "x@y.io"],
    "iban": ["DE89370400440532013000", "GB82 WEST 1234 5698 7654 32", "FR1420041010050500013M02606"],
    "card": ["4111 1111 1111 1111", "5500-0000-0000-0004", "378282246310005"],
    "ssn": ["123-45-6789"],
    "phone": ["+43 316 872 0", "+1 (415) 555-2671", "0043 664 1234567", "(415) 555-2671"],
    "ip": ["192.168.17.254"],
}
HARMLESS = {
    "key": ["sk-short", "ask-me-anything-about-it", "desk-organiser-with-drawers"],
    "private_key": ["-----BEGIN CERTIFICATE-----"],
    "email": ["me at example dot com", "a@b", "@decorator"],
    "iban": ["DE89370400440532013001", "AB12 this is no account"],
    "card": ["4111 1111 1111 1112", "1234567890123456", "0.4111111111111111"],
    "ssn": ["000-12-3456", "2024-06-1512"],
    "phone": ["12345", "2026-11-23", "3.14159265"],
    "ip": ["1.2.3", "999.1.1.1", "v1.2.3.4.5"],
    "bearer": ["the bearer of good news", "basic income"],
    "password": ["the password is secret", "password: ?"],
}


def redacted(redaction, **record):
    return redaction({"id": "1", "model": {"id": "m"}, **record})


def masked(text, *kinds):
    return redacted(mask(*kinds), input={"type": "text", "content": text})["input"]["content"]


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, texts in SECRETS.items() for text in texts])
def test_a_pattern_finds_what_it_is_for(kind, text):
    assert masked(text, kind) == f"[{kind}]"
    assert masked(f"before {text}, after", kind) == f"before [{kind}], after"


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, texts in HARMLESS.items() for text in texts])
def test_a_pattern_leaves_the_rest_alone(kind, text):
    assert masked(text, kind) == text


def test_every_pattern_is_tested():
    assert {*SECRETS, *HARMLESS} == set(PATTERNS)


@pytest.mark.parametrize(
    ("text", "kind", "left"),
    [
        ("Authorization: Bearer abcdefghijkl.mnop", "bearer", "Authorization: Bearer [bearer]"),
        ("authorization: basic dXNlcjpwYXNzd29yZA==", "bearer", "authorization: basic [bearer]"),
        ('{"password": "hunter22"}', "password", '{"password": "[password]"}'),
        ("api_key=abc123def password=letmein1;", "password", "api_key=[password] password=[password];"),
        ("order 43 4111 1111 1111 1111 on 7", "card", "order 43 [card] on 7"),
        ("pay DE89370400440532013000 TODAY", "iban", "pay [iban] TODAY"),
    ],
)
def test_only_the_secret_itself_is_replaced(text, kind, left):
    assert masked(text, kind) == left


def test_masks_look_everywhere_that_texts_are():
    found = redacted(
        mask("email"),
        input={"type": "text", "content": [{"role": "user", "content": [{"type": "text", "text": "I am a@b.com"}]}]},
        output={"type": "text", "content": "Hello a@b.com", "alternatives": [{"content": "Hi a@b.com"}]},
        parameters={"user": "a@b.com"},
        metadata={"customer": {"mail": "a@b.com"}, "tags": ["a@b.com"]},
        error={"type": "x", "message": "a@b.com is unknown"},
    )

    assert "a@b.com" not in str(found)
    assert str(found).count("[email]") == 7


def test_a_mask_can_be_told_where_to_look():
    found = redacted(
        mask("email", within=["metadata.customer"]), input={"content": "a@b.com"}, metadata={"customer": "a@b.com", "x": "a@b.com"}
    )

    assert found["metadata"] == {"customer": "[email]", "x": "a@b.com"}
    assert found["input"]["content"] == "a@b.com"


def test_an_expression_of_ones_own_is_a_pattern():
    assert masked("customer C-1234", re.compile(r"C-\d+")) == "customer [redacted]"


def test_erased_paths_go_through_lists():
    found = redacted(
        erase("metadata.customer.name", "input.content.name", "output"),
        input={"content": [{"role": "user", "name": "Ada", "content": "x"}, {"role": "user", "content": "y"}]},
        output={"content": "z"},
        metadata={"customer": {"name": "Ada", "id": 7}},
    )

    assert found["input"]["content"] == [{"role": "user", "content": "x"}, {"role": "user", "content": "y"}]
    assert found["metadata"] == {"customer": {"id": 7}}
    assert "output" not in found


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: mask("emial"),
        lambda: erase("metdata.userId"),
        lambda: erase("model.id"),
        lambda: erase("usage.promptTokns"),
        lambda: mask("email", within=["inptu"]),
        lambda: capture.configure(redact="emial"),
        lambda: capture.configure(sample=2),
        lambda: capture.configure(url="ftp://nowhere"),
        lambda: capture.configure(memory_bytes=0),
        lambda: capture.configure(exit_seconds=-1),
        lambda: capture.configure(exit_seconds=float("inf")),
        lambda: Sample(-1),
    ],
)
def test_a_rule_that_cannot_be_followed_is_refused_when_it_is_made(wrong):
    """A typo must not let anything out."""
    with pytest.raises(ConfigError):
        wrong()


def test_long_texts_without_secrets_take_no_time_to_speak_of():
    """No pattern looks back over what it has seen."""
    import time

    for text in (
        "a" * 20_000,
        "1" * 20_000,
        "a@" * 10_000,
        "DE12 " * 4_000,
        "1 " * 10_000,
        "password=" * 2_000,
        "-----BEGIN PRIVATE KEY-----" * 600,
    ):
        started = time.process_time()
        masked(text)
        assert time.process_time() - started < 0.4


def test_redactions_are_applied_in_order_before_anything_is_sent(captured):
    seen = []

    def drop_drafts(record):
        seen.append(record["input"]["content"])
        return None if "draft" in record["input"]["content"] else record

    captured.configure(redact=["email", drop_drafts, erase("metadata.secret")])
    for text in ("I am a@b.com", "a draft"):
        with generation(model="m", input=text, metadata={"secret": 1, "kept": 2}):
            pass

    record = captured.record()
    assert record["input"]["content"] == "I am [email]"
    assert record["metadata"] == {"kept": 2}
    assert seen == ["I am [email]", "a draft"]
    assert capture.counters().dropped == {"redacted": 1}


def test_a_redaction_that_fails_drops_the_content_and_keeps_the_record(captured):
    """What it had to hide stays here."""

    def failing(record):
        record["output"]["content"].missing()

    captured.configure(redact=failing)
    with capture.user("u-1"), generation(model="m", input="secret", parameters={"user": "secret"}, metadata={"name": "secret"}) as g:
        g.output = "secret"
        g.usage(prompt_tokens=3)

    record = captured.record()
    assert "secret" not in str(record)
    assert "u-1" not in str(record)
    assert record["usage"]["promptTokens"] == 3
    assert record["metadata"] == {"contentDropped": "redaction failed"}
    assert capture.counters().errors == {"redaction": 1}


def test_an_id_that_a_redaction_takes_away_comes_back(captured):
    """Without it, sending again would record it twice."""
    captured.configure(redact=lambda record: {name: value for name, value in record.items() if name != "id"})
    with generation(model="m") as g:
        pass

    assert captured.record()["id"] == g.id


def test_content_off_keeps_usage_and_metadata(captured):
    captured.configure(content=False)
    with generation(model="m", input="secret", metadata={"kept": 1}) as g:
        logprobs = {"content": [{"token": "secret", "logprob": -1}]}
        g.response({"choices": [{"message": {"role": "assistant", "content": "secret"}, "logprobs": logprobs}]})
        g.alternatives = ["secret"]
        g.usage(prompt_tokens=3)
        g.fail(ValueError("secret"))

    record = captured.record()
    assert "secret" not in str(record)
    assert record["usage"]["promptTokens"] == 3
    assert record["metadata"] == {"kept": 1}
    assert record["error"] == {"type": "ValueError"}


def test_sampling_never_leaves_out_an_error(captured):
    captured.configure(sample=0)
    for number in range(5):
        with generation(model="m", input=str(number)):
            pass
    with pytest.raises(ZeroDivisionError), generation(model="m", input="bad"):
        raise ZeroDivisionError

    assert captured.record()["input"]["content"] == "bad"
    assert capture.counters().sampled_out == 5


def test_the_first_rule_that_fits_decides(captured):
    captured.configure(sample=[Sample(1, function="judge"), Sample(0, model="gpt-*"), Sample(1)])
    for model, function in [("gpt-4o", "judge"), ("gpt-4o", "chat"), ("claude", "chat")]:
        with generation(model=model, function=function):
            pass

    assert [(record["model"]["id"], record["metadata"]["functionId"]) for record in captured.records()] == [
        ("gpt-4o", "judge"),
        ("claude", "chat"),
    ]


def test_a_session_is_kept_or_left_out_as_a_whole(captured):
    captured.configure(sample=0.5)
    for number in range(40):
        with capture.session(f"s-{number}"):
            for _ in range(2):
                with generation(model="m"):
                    pass

    sessions = [record["metadata"]["sessionId"] for record in captured.records()]
    assert 10 <= len(set(sessions)) <= 30
    assert len(sessions) == 2 * len(set(sessions))


def test_a_record_that_is_too_large_loses_its_content(captured, monkeypatch):
    monkeypatch.setattr(preparing, "LARGEST_RECORD_BYTES", 1 << 16)
    with generation(model="m", input="x" * (1 << 17)) as g:
        g.usage(prompt_tokens=3)

    record = captured.record()
    assert record["metadata"]["contentDropped"] == "too large"
    assert record["usage"]["promptTokens"] == 3


@pytest.mark.programs
def test_the_environment_configures_what_nothing_else_does(captured_by_server, program):
    program(
        """
from generations import capture
with capture.generation(model="m", input="I am a@b.com", metadata={"x": "a@b.com"}):
    pass
""",
        GENERATIONS_URL=captured_by_server.server.url,
        GENERATIONS_PROJECT=captured_by_server.project,
        GENERATIONS_SPOOL="off",
        GENERATIONS_REDACT="email, card",
        GENERATIONS_CONTENT="off",
        GENERATIONS_SAMPLE="1.0",
    )

    [record] = captured_by_server.on_server()
    assert record["metadata"] == {"x": "[email]"}
    assert "content" not in record["input"]


@pytest.mark.programs
def test_a_wrong_environment_is_logged_and_does_not_stop_the_program(program):
    told = program(
        """
from generations import capture
with capture.generation(model="m"):
    pass
""",
        GENERATIONS_URL="ftp://nowhere",
    )

    assert "nothing is captured" in told


def closing_over(held):
    return lambda record: record if held else None


NAMED = """
import re
from generations.capture.redaction import name_of

def made():
    def walk(value):
        return [walk(item) for item in value] if isinstance(value, list) else value
    names = {"ada", "grace", "edsger", "barbara"}
    kinds = {"mail": re.compile("x" * 300), "names": frozenset(names)}
    def redact(record, also=(names,)):
        return walk(record) if kinds else record
    return redact

print(name_of(made()))
"""


def test_a_redaction_is_called_the_same_in_every_process_whatever_it_closes_over():
    names = {subprocess.run([sys.executable, "-c", NAMED], capture_output=True, check=True).stdout for _ in range(3)}

    assert len(names) == 1


def test_redactions_that_differ_are_called_differently():
    chosen = {"strict": lambda record: {**record, "input": None}, "none": lambda record: record}
    assert name_of(chosen["strict"]) != name_of(chosen["none"])
    alike = ["x" * 300 + end for end in "ab"]
    assert len({name_of(closing_over(re.compile(text))) for text in alike}) == 2
    assert name_of(closing_over([{"a"}])) != name_of(closing_over([{"b"}]))


def test_a_redaction_whose_name_cannot_be_told_has_another_one_each_time():
    class Nameless:
        def __repr__(self):
            raise RuntimeError

    redaction = closing_over(Nameless())
    assert name_of(redaction) != name_of(redaction)
