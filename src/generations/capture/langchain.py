"""LangChain and LangGraph: each call of a model recorded, by their own callbacks.

    from generations.capture.langchain import GenerationsHandler

    chain.invoke(question, config={"callbacks": [GenerationsHandler()]})

One handler serves any number of runs, synchronous and asynchronous. Chains, graphs, agents and tools give the calls inside
them their names, and are no generations themselves. Needs langchain-core, and is imported by nothing else here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, cast

from generations.capture.langchain_runs import SOURCE
from generations.capture.process import keep
from generations.capture.recording import Recording
from generations.capture.snapshot import Snapshot
from generations.wire.payload import Object, as_list, as_object, as_text, first_text

if TYPE_CHECKING:
    from uuid import UUID

    BaseCallbackHandler = object
else:
    BaseCallbackHandler = import_module("langchain_core.callbacks").BaseCallbackHandler

MOST_RUNS: Final = 10_000
"""Of runs that have begun and not ended: the oldest are given up."""
_MOST_LEVELS: Final = 100
_STEPS: Final = ("seq:step:", "graph:step:", "map:key:", "langsmith:")


class _Around(NamedTuple):
    """A run that calls others: a chain, a graph, one of its nodes, a tool."""

    parent: UUID | None
    name: str | None
    kind: Literal["chain", "tool"]


class GenerationsHandler(BaseCallbackHandler):
    """Records the calls of models of the runs that it is given to; nothing is raised into LangChain."""

    run_inline = True
    """It takes no longer than handing it to another thread."""

    def __init__(self) -> None:
        super().__init__()
        self._calls: dict[UUID, Recording] = {}
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
        recording = self._calls.get(run_id)
        if recording is not None:
            if isinstance(token, str) and token:
                recording.chunk(str.__str__(token))  # LangChain's own class of texts is not plain
            elif getattr(getattr(chunk, "message", None), "tool_call_chunks", None):
                recording.first_token()

    def on_stream_event(self, event: Any, *, run_id: UUID, **kwargs: Any) -> None:
        """A piece of a streamed answer has come, in LangChain's newer form."""
        del kwargs
        recording = self._calls.get(run_id)
        if recording is not None and isinstance(event, Mapping):
            told = cast("Mapping[str, Any]", event)
            if told.get("event") == "content-block-delta":
                text = as_object(told.get("delta")).get("text")
                recording.chunk(text) if isinstance(text, str) and text else recording.first_token()

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

    def on_tool_start(self, serialized: Any, input_str: Any, *, run_id: UUID, parent_run_id: UUID | None = None, **kwargs: Any) -> None:
        """A tool begins, which may call models."""
        del input_str
        self._enter(run_id, _Around(parent_run_id, _name(serialized, kwargs), "tool"))

    def on_chain_end(self, outputs: Any, *, run_id: UUID, **kwargs: Any) -> None:
        """It has ended, with what it made or with an error."""
        del outputs, kwargs
        self._around.pop(run_id, None)

    on_chain_error = on_tool_end = on_tool_error = on_chain_end

    def _enter(self, run_id: UUID, around: _Around) -> None:
        while len(self._around) >= MOST_RUNS:
            with suppress(Exception):  # another thread was faster
                self._around.pop(next(iter(self._around)), None)
        self._around[run_id] = around

    def _begin(self, serialized: Any, sent: Any, run_id: UUID, parent_run_id: UUID | None, told: dict[str, Any]) -> None:
        recording = Recording(keep, id=str(run_id))
        take = recording.snapshot.take
        metadata = as_object(take(told.get("metadata") or {}))
        parameters = as_object(take(told.get("invocation_params") or {}))
        recording.model = first_text(metadata.get("ls_model_name"), *(parameters.get(name) for name in ("model", "model_name", "model_id")))
        recording.model = recording.model or _name(serialized, told)
        recording.provider = as_text(metadata.get("ls_provider"))
        recording.source = SOURCE
        recording.told = {
            "run": run_id.hex,
            "parent": None if parent_run_id is None else parent_run_id.hex,
            "above": self._above(parent_run_id),
            "sent": take(sent) if isinstance(sent, str) else [_taken(message, recording.snapshot) for message in sent],
            "parameters": parameters,
            "metadata": metadata,
            "tags": [tag for tag in told.get("tags") or () if isinstance(tag, str) and not tag.startswith(_STEPS)],
            "choices": [],
            "output": {},
        }
        while len(self._calls) >= MOST_RUNS:
            self._end(next(iter(self._calls)), None, TimeoutError("the run has never ended"))
        self._calls[run_id] = recording
        recording.begin()

    def _above(self, run_id: UUID | None) -> list[list[str | None]]:
        """Id, name and kind of each of the runs around one, from the inside out."""
        found: list[list[str | None]] = []
        while run_id is not None and len(found) < _MOST_LEVELS:
            around = self._around.get(run_id)
            if around is None:
                break
            found.append([run_id.hex, around.name, around.kind])
            run_id = around.parent
        return found

    def _end(self, run_id: UUID, response: Any, error: BaseException | None) -> None:
        with suppress(Exception):  # as above
            recording = self._calls.pop(run_id, None)
            if recording is not None:
                with suppress(Exception):  # an answer of another shape must not cost the record
                    _answered(recording, response)
                recording.end(error)


def _answered(recording: Recording, response: Any) -> None:
    """Add what LangChain tells at the end to what it has told before."""
    if response is None:
        return
    snapshot = recording.snapshot
    for choice in response.generations[0]:
        message: Any = getattr(choice, "message", None)
        said = {"text": snapshot.take(choice.text)} if message is None else {"message": _taken(message, snapshot, _OF_AN_ANSWER)}
        recording.told["choices"].append(said | {"generation_info": snapshot.take(choice.generation_info)})
    recording.told["output"] = as_object(snapshot.take(response.llm_output))


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
