"""Requests and answers of providers as instrumentations pass them on: raw, in one attribute.

Understood are OpenAI's chat completions, responses and embeddings, Anthropic's messages, Google's `generateContent`, and what
LangChain makes of all of them.
"""

from __future__ import annotations

from typing import Any

import msgspec

from generations.wire.call import NO_TOKENS, Choice, Tokens
from generations.wire.payload import Object, as_count, as_list, as_object, as_text, first_text, without_absent
from generations.wire.provider_cost import beside_the_cost, provider_cost


class Request(msgspec.Struct, frozen=True):
    """What was asked.

    Attributes:
        input: messages or text; None when none is found.
        parameters: everything else but the model, as sent.
    """

    model: str | None
    input: Any
    parameters: Object


def request_of(body: Object, *, is_request: bool = False) -> Request:
    """The request that a body describes; instructions that stand beside the messages become the first of them.

    Args:
        body: the arguments of a call.
        is_request: the body is known to be one. Otherwise `input` and `prompt`, which are words for anything, count only
            beside a model.
    """
    parameters = without_absent({key: value for key, value in body.items() if key not in _NOT_PARAMETERS})
    found: Any = next((body[key] for key in _MESSAGES + (_WORDS if is_request or "model" in body else ()) if body.get(key)), None)
    system = next((body[key] for key in ("instructions", "system", "system_instruction") if body.get(key)), None)
    if system is not None and found is not None:
        messages: list[Any] = as_list(found) if isinstance(found, list) else [{"role": "user", "content": found}]
        found = [{"role": "system", "content": system}, *messages]
    return Request(as_text(body.get("model")), found, parameters)


_MESSAGES = ("messages", "contents", "prompts")
_WORDS = ("input", "prompt")
_NOT_PARAMETERS = frozenset(["model", "messages", "input", "contents", "prompt", "prompts", "instructions", "system", "system_instruction"])


class Answer(msgspec.Struct, frozen=True):
    """What was answered.

    Attributes:
        rest: what has no place above, without nulls.
        is_one_output: an API that never gives several outputs to choose from.
    """

    model: str | None = None
    response_id: str | None = None
    choices: tuple[Choice, ...] = ()
    tokens: Tokens = NO_TOKENS
    rest: Object = msgspec.field(default_factory=dict[str, Any])
    is_one_output: bool = False

    @property
    def service_tier(self) -> str | None:
        """The tier that the provider has used, which prices depend on; Anthropic tells it beside the tokens."""
        return first_text(self.rest.get("service_tier"), as_object(self.rest.get("usage")).get("service_tier"))


def answer_of(body: Object) -> Answer | None:
    """The answer that a body describes; None when it is of no known shape."""
    if isinstance(body.get("choices"), list):
        return _chat_completion(body)
    if body.get("object") == "response" or isinstance(body.get("output"), list):
        return _response(body)
    if body.get("type") == "message" and isinstance(body.get("content"), list):
        return _anthropic_message(body)
    if isinstance(body.get("candidates"), list):
        return _gemini(body)
    if isinstance(body.get("generations"), list):
        return _langchain(body)
    if body.get("object") == "list" and isinstance(body.get("data"), list) and "usage" in body:
        return _embeddings(body)
    return None


def _chat_completion(body: Object) -> Answer:
    choices: list[Choice] = []
    beside: list[Object] = []
    for choice in map(as_object, as_list(body.get("choices"))):
        message = choice.get("message") if "message" in choice else choice.get("text")
        choices.append(Choice(spoken(message), as_text(choice.get("finish_reason"))))
        beside.append(without_absent({key: value for key, value in choice.items() if key not in _OF_A_CHOICE}))
    rest = _rest(body, "choices")
    return Answer(
        as_text(body.get("model")),
        as_text(body.get("id")),
        tuple(choices),
        openai_tokens(as_object(body.get("usage")), body.get("model")),
        rest | ({"choices": beside} if any(beside) else {}),
    )


_OF_A_CHOICE = frozenset(["message", "text", "finish_reason", "index"])


