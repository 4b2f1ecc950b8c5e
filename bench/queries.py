"""The twelve typical queries, each through the package and as SQL written by hand, with the same answer."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from bench.engine import CURRENT, RECORD, Engine
from bench.place import part
from bench.timing import interleaved, median_ms
from generations import Generations
from generations.query import compile_aggregate, compile_distinct, compile_find
from generations.query.compiled import Source

Ask = Callable[[Generations], Any]
Look = Callable[[Engine], Any]


@dataclass(frozen=True)
class Case:
    """One question.

    Attributes:
        name: what is asked, for people.
        ask: the question through the package.
        look: the same through the engine alone.
        compile: the compile step alone.
        same: brings an answer of either side into a form that can be compared.
    """

    name: str
    ask: Ask
    look: Look
    compile: Callable[[], object]
    same: Callable[[Any], Any]


@dataclass(frozen=True)
class Facts:
    """What the questions ask about, read from the data: values that exist and are typical."""

    id: str
    model: str
    month: str
    user: str
    path: str
    value: str
    word: str

    @property
    def month_start(self) -> datetime:
        return datetime.fromisoformat(f"{self.month}-01T00:00:00+00:00")

    @property
    def month_end(self) -> datetime:
        start = self.month_start
        return datetime(start.year + start.month // 12, start.month % 12 + 1, 1, tzinfo=UTC)


def facts(engine: Engine) -> Facts:
    """Pick a record, the commonest model and its middle month, a user, the deepest path with its commonest value, a rare word."""

    def first(what: str, where: str, order: str) -> Any:
        return engine.value(f"SELECT {what} AS v FROM generations WHERE {CURRENT} AND {where} GROUP BY v ORDER BY {order}, v LIMIT 1")

    model = first("model_id", "1", "count() DESC")
    of_model = f"SELECT DISTINCT formatDateTime(timestamp, '%Y-%m') AS m FROM generations WHERE {CURRENT} AND model_id = {text(model)}"
    months = engine.rows(f"{of_model} ORDER BY m")
    deep = (
        "SELECT path AS v FROM (SELECT mapKeys(mapFilter((k, t) -> t = 'String' AND position(k, '.') > 0, types)) AS paths "
        f"FROM (SELECT JSONAllPathsWithTypes(metadata_paths) AS types FROM generations WHERE {CURRENT})) ARRAY JOIN paths AS path "
        "GROUP BY path ORDER BY countSubstrings(path, '.') DESC, count() DESC, path LIMIT 1"
    )
    path = engine.value(deep)
    return Facts(
        id=first("id", "1", "cityHash64(v)"),
        model=model,
        month=months[len(months) // 2]["m"],
        user=first("metadata_user_id", "metadata_user_id IS NOT NULL", "cityHash64(v)"),
        path=path,
        value=first(sub_column(path), f"{sub_column(path)} IS NOT NULL", "count() DESC"),
        word=first(
            "arrayJoin(splitByNonAlpha(assumeNotNull(output_content_text)))", "cityHash64(id) % 100 = 0", "abs(length(v) - 8), count()"
        ),
    )


def text(value: str) -> str:
    """A string literal."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def sub_column(path: str) -> str:
    """The sub-column of a path in the metadata, as a string."""
    return "metadata_paths." + ".".join(f"`{step}`" for step in path.split(".")) + ".:String"


def deep(path: str, value: str) -> str:
    """A condition on a path of the metadata: the sub-column, and the text of the few rows that have none."""
    steps = ", ".join(text(step) for step in path.split("."))
    return f"({sub_column(path)} = {text(value)} OR (metadata_odd AND JSONExtractString(metadata, {steps}) = {text(value)}))"


def cases(about: Facts) -> list[Case]:
    """The twelve, in the order of the table."""
    return [*lists(about), *sums()]


def listing(name: str, filter: dict[str, Any], where: str, limit: int = 100) -> Case:
    """Records that match, newest first."""
    return Case(
        name,
        ask=lambda db: db.find(filter).sort("timestamp", -1).limit(limit).to_list(),
        look=lambda engine: engine.records(
            f"SELECT {RECORD} FROM generations WHERE {CURRENT} AND {where} ORDER BY timestamp DESC, id DESC LIMIT {limit}"
        ),
        compile=lambda: compile_find(filter, Source(), sort=(("timestamp", -1),), limit=limit),
        same=lambda rows: sorted(row["id"] for row in rows),
    )


def lists(about: Facts) -> list[Case]:
    month = {"model.id": about.model, "timestamp": {"$gte": about.month_start, "$lt": about.month_end}}
    of_month = f"model_id = {text(about.model)} AND timestamp >= '{about.month_start:%F %T}' AND timestamp < '{about.month_end:%F %T}'"
    return [
        listing("newest 50", {}, "1", limit=50),
        listing("by model and month", month, of_month),
        listing("by `metadata.userId`", {"metadata.userId": about.user}, f"metadata_user_id = {text(about.user)}"),
        listing(f"by `metadata.{about.path}`", {f"metadata.{about.path}": about.value}, deep(about.path, about.value)),
        listing("by rating", {"feedback.rating": {"$gte": 4}}, "feedback_rating >= 4"),
        Case(
            "get by id",
            ask=lambda db: [db.get(about.id)],
            look=lambda engine: engine.records(f"SELECT {RECORD} FROM generations WHERE {CURRENT} AND id = {text(about.id)}"),
            compile=lambda: compile_find({"id": about.id}, Source(), limit=1),
            same=lambda rows: [row["id"] for row in rows],
        ),
        listing("text in the output", {"output.content": {"$regex": about.word}}, f"position(output_content_text, {text(about.word)}) > 0"),
    ]


