"""Seeded sample generations: what the records of a busy application look like over months."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from itertools import accumulate
from random import Random
from typing import Any

from generations.record.identity import uuid7_text
from generations.record.instants import micros
from generations.record.sample_calls import CALLS, Call
from generations.record.sample_sessions import Session
from generations.record.sample_text import Writer
from generations.record.sample_words import CATEGORIES_BAD, CATEGORIES_GOOD, COMMENTS_BAD, COMMENTS_GOOD, REGIONS, TAGS, TIERS

END = datetime(2025, 7, 1, tzinfo=UTC)
"""Where the time of a sample ends when no start is given."""

DAYS = 180
USERS = 400
_SESSION_SHARE = 0.04
_RECORDS_PER_ARRIVAL = 1 + _SESSION_SHARE * 8.4
_HOUR_US = 3_600_000_000
_HOURS = (1, 1, 1, 1, 1, 2, 3, 5, 8, 10, 11, 11, 9, 10, 11, 11, 10, 9, 7, 5, 4, 3, 2, 1)
"""How busy each hour of a working day is; a day at the weekend is a third of that."""

_ERRORS = (
    ("rate_limit_error", "Too many requests; try again in 20 s.", "429"),
    ("overloaded_error", "The model is overloaded at the moment.", "529"),
    ("context_length_exceeded", "The prompt is longer than the model can read.", "400"),
    ("timeout", "No answer within 60 s.", "504"),
    ("content_filter", "The request was stopped by the content filter.", "400"),
)


def sample_generations(count: int, seed: int = 0, start: datetime | None = None, days: float | None = None) -> Iterator[dict[str, Any]]:
    """Records in order of time, the same for the same arguments.

    Chats, tool calls of agents that resend their history, code, JSON, pictures and sound, of several providers; with
    users, functions, tags, nested metadata, errors, alternatives, feedback, and costs that are sometimes unknown.
    About 3 kB of JSON each. Users are `user-0042`; no person is meant.

    Args:
        count: how many.
        seed: of all chance.
        start: the first instant; by default `days` before 1 July 2025.
        days: how long a time they cover, 180 by default.

    Yields:
        Records as JSON values: instants are ISO-8601 text.
    """
    span = timedelta(days=DAYS if days is None else days)
    first = END - span if start is None else start
    return _records(count, Random(seed), micros(first), span // timedelta(microseconds=1))


def _records(count: int, dice: Random, start_us: int, span_us: int) -> Iterator[dict[str, Any]]:
    write, roll = Writer(dice), dice.random
    finish = _Finisher(dice, write)
    waiting: list[tuple[int, int, Session]] = []
    left, number = count, 0
    for arrival_us in _arrivals(int(count / _RECORDS_PER_ARRIVAL) + 1, dice, start_us, span_us):
        while waiting and waiting[0][0] <= arrival_us and left:
            us, _, session = heappop(waiting)
            yield finish.turn(session, us)
            left -= 1
            if not session.is_over:
                number += 1
                heappush(waiting, (us + int((4 + roll() * 40) * 1_000_000), number, session))
        if not left:
            return
        if roll() < _SESSION_SHARE:
            number += 1
            heappush(waiting, (arrival_us, number, Session(write, roll, finish.user())))
        else:
            yield finish.single(CALLS[int(roll() * len(CALLS))](write, roll), arrival_us)
            left -= 1
            if not left:
                return


def _arrivals(expected: int, dice: Random, start_us: int, span_us: int) -> Iterator[int]:
    """Instants in order, denser in working hours; goes on beyond the span when more are needed."""
    begin = datetime.fromtimestamp(start_us / 1_000_000, UTC)
    hours = max(1, -(-span_us // _HOUR_US))
    weights: list[float] = []
    for index in range(hours):
        hour = begin + timedelta(hours=index)
        weights.append(_HOURS[hour.hour] / (3 if hour.weekday() >= 5 else 1))
    reached = list(accumulate(weights))
    step, hour_us = reached[-1] / expected, span_us / hours
    at = 0
    for index in range(expected):
        target = (index + dice.random()) * step
        while at < hours - 1 and reached[at] < target:
            at += 1
        within = 1 - (reached[at] - target) / weights[at]
        yield start_us + int((at + min(within, 0.999999)) * hour_us)
    us = start_us + span_us
    while True:
        us += 1_000_000 + int(dice.random() * 30_000_000)
        yield us


class _Finisher:
    """Gives a call its id, time, usage, context, and sometimes an error or feedback."""

    def __init__(self, dice: Random, write: Writer) -> None:
        self._roll = dice.random
        self._bits = dice.getrandbits
        self._write = write

    def user(self) -> int:
        """A user; few of them ask most of the questions."""
        return int(self._roll() ** 2 * USERS)

    def single(self, call: Call, us: int) -> dict[str, Any]:
        """A call of its own."""
        record = self._record(call, us, self._metadata(call, self.user()))
        if self._roll() < 0.12 and "error" not in record:
            record["feedback"] = self._feedback(us)
        return record

    def turn(self, session: Session, us: int) -> dict[str, Any]:
        """The next turn of a session."""
        call = session.next_call()
        metadata = self._metadata(call, session.user)
        metadata |= {
            "sessionId": session.id,
            "workflowId": "nightly-operations" if session.user % 3 == 0 else "operations",
            "agentId": "operator",
            "traceId": session.trace_id,
            "spanId": f"{self._bits(64):016x}",
            "parentSpanId": session.root_span_id,
            "turn": session.turn,
        }
        return self._record(call, us, metadata)

    def _record(self, call: Call, us: int, metadata: dict[str, Any]) -> dict[str, Any]:
        roll = self._roll
        prompt_tokens, completion_tokens = call.prompt_length // 4, call.answer_length // 4 + call.extra_tokens
        latency_ms = round(180 + roll() * 400 + 1000 * completion_tokens / call.model.tokens_per_second * (0.7 + roll() * 0.6), 1)
        order, random = divmod(self._bits(74), 1 << 56)
        record: dict[str, Any] = {
            "id": uuid7_text(us // 1000, order, random.to_bytes(7, "big")),
            "timestamp": datetime.fromtimestamp(us // 1_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{us % 1_000_000:06d}Z",
            "model": dict(call.model.record),
            "input": call.input,
            "output": call.output,
            "parameters": call.parameters,
            "usage": None,
            "metadata": metadata,
            "performance": {"latency": latency_ms, "timeToFirstToken": round(120 + roll() * 500, 1)},
            "status": "success",
        }
        if roll() < 0.025:
            _fail(record, _ERRORS[int(roll() * len(_ERRORS))])
            return record
        if prompt_tokens or completion_tokens:
            record["usage"] = self._usage(call, prompt_tokens, completion_tokens)
            call.output["tokens"] = completion_tokens - call.extra_tokens
        else:
            del record["usage"]
        return record

    def _usage(self, call: Call, prompt_tokens: int, completion_tokens: int) -> dict[str, Any]:
        usage: dict[str, Any] = {
            "promptTokens": prompt_tokens,
            "completionTokens": completion_tokens,
            "totalTokens": prompt_tokens + completion_tokens,
        }
        if call.cached_share:
            usage["cachedTokens"] = int(prompt_tokens * call.cached_share)
        if call.extra_tokens:
            usage["reasoningTokens"] = call.extra_tokens
        if call.audio_tokens:
            usage["audioTokens"] = call.audio_tokens
        if call.model.prompt_usd is not None and self._roll() < 0.94:
            cost = (prompt_tokens * call.model.prompt_usd + completion_tokens * call.model.completion_usd) / 1_000_000
            usage |= {"cost": round(cost, 8), "currency": "USD", "costSource": "reported" if self._roll() < 0.3 else "computed"}
        return usage

    def _metadata(self, call: Call, user: int) -> dict[str, Any]:
        chance = self._bits(64)
        customer = user % 60
        metadata: dict[str, Any] = {
            "requestId": f"req_{chance:016x}",
            "userId": f"user-{user:04d}",
            "functionId": call.function,
            "tags": list(_TAG_SETS[chance & 15]),
            "customer": {
                "id": f"customer-{customer:03d}",
                "plan": {"tier": TIERS[customer % len(TIERS)], "seats": customer * 7 % 90 + 1},
                "region": REGIONS[customer % len(REGIONS)],
            },
            "release": _RELEASES[chance >> 4 & 15],
        }
        if call.context:
            metadata |= call.context
        if chance >> 8 & 7 == 0:
            metadata["sessionId"] = f"session-{chance >> 16 & 0xFFFFFFFFFFFF:012x}"
        if chance >> 11 & 15 == 0:
            metadata["experiment"] = None
        if chance >> 15 & 63 == 0:
            metadata["feature.flag"] = "new-ranking"
        return metadata

    def _feedback(self, us: int) -> dict[str, Any]:
        roll, pick = self._roll, self._write.pick
        rating = (5, 5, 5, 4, 4, 4, 3, 2, 1)[int(roll() * 9)]
        is_good = rating >= 4
        feedback: dict[str, Any] = {}
        kind = roll()
        if kind < 0.8:
            feedback["rating"] = rating
        if kind > 0.4:
            feedback["thumbs"] = "up" if is_good else "down"
        if kind > 0.6:
            feedback["comment"] = pick(COMMENTS_GOOD if is_good else COMMENTS_BAD)
            feedback["categories"] = [pick(CATEGORIES_GOOD if is_good else CATEGORIES_BAD)]
        later = datetime.fromtimestamp(us // 1_000_000 + 20 + int(roll() * 3600), UTC)
        return feedback | {"timestamp": later.strftime("%Y-%m-%dT%H:%M:%SZ"), "userId": f"user-{self.user():04d}"}


def _fail(record: dict[str, Any], error: tuple[str, str, str]) -> None:
    """The call got no answer, and nothing was billed."""
    kind, message, code = error
    del record["output"], record["usage"], record["performance"]["timeToFirstToken"]
    record["status"] = "error"
    record["error"] = {"type": kind, "message": message, "code": code}


_TAG_SETS = tuple([TAGS[index % 8], *([TAGS[(index * 3 + 1) % 8]] if index % 3 else [])] for index in range(16))
_RELEASES = tuple(f"2025.{index // 4 + 1}.{index % 4}" for index in range(16))
