"""The field table: every field of a generation, declared once.

The table feeds the DDL, path resolution, validation, the JSON Schema, the docs and, later, the UI and
anonymization. A new field is one row here and one migration.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Type = Literal[
    "string",  # any unicode
    "integer",  # 64-bit signed
    "number",  # 64-bit float; an integer is accepted
    "instant",  # aware, UTC, to the microsecond
    "strings",  # a list of strings
    "json",  # any JSON value
    "map",  # an open object: any keys, any JSON values; order kept
    "alternatives",  # a list of {content, tokens, score, finishReason, feedback}
]

Privacy = Literal[
    "technical",  # says nothing of a person
    "identifier",  # tells who, or joins to who
    "content",  # what was said
]


@dataclass(frozen=True, slots=True)
class Field:
    """One field of the record.

    Attributes:
        path: where it stands in the record's JSON (`usage.promptTokens`).
        type: what it holds.
        doc: one sentence for the reference.
        column: its column in the table. For `json` fields the column's name is a stem: `<stem>_text` holds
            the content when it is a string and `<stem>_json` its JSON text when it is anything else.
            For `map` fields `<stem>` is the JSON text, `<stem>_paths` the accelerator and `<stem>_odd` says that
            the accelerator is empty for this record.
        unit: unit of a quantity; None for what has none.
        privacy: the class that anonymization reads.
        values: the allowed values of a closed set; empty when open.
        low_cardinality: few distinct values are expected (dictionary-encoded).
        required: a record without it is refused.
        open: lives inside an open map (`parameters`, `metadata`), whose JSON text is the truth; the column is a typed copy.
        kept_by_store: set by the store; refused in what is sent.
    """

    path: str
    type: Type
    doc: str
    unit: str | None = None
    privacy: Privacy = "technical"
    values: tuple[str, ...] = ()
    low_cardinality: bool = False
    required: bool = False
    open: bool = False
    kept_by_store: bool = False

    @property
    def column(self) -> str:
        """The snake_case form of the path: `usage.promptTokens` is `usage_prompt_tokens`."""
        return _snake(self.path)

    @property
    def counts_from_zero(self) -> bool:
        """Whether a negative value is refused: token counts, durations and rates outside the open maps."""
        return not self.open and self.unit in ("tokens", "ms", "tokens/s")


def _snake(path: str) -> str:
    out: list[str] = []
    for ch in path:
        if ch == ".":
            out.append("_")
        elif ch.isupper():
            out.append("_" + ch.lower())
        else:
            out.append(ch)
    return "".join(out)


INPUT_TYPES = ("text", "image", "audio", "multimodal")
OUTPUT_TYPES = ("text", "image", "audio", "code", "json", "other")

FIELDS: tuple[Field, ...] = (
    Field("id", "string", "Identity of the generation; a UUIDv7 when none is given.", privacy="identifier"),
    Field("timestamp", "instant", "When the generation was requested; now when none is given."),
    Field("model.id", "string", "Model as requested, such as `gpt-4`.", low_cardinality=True, required=True),
    Field("model.name", "string", "Name for people.", low_cardinality=True),
    Field("model.version", "string", "Version or snapshot that answered.", low_cardinality=True),
    Field("model.provider", "string", "Who served it, such as `openai`.", low_cardinality=True),
    Field("input.type", "string", "Kind of input; required when `input` is given.", values=INPUT_TYPES, low_cardinality=True),
    Field("input.content", "json", "What the model was given: a string, or messages and parts as JSON.", privacy="content"),
    Field("input.tokens", "integer", "Tokens of the input, as counted by the recorder.", unit="tokens"),
    Field("output.type", "string", "Kind of output; required when `output` is given.", values=OUTPUT_TYPES, low_cardinality=True),
    Field("output.content", "json", "What the model produced.", privacy="content"),
    Field("output.tokens", "integer", "Tokens of the output, as counted by the recorder.", unit="tokens"),
    Field("output.finishReason", "string", "Why the model stopped, in the provider's word.", low_cardinality=True),
    Field(
        "output.alternatives",
        "alternatives",
        "Other outputs for the same input, in order: `content`, `tokens`, `score`, `finishReason`, `feedback`.",
        privacy="content",
    ),
    Field("parameters", "map", "Parameters of the call; keys beyond the known ones are kept."),
    Field("parameters.temperature", "number", "Sampling temperature.", open=True),
    Field("parameters.topP", "number", "Nucleus sampling mass.", open=True),
    Field("parameters.maxTokens", "integer", "Most tokens the model may produce.", unit="tokens", open=True),
    Field("parameters.stopSequences", "strings", "Sequences that end the output.", open=True),
    Field("parameters.presencePenalty", "number", "Penalty on tokens that occurred.", open=True),
    Field("parameters.frequencyPenalty", "number", "Penalty that grows with how often a token occurred.", open=True),
    Field("usage.promptTokens", "integer", "Tokens billed as input, cached ones included.", unit="tokens"),
    Field("usage.completionTokens", "integer", "Tokens billed as output, reasoning included.", unit="tokens"),
    Field("usage.totalTokens", "integer", "Prompt and completion together; derived when both are known.", unit="tokens"),
    Field("usage.cachedTokens", "integer", "Tokens read from a cache; counted inside `promptTokens`.", unit="tokens"),
    Field("usage.cacheWriteTokens", "integer", "Tokens written to a cache; counted inside `promptTokens`.", unit="tokens"),
    Field(
        "usage.cacheWriteHourTokens",
        "integer",
        "Tokens written to a cache that keeps them for an hour; counted inside `cacheWriteTokens`.",
        unit="tokens",
    ),
    Field("usage.reasoningTokens", "integer", "Tokens spent thinking; counted inside `completionTokens`.", unit="tokens"),
    Field("usage.audioTokens", "integer", "Audio tokens, of input and output; counted inside those.", unit="tokens"),
    Field("usage.inputAudioTokens", "integer", "Audio tokens of the input; counted inside `promptTokens`.", unit="tokens"),
    Field("usage.outputAudioTokens", "integer", "Audio tokens of the output; counted inside `completionTokens`.", unit="tokens"),
    Field(
        "usage.cachedAudioTokens",
        "integer",
        "Audio tokens read from a cache; counted inside `cachedTokens` and `inputAudioTokens`.",
        unit="tokens",
    ),
    Field("usage.inputImageTokens", "integer", "Image tokens of the input; counted inside `promptTokens`.", unit="tokens"),
    Field("usage.outputImageTokens", "integer", "Image tokens of the output; counted inside `completionTokens`.", unit="tokens"),
    Field(
        "usage.cachedImageTokens",
        "integer",
        "Image tokens read from a cache; counted inside `cachedTokens` and `inputImageTokens`.",
        unit="tokens",
    ),
    Field(
        "usage.cost",
        "number",
        "What the generation cost: as reported, else `computedCost`; absent when unknown, never 0 for unknown.",
        unit="`usage.currency`",
    ),
    Field("usage.currency", "string", "ISO 4217 code of `usage.cost`.", low_cardinality=True),
    Field(
        "usage.costSource",
        "string",
        "`reported` by the sender or `computed` from prices.",
        values=("reported", "computed"),
        low_cardinality=True,
    ),
    Field(
        "usage.computedCost",
        "number",
        "What it costs by our prices, also beside a reported cost; absent when no price is known.",
        unit="`usage.computedCurrency`",
    ),
    Field("usage.computedCurrency", "string", "ISO 4217 code of `usage.computedCost`.", low_cardinality=True),
    Field("usage.priceSource", "string", "Whose prices `usage.computedCost` was computed from.", low_cardinality=True),
    Field("usage.priceVersion", "string", "Which version of those prices.", low_cardinality=True),
    Field("metadata", "map", "Context of the call; keys beyond the known ones are kept."),
    Field("metadata.requestId", "string", "Identity of the request it belongs to.", privacy="identifier", open=True),
    Field("metadata.userId", "string", "Who asked.", privacy="identifier", open=True),
    Field("metadata.sessionId", "string", "Conversation or session.", privacy="identifier", open=True),
    Field("metadata.functionId", "string", "Function or prompt that made the call.", low_cardinality=True, open=True),
    Field("metadata.workflowId", "string", "Workflow that made the call.", low_cardinality=True, open=True),
    Field("metadata.agentId", "string", "Agent that made the call.", low_cardinality=True, open=True),
    Field("metadata.traceId", "string", "Trace of the request, 32 hexadecimal digits in OpenTelemetry.", open=True),
    Field("metadata.spanId", "string", "Span of the call.", open=True),
    Field("metadata.parentSpanId", "string", "Span that contains the call.", open=True),
    Field("metadata.tags", "strings", "Labels.", open=True),
    Field("performance.latency", "number", "From request to the last byte of the answer.", unit="ms"),
    Field("performance.timeToFirstToken", "number", "From request to the first token.", unit="ms"),
    Field(
        "performance.tokensPerSecond",
        "number",
        "Completion tokens by second of latency; derived when both are known.",
        unit="tokens/s",
    ),
    Field("feedback.rating", "number", "Rating; 1 to 5 by convention."),
    Field("feedback.thumbs", "string", "Thumbs up or down.", values=("up", "down"), low_cardinality=True),
    Field("feedback.comment", "string", "Comment in words.", privacy="content"),
    Field("feedback.categories", "strings", "Categories the rater chose."),
    Field("feedback.timestamp", "instant", "When the feedback was given; now when none is given."),
    Field("feedback.userId", "string", "Who gave it.", privacy="identifier"),
    Field("evals", "map", "What evaluators found, by name; further ones are kept.", privacy="content"),
    Field("status", "string", "Whether the call succeeded.", values=("success", "error"), low_cardinality=True),
    Field("error.type", "string", "Class of the error.", low_cardinality=True),
    Field("error.message", "string", "What the provider said.", privacy="content"),
    Field("error.code", "string", "The provider's code.", low_cardinality=True),
    Field("createdAt", "instant", "When the store first took the record.", kept_by_store=True),
    Field("updatedAt", "instant", "When the store last changed the record.", kept_by_store=True),
)

EVAL: tuple[Field, ...] = (
    Field("evals.<name>.score", "number", "How good it is; 0 to 1 by convention."),
    Field("evals.<name>.label", "string", "The verdict as a word, such as `pass`."),
    Field("evals.<name>.explanation", "string", "Why, in words.", privacy="content"),
    Field("evals.<name>.evaluator", "string", "Who or what evaluated: a program, a model, a person."),
    Field("evals.<name>.duration", "number", "How long the evaluation took.", unit="ms"),
    Field("evals.<name>.testId", "string", "Test or data set entry that it belongs to."),
    Field("evals.<name>.timestamp", "instant", "When it was evaluated."),
)
"""The declared keys of each eval; any other key is kept, with any JSON value."""

BY_PATH: dict[str, Field] = {field.path: field for field in FIELDS}

OBJECTS: tuple[str, ...] = ("model", "input", "output", "usage", "performance", "feedback", "error")
"""The closed objects of the record, in the order in which they are written."""

ROOTS: tuple[str, ...] = tuple(dict.fromkeys(field.path.split(".")[0] for field in FIELDS))
"""The top-level names, in the order in which a record is written."""
