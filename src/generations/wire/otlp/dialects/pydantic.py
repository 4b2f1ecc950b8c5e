"""Pydantic AI, and Logfire's own wrappers of the OpenAI and Anthropic clients.

Sources: pydantic-ai 2.68 (instrumentation versions 1 to 6) and logfire 5.2. Both use OpenTelemetry's names. The spans of
Pydantic AI's agents sum up usage under `gen_ai.aggregated_usage.*`, in older versions under `gen_ai.usage.*`. Logfire's
first version sends the raw request and answer. For a stream every version sends two spans: the request without an answer,
and, when the stream has ended, one of no length that has both and says in `duration` how long it took, in seconds.
`logfire.json_schema` only tells the types of the other attributes.
"""

from __future__ import annotations

from msgspec.structs import replace

from generations.wire.call import Call, Choice, Tokens
from generations.wire.otlp.attributes import Attributes, parsed_object
from generations.wire.otlp.dialect import Dialect, Place, Signs
from generations.wire.otlp.dialects import genai
from generations.wire.otlp.dialects.genai_messages import said_in_bodies
from generations.wire.otlp.names import Names, facts
from generations.wire.otlp.telemetry import LogRecord, Span
from generations.wire.payload import Object, as_list, as_object, as_text, first_text, without_absent
from generations.wire.provider_bodies import Answer, answer_of, anthropic_tokens, openai_tokens, request_of, spoken

NAMES = Names(
    cached_tokens=("gen_ai.usage.details.cache_read_tokens",),
    cache_write_tokens=("gen_ai.usage.details.cache_write_tokens",),
    reasoning_tokens=("gen_ai.usage.details.reasoning_tokens",),
    agent_id=("agent_name",),
    tags=("logfire.tags",),
)
PYDANTIC_AI_NAMES = NAMES.before(genai.NAMES)
LOGFIRE_NAMES = Names(tags=("logfire.tags",)).before(genai.NAMES)


def _pydantic_ai_place(span: Span) -> Place:
    """By the operation; the agents of older versions have none, but a name."""
    agent = as_text(span.attributes.get("agent_name"))
    if agent is not None and span.attributes.get("gen_ai.operation.name") in (None, "invoke_agent"):
        return Place("agent", agent)
    if span.attributes.get("gen_ai.operation.name") is None and as_text(span.attributes.get("gen_ai.tool.name")):
        return Place("tool", as_text(span.attributes["gen_ai.tool.name"]))
    return genai.place(span)


def _read_pydantic_ai(told: Attributes, span: Span, logs: tuple[LogRecord, ...]) -> Call:
    call = facts(told, PYDANTIC_AI_NAMES)
    settings = parsed_object(told.value("model_request_parameters"))
    told.text("logfire.json_schema")
    events = [as_object(event) for event in as_list(told.value("events"))]
    reasons = told.texts("gen_ai.response.finish_reasons")
    found, choices = said_in_bodies([(str(event.get("event.name", "")), event) for event in events], reasons)
    tools = settings.get("function_tools")
    call = replace(
        call,
        input=found,
        choices=choices,
        parameters=call.parameters | ({"tools": tools} if tools and not told.has("gen_ai.tool.definitions") else {}),
        kept=without_absent({"modelRequestParameters": settings or None}),
    )
    return genai.completed(call, told, span, logs)


def _logfire_place(span: Span) -> Place:
    """The first span of a stream is not yet the generation: it has no answer, though a model that answered, and has not failed."""
    if "request_data" not in span.attributes:
        return genai.place(span)
    has_answer = any(name.startswith(_OF_AN_ANSWER) for name in span.attributes)
    return Place("generation" if has_answer or span.status == "error" else "other")


_OF_AN_ANSWER = ("response_data", "gen_ai.response.id", "gen_ai.response.finish_reasons", "gen_ai.output.", "gen_ai.usage.")


def _read_logfire(told: Attributes, span: Span, logs: tuple[LogRecord, ...]) -> Call:
    call = facts(told, LOGFIRE_NAMES)
    request = request_of(parsed_object(told.value("request_data")))
    made = parsed_object(told.value("response_data"))
    answer = answer_of(made) or Answer()
    message = made.get("message", made.get("text", made.get("combined_chunk_content")))
    # Only the span at the end of a stream has a duration of its own.
    seconds = told.number("duration") if span.start_ns == span.end_ns or "response_data" in span.attributes else None
    told.text("logfire.json_schema")
    call = replace(
        call,
        requested_model=first_text(call.requested_model, request.model),
        answered_model=first_text(call.answered_model, answer.model),
        response_id=first_text(call.response_id, answer.response_id),
        input=request.input,
        choices=answer.choices or (() if message is None else (Choice(spoken(message)),)),
        parameters=request.parameters | call.parameters,
        tokens=_logfire_tokens(call.tokens, parsed_object(told.value("gen_ai.usage.raw")), answer, as_object(made.get("usage"))),
        duration_ms=seconds * 1000 if seconds is not None and 0 <= seconds < _LONGEST_S else None,
        kept=without_absent({"response": answer.rest or _beside_the_message(made) or None}),
    )
    return genai.completed(call, told, span, logs)


def _logfire_tokens(told: Tokens, raw: Object, answer: Answer, made: Object) -> Tokens:
    """The counts of the span with the parts that only the provider's own usage tells; it stands raw beside them."""
    usage = raw or made
    is_anthropic = any(name.startswith("cache_") for name in usage)
    of_provider = anthropic_tokens(usage, answer.model) if is_anthropic else openai_tokens(usage, answer.model)
    if not of_provider.is_told():
        of_provider = answer.tokens
    of_provider = of_provider.with_cost_of(answer.tokens)
    if not told.is_told():
        return of_provider
    return replace(
        of_provider,
        prompt=told.prompt,
        completion=told.completion,
        total=told.total,
        cached=of_provider.cached if told.cached is None else told.cached,
        cache_write=of_provider.cache_write if told.cache_write is None else told.cache_write,
        are_inside=told.prompt != of_provider.prompt or of_provider.are_inside,
    )


def _beside_the_message(made: Object) -> Object:
    return without_absent({key: value for key, value in made.items() if key not in _READ})


_LONGEST_S = 86_400

_READ = frozenset(["message", "text", "combined_chunk_content", "usage"])

PYDANTIC_AI = Dialect(
    "pydantic-ai",
    "it uses OpenTelemetry's names, with parts and agents of its own",
    Signs(scopes=("pydantic-ai",)),
    _pydantic_ai_place,
    PYDANTIC_AI_NAMES,
    _read_pydantic_ai,
)
LOGFIRE = Dialect(
    "logfire",
    "it uses OpenTelemetry's names beside its own",
    Signs(("request_data",), ("logfire.",)),
    _logfire_place,
    LOGFIRE_NAMES,
    _read_logfire,
)
