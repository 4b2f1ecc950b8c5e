"""What comes from outside, one target for each protocol: how its payloads are made, and what must hold of every one.

Whatever comes, a reader answers with records that our own validation takes, or with an error of ours; it neither takes long nor
much memory, and what is good in the same request is read as if it stood alone.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final
from urllib.parse import quote, urlencode

from hypothesis import strategies as st
from starlette.datastructures import QueryParams

from generations.errors import GenerationsError, InvalidInput, InvalidRecord
from generations.jobs.importing import pieces_among
from generations.joining.pieces import Told, event_piece, score_piece, told_by
from generations.joining.reading import read_trace
from generations.query import Source, compile_aggregate, compile_count, compile_distinct, compile_find, parse_update
from generations.record import content
from generations.record.encode import COLUMNS, Rows, encode_each, encode_lines
from generations.server.paging import Page
from generations.server.parameters import LIST_PARAMETERS, OPERATORS, listing
from generations.store.block import Block
from generations.wire import helicone, litellm
from generations.wire.detect import detect
from generations.wire.json_texts import texts_of, value_of
from generations.wire.langfuse_ingestion import Event, Score, batch_texts, event_of
from generations.wire.otlp.read_json import telemetry_of
from generations.wire.otlp.read_protobuf import logs_of, traces_of
from generations.wire.otlp.telemetry import Telemetry
from generations.wire.otlp.trace import read_traces
from tests.fuzz import seeds
from tests.fuzz.hostile import NAMES, VALUES, byte_changes, changed, changes, damaged, text_of
from tests.fuzz.protobuf import as_protobuf
from tests.query import strategies as queries

NUMBERS: Final = st.integers(0, 999)


@dataclass(frozen=True)
class Target:
    """One protocol.

    Attributes:
        name: for people and options.
        payloads: what is sent.
        check: raises when the property does not hold of a payload.
    """

    name: str
    payloads: st.SearchStrategy[bytes]
    check: Callable[[bytes], None]


# OTLP


def _with_attributes(request: seeds.Object, odd: Iterable[tuple[int, int]]) -> seeds.Object:
    """Attributes that some dialect knows, with values that it does not expect."""
    names = seeds.attribute_names()
    for one in _items(request):
        pairs = one.setdefault("attributes", [])
        for name, value in odd:
            hostile = VALUES[value % len(VALUES)]
            written = seeds.as_pairs({names[name % len(names)]: hostile})[0]
            pairs.insert(0, written) if value % 2 else pairs.append(written)
    return request


def _items(request: seeds.Object) -> list[seeds.Object]:
    """The spans and the log records of a sound request."""
    scopes = [scope for holder in request.values() for one in holder for kind in ("scopeSpans", "scopeLogs") for scope in one.get(kind, ())]
    return [item for scope in scopes for kind in ("spans", "logRecords") for item in scope.get(kind, ())]


def _requests(seed: Callable[[int], seeds.Object]) -> st.SearchStrategy[seeds.Object]:
    odd = st.lists(st.tuples(NUMBERS, NUMBERS), max_size=6)
    sound = st.builds(lambda number, odd: _with_attributes(json.loads(json.dumps(seed(number))), odd), NUMBERS, odd)
    return st.builds(changed, sound, changes())


def _sent(values: st.SearchStrategy[Any], write: Callable[[Any], bytes] = text_of) -> st.SearchStrategy[bytes]:
    return st.builds(lambda value, done: damaged(write(value), done), values, byte_changes())


def _one_a_line(values: Any) -> bytes:
    return b"\n".join(map(text_of, values if isinstance(values, list) else [values]))


def read_otlp(telemetry: Telemetry) -> None:
    """The records of telemetry are taken, the same ones each time, and each once."""
    for is_complete in (False, True):
        reading = read_traces(telemetry.spans, telemetry.logs, is_complete=is_complete)
        ids = [record["id"] for record in reading.records]
        assert len(set(ids)) == len(ids), "two records of one id"
        assert not set(ids) & set(reading.superseded_ids), "a record that is given and superseded"
        assert_taken(reading.records)
    kept_and_read(told_by(telemetry))
    if len({span.key for span in telemetry.spans}) < len(telemetry.spans):
        return  # of a span that comes twice the later one counts
    again = read_traces(telemetry.spans[::-1], telemetry.logs, is_complete=True)
    assert sorted(record["id"] for record in again.records) == sorted(ids), "the order of the spans decides which records there are"


def kept_and_read(told: Iterable[Told]) -> None:
    """Pieces of traces say the same after they were kept as before, and the records of each trace are taken."""
    traces: dict[str, list[Told]] = {}
    for one in told:
        again = Told.of(one.piece)
        assert again.value == one.value or one.value != one.value, "a piece that was kept says something else"
        one.piece.trace_id.encode(), one.piece.key.encode(), one.piece.about.encode()
        traces.setdefault(one.piece.trace_id, []).append(again)
    for pieces in traces.values():
        assert_taken(read_trace(pieces).records.values())


def otlp_json(text: bytes) -> None:
    """Bytes as the body of a request in OTLP/JSON."""
    request = _parsed(text)
    if request is None:
        return
    read_otlp(telemetry_of(request))
    read_otlp(telemetry_of(_beside(request)))


def beside_good(request: Any) -> Any:
    """The request with a good span in a place of its own."""
    good = seeds.a_request(seeds.good_span())
    return {**request, "resourceSpans": [*good["resourceSpans"], *_listed(request, "resourceSpans")]} if isinstance(request, dict) else good


def _beside(request: Any) -> Any:
    """The request with a good span, whose record must be as if it had come alone."""
    [alone] = read_traces(telemetry_of(seeds.a_request(seeds.good_span())).spans, ()).records
    both = beside_good(request)
    telemetry = telemetry_of(both)
    found = [record for record in read_traces(telemetry.spans, telemetry.logs).records if record["id"] == alone["id"]]
    assert found == [alone], "what came beside it changed a good span's record"
    return both


def _listed(request: Any, name: str) -> list[Any]:
    found = request.get(name)
    return found if isinstance(found, list) else []


def otlp_protobuf(read: Callable[[bytes], Telemetry]) -> Callable[[bytes], None]:
    """Bytes as the body of a request in OTLP/protobuf."""

    def check(body: bytes) -> None:
        with suppress(InvalidInput):
            read_otlp(read(body))

    return check


# Records


def records(text: bytes) -> None:
    """Bytes as JSON lines of records, between two good ones that must be taken."""
    before, after = ({**seeds.own(number), "id": f"good {number}"} for number in (0, 1))
    lines = [text_of(before), *(line for line in text.split(b"\n") if line.strip()), text_of(after)]
    for encode in (encode_each, encode_lines):
        rows, refused = encode(lines)
        assert {"good 0", "good 1"} <= set(rows.ids), "a bad line took a good one with it"
        assert len(rows) + len(refused) == len(lines)
        assert_writable(rows)
    with suppress(GenerationsError):
        rows, _ = encode_each([content.loads(text)])
        assert_writable(rows)


def assert_taken(found: Iterable[Any]) -> None:
    """Records that a dialect made are records, and can be written."""
    rows, refused = encode_each(list(found))
    assert not refused, f"a record that our own validation refuses: {refused[0].error}"
    assert_writable(rows)


def assert_writable(rows: Rows) -> None:
    """Encoded rows fit the columns of the store."""
    assert set(rows.columns) == set(COLUMNS)
    if len(rows):
        Block.of(rows)


# Documents


def document(text: bytes) -> None:
    """Bytes as one document to import."""
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError):
        return
    with suppress(InvalidInput):
        dialect = detect(parsed)
        for one in parsed if isinstance(parsed, list) else [parsed]:
            if dialect.recognises(one):
                assert_writable(encode_lines(map(text_of, dialect.records(one)))[0])  # an import keeps what is refused aside


def files(text: bytes) -> None:
    """Bytes as the files of one command, a line each, beside one that holds a good span."""
    ids: set[str] = set()
    with TemporaryDirectory() as folder:
        paths: list[str] = []
        for number, line in enumerate([text_of(seeds.a_request(seeds.good_span())), *text.split(b"\n")]):
            paths.append(f"{folder}/{number}.json")
            Path(paths[-1]).write_bytes(line)
        with pieces_among(paths) as pieces:
            for batch in (batch for path in pieces.formats for batch in pieces.batches(path)):
                rows, _ = encode_lines([found for index, found in enumerate(batch.texts) if index not in batch.faults])
                assert_writable(rows)
                ids.update(rows.ids)
    assert f"{seeds.GOOD_TRACE}-2222222222222222" in ids, "what stands in another file took a good span with it"


def litellm_payloads(text: bytes) -> None:
    """Bytes as what LiteLLM's callback posts: one payload, a list of them, or lines."""
    with suppress(GenerationsError):
        for one in texts_of(text):
            with suppress(InvalidRecord):
                assert_taken([record for record in [litellm.record_of(value_of(one))] if record is not None])
    good = text_of(seeds.litellm(0))
    with suppress(GenerationsError):
        found = texts_of(b"[" + good + b"," + text + b"]")
        assert found[0] == good, "what came behind it changed a good payload"


