"""Generations counted and measured as they are recorded, under the names of the platform.

Only what is there is measured: an unknown latency is no latency of 0. A record counts once, when it is first recorded;
sending it again or changing it counts nothing.
"""

from __future__ import annotations

import logging
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, cast

import numpy as np
from prometheus_client.core import HistogramMetricFamily, Metric

from generations.store.schema import COLUMNS

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from generations.store.block import Block

MOST_NAMES: Final = 200
"""Values that a label takes; what comes later is `other`."""

MOST_PROJECTS: Final = 100
"""Projects that are measured; what is recorded in later ones is not."""

OTHER: Final = "other"
_LONGEST_NAME: Final = 200
_LOG: Final = logging.getLogger("generations.server")

Labels = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Distribution:
    """A metric that tells how values are spread.

    Attributes:
        name: of the metric.
        doc: what it tells, for people.
        column: where the values are.
        scale: what they are multiplied with, to be in the unit of the name.
        bounds: upper bounds of the buckets.
        labels: which of model, version and endpoint it is told by.
    """

    name: str
    doc: str
    column: str
    scale: float
    bounds: tuple[float, ...]
    labels: int = 1


@dataclass(frozen=True, slots=True)
class Total:
    """A metric that adds up: the values of a column, or, where there is none, the records that have its second label.

    Attributes:
        name: of the metric.
        doc: what it tells, for people.
        label: the label beside the model.
        kind: the column of that label, or its value where `column` is one of several.
        column: whose values are added up.
    """

    name: str
    doc: str
    label: str
    kind: str
    column: str | None = None


LABELS: Final = ("model", "version", "endpoint")
_LABEL_COLUMNS: Final = ("model_id", "model_version", "model_provider")

