"""LangChain and LangGraph: each call of a model recorded, by their own callbacks.

    from generations.capture.langchain import GenerationsHandler

    chain.invoke(question, config={"callbacks": [GenerationsHandler()]})

One handler serves any number of runs, synchronous and asynchronous. Chains, graphs, agents and tools give the calls inside
them their names, and are no generations themselves. Needs langchain-core, and is imported by nothing else here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, cast

from generations.capture.process import keep
from generations.capture.recorder import Payload
from generations.capture.recording import Recording
from generations.capture.records import record_of
from generations.capture.snapshot import Snapshot
from generations.record.content import to_json
from generations.wire.payload import Object, as_list, as_object, as_text, first_text, without_absent
from generations.wire.provider_bodies import spoken

if TYPE_CHECKING:
    from uuid import UUID

    BaseCallbackHandler = object
else:
    BaseCallbackHandler = import_module("langchain_core.callbacks").BaseCallbackHandler

MOST_RUNS: Final = 10_000
"""Of runs that have begun and not ended: the oldest are given up."""
_MOST_LEVELS: Final = 100
_ROLES: Final = {
    "human": "user",
    "ai": "assistant",
    "AIMessageChunk": "assistant",
    "system": "system",
    "tool": "tool",
    "function": "function",
}
_OF_LANGCHAIN: Final = ("ls_", "lc_", "langgraph_", "checkpoint_", "__")
_SESSIONS: Final = ("session_id", "thread_id", "conversation_id")
_CONTEXT: Final = frozenset(["user_id", *_SESSIONS])
_STEPS: Final = ("seq:step:", "graph:step:", "map:key:", "langsmith:")
_NOT_PARAMETERS: Final = frozenset(
    ["model", "model_name", "model_id", "max_retries", "default_request_timeout", "request_timeout", "streaming"]
)


class _Around(NamedTuple):
    """A run that calls others: a chain, a graph, one of its nodes, a tool."""

    parent: UUID | None
    name: str | None
    kind: Literal["chain", "tool"]


@dataclass(slots=True)
class _Call:
    """One call of a model: what was told at its start and at its end, as it was then."""

    recording: Recording
    sent: Any
    parameters: Object
    metadata: Object
    tags: list[str]
    run_id: UUID
    parent_run_id: UUID | None
    above: list[tuple[UUID, _Around]]
    choices: list[Object]
    output: Object


class GenerationsHandler(BaseCallbackHandler):
    """Records the calls of models of the runs that it is given to; nothing is raised into LangChain."""

    run_inline = True
    """It takes no longer than handing it to another thread."""

    def __init__(self) -> None:
        super().__init__()
        self._calls: dict[UUID, _Call] = {}
        self._around: dict[UUID, _Around] = {}

    def on_chat_model_start(
        self, serialized: Any, messages: Any, *, run_id: UUID, parent_run_id: UUID | None = None, **kwargs: Any
    ) -> None:
        """A chat model is called."""
        with suppress(Exception):  # whatever it is, it is not the host's
            self._begin(serialized, messages[0], run_id, parent_run_id, kwargs)

    def on_llm_start(self, serialized: Any, prompts: Any, *, run_id: UUID, parent_run_id: UUID | None = None, **kwargs: Any) -> None:
        """A model that takes a text is called."""
        with suppress(Exception):  # as above
            self._begin(serialized, prompts[0], run_id, parent_run_id, kwargs)

    def on_llm_new_token(self, token: Any, *, run_id: UUID, chunk: Any = None, **kwargs: Any) -> None:
        """A piece of a streamed answer has come."""
        del kwargs
        call = self._calls.get(run_id)
        if call is not None:
            if isinstance(token, str) and token:
                call.recording.chunk(token)
            elif getattr(getattr(chunk, "message", None), "tool_call_chunks", None):
                call.recording.first_token()

    def on_stream_event(self, event: Any, *, run_id: UUID, **kwargs: Any) -> None:
        """A piece of a streamed answer has come, in LangChain's newer form."""
        del kwargs
        call = self._calls.get(run_id)
        if call is not None and isinstance(event, Mapping):
            told = cast("Mapping[str, Any]", event)
            if told.get("event") == "content-block-delta":
                text = as_object(told.get("delta")).get("text")
                call.recording.chunk(text) if isinstance(text, str) and text else call.recording.first_token()

    def on_llm_end(self, response: Any, *, run_id: UUID, **kwargs: Any) -> None:
        """The model has answered."""
        del kwargs
        self._end(run_id, response, None)

    def on_llm_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        """The call has failed, or was given up; what had come by then may be there."""
        self._end(run_id, kwargs.get("response"), error)

    def on_chain_start(self, serialized: Any, inputs: Any, *, run_id: UUID, parent_run_id: UUID | None = None, **kwargs: Any) -> None:
        """A chain, a graph or one of its nodes begins."""
        del inputs
        self._enter(run_id, _Around(parent_run_id, _name(serialized, kwargs), "chain"))

    def on_chain_end(self, outputs: Any, *, run_id: UUID, **kwargs: Any) -> None:
        """It has ended."""
        del outputs, kwargs
        self._around.pop(run_id, None)

    def on_chain_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        """It has failed."""
        del error, kwargs
        self._around.pop(run_id, None)

    def on_tool_start(self, serialized: Any, input_str: Any, *, run_id: UUID, parent_run_id: UUID | None = None, **kwargs: Any) -> None:
        """A tool begins, which may call models."""
        del input_str
        self._enter(run_id, _Around(parent_run_id, _name(serialized, kwargs), "tool"))

    def on_tool_end(self, output: Any, *, run_id: UUID, **kwargs: Any) -> None:
        """It has ended."""
        del output, kwargs
        self._around.pop(run_id, None)

    def on_tool_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        """It has failed."""
        del error, kwargs
        self._around.pop(run_id, None)

    def _enter(self, run_id: UUID, around: _Around) -> None:
        while len(self._around) >= MOST_RUNS:
            with suppress(Exception):  # another thread was faster
                self._around.pop(next(iter(self._around)), None)
        self._around[run_id] = around

    def _begin(self, serialized: Any, sent: Any, run_id: UUID, parent_run_id: UUID | None, told: dict[str, Any]) -> None:
        recording = Recording(lambda recording: self._keep(run_id, recording), id=str(run_id))
        take = recording.snapshot.take
        metadata = as_object(take(told.get("metadata") or {}))
        parameters = as_object(take(told.get("invocation_params") or {}))
        recording.model = first_text(metadata.get("ls_model_name"), *(parameters.get(name) for name in ("model", "model_name", "model_id")))
        recording.model = recording.model or _name(serialized, told)
        recording.provider = as_text(metadata.get("ls_provider"))
        above = list(self._above(parent_run_id))
        tags = [tag for tag in told.get("tags") or () if isinstance(tag, str) and not tag.startswith(_STEPS)]
        while len(self._calls) >= MOST_RUNS:
            self._end(next(iter(self._calls)), None, TimeoutError("the run has never ended"))
        told_input = sent if isinstance(sent, str) else [_taken(message, recording.snapshot) for message in sent]
        self._calls[run_id] = _Call(recording, told_input, parameters, metadata, tags, run_id, parent_run_id, above, [], {})
        recording.begin()

    def _above(self, run_id: UUID | None) -> Sequence[tuple[UUID, _Around]]:
        """The runs around one, from the inside out."""
        found: list[tuple[UUID, _Around]] = []
        while run_id is not None and len(found) < _MOST_LEVELS:
            around = self._around.get(run_id)
            if around is None:
                break
            found.append((run_id, around))
            run_id = around.parent
        return found

    def _end(self, run_id: UUID, response: Any, error: BaseException | None) -> None:
        with suppress(Exception):  # as above
            call = self._calls.get(run_id)
            if call is not None:
                with suppress(Exception):  # an answer of another shape must not cost the record
                    self._answered(call, response)
                call.recording.end(error)

    def _answered(self, call: _Call, response: Any) -> None:
        snapshot = call.recording.snapshot
        for choice in response.generations[0] if response is not None else ():
            message: Any = getattr(choice, "message", None)
            told = {"text": choice.text, "generation_info": snapshot.take(choice.generation_info)}
            call.choices.append(told if message is None else told | {"message": _taken(message, snapshot, _OF_AN_ANSWER)})
        if response is not None:
            call.output = as_object(snapshot.take(response.llm_output))

    def _keep(self, run_id: UUID, recording: Recording) -> None:
        call = self._calls.pop(run_id, None)
        if call is not None:
            keep(Payload(lambda: _record(call), recording.size_bytes))


