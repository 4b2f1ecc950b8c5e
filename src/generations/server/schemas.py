"""JSON Schemas of the answers, from which the OpenAPI document is put together."""

from __future__ import annotations

from typing import Any, Final

from generations.record.schema import eval_schema

Schema = dict[str, Any]


def component(name: str) -> Schema:
    """A schema that the document has under a name."""
    return {"$ref": f"#/components/schemas/{name}"}


def shape(**members: Schema) -> Schema:
    """An object with exactly these members."""
    return {"type": "object", "properties": members, "required": list(members), "additionalProperties": False}


def listed(item: Schema) -> Schema:
    """A list of these."""
    return {"type": "array", "items": item}


def either(*schemas: Schema) -> Schema:
    """One of these."""
    return {"anyOf": list(schemas)}


def nullable(schema: Schema) -> Schema:
    """This or null."""
    return {**schema, "type": [schema["type"], "null"]}


TEXT: Final[Schema] = {"type": "string"}
FLAG: Final[Schema] = {"type": "boolean"}
COUNT: Final[Schema] = {"type": "integer", "minimum": 0}
INSTANT: Final[Schema] = {"type": "string", "format": "date-time"}
OBJECT: Final[Schema] = {"type": "object"}
ANYTHING: Final[Schema] = {}

GENERATION: Final = component("Generation")
FEEDBACK: Final[Schema] = {"$ref": "#/components/schemas/Generation/properties/feedback"}
LINKS: Final[Schema] = {
    "type": "object",
    "description": "What the record is linked to, by the templates of the server's settings. No part of the record.",
    "additionalProperties": {"type": "string", "format": "uri"},
    "readOnly": True,
}
EVAL: Final[Schema] = {
    "type": "object",
    "properties": {"name": TEXT, **eval_schema()["properties"], "timestamp": INSTANT},
    "required": ["name"],
    "additionalProperties": True,
}
GIVEN_EVAL: Final[Schema] = {
    **EVAL,
    "properties": {**EVAL["properties"], "score": {"type": ["number", "null"], "minimum": 0, "maximum": 1}, "timestamp": ANYTHING},
}
DOCUMENTS: Final = shape(docs=listed(OBJECT))
PAGE: Final = shape(
    docs=listed(component("PartOfGeneration")),
    totalDocs=nullable(COUNT),
    limit=COUNT,
    page=nullable(COUNT),
    totalPages=nullable(COUNT),
    pagingCounter=nullable(COUNT),
    hasNextPage=FLAG,
    hasPrevPage=FLAG,
    nextPage=nullable(COUNT),
    prevPage=nullable(COUNT),
    nextCursor=nullable(TEXT),
)
VERSIONS: Final = shape(docs=listed(shape(change=TEXT, changedAt=INSTANT, record=GENERATION)))
REFUSAL: Final = shape(line=COUNT, code=TEXT, message=TEXT, path=nullable(TEXT), hint=nullable(TEXT))
TAKEN: Final = shape(
    ids=nullable(listed(TEXT)),
    insertedCount=COUNT,
    replacedCount=COUNT,
    unchangedCount=COUNT,
    refusedCount=COUNT,
    refused=listed(REFUSAL),
)
ESTIMATE: Final = shape(rows=COUNT, marks=COUNT, parts=COUNT)
EXPLANATION: Final = shape(sql=TEXT, params=OBJECT, estimate=nullable(ESTIMATE))
STATS: Final = shape(
    records=COUNT,
    versions=COUNT,
    parts=COUNT,
    compressedBytes=COUNT,
    uncompressedBytes=COUNT,
    projects=listed(shape(project=TEXT, records=COUNT, versions=COUNT)),
)
MANIFEST: Final = shape(
    id=TEXT,
    state={"enum": ["running", "complete", "failed"]},
    format=TEXT,
    snapshot=TEXT,
    count=COUNT,
    bytes=COUNT,
    sha256=nullable(TEXT),
    startedAt=INSTANT,
    finishedAt=nullable(INSTANT),
)
KEY: Final = shape(
    id=TEXT,
    project=TEXT,
    scopes=listed(TEXT),
    name=nullable(TEXT),
    ratePerSecond=nullable({"type": "number"}),
    createdAt=INSTANT,
    expiresAt=nullable(INSTANT),
    revokedAt=nullable(INSTANT),
)
NEW_KEY: Final = shape(key=TEXT, **KEY["properties"])
PROBLEM: Final = {
    **shape(
        type=TEXT,
        title=TEXT,
        status=COUNT,
        detail=TEXT,
        code=TEXT,
        hint=nullable(TEXT),
        errors=listed(shape(message=TEXT, path=nullable(TEXT))),
        requestId=TEXT,
    ),
    "title": "Problem",
    "description": "What went wrong, where, and how to mend it (RFC 9457). `code` is the stable name of the kind of error.",
}
