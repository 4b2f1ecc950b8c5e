"""The calls of the sample: each function of the made-up application builds what one call was and answered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from generations.record.sample_models import CHAT, COMPLETION, IMAGE, MODERATION, REASONING, SPEECH, TRANSCRIPTION, SampleModel, weighted
from generations.record.sample_text import CODE_LANGUAGES, LANGUAGES, TOPIC_NAMES, Writer

Roll = Callable[[], float]


@dataclass(slots=True)
class Call:
    """One call before it has an id, a time, usage and context.

    Attributes:
        prompt_length: characters that the model read, from which tokens are estimated.
        answer_length: characters that it wrote.
        cached_share: share of the prompt that came from a cache; 0 for none.
        extra_tokens: reasoning tokens, billed beyond what can be read.
    """

    function: str
    model: SampleModel
    input: dict[str, Any]
    output: dict[str, Any]
    parameters: dict[str, Any]
    prompt_length: int
    answer_length: int
    cached_share: float = 0.0
    extra_tokens: int = 0
    audio_tokens: int = 0
    context: dict[str, Any] = field(default_factory=dict[str, Any])


_CHAT = weighted(CHAT)
_SEEING = [model for model in _CHAT if model.record["id"] in ("gpt-4o", "gpt-4o-mini", "claude-3-5-sonnet-20241022")]
_CODERS = weighted(CHAT, REASONING, REASONING)
_ANSWER_SYSTEM = (
    "You are the assistant of an internal help desk. Answer in plain English, name what you are unsure of, "
    "and give the next step first. Never invent settings, prices or dates. Use at most three short paragraphs."
)
_SUPPORT_SYSTEM = (
    "You answer customers of a home and garden shop. Be friendly and brief. Offer what the returns policy allows and nothing else: "
    "30 days for undamaged goods, replacement or refund for damaged ones, free return shipping when the fault is ours."
)
_EXTRACT_SYSTEM = (
    "Extract the fields of the invoice as JSON with the keys number, issuedOn, currency, lines and total, null for what is missing."
)
_CODE_SYSTEM = "You write small, tested, readable functions. Answer with code only."


def answer_question(write: Writer, roll: Roll) -> Call:
    """A chat with one to three questions so far."""
    topic = write.pick(TOPIC_NAMES)
    messages: list[dict[str, Any]] = [{"role": "system", "content": _ANSWER_SYSTEM}]
    for _ in range(int(roll() * roll() * 3)):
        messages.append({"role": "user", "content": write.question(topic)})
        messages.append({"role": "assistant", "content": write.prose(topic, 4)})
    messages.append({"role": "user", "content": write.question(topic)})
    answer = write.prose(topic, 4 + int(roll() * 9))
    return _chat("answer-question", write.pick(_CHAT), messages, answer, {"temperature": 0.7, "maxTokens": 1024})


def reply_to_customer(write: Writer, roll: Roll) -> Call:
    """A letter of a customer and the answer to it."""
    letter = write.question("support") + " " + write.prose("support", 2) + "\n\nKind regards"
    messages = [{"role": "system", "content": _SUPPORT_SYSTEM}, {"role": "user", "content": letter}]
    answer = "Hello,\n\n" + write.prose("support", 4 + int(roll() * 4)) + "\n\nYour customer care"
    return _chat("reply-to-customer", write.pick(_CHAT), messages, answer, {"temperature": 0.3, "topP": 1, "maxTokens": 600})


def summarize_document(write: Writer, roll: Roll) -> Call:
    """A long text and a short one."""
    topic = write.pick(TOPIC_NAMES)
    document = write.prose(topic, 24 + int(roll() * 30))
    messages = [{"role": "user", "content": "Summarize the document in four sentences.\n\n<document>\n" + document + "\n</document>"}]
    return _chat("summarize-document", write.pick(_CHAT), messages, write.prose(topic, 4), {"temperature": 0, "maxTokens": 300})


def translate_text(write: Writer, roll: Roll) -> Call:
    """A text in another language."""
    language = write.pick(LANGUAGES)
    messages = [{"role": "user", "content": f"Translate into {language}:\n" + write.prose("support", 5)}]
    call = _chat("translate-text", write.pick(_CHAT), messages, write.translation(language, 4 + int(roll() * 4)), {"temperature": 0})
    call.context["language"] = language
    return call


def classify_message(write: Writer, roll: Roll) -> Call:
    """A message sorted into a category, as JSON."""
    topic = write.pick(TOPIC_NAMES)
    prompt = "Classify the message.\n\n" + write.question(topic)
    certainty = round(0.5 + roll() / 2, 3)
    content = {"category": topic, "certainty": certainty, "needsHuman": certainty < 0.6, "reasons": ["wording", "topic"], "draft": None}
    parameters: dict[str, Any] = {"temperature": 0, "maxTokens": 120, "responseFormat": {"type": "json_object"}}
    return _json_call("classify-message", write.pick(_CHAT), prompt, content, parameters)


def extract_invoice(write: Writer, roll: Roll) -> Call:
    """An invoice's fields, as JSON."""
    prices = [round(1 + roll() * 400, 2) for _ in range(2 + int(roll() * 4))]
    items = [write.pick(("Paper A4", "Toner", "Desk lamp", "Cable 2 m", "Chair mat", "Notebook", "Label roll")) for _ in prices]
    number = f"R-{write.hexadecimal(6).upper()}"
    lines = list(zip(items, prices, strict=True))
    text = f"INVOICE {number}\nDue within 14 days\n" + "\n".join([f"{item:<14}{price:>10.2f}" for item, price in lines])
    content: dict[str, Any] = {
        "number": number,
        "issuedOn": None,
        "currency": "EUR",
        "lines": [{"text": item, "net": price, "quantity": 1} for item, price in lines],
        "total": round(sum(prices), 2),
    }
    prompt = _EXTRACT_SYSTEM + "\n\n" + text + "\n\n" + write.prose("support", 3)
    return _json_call("extract-invoice", write.pick(_CHAT), prompt, content, {"temperature": 0, "maxTokens": 800, "seed": 7})