_OF_A_MESSAGE: Final = ("tool_calls", "tool_call_id", "name", "role")
_OF_AN_ANSWER: Final = (*_OF_A_MESSAGE, "usage_metadata", "response_metadata")


def _taken(message: Any, snapshot: Snapshot, names: Sequence[str] = _OF_A_MESSAGE) -> Object:
    """A message as it is now, as far as it is recorded: its texts are shared, and what LangChain keeps of it beside is left."""
    members = message.__dict__
    content = members.get("content")
    if type(content) is str:
        snapshot.size_bytes += len(content)
    else:
        content = snapshot.take(content)
    taken: Object = {"type": members.get("type"), "content": content}
    for name in names:
        value = members.get(name)
        if value:
            taken[name] = snapshot.take(value)
    return taken


def _name(serialized: Any, told: Mapping[str, Any]) -> str | None:
    """The name of a run: its own, else that of what runs."""
    known = as_object(serialized)
    return first_text(told.get("name"), known.get("name"), (as_list(known.get("id")) or [None])[-1])


# On the recorder's thread


def _record(call: _Call) -> Object:
    recording = call.recording
    recording.input = call.sent if isinstance(call.sent, str) else [_message(message) for message in map(as_object, as_list(call.sent))]
    recording.parameters = {
        name: value
        for name, value in call.parameters.items()
        if value not in (None, {}, []) and not name.startswith("_") and name not in _NOT_PARAMETERS and (name, value) != ("stream", False)
    }
    choices = call.choices
    told = [as_object(as_object(choice.get("message")).get("response_metadata")) for choice in choices]
    outputs = [_output(choice) for choice in choices]
    recording.output = (outputs[0] or None) if outputs else None
    recording.alternatives = [
        without_absent({"content": output, "finishReason": _reason(choice, about)})
        for choice, about, output in list(zip(choices, told, outputs, strict=True))[1:]
    ] or None
    first = call.output | (told[0] if told else {})
    recording.finish_reason = _reason(choices[0], first) if choices else None
    recording.tokens = _tokens(choices, call.output)
    recording.tags = call.tags
    recording.metadata = _metadata(call, first)
    record = record_of(recording)
    version = first_text(first.get("model_name"), first.get("model"))
    return record | {"model": record["model"] | ({"version": version} if version else {})}