def _response(body: Object) -> Answer:
    items = [tidy(item) for item in as_list(body.get("output"))]
    reason = first_text(as_object(body.get("incomplete_details")).get("reason"), body.get("status"))
    choices = (Choice(_spoken_in_items(items), reason),) if items else ()
    return Answer(
        as_text(body.get("model")),
        as_text(body.get("id")),
        choices,
        openai_tokens(as_object(body.get("usage")), body.get("model")),
        _rest(body, "output", "instructions", "input", "tools", "incomplete_details"),
        is_one_output=True,
    )


def _spoken_in_items(items: list[Any]) -> Any:
    """The text of an answer that is one message of one text; else the items."""
    messages = [as_object(item) for item in items]
    if len(messages) == 1 and messages[0].get("type") == "message":
        parts = [as_object(part) for part in as_list(messages[0].get("content"))]
        if len(parts) == 1 and parts[0].get("type") == "output_text" and isinstance(parts[0].get("text"), str):
            return parts[0]["text"]
    return items


def _anthropic_message(body: Object) -> Answer:
    tokens = anthropic_tokens(as_object(body.get("usage")), body.get("model"))
    message = {"role": body.get("role") or "assistant", "content": body["content"]}
    choice = Choice(spoken(message), as_text(body.get("stop_reason")))
    return Answer(
        as_text(body.get("model")), as_text(body.get("id")), (choice,), tokens, _rest(body, "content", "stop_reason", "role", "type")
    )


def _embeddings(body: Object) -> Answer:
    """The vectors are the output: one list for each text of the input."""
    vectors = [as_object(item).get("embedding") for item in as_list(body["data"])]
    choices = (Choice(vectors),) if vectors and None not in vectors else ()
    tokens = openai_tokens(as_object(body.get("usage")), body.get("model"))
    return Answer(as_text(body.get("model")), None, choices, tokens, _rest(body, *(["data"] if choices else [])))


def _gemini(body: Object) -> Answer:
    choices = tuple(
        Choice(spoken(candidate.get("content")), first_text(candidate.get("finish_reason"), candidate.get("finishReason")))
        for candidate in map(as_object, as_list(body.get("candidates")))
    )
    return Answer(
        first_text(body.get("model_version"), body.get("modelVersion")),
        first_text(body.get("response_id"), body.get("responseId")),
        choices,
        _gemini_tokens(as_object(body.get("usage_metadata") or body.get("usageMetadata"))),
        _rest(body, "candidates", "usage_metadata", "usageMetadata", "model_version", "modelVersion", "response_id", "responseId"),
    )


def _gemini_tokens(usage: Object) -> Tokens:
    """Google's counts: thoughts stand beside the candidates, and what tools brought into the prompt beside the prompt."""

    def told(name: str) -> Any:
        first, *others = name.split("_")
        return usage.get(name, usage.get(first + "".join(map(str.capitalize, others))))

    def of_modality(name: str, modality: str) -> int | None:
        details = map(as_object, as_list(told(name)))
        counts = [one.get("token_count", one.get("tokenCount")) for one in details if str(one.get("modality")).endswith(modality)]
        return sum(as_count(count) or 0 for count in counts) if counts else None

    prompt, said, thoughts = (as_count(told(f"{name}_token_count")) for name in ("prompt", "candidates", "thoughts"))
    return Tokens(
        prompt=None if prompt is None else prompt + (as_count(told("tool_use_prompt_token_count")) or 0),
        completion=None if said is None else said + (thoughts or 0),
        cached=as_count(told("cached_content_token_count")),
        reasoning=thoughts,
        input_audio=of_modality("prompt_tokens_details", "AUDIO"),
        output_audio=of_modality("candidates_tokens_details", "AUDIO"),
        cached_audio=of_modality("cache_tokens_details", "AUDIO"),
        input_image=of_modality("prompt_tokens_details", "IMAGE"),
        output_image=of_modality("candidates_tokens_details", "IMAGE"),
        cached_image=of_modality("cache_tokens_details", "IMAGE"),
    )