def write_code(write: Writer, roll: Roll) -> Call:
    """Source code for a task in words."""
    language = write.pick(CODE_LANGUAGES)
    names = write.names()
    task = f"In {language}: {names['verb']} {names['thing']}s, leaving out what is {names['flag']}. " + write.prose("software", 3)
    messages = [{"role": "system", "content": _CODE_SYSTEM}, {"role": "user", "content": task}]
    model = write.pick(_CODERS)
    call = _chat("write-code", model, messages, write.code(language), {"temperature": 0.1, "maxTokens": 2048, "stopSequences": ["```"]})
    call.output["type"] = "code"
    call.context["language"] = language
    if model in REASONING:
        call.extra_tokens = 200 + int(roll() * 3000)
        call.parameters = {"maxTokens": 8192, "reasoning": {"effort": write.pick(("low", "medium", "high"))}}
    return call


def complete_sentence(write: Writer, roll: Roll) -> Call:
    """An old completion: text in, text out."""
    topic = write.pick(TOPIC_NAMES)
    prompt = write.prose(topic, 1)
    answer = write.prose(topic, 1 + int(roll() * 2))
    return Call(
        "complete-sentence",
        COMPLETION[0],
        {"type": "text", "content": prompt},
        {"type": "text", "content": " " + answer, "finishReason": write.pick(("stop", "stop", "length"))},
        {"temperature": 0.9, "maxTokens": 64, "frequencyPenalty": 0.5, "presencePenalty": 0},
        len(prompt),
        len(answer),
    )