DURATION: Final = Distribution(
    "model_inference_duration_seconds",
    "Latency of generations; the endpoint is the provider.",
    "performance_latency",
    0.001,
    (0.01, 0.05, 0.1, 0.5, 1, 5, 10),
    labels=3,
)
RATING: Final = Distribution("model_rating", "Ratings given.", "feedback_rating", 1, (1, 2, 3, 4, 5))
DISTRIBUTIONS: Final = (
    DURATION,
    Distribution(
        "model_time_to_first_token_seconds",
        "Time to the first token.",
        "performance_time_to_first_token",
        0.001,
        (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
    ),
    Distribution(
        "model_tokens_per_second",
        "Completion tokens by second of latency.",
        "performance_tokens_per_second",
        1,
        (5, 10, 25, 50, 100, 200, 500, 1000),
    ),
    RATING,
)
THUMBS: Final = Total("model_thumbs_total", "Thumbs given.", "thumbs", "feedback_thumbs")
TOTALS: Final = (
    Total("model_token_usage", "Tokens used.", "type", "prompt", "usage_prompt_tokens"),
    Total("model_token_usage", "Tokens used.", "type", "completion", "usage_completion_tokens"),
    Total("model_cost_total", "Cost of generations.", "currency", "usage_currency", "usage_cost"),
    Total("model_errors_total", "Generations that failed.", "type", "error_type"),
    THUMBS,
)
_CALLS: Final = "model_calls_total"
_READ: Final = {
    *_LABEL_COLUMNS,
    "status",
    *(one.column for one in DISTRIBUTIONS),
    *(name for one in TOTALS for name in (one.kind, one.column)),
}
_COLUMNS: Final = [column.name for column in COLUMNS if column.name in _READ]

# Counting costs 0.4 ms however few the rows are, and about 1 µs for each of many.
_MOST_WAITING: Final = 100
_ENOUGH_ROWS: Final = 100


class Names:
    """Keeps the values of a label few: the first ones, then `other`."""

    def __init__(self) -> None:
        self._known: set[str] = set()

    def kept(self, name: str | None) -> str:
        """The name as it is told; unknown is empty, which is the same as no label."""
        if not name or name in self._known:
            return name or ""
        if len(self._known) >= MOST_NAMES or len(name) > _LONGEST_NAME:
            return OTHER
        self._known.add(name)
        return name


@dataclass(slots=True)
class _Spread:
    counts: Any
    sum: float = 0.0


@dataclass(slots=True)
class ProjectMeasures:
    """What was recorded in one project since the server started. Safe to use from many threads."""

    _lock: threading.Lock = field(default_factory=threading.Lock)
    _waiting: list[pa.Table] = field(default_factory=list["pa.Table"])
    _names: dict[str, Names] = field(default_factory=lambda: defaultdict[str, Names](Names))
    _calls: dict[Labels, int] = field(default_factory=lambda: defaultdict[Labels, int](int))
    _spread: dict[str, dict[Labels, _Spread]] = field(default_factory=lambda: defaultdict[str, dict[Labels, _Spread]](dict))
    _totals: dict[str, dict[Labels, float]] = field(default_factory=lambda: defaultdict[str, dict[Labels, float]](dict))

    def recorded(self, rows: pa.Table) -> None:
        """Count records that are new; they may wait for others to be counted with."""
        with self._lock:
            self._waiting.append(rows.select(_COLUMNS))
            if len(self._waiting) >= _MOST_WAITING or rows.num_rows >= _ENOUGH_ROWS:
                self._count_waiting()

    def rated(self, rows: pa.Table) -> None:
        """Count the feedback of versions that were made by giving it."""
        with self._lock:
            groups, group_of = self._groups(rows, zip(LABELS, _LABEL_COLUMNS, strict=True))
            self._distribute(RATING, rows, groups, group_of)
            self._add_up(THUMBS, rows, groups, group_of)

    def collect(self) -> Iterator[Metric]:
        """The metrics as they stand."""
        with self._lock:
            self._count_waiting()
            calls = Metric("model_calls", "Generations recorded; the endpoint is the provider.", "counter")
            for labels, count in self._calls.items():
                calls.add_sample(_CALLS, dict(zip(LABELS, labels, strict=True)), count)
            totals = dict.fromkeys((total.name, total.doc, total.label) for total in TOTALS)
            families = [calls, *map(self._family, DISTRIBUTIONS), *(self._total_family(*total) for total in totals)]
        yield from families

    def _count_waiting(self) -> None:
        import pyarrow as pa  # noqa: PLC0415 - slow to import

        if not self._waiting:
            return
        rows = pa.concat_tables(self._waiting)
        self._waiting.clear()
        groups, group_of = self._groups(rows, zip(LABELS, _LABEL_COLUMNS, strict=True))
        for labels, count in zip(groups, np.bincount(group_of, minlength=len(groups)).tolist(), strict=True):
            self._calls[self._bounded(labels)] += count
        for metric in DISTRIBUTIONS:
            self._distribute(metric, rows, groups, group_of)
        for metric in TOTALS:
            self._add_up(metric, rows, groups, group_of)

    def _groups(self, rows: pa.Table, columns: Iterable[tuple[str, str]]) -> tuple[list[Labels], NDArray[np.int64]]:
        """The different combinations of labels, and for each row the place of its own."""
        names: list[list[str]] = []
        places = np.zeros(rows.num_rows, dtype=np.int64)
        for label, column in columns:
            found = rows.column(column).combine_chunks().dictionary_encode(null_encoding="encode")
            known = [self._names[label].kept(value) for value in found.dictionary.to_pylist()]
            places = places * len(known) + found.indices.to_numpy()
            names.append(known)
        different, group_of = np.unique(places, return_inverse=True)
        groups: list[Labels] = []
        for place in cast("list[int]", different.tolist()):
            rest, labels = place, list[str]()
            for known in reversed(names):
                rest, index = divmod(rest, len(known))
                labels.append(known[index])
            groups.append(tuple(reversed(labels)))
        return groups, group_of.astype(np.int64)

    def _bounded(self, labels: Labels) -> Labels:
        """Labels of which there may be one more combination."""
        return labels if labels in self._calls or len(self._calls) < 5 * MOST_NAMES else (labels[0], *(OTHER for _ in labels[1:]))

    def _distribute(self, metric: Distribution, rows: pa.Table, groups: list[Labels], group_of: NDArray[np.int64]) -> None:
        values, known = _numbers(rows, metric.column)
        if values is None:
            return
        values, group_of = values[known] * metric.scale, group_of[known]
        width = len(metric.bounds) + 1
        buckets = group_of * width + np.searchsorted(metric.bounds, values)
        counts = np.bincount(buckets, minlength=len(groups) * width).reshape(-1, width)
        sums: list[float] = np.bincount(group_of, weights=values, minlength=len(groups)).tolist()
        spread = self._spread[metric.name]
        for group in cast("list[int]", np.unique(group_of).tolist()):
            labels = self._bounded(groups[group])[: metric.labels]
            one = spread.get(labels)
            if one is None:
                one = spread[labels] = _Spread(np.zeros(width, dtype=np.int64))
            one.counts += counts[group]
            one.sum += sums[group]

    def _add_up(self, metric: Total, rows: pa.Table, groups: list[Labels], group_of: NDArray[np.int64]) -> None:
        totals = self._totals[metric.name]
        if metric.kind not in rows.column_names:
            values, known = _numbers(rows, cast("str", metric.column))
            if values is not None:
                sums = np.bincount(group_of[known], weights=values[known], minlength=len(groups))
                for group in cast("list[int]", np.unique(group_of[known]).tolist()):
                    labels = (groups[group][0], metric.kind)
                    totals[labels] = totals.get(labels, 0) + float(sums[group])
            return
        is_counted = _counted(metric, rows)
        if not is_counted.any():
            return
        counted = rows.filter(is_counted)
        groups, group_of = self._groups(counted, (("model", "model_id"), (metric.name, metric.kind)))
        weights = None if metric.column is None else counted.column(metric.column).to_numpy()
        for labels, sum in zip(groups, np.bincount(group_of, weights=weights, minlength=len(groups)).tolist(), strict=True):
            totals[labels] = totals.get(labels, 0) + sum

    def _family(self, metric: Distribution) -> Metric:
        names = LABELS[: metric.labels]
        family = HistogramMetricFamily(metric.name, metric.doc, labels=names)
        bounds = [f"{float(bound)}" for bound in metric.bounds] + ["+Inf"]
        for labels, one in self._spread[metric.name].items():
            counts = cast("list[int]", np.cumsum(one.counts).tolist())
            family.add_metric(labels, list(zip(bounds, counts, strict=True)), one.sum)
        return family

    def _total_family(self, name: str, doc: str, label: str) -> Metric:
        # The library would add `_total` to the name of a counter that does not end so, and the platform's does not.
        family = Metric(name.removesuffix("_total"), doc, "counter" if name.endswith("_total") else "unknown")
        for (model, kind), total in self._totals[name].items():
            family.add_sample(name, {"model": model, label: kind}, total)
        return family


class Measures:
    """What was recorded since the server started, by project; a reader of one sees nothing of the others.

    Attributes:
        also_told: told of the records that are new, of all projects.
    """

    def __init__(self) -> None:
        self.also_told: Callable[[pa.Table], None] | None = None
        self._projects: dict[str, ProjectMeasures] = {}
        self._lock = threading.Lock()

    def written(self, project: str, block: Block, changes: Sequence[str]) -> None:
        """Count what was written; never fails, for it is on disk already.

        Args:
            project: where.
            block: the versions.
            changes: what made each of them, as in `RecordVersion.change`.
        """
        try:
            if self.also_told is not None:
                _count(changes, "insert", block.table, self.also_told)
            measures = self.of(project)
            if measures is not None:
                _count(changes, "insert", block.table, measures.recorded)
                _count(changes, "feedback", block.table, measures.rated)
        except Exception:  # noqa: BLE001 - whatever it is, the write stands
            _LOG.exception("what was recorded could not be measured")

    def of(self, project: str) -> ProjectMeasures | None:
        """The measures of a project; None where there are too many projects."""
        with self._lock:
            found = self._projects.get(project)
            if found is None and len(self._projects) < MOST_PROJECTS:
                found = self._projects[project] = ProjectMeasures()
            return found


def _count(changes: Sequence[str], change: str, rows: pa.Table, count: Callable[[pa.Table], None]) -> None:
    places = [place for place, one in enumerate(changes) if one == change]
    if places:
        count(rows if len(places) == len(changes) else rows.take(places))


def _numbers(rows: pa.Table, column: str) -> tuple[NDArray[np.float64] | None, Any]:
    """The values of a column and which of them are known; None where none is."""
    found = rows.column(column)
    if found.null_count == rows.num_rows:
        return None, None
    values = found.to_numpy().astype(np.float64)
    return values, values >= 0


def _counted(metric: Total, rows: pa.Table) -> Any:
    """Which rows a total counts."""
    if metric.column is not None:
        values, known = _numbers(rows, metric.column)
        return np.zeros(rows.num_rows, dtype=bool) if values is None else known
    if metric.kind == "error_type":
        return (rows.column("status").to_numpy() == "error") | rows.column("error_type").is_valid().to_numpy()
    return rows.column(metric.kind).is_valid().to_numpy()
