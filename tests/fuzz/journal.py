"""A journal that a process left behind, with anything in it: reading it takes what can be taken, and raises nothing.

A payload is a file of the journal. What is inside of it was written by this package, but maybe by another version of it, or by
whoever may write into the folder; a thread of the host's process reads it.
"""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import msgspec
from hypothesis import strategies as st

from generations.capture import journal
from generations.capture.counters import Tally
from generations.capture.journal import Left
from generations.capture.recording import Recording
from generations.capture.settings import settled
from generations.capture.spans import Around, EmittedLog, EndedSpan, OpenSpan, TakenLog, TakenSpan
from generations.capture.stored import packed
from generations.capture.taking_over import lines_left
from generations.record.encode import encode_lines
from tests.fuzz import seeds
from tests.fuzz.hostile import byte_changes, changed, changes, damaged, text_of
from tests.fuzz.targets import NUMBERS, Target, assert_writable

RULES: Final = bytes(16)
_TALLY: Final = Tally()
_SOURCES: Final = (None, None, "langchain", "litellm")


def _recording(number: int) -> Recording:
    recording = Recording(_nobody, "gpt-4o", "Where?", provider="openai", parameters={"temperature": 0.5}, id=f"r-{number}")
    recording.metadata, recording.tags = {"a": 1}, ["x"]
    recording.request = seeds.REQUEST_BODY if number % 2 else None
    recording.answer = seeds.ANSWER if number % 3 else None
    recording.output = "Here."
    recording.tokens = {"prompt": 2, "completion": 3}
    recording.error = ("ValueError", "no", None) if number % 5 == 4 else None
    recording.source = _SOURCES[number % len(_SOURCES)]
    match recording.source:
        case "litellm":
            recording.told = seeds.litellm(0)
        case "langchain":
            message = {
                "type": "ai",
                "content": "Here.",
                "response_metadata": {"token_usage": seeds.ANSWER["usage"], "model_name": "gpt-4o"},
            }
            recording.told = {
                "run": "1" * 32,
                "parent": None,
                "above": [["2" * 32, "chain", "chain"]],
                "parameters": {"temperature": 0.5},
                "metadata": {"ls_provider": "openai"},
                "sent": [{"type": "human", "content": "Where?"}],
                "choices": [{"message": message}],
                "output": {},
                "tags": ["x"],
            }
        case _:
            pass
    return recording


def _span(number: int, end_time: int | None) -> TakenSpan:
    scope, attributes = seeds.SPANS[number % len(seeds.SPANS)]
    events: list[tuple[str, int, dict[str, Any]]] = [("gen_ai.choice", 3, {"index": 0})]
    resource = {"service.name": "s"}
    return TakenSpan(
        "1" * 32,
        f"{number:016x}",
        f"{number + 1:016x}",
        "chat",
        2,
        1,
        end_time,
        attributes,
        events,
        [],
        1,
        None,
        (scope, "1"),
        resource,
        0,
        0,
    )


def _captured(number: int) -> bytes:
    """An entry of each kind, as it is written."""
    match number % 4:
        case 0:
            captured = _recording(number // 4)
        case 1:
            captured = EndedSpan(_span(number // 4, 9), Around(), 100)
        case 2:
            captured = OpenSpan(_span(number // 4, None), 100)
        case _:
            log = TakenLog("1" * 32, f"{1:016x}", 4, "gen_ai.user.message", {"content": "Where?"}, {}, ("s", None), {}, 0)
            captured = EmittedLog(log, 100)
    body = packed(captured)
    assert body is not None
    return body


def _entry(number: int, done: list[Any], broken: list[Any], is_json: bool) -> bytes:
    """An entry with changes of its values, and then of its bytes."""
    value = changed(json.loads(msgspec.json.encode(msgspec.msgpack.decode(_captured(number)))), done)
    try:
        body = text_of(value) if is_json else msgspec.msgpack.encode(_with_bytes(value))
    except (ValueError, OverflowError, RecursionError):
        body = text_of(value)
    return damaged(body, broken)


def _with_bytes(value: Any) -> Any:
    """The id of a recording's trace, which JSON says in base64, as MessagePack says it."""
    match value:
        case ["recording", plain, context, str(trace_id), *rest]:
            return ["recording", plain, context, trace_id.encode(errors="replace"), *rest]
        case _:
            return value


def _nobody(recording: Recording) -> None:
    """Takes it."""


def _file(entries: list[bytes], broken: list[Any]) -> bytes:
    """A file with these entries, and changes of its bytes."""
    written = [journal._HEAD.pack(journal._MAGIC, RULES, 0)]
    for number, entry in enumerate(entries):
        head = journal._ENTRY.pack(journal._KEPT, len(entry), number)
        written += [head, entry, bytes(-(len(head) + len(entry)) % journal._ALIGNED)]
    return damaged(b"".join(written), broken)


def check(content: bytes) -> None:
    """A file that was left; what is in it is read for a process with its rules, and for one with others."""
    with TemporaryDirectory() as folder:
        settings = settled(url=folder, spool=False, journal=False, redact="all")
        for rules in (RULES, b"\1" * 16):
            path = Path(folder) / "0-1-0-0.journal"
            path.write_bytes(content)
            left = Left(rules)
            assert left.hold(path)
            try:
                assert sum(map(len, left.bodies)) <= len(content)
                left._bodies[-1] = _GOOD
                rows, _ = encode_lines(lines_left(left, settings, _TALLY))
                assert "good" in rows.ids, "a bad entry took a good one with it"
                assert_writable(rows)
            finally:
                left.close(remove=True)


_GOOD: Final = packed(Recording(_nobody, "m", "Where?", id="good")) or b""
_ENTRIES: Final = st.builds(_entry, NUMBERS, changes(), byte_changes(), st.booleans()) | st.binary(max_size=200)

JOURNAL: Final = Target("journal", st.builds(_file, st.lists(_ENTRIES, max_size=4), byte_changes()) | st.binary(max_size=400), check)
