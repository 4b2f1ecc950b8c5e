"""A short and always equal part of `make fuzz`."""

import pytest

from tests.fuzz.running import examples
from tests.fuzz.served import served_targets
from tests.fuzz.targets import TARGETS

SERVED = (
    "http-records",
    "http-otlp",
    "http-litellm",
    "http-helicone",
    "http-langfuse",
    "http-questions",
    "http-list",
    "http-headers",
)


@pytest.fixture(scope="module")
def served():
    with served_targets() as targets:
        yield {target.name: target for target in targets}


@pytest.mark.parametrize("protocol", TARGETS, ids=lambda target: target.name)
def test_whatever_comes_is_read_or_refused(protocol):
    held(protocol, 40)


@pytest.mark.parametrize("name", SERVED)
def test_whatever_is_sent_is_answered_as_the_protocol_says(served, name):
    held(served[name], 8)


def test_every_target_of_the_server_is_tested(served):
    assert set(served) == set(SERVED)


def held(target, count):
    run = examples(target, count)
    assert run.failure is None, f"{run.failure!r} for {run.failing!r}"
