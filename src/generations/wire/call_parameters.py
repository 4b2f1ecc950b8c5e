"""Parameters of a call under the names the record gives them."""

from __future__ import annotations

import math
from typing import Any

from generations.record.shape import LARGEST_INTEGER
from generations.wire.payload import Object, as_list, as_number

_NUMBERS = {
    "temperature": "temperature",
    "top_p": "topP",
    "topP": "topP",
    "presence_penalty": "presencePenalty",
    "presencePenalty": "presencePenalty",
    "frequency_penalty": "frequencyPenalty",
    "frequencyPenalty": "frequencyPenalty",
}
_INTEGERS = {
    "max_tokens": "maxTokens",
    "maxTokens": "maxTokens",
    "max_output_tokens": "maxTokens",
    "max_completion_tokens": "maxTokens",
}
_LISTS = {"stop": "stopSequences", "stop_sequences": "stopSequences", "stopSequences": "stopSequences", "stop_seqs": "stopSequences"}


def call_parameters(sent: Object) -> tuple[Object, Object]:
    """Rename the parameters that the record knows and keep the others as they are.

    Returns:
        The parameters, and what cannot stand among them: values under a known name that are not of its type
        (a temperature of "high").
    """
    parameters: Object = {}
    misfits: Object = {}
    for name, value in sent.items():
        known = _NUMBERS.get(name) or _INTEGERS.get(name) or _LISTS.get(name)
        if known is None or value is None:
            parameters[name] = value
            continue
        typed = _typed(name, value)
        if typed is not None and known not in parameters:
            parameters[known] = typed
        elif name not in _KNOWN:
            parameters[name] = value
        else:
            misfits[name] = value
    return parameters, misfits


_KNOWN = frozenset({*_NUMBERS.values(), *_INTEGERS.values(), *_LISTS.values()})


def _typed(name: str, value: Any) -> Any:
    if name in _LISTS:
        texts = [value] if isinstance(value, str) and value and value[0] not in "[{" else as_list(value)
        return texts if texts and all(isinstance(text, str) for text in texts) else None
    number = as_number(value)
    if number is None or not math.isfinite(number):
        return None
    if name in _INTEGERS:
        return int(number) if number == int(number) and abs(number) <= LARGEST_INTEGER else None
    return number
