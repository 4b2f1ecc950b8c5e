"""Agent sessions of the sample: every turn resends the whole conversation before it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from generations.record.sample_calls import Call, Roll
from generations.record.sample_code import TOOLS
from generations.record.sample_models import AGENT, weighted

if TYPE_CHECKING:
    from generations.record.sample_text import Writer

_SYSTEM = (
    "You are an agent that works for the operations team. Work in small steps. Use one tool at a time, read its answer before you go on, "
    "and stop when the task is done or when you need a person. Say in one sentence what you are going to do before each call. "
    "Never change data that you have not read first. Keep what you found in your own words, with the numbers."
)
_MODELS = weighted(AGENT)
_TOOL_LIST = [{"type": "function", "name": name, "strict": True} for name, _, _ in TOOLS]


class Session:
    """One conversation of an agent, turn by turn."""

    def __init__(self, write: Writer, roll: Roll, user: int) -> None:
        self.id = f"session-{write.hexadecimal(12)}"
        self.trace_id = write.hexadecimal(32)
        self.root_span_id = write.hexadecimal(16)
        self.user = user
        self.turn = 0
        self.turns = 3 + int(roll() * roll() * 30)
        self._write = write
        self._roll = roll
        self._model = write.pick(_MODELS)
        task = write.question("software") + " " + write.prose("software", 3)
        self._messages: list[dict[str, Any]] = [{"role": "system", "content": _SYSTEM}, {"role": "user", "content": task}]
        self._length = len(_SYSTEM) + len(task)

    @property
    def is_over(self) -> bool:
        """Whether the last turn was taken."""
        return self.turn >= self.turns

    def next_call(self) -> Call:
        """The next turn: the conversation so far, and a tool call or, at the end, the answer."""
        self.turn += 1
        write, messages = self._write, list(self._messages)
        prompt_length = self._length
        if self.is_over:
            said = write.prose("software", 4)
            output: dict[str, Any] = {"type": "text", "content": said, "finishReason": "stop"}
        else:
            said = write.prose("software", 1)
            name, arguments, result = write.tool_call()
            request = {"id": f"call_{write.hexadecimal(12)}", "type": "function", "function": {"name": name, "arguments": arguments}}
            answer = {"role": "assistant", "content": said, "tool_calls": [request]}
            self._messages.append(answer)
            self._messages.append({"role": "tool", "tool_call_id": request["id"], "content": result})
            self._length += len(said) + len(arguments) + len(result)
            said += arguments
            output = {"type": "json", "content": answer, "finishReason": "tool_calls"}
        return Call(
            "run-agent",
            self._model,
            {"type": "text", "content": {"messages": messages}},
            output,
            {"temperature": 0.2, "maxTokens": 4096, "toolChoice": "auto", "tools": [dict(tool) for tool in _TOOL_LIST]},
            prompt_length,
            len(said),
            cached_share=0.0 if self.turn == 1 else 0.75,
        )