def _message(message: Object) -> Object:
    """A message in the form that most providers have."""
    kind = as_text(message.get("type")) or ""
    calls = [_tool_call(call) for call in map(as_object, as_list(message.get("tool_calls")))]
    return without_absent(
        {
            "role": as_text(message.get("role")) or _ROLES.get(kind, kind),
            "content": message.get("content"),
            "tool_calls": calls or None,
            "tool_call_id": message.get("tool_call_id"),
            "name": message.get("name"),
        }
    )


def _tool_call(call: Object) -> Object:
    arguments = call.get("args")
    text = arguments if isinstance(arguments, str) else to_json(arguments or {}).decode()
    return without_absent({"id": call.get("id"), "type": "function", "function": {"name": call.get("name"), "arguments": text}})


def _output(choice: Object) -> Any:
    """What a choice says: a text alone as one, anything more as a message."""
    message = as_object(choice.get("message"))
    if not message:
        return choice.get("text")
    said = _message(message)
    if said.get("tool_calls"):
        return said if said.get("content") else {name: value for name, value in said.items() if name != "content"}
    return spoken({name: value for name, value in said.items() if name != "name"}) if said.get("content") else None


def _reason(choice: Object, told: Object) -> str | None:
    about = as_object(choice.get("generation_info"))
    return first_text(about.get("finish_reason"), told.get("finish_reason"), told.get("stop_reason"), about.get("stop_reason"))


def _tokens(choices: Sequence[Object], output: Object) -> Object | None:
    """LangChain counts cached tokens inside the prompt's, and reasoning inside the completion's, whoever the provider is."""
    usage = next((used for choice in choices if (used := as_object(as_object(choice.get("message")).get("usage_metadata")))), None)
    if usage is not None:
        sent, came = as_object(usage.get("input_token_details")), as_object(usage.get("output_token_details"))
        return {
            "promptTokens": usage.get("input_tokens"),
            "completionTokens": usage.get("output_tokens"),
            "totalTokens": usage.get("total_tokens"),
            "cachedTokens": sent.get("cache_read"),
            "cacheWriteTokens": sent.get("cache_creation"),
            "reasoningTokens": came.get("reasoning"),
        }
    told = as_object(output.get("token_usage"))
    return {
        "promptTokens": told.get("prompt_tokens"),
        "completionTokens": told.get("completion_tokens"),
        "totalTokens": told.get("total_tokens"),
    }


def _metadata(call: _Call, told: Object) -> Object:
    """Without a span of OpenTelemetry around it, the outermost run is the trace."""
    metadata, above = call.metadata, call.above
    chains = [around.name for _, around in above if around.kind == "chain" and around.name]
    tool = next((around.name for _, around in above if around.kind == "tool"), None)
    node = first_text(metadata.get("langgraph_node"), chains[0] if chains else None)
    root = above[-1][0] if above else call.parent_run_id or call.run_id
    trace: Object = {}
    if not call.recording.surroundings.trace_id:
        parent = call.parent_run_id
        trace = {"traceId": root.hex, "spanId": call.run_id.hex[16:], "parentSpanId": parent.hex[16:] if parent else None}
    named = {
        "requestId": as_text(told.get("id")),
        "userId": as_text(metadata.get("user_id")),
        "sessionId": first_text(*(metadata.get(name) for name in _SESSIONS)),
        "agentId": as_text(metadata.get("lc_agent_name")),
        "workflowId": chains[-1] if chains else None,
        "functionId": tool or node,
        "runId": str(call.run_id),
        **trace,
    }
    own = {name: value for name, value in metadata.items() if not name.startswith(_OF_LANGCHAIN) and name not in _CONTEXT}
    return {**own, **without_absent(named)}