def rank_drafts(write: Writer, roll: Roll) -> Call:
    """Several drafts of one answer, each with a score and some with a verdict."""
    question = write.question("support")
    drafts = [write.prose("support", 3) for _ in range(3)]
    call = _chat("rank-drafts", write.pick(_CHAT), [{"role": "user", "content": question}], drafts[0], {"temperature": 1, "n": 3})
    alternatives: list[dict[str, Any]] = [
        {"content": draft, "tokens": len(draft) // 4, "score": round(roll(), 4), "finishReason": "stop"} for draft in drafts[1:]
    ]
    if roll() < 0.3:
        alternatives[0]["feedback"] = {"thumbs": "up", "comment": "This one is friendlier"}
    call.output["alternatives"] = alternatives
    return call


def describe_image(write: Writer, roll: Roll) -> Call:
    """A question about a picture."""
    picture = {"type": "image_url", "image_url": {"url": f"https://media.example.com/{write.hexadecimal(16)}.jpg", "detail": "high"}}
    topic = "kitchen" if roll() < 0.5 else "travel"
    text = {"type": "text", "text": "What is shown here? " + write.question(topic)}
    answer = write.prose(topic, 4)
    call = _chat("describe-image", write.pick(_SEEING), [{"role": "user", "content": [text, picture]}], answer, {"maxTokens": 400})
    call.input["type"] = "multimodal"
    call.prompt_length += 4 * 765
    return call


def make_image(write: Writer, roll: Roll) -> Call:
    """A picture from words."""
    prompt = "A watercolour, no text: " + write.prose("travel" if roll() < 0.6 else "kitchen", 2)
    size = write.pick(("1024x1024", "1792x1024", "1024x1792"))
    content = {
        "url": f"https://media.example.com/{write.hexadecimal(16)}.png",
        "size": size,
        "revisedPrompt": prompt + " Soft light, muted colours, seen from above.",
    }
    return Call(
        "make-image",
        write.pick(IMAGE),
        {"type": "text", "content": prompt},
        {"type": "image", "content": content},
        {"size": size, "quality": "standard", "style": "natural", "n": 1},
        0,
        0,
    )


def transcribe_call(write: Writer, roll: Roll) -> Call:
    """Spoken words as text, with the seconds at which they were said."""
    texts = [write.prose("support", 1) for _ in range(4 + int(roll() * 6))]
    segments = [{"start": round(6.4 * index, 1), "end": round(6.4 * index + 6.1, 1), "text": text} for index, text in enumerate(texts)]
    seconds = round(6.4 * len(texts), 1)
    recording = {"url": f"https://media.example.com/{write.hexadecimal(16)}.mp3", "seconds": seconds, "format": "mp3"}
    return Call(
        "transcribe-call",
        TRANSCRIPTION[0],
        {"type": "audio", "content": recording},
        {"type": "text", "content": {"text": " ".join(texts), "segments": segments, "language": "en"}},
        {"language": "en", "temperature": 0, "timestampGranularities": ["segment"]},
        0,
        0,
        audio_tokens=int(seconds * 10),
    )


def read_aloud(write: Writer, roll: Roll) -> Call:
    """A text as a recording."""
    text = write.prose("travel", 3 + int(roll() * 4))
    seconds = round(len(text) / 15, 1)
    content = {"url": f"https://media.example.com/{write.hexadecimal(16)}.opus", "seconds": seconds, "format": "opus"}
    return Call(
        "read-aloud",
        SPEECH[0],
        {"type": "text", "content": text},
        {"type": "audio", "content": content},
        {"voice": write.pick(("alloy", "coral", "sage")), "speed": 1.0},
        len(text),
        int(seconds * 80),
        audio_tokens=int(seconds * 20),
    )


def moderate_message(write: Writer, roll: Roll) -> Call:
    """Scores of a moderation model."""
    scores = {name: round(roll() ** 6, 6) for name in ("harassment", "hate", "self-harm", "sexual", "violence")}
    content = {"flagged": max(scores.values()) > 0.5, "scores": scores}
    text = write.question(write.pick(TOPIC_NAMES))
    asked, answer = {"type": "text", "content": text}, {"type": "other", "content": content}
    return Call("moderate-message", MODERATION[0], asked, answer, {}, len(text), 0)


def _chat(function: str, model: SampleModel, messages: list[dict[str, Any]], answer: str, parameters: dict[str, Any]) -> Call:
    length = sum([len(message["content"]) for message in messages])
    finish = "end_turn" if model.record["provider"] == "anthropic" else "stop"
    return Call(
        function,
        model,
        {"type": "text", "content": {"messages": messages}},
        {"type": "text", "content": answer, "finishReason": finish},
        parameters,
        length,
        len(answer),
    )


def _json_call(function: str, model: SampleModel, prompt: str, content: dict[str, Any], parameters: dict[str, Any]) -> Call:
    call = _chat(function, model, [{"role": "user", "content": prompt}], "", parameters)
    call.output["type"] = "json"
    call.output["content"] = content
    call.answer_length = 160
    return call


_WEIGHTS: tuple[tuple[Callable[[Writer, Roll], Call], int], ...] = (
    (answer_question, 28),
    (reply_to_customer, 16),
    (write_code, 11),
    (classify_message, 8),
    (complete_sentence, 7),
    (summarize_document, 6),
    (extract_invoice, 5),
    (translate_text, 5),
    (rank_drafts, 4),
    (describe_image, 3),
    (make_image, 3),
    (transcribe_call, 2),
    (moderate_message, 1),
    (read_aloud, 1),
)
CALLS: tuple[Callable[[Writer, Roll], Call], ...] = tuple(build for build, weight in _WEIGHTS for _ in range(weight))
"""Each function as often as it is called, of one hundred."""
