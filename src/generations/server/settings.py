"""What a server takes and how much of it: limits of size, time and memory on everything that comes from outside."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from generations.errors import ConfigError

_ORIGIN: Final = re.compile(r"[a-z][a-z0-9+.-]*://[^\s/?#@]+")


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """Settings of one server.

    Attributes:
        host: the address it listens on.
        port: the port; 0 takes a free one.
        grpc_port: the port of OTLP/gRPC; 0 takes a free one, None listens on none.
        max_body_bytes: largest body that is held whole, unpacked: a query, one record, a list of records, a line of a stream.
        max_otlp_bytes: largest export request, unpacked. Smaller, for the messages in it may take up ninety times its bytes in
            memory; OpenTelemetry's Collector takes as much by default.
        max_batch_bytes: bytes of a stream of records that are encoded at once.
        max_waiting_bytes: most bytes of records that are held, as sent, from their arrival until they are on disk; beyond
            it the answer is 503, and a stream that has begun is not read on.
        room_seconds: how long a stream that has begun waits for room before the answer is 503.
        trace_window_seconds: how long what came of a trace is kept to be joined with what comes later, from the last of it on.
        stall_seconds: how long a body may stop coming before the answer is 408.
        concurrent_reads: queries that run at the same time; more of them wait.
        concurrent_exports: exports that run at the same time.
        drain_seconds: how long a stopping server waits for the requests it has begun.
        cors_origins: pages of these origins may call it; `*` is any. None by default.
        rate_per_second: requests a second that a key without a rate of its own may send, on average; None is no limit.
        prices: what recorded generations are priced by, as `Generations` takes it.
        links: URLs by name, with variables such as `{traceId}`, that records are given under `links`; see `Links`.
        log_level: the least that the log tells: `debug`, `info`, `warning` or `error`.

    Raises:
        ConfigError: an origin is none that a browser sends.
    """

    host: str = "127.0.0.1"
    port: int = 4300
    grpc_port: int | None = None
    max_body_bytes: int = 64 << 20
    max_otlp_bytes: int = 20 << 20
    max_batch_bytes: int = 1 << 20
    max_waiting_bytes: int = 256 << 20
    room_seconds: float = 30.0
    trace_window_seconds: float = 3600.0
    stall_seconds: float = 30.0
    concurrent_reads: int = 8
    concurrent_exports: int = 2
    drain_seconds: float = 30.0
    cors_origins: tuple[str, ...] = ()
    rate_per_second: float | None = None
    prices: str | None = None
    links: Mapping[str, str] = field(default_factory=dict[str, str])
    log_level: str = "info"

    def __post_init__(self) -> None:
        for origin in self.cors_origins:
            if origin != "*" and not _ORIGIN.fullmatch(origin):
                raise ConfigError(f"{origin!r} is not an origin", hint="write https://app.example, with the port where there is one, or *")