def langfuse_batch(text: bytes) -> None:
    """Bytes as a batch of Langfuse's older ingestion, and with good events before them."""
    good = [text_of(event) for event in seeds.langfuse(0)["batch"]]
    for body in (text, b'{"batch":[' + b",".join([*good, text]) + b"]}"):
        with suppress(InvalidInput):
            texts = batch_texts(body)
            found = [event_of(one) for one in texts]
            kept_and_read([event_piece(one) for one in found if isinstance(one, Event)])
            kept_and_read([score_piece(one.evaluation, one.score_id) for one in found if isinstance(one, Score)])
            assert body is text or texts[: len(good)] == good, "what came behind them changed good events"


def helicone_log(text: bytes) -> None:
    """Bytes as what Helicone's loggers post."""
    parsed = _parsed(text)
    for headers in ({}, {"helicone-user-id": "u", "helicone-omit-request": "true", "helicone-property-__proto__": "x"}):
        with suppress(InvalidRecord):
            assert_taken([record for record in [helicone.record_of(parsed, headers, "openai")] if record is not None])


# Questions


def question(text: bytes) -> None:
    """Bytes as a question in MongoDB's language."""
    asked = _parsed(text)
    if not isinstance(asked, dict):
        return
    filter, source = asked.get("filter", {}), Source()
    for compile in (
        lambda: compile_find(filter, source, projection=asked.get("projection"), sort=asked.get("sort"), limit=10),
        lambda: compile_find(filter, source, shape="json"),
        lambda: compile_count(filter, source),
        lambda: compile_distinct(asked.get("key"), filter, source),
        lambda: compile_aggregate(asked.get("pipeline"), source),
        lambda: parse_update(asked.get("update")),
    ):
        with suppress(GenerationsError):
            compile()


