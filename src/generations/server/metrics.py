"""Metrics of the server itself, and how they are told to Prometheus together with those of the generations."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4, CollectorRegistry, Counter, Gauge, Histogram, generate_latest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from prometheus_client.core import Metric
    from prometheus_client.registry import Collector

    from generations.joining.join import Joined
    from generations.server.exchange import Exchange
    from generations.server.measured import Measures

MEDIA_TYPE: Final = CONTENT_TYPE_PLAIN_0_0_4

_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_RECORDS: Final = (1, 2, 5, 10, 50, 100, 500, 1000, 5000, 10_000, 50_000)
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Metrics:
    """What the server counts from its start on.

    Args:
        measures: of the generations that are recorded.
        held_bytes: how many bytes of records are not on disk yet.
    """

    def __init__(self, measures: Measures, held_bytes: Callable[[], float]) -> None:
        self._measures = measures
        self._registry = registry = CollectorRegistry()
        route, method = "route", "method"
        self._requests = Counter("generations_http_requests", "Requests answered.", (route, method, "status"), registry=registry)
        self._durations = Histogram(
            "generations_http_request_duration_seconds",
            "From the head of a request to the end of its answer.",
            (route, method),
            registry=registry,
            buckets=_SECONDS,
        )
        self._in_flight = Gauge("generations_http_requests_in_flight", "Requests being answered.", registry=registry)
        self._limited = Counter("generations_http_requests_limited", "Requests refused for their key's rate.", registry=registry)
        self._taken = Counter("generations_records_taken", "Records, spans, log records and scores acknowledged.", registry=registry)
        self._refused = Counter("generations_records_refused", "Those refused.", registry=registry)
        held = Gauge("generations_ingest_held_bytes", "Bytes of records that are not on disk yet.", registry=registry)
        held.set_function(held_bytes)
        self._commits = Histogram(
            "generations_commit_duration_seconds", "Writing a group to disk.", registry=registry, buckets=_SECONDS[2:]
        )  # fmt: skip
        self._commit_records = Histogram("generations_commit_records", "Records of a group.", registry=registry, buckets=_RECORDS)
        self._commit_requests = Histogram("generations_commit_requests", "Requests of a group.", registry=registry, buckets=_RECORDS[:7])

        self._told = Counter("generations_pieces_taken", "Spans, log records and evaluations taken.", ("kind",), registry=registry)
        self._joined = Counter(
            "generations_records_joined", "Records that pieces of traces were joined to.", ("change",), registry=registry
        )
        self._kept = Gauge("generations_pieces_kept", "Pieces of traces that are kept for others of their trace.", registry=registry)

    def keeps(self, pieces: Callable[[], float]) -> None:
        """Ask this how many pieces of traces are kept."""
        self._kept.set_function(pieces)

    def joined(self, kinds: Mapping[str, int], joined: Joined) -> None:
        """Pieces of these kinds are on disk, and what became of records by them."""
        for kind, count in kinds.items():
            self._told.labels(kind).inc(count)
        for change, ids in (("added", joined.added), ("changed", joined.changed), ("removed", joined.removed)):
            self._joined.labels(change).inc(len(ids))

    def begun(self) -> None:
        """A request has come."""
        self._in_flight.inc()

    def ended(self, exchange: Exchange) -> None:
        """A request has ended, however."""
        self._in_flight.dec()
        method = exchange.method if exchange.method in _METHODS else "other"
        self._requests.labels(exchange.route, method, exchange.status or "none").inc()
        self._durations.labels(exchange.route, method).observe(exchange.seconds)
        if exchange.error_code == "rate_limited":
            self._limited.inc()
        self._taken.inc(exchange.records or 0)
        self._refused.inc(exchange.refused or 0)

    def committed(self, requests: int, records: int, seconds: float) -> None:
        """A group is on disk."""
        self._commits.observe(seconds)
        self._commit_records.observe(records)
        self._commit_requests.observe(requests)

    def text(self, project: str) -> bytes:
        """Everything of the server, and of the generations those of one project, in the text format of Prometheus."""
        text = generate_latest(_Together(self._registry, self._measures.of(project)))
        return text.replace(b"# TYPE model_token_usage untyped\n", b"# TYPE model_token_usage counter\n")


class _Together:
    """The metrics of several collectors, one after the other."""

    def __init__(self, *collectors: Collector | None) -> None:
        self._collectors = [collector for collector in collectors if collector is not None]

    def collect(self) -> Iterator[Metric]:
        for collector in self._collectors:
            for metric in collector.collect():
                # When each series began is of no use to anyone here, and would be a third of the text.
                metric.samples = [sample for sample in metric.samples if not sample.name.endswith("_created")]
                yield metric