def _langchain(body: Object) -> Answer:
    """An `LLMResult`: `generations` is a list for each prompt of a list of outputs; the first prompt's count."""
    outer = as_list(body["generations"])
    outputs = [as_object(item) for item in (as_list(outer[0]) if outer and isinstance(outer[0], list) else outer)]
    choices: list[Choice] = []
    answer = Answer()
    for output in outputs:
        sent = as_object(output.get("message"))
        message = as_object(sent.get("kwargs")) or sent
        said = langchain_message(sent)
        about = as_object(message.get("response_metadata"))
        reason = first_text(*(as_object(holder).get("finish_reason") for holder in (about, output.get("generation_info"))))
        reason = first_text(reason, about.get("stop_reason"))
        if reason is not None or said.keys() != {"role"}:  # of a call that failed there is an empty message
            choices.append(Choice(spoken(said) if said else output.get("text"), reason))
        if answer.response_id is None:
            model = first_text(about.get("model_name"), about.get("model"))
            tokens = langchain_tokens(as_object(message.get("usage_metadata")))
            answer = Answer(
                model,
                _id_of_answer(first_text(about.get("id"), message.get("id"))),
                tokens=tokens.with_cost_of(openai_tokens(as_object(about.get("token_usage")), model)),
            )
    return Answer(answer.model, answer.response_id, tuple(choices), answer.tokens, _rest(body, "generations", "type"))


def langchain_message(sent: Object) -> Object:
    """A message that LangChain wrote down, under the names of everybody else's, without its notes on the answer."""
    message = as_object(sent.get("kwargs")) or sent
    role = _LANGCHAIN_ROLES.get(as_text(message.get("type")) or "", as_text(message.get("role")))
    if not message or role is None:
        return message
    kept = {name: value for name in ("content", "name", "tool_calls", "tool_call_id") if (value := message.get(name)) not in (None, "", [])}
    return {"role": role} | kept


_LANGCHAIN_ROLES = {
    "human": "user",
    "HumanMessageChunk": "user",
    "ai": "assistant",
    "AIMessageChunk": "assistant",
    "system": "system",
    "tool": "tool",
}


def _id_of_answer(message_id: str | None) -> str | None:
    """LangChain gives a message an id of its own run where the provider's is not known."""
    return None if message_id is None or message_id.startswith(("run-", "lc_run-")) else message_id


def openai_tokens(usage: Object, model: Any = None) -> Tokens:
    """The `usage` of OpenAI's chat completions and responses: parts are inside. What it cost may depend on the model that answered."""
    of_prompt = as_object(usage.get("prompt_tokens_details") or usage.get("input_tokens_details"))
    of_completion = as_object(usage.get("completion_tokens_details") or usage.get("output_tokens_details"))
    of_cached = as_object(of_prompt.get("cached_tokens_details"))
    return Tokens(
        prompt=as_count(usage.get("prompt_tokens", usage.get("input_tokens"))),
        completion=as_count(usage.get("completion_tokens", usage.get("output_tokens"))),
        total=as_count(usage.get("total_tokens")),
        cached=as_count(of_prompt.get("cached_tokens")),
        cache_write=as_count(of_prompt.get("cache_write_tokens")),
        reasoning=as_count(of_completion.get("reasoning_tokens")),
        input_audio=as_count(of_prompt.get("audio_tokens")),
        output_audio=as_count(of_completion.get("audio_tokens")),
        cached_audio=as_count(of_cached.get("audio_tokens")),
        input_image=as_count(of_prompt.get("image_tokens")),
        output_image=as_count(of_completion.get("image_tokens")),
        cached_image=as_count(of_cached.get("image_tokens")),
        cost_usd=provider_cost(usage, model),
    )


def anthropic_tokens(usage: Object, model: Any = None) -> Tokens:
    """The `usage` of Anthropic's messages: cached tokens stand beside `input_tokens`, and there is no total."""
    return Tokens(
        prompt=as_count(usage.get("input_tokens")),
        completion=as_count(usage.get("output_tokens")),
        cached=as_count(usage.get("cache_read_input_tokens")),
        cache_write=as_count(usage.get("cache_creation_input_tokens")),
        cache_write_hour=as_count(as_object(usage.get("cache_creation")).get("ephemeral_1h_input_tokens")),
        are_inside=False,
        cost_usd=provider_cost(usage, model),
    )