def _questions() -> st.SearchStrategy[Any]:
    stages = st.one_of(
        queries.filters().map(lambda found: {"$match": found}),
        st.sampled_from(
            [
                {"$group": {"_id": "$model.id", "n": {"$sum": 1}, "all": {"$push": "$metadata.a"}}},
                {"$sort": {"metadata.n": -1}},
                {"$project": {"model.id": 1, "x": {"$add": ["$usage.cost", 1]}}},
                {"$unwind": {"path": "$metadata.tags", "preserveNullAndEmptyArrays": True}},
                {"$bucket": {"groupBy": "$usage.cost", "boundaries": [0, 1, 2], "default": "more"}},
                {"$facet": {"a": [{"$count": "n"}], "b": [{"$limit": 2}]}},
                {
                    "$setWindowFields": {
                        "sortBy": {"timestamp": 1},
                        "output": {"s": {"$sum": "$usage.cost", "window": {"documents": [-1, 0]}}},
                    }
                },
                {"$densify": {"field": "timestamp", "range": {"step": 1, "unit": "hour", "bounds": "full"}}},
                {"$fill": {"output": {"usage.cost": {"method": "locf"}}, "sortBy": {"timestamp": 1}}},
                {"$replaceRoot": {"newRoot": "$metadata"}},
                {"$lookup": {"from": "x"}},
            ]
        ),
        st.one_of(queries.numbers(), queries.texts(), queries.dates(), queries.truths()).map(lambda found: {"$set": {"x": found}}),
    )
    updates = st.sampled_from(
        [{"$set": {"metadata.a": 1}}, {"$inc": {"metadata.n": 1}, "$unset": {"status": ""}}, {"$push": {"metadata.tags": "x"}}]
    )
    asked = st.fixed_dictionaries(
        {
            "filter": queries.filters().map(_below_metadata),
            "pipeline": st.lists(stages, max_size=3).map(lambda found: [{"$replaceRoot": {"newRoot": "$metadata"}}, *found]),
            "projection": st.sampled_from([None, {"id": 1}, ["model.id"], {"metadata.a": 0}, {"x": {"$size": "$metadata.tags"}}]),
            "sort": st.sampled_from([None, {"timestamp": -1}, [["metadata.a", 1]]]),
            "key": st.sampled_from(seeds.paths()),
            "update": updates,
        }
    )
    return st.builds(changed, asked.map(lambda one: json.loads(json.dumps(one, default=str))), changes(3))


