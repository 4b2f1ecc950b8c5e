"""The server is killed while it takes spans: whatever was acknowledged is there, and what is sent again is there once."""

from __future__ import annotations

import json
import random
import signal
import threading
import time
import uuid

import httpx2
import pytest

from generations import Generations
from tests.targets.served import running
from tests.wire.otlp.payloads import CHAT, START_NS

ROUNDS, SENDERS = 4, 3


def a_request(trace_id: str) -> dict:
    attributes = [{"key": name, "value": {"intValue" if isinstance(value, int) else "stringValue": value}} for name, value in CHAT.items()]
    span = {"traceId": trace_id, "spanId": "b7ad6b7169203331", "name": "chat", "kind": 3, "attributes": attributes}
    times = {"startTimeUnixNano": str(START_NS), "endTimeUnixNano": str(START_NS + 10**9)}
    return {"resourceSpans": [{"scopeSpans": [{"spans": [span | times]}]}]}


@pytest.mark.programs
def test_spans_survive_kills_and_arrive_once(tmp_path) -> None:
    acknowledged: set[str] = set()
    unanswered: set[str] = set()
    for seed in range(ROUNDS):
        with running(tmp_path / "data") as server:
            is_over = threading.Event()

            def send(url: str = server.url, is_over: threading.Event = is_over) -> None:
                with httpx2.Client(base_url=url, timeout=10) as http:
                    while not is_over.is_set():
                        trace_id = unanswered.pop() if unanswered else uuid.uuid4().hex
                        try:
                            answer = http.post("/v1/traces", json=a_request(trace_id))
                        except httpx2.TransportError:
                            unanswered.add(trace_id)
                            return
                        (acknowledged if answer.status_code == 200 else unanswered).add(trace_id)

            senders = [threading.Thread(target=send) for _ in range(SENDERS)]
            for sender in senders:
                sender.start()
            until = len(acknowledged) + 5
            while len(acknowledged) < until and any(sender.is_alive() for sender in senders):
                time.sleep(0.01)
            time.sleep(random.Random(seed).uniform(0, 0.3))
            server.process.send_signal(signal.SIGKILL)
            is_over.set()
            for sender in senders:
                sender.join()
            server.process.wait()
    with running(tmp_path / "data") as server, server.client() as http:
        for trace_id in unanswered:
            assert http.post("/v1/traces", content=json.dumps(a_request(trace_id)), headers={"Content-Type": "application/json"}).is_success
    with Generations(tmp_path / "data") as generations:
        ids = [one["id"] for one in generations.find({}, {"id": 1})]
        versions = {len(generations.history(id)) for id in ids[:20]}

    assert len(acknowledged) >= 5 * ROUNDS
    assert sorted(ids) == sorted(f"{trace_id}-b7ad6b7169203331" for trace_id in acknowledged | unanswered)
    assert versions == {1}