def aggregation(name: str, pipeline: list[dict[str, Any]], sql: str, key: Callable[[dict[str, Any]], tuple[Any, ...]]) -> Case:
    return Case(
        name,
        ask=lambda db: db.aggregate(pipeline).to_list(),
        look=lambda engine: engine.rows(sql),
        compile=lambda: compile_aggregate(pipeline, Source()),
        same=lambda rows: sorted(key(row) for row in rows),
    )


def sums() -> list[Case]:
    by_model = [
        {"$group": {"_id": "$model.id", "tokens": {"$sum": "$usage.totalTokens"}, "cost": {"$sum": "$usage.cost"}, "count": {"$sum": 1}}},
        {"$sort": {"tokens": -1}},
    ]
    by_user = [{"$group": {"_id": "$metadata.userId", "cost": {"$sum": "$usage.cost"}}}, {"$sort": {"cost": -1}}, {"$limit": 10}]
    latency = [
        {
            "$group": {
                "_id": {"model": "$model.id", "day": {"$dateTrunc": {"date": "$timestamp", "unit": "day"}}},
                "p": {"$percentile": {"input": "$performance.latency", "p": [0.5, 0.95, 0.99], "method": "approximate"}},
            }
        },
        {"$sort": {"_id.model": 1, "_id.day": 1}},
    ]
    return [
        aggregation(
            "tokens and cost by model",
            by_model,
            "SELECT model_id AS _id, ifNull(sum(usage_total_tokens), 0) AS tokens, ifNull(sum(usage_cost), 0) AS cost, count() AS count "
            f"FROM generations WHERE {CURRENT} GROUP BY model_id ORDER BY tokens DESC",
            lambda row: (row["_id"], int(row["tokens"]), float(row["cost"]), int(row["count"])),
        ),
        aggregation(
            "p50, p95, p99 of latency by model and day",
            latency,
            "SELECT model, day, arrayMap(level -> if(empty(s), NULL, s[toUInt64(ceil(length(s) * level))]), [0.5, 0.95, 0.99]) AS p FROM ("
            "SELECT model_id AS model, toStartOfDay(timestamp) AS day, arraySort(groupArray(performance_latency)) AS s "
            f"FROM generations WHERE {CURRENT} GROUP BY model, day) ORDER BY model, day",
            lambda row: (*model_and_day(row), *(row["p"])),
        ),
        aggregation(
            "top users by cost",
            by_user,
            "SELECT metadata_user_id AS _id, ifNull(sum(usage_cost), 0) AS cost "
            f"FROM generations WHERE {CURRENT} GROUP BY _id ORDER BY cost DESC LIMIT 10",
            lambda row: (row["_id"] or "", float(row["cost"])),
        ),
        Case(
            "distinct models",
            ask=lambda db: db.distinct("model.id"),
            look=lambda engine: [row["m"] for row in engine.rows(f"SELECT DISTINCT model_id AS m FROM generations WHERE {CURRENT}")],
            compile=lambda: compile_distinct("model.id", {}, Source()),
            same=sorted,
        ),
        aggregation(
            "count by type",
            [{"$group": {"_id": "$output.type", "count": {"$sum": 1}}}],
            f"SELECT output_type AS _id, count() AS count FROM generations WHERE {CURRENT} GROUP BY _id",
            lambda row: (row["_id"] or "", int(row["count"])),
        ),
    ]


def model_and_day(row: dict[str, Any]) -> tuple[str, str]:
    """The key of a group, from a document or from a row."""
    return (row["_id"]["model"], f"{row['_id']['day']:%Y-%m-%d}") if "_id" in row else (row["model"], row["day"][:10])


def equal(one: Any, other: Any) -> bool:
    """Equality up to the order in which doubles were added."""
    match one, other:
        case float(), float() | int():
            return math.isclose(one, other, rel_tol=1e-9)
        case list() | tuple(), list() | tuple():
            return len(one) == len(other) and all(map(equal, one, other))
        case _:
            return one == other


@part
def twelve_queries(folder: str) -> list[dict[str, Any]]:
    """Measure every case over the store of a folder; a different answer ends the benchmark."""
    with Generations(folder) as db:
        db.count_documents({})
        engine = Engine(folder)
        engine.settle()
        measured: list[dict[str, Any]] = []
        for case in cases(facts(engine)):
            ours, theirs = case.same(case.ask(db)), case.same(case.look(engine))
            if not equal(ours, theirs):
                sys.stderr.write(f"{case.name}: {str(ours)[:1000]}\nis not\n{str(theirs)[:1000]}\n")
                raise SystemExit(1)
            pair = interleaved(lambda case=case: case.ask(db), lambda case=case: case.look(engine))
            measured.append({"name": case.name, "rows": len(ours), **asdict(pair), "compile_ms": median_ms(case.compile)})
        engine.close()
    return measured
