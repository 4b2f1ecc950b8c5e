"""Clients of a server, cheap enough to share a small machine with it: raw sockets, bodies made beforehand."""

from __future__ import annotations

import selectors
import socket
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from bench.place import part


@part
def send(url: str, file: str, name: str, clients: int, in_flight: int, batch: int, seconds: float, most_records: int) -> dict[str, Any]:
    """Have clients send batches of the file's records, each under an id of its own, until the time is over.

    Args:
        url: of the server.
        file: the sample.
        name: what the ids begin with.
        clients: how many.
        in_flight: requests that each of them keeps open at the same time.
        batch: records of a request.
        seconds: after which nothing more is sent; what was sent is waited for.
        most_records: made beforehand; the run ends early where they do not suffice.

    Returns:
        Records that were acknowledged, the seconds from the first byte to the last acknowledgement, milliseconds of each
        request in order of size, and how many requests were refused.
    """
    bodies = _requests(url, Path(file), name, batch, most_records)
    found = drive(url, bodies, clients * in_flight, seconds)
    return {**found, "records": found["acknowledged"] * batch}


def drive(url: str, requests: list[bytes], connections: int, seconds: float) -> dict[str, Any]:
    """Send requests, one behind the other on each connection, until the time is over or none is left.

    Returns:
        How many were acknowledged and how many refused, the seconds from the first byte to the last answer, and milliseconds
        of each in order of size.
    """
    target = urlsplit(url)
    waiting = selectors.DefaultSelector()
    for _ in range(connections):
        connection = socket.create_connection((target.hostname or "", target.port or 0))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        waiting.register(connection, selectors.EVENT_READ, [b"", 0.0])
    started = time.perf_counter()
    end = started + seconds
    acknowledged = refused = under_way = 0
    took: list[float] = []

    def start(key: selectors.SelectorKey) -> bool:
        request = requests.pop() if requests and time.perf_counter() < end else None
        if request is None:
            return False
        key.data[:] = [b"", time.perf_counter()]
        key.fileobj.sendall(request)  # pyright: ignore[reportAttributeAccessIssue] - a socket
        return True

    for key in list(waiting.get_map().values()):
        under_way += start(key)
    while under_way:
        for key, _ in waiting.select(10):
            key.data[0] += key.fileobj.recv(65_536)  # pyright: ignore[reportAttributeAccessIssue] - a socket
            status = _status(key.data[0])
            if status is None:
                continue
            took.append((time.perf_counter() - key.data[1]) * 1000)
            acknowledged += status in (200, 201)
            refused += status not in (200, 201)
            under_way -= not start(key)
    return {"acknowledged": acknowledged, "seconds": time.perf_counter() - started, "ms": sorted(took), "refused": refused}


def post(url: str, path: str, kind: str, body: bytes) -> bytes:
    """A request as it goes over the wire."""
    head = f"POST {path} HTTP/1.1\r\nhost: {_host(url)}\r\ncontent-type: {kind}\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


def _host(url: str) -> str:
    return urlsplit(url).netloc


def _requests(url: str, file: Path, name: str, batch: int, most_records: int) -> list[bytes]:
    made: list[bytes] = []
    records = _records(file, name)
    for _ in range(most_records // batch):
        body = b"\n".join(islice(records, batch))
        kind = "application/x-ndjson" if batch > 1 else "application/json"
        made.append(post(url, "/api/generations", kind, body))
    return made


def _records(file: Path, name: str) -> Iterator[bytes]:
    decode, encode = msgspec.json.Decoder().decode, msgspec.json.Encoder().encode
    number = 0
    while True:
        with file.open("rb") as lines:
            for line in lines:
                number += 1
                yield encode({**decode(line), "id": f"{name}-{number}"})


def _status(heard: bytes) -> int | None:
    """The status of an answer, once it is there as a whole."""
    head, found, body = heard.partition(b"\r\n\r\n")
    if not found:
        return None
    length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0])
    return int(head.split(b" ", 2)[1]) if len(body) >= length else None
