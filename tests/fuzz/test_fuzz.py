"""A short and always equal part of `make fuzz`."""

import pytest

from tests.fuzz.journal import JOURNAL
from tests.fuzz.large import large
from tests.fuzz.running import examples
from tests.fuzz.served import Fuzzed, targets_on
from tests.fuzz.targets import TARGETS

NAMES = [target.name for target in targets_on(lambda: None) if target.name != "grpc-otlp"]
"""The server of the tests does not speak gRPC, which hands everything to the same routes."""


@pytest.fixture(scope="module")
def served(server):
    fuzzed = Fuzzed(server)
    yield {target.name: target for target in targets_on(lambda: fuzzed)}
    fuzzed.end()


@pytest.mark.parametrize("protocol", [*TARGETS, JOURNAL, large(100)], ids=lambda target: target.name)
def test_whatever_comes_is_read_or_refused(protocol):
    held(protocol, 20)


@pytest.mark.parametrize("name", NAMES)
def test_whatever_is_sent_is_answered_as_the_protocol_says(served, name):
    held(served[name], 5)


def held(target, count):
    run = examples(target, count)
    assert run.failure is None, f"{run.failure!r} for {len(run.failing or b''):,} bytes: {(run.failing or b'')[:300]!r}"
    assert run.executions