def langchain_tokens(usage: Object) -> Tokens:
    """LangChain's `usage_metadata`: parts are inside.

    Where Anthropic tells how long the cache keeps, `cache_creation` is 0 and the parts say what was written. Of OpenAI's
    tiers the names of the details begin with the tier.
    """
    of_input, of_output = (
        {name.removeprefix("priority_").removeprefix("flex_"): count for name, count in as_object(usage.get(side)).items()}
        for side in ("input_token_details", "output_token_details")
    )
    hour = as_count(of_input.get("ephemeral_1h_input_tokens"))
    parts = [count for count in (hour, as_count(of_input.get("ephemeral_5m_input_tokens"))) if count is not None]
    written = as_count(of_input.get("cache_creation"))
    return Tokens(
        prompt=as_count(usage.get("input_tokens")),
        completion=as_count(usage.get("output_tokens")),
        total=as_count(usage.get("total_tokens")),
        cached=as_count(of_input.get("cache_read")),
        cache_write=sum(parts) if parts and not written else written,
        cache_write_hour=hour,
        reasoning=as_count(of_output.get("reasoning")),
        input_audio=as_count(of_input.get("audio")),
        output_audio=as_count(of_output.get("audio")),
    )


def spoken(message: Any) -> Any:
    """The text of a message that is nothing but one text; else the message without its nulls.

    A message has `content` or `parts`: a text, or a list of parts whose text is under `text` or `content`.
    """
    if not isinstance(message, dict):
        return message
    said = as_object(tidy(message))
    if any(said.get(name) for name in _SAYS_MORE):
        return said
    content: Any = said.get("content", said.get("parts"))
    if isinstance(content, str):
        return content or said
    parts = [as_object(part) for part in as_list(content)]
    if len(parts) == 1 and parts[0].get("type") in ("text", None):
        text: Any = parts[0].get("text", parts[0].get("content"))
        return text if isinstance(text, str) else said
    return said


_SAYS_MORE = frozenset(["tool_calls", "refusal", "reasoning_content", "reasoning", "audio", "function_call", "annotations"])


def tidy(message: Any) -> Any:
    """A message, or another item, without the nulls that say nothing: its own, and those of its parts and tool calls.

    A role that is written as Python writes that of an enumeration (smolagents' `MessageRole.USER`) gets its plain name.
    """
    if not isinstance(message, dict):
        return message
    said = without_absent(as_object(message))
    role = said.get("role")
    if isinstance(role, str) and "." in role:
        said["role"] = role.rpartition(".")[2].lower()
    for name in ("content", "parts", "tool_calls"):
        held = said.get(name)
        if isinstance(held, list) and any(isinstance(item, dict) and None in as_object(item).values() for item in as_list(held)):
            said[name] = [without_absent(as_object(item)) if isinstance(item, dict) else item for item in as_list(held)]
    return said


def _rest(body: Object, *read: str) -> Object:
    """What nobody reads of an answer, without nulls; of its usage what is neither a count that the record has nor the cost."""
    rest = without_absent({key: value for key, value in body.items() if key not in read and key not in ("id", "model", "usage", "object")})
    uncounted = _uncounted(beside_the_cost(as_object(body.get("usage")), body.get("model")))
    return rest | {"usage": uncounted} if uncounted else rest


def _uncounted(usage: Object) -> Object:
    """What a `usage` tells beside the counts that are read: parts of a cost, searches, times. Zeros and empty ones say nothing."""
    found = {
        name: _uncounted(as_object(value)) if isinstance(value, dict) else value for name, value in usage.items() if name not in _COUNTED
    }
    return {name: value for name, value in found.items() if value}


_COUNTED = frozenset(
    [
        *("prompt_tokens", "input_tokens", "completion_tokens", "output_tokens", "total_tokens"),
        *("cached_tokens", "cache_write_tokens", "reasoning_tokens", "audio_tokens", "image_tokens", "text_tokens"),
        *("cache_read_input_tokens", "cache_creation_input_tokens", "ephemeral_1h_input_tokens", "ephemeral_5m_input_tokens"),
    ]
)