def _below_metadata(filter: seeds.Object) -> seeds.Object:
    """A filter over free-form documents as one over records whose metadata they are."""
    return {
        name if name.startswith("$") else f"metadata.{name}": list(map(_below_metadata, found)) if name.startswith("$") else found
        for name, found in filter.items()
    }


def list_parameters(text: bytes) -> None:
    """Bytes as the query of a list's address."""
    with suppress(InvalidInput):
        asked = listing(QueryParams(text.decode("latin-1")))
        page = Page(asked)
        compile_find(page.filter, Source(), projection=page.fields, sort=asked.order, skip=page.skip, limit=asked.limit)


def _parameters() -> st.SearchStrategy[str]:
    texts = st.sampled_from([value if isinstance(value, str) else json.dumps(value) for value in VALUES if not isinstance(value, dict)])
    names = st.sampled_from([*seeds.paths(), *LIST_PARAMETERS, *NAMES])
    bracketed = st.builds("{}[{}]".format, names, st.sampled_from([*OPERATORS, *(f"${name}" for name in OPERATORS), "", "x", "$$gt"]))
    platform = st.builds("where[{}][{}]".format, names, st.sampled_from([*OPERATORS]))
    plausible = st.sampled_from(
        ["1", "-timestamp", "id,model.id", "2026-11-23T10:00:00Z", "2026-11", "true", "gpt-4*", "(", "a|b", "0.5", '{"a":1}', "e30"]
    )
    pairs = st.tuples(names | bracketed | platform, plausible | texts)
    return st.lists(pairs, max_size=4).map(lambda found: urlencode([(name, _characters(value)) for name, value in found], quote_via=quote))


def _characters(text: str) -> bytes:
    return text.encode(errors="surrogatepass")


def _parsed(text: bytes) -> Any:
    """What a server would make of a body of JSON; None for what it refuses."""
    try:
        return content.loads(text)
    except GenerationsError:
        return None


OTLP_TRACES, OTLP_LOGS = _requests(seeds.traces), _requests(seeds.logs)
RECORDS = st.lists(st.builds(changed, NUMBERS.map(seeds.own), changes()), min_size=1, max_size=3)

TARGETS: Final[tuple[Target, ...]] = (
    Target("otlp-json-traces", _sent(OTLP_TRACES), otlp_json),
    Target("otlp-json-logs", _sent(OTLP_LOGS), otlp_json),
    Target("otlp-protobuf-traces", _sent(OTLP_TRACES, as_protobuf), otlp_protobuf(traces_of)),
    Target("otlp-protobuf-logs", _sent(OTLP_LOGS, as_protobuf), otlp_protobuf(logs_of)),
    Target("records", _sent(RECORDS, lambda found: b"\n".join(map(text_of, found))), records),
    Target("documents", _sent(st.builds(changed, NUMBERS.map(seeds.documents), changes())), document),
    Target("files", _sent(st.builds(changed, NUMBERS.map(seeds.files), changes()), _one_a_line), files),
    Target("litellm", _sent(st.builds(changed, NUMBERS.map(seeds.litellm), changes())), litellm_payloads),
    Target("helicone", _sent(st.builds(changed, NUMBERS.map(seeds.helicone), changes())), helicone_log),
    Target("langfuse-ingestion", _sent(st.builds(changed, NUMBERS.map(seeds.langfuse), changes())), langfuse_batch),
    Target("questions", _sent(_questions()), question),
    Target("list-parameters", _sent(_parameters(), str.encode), list_parameters),
)
