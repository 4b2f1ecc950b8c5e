"""What the model server says, whichever API it is asked by."""

from __future__ import annotations

from typing import Any, Final

Body = dict[str, Any]

ANSWER: Final = "The tram museum in Graz."
THOUGHT: Final = "Graz has trams."
WORDS: Final = [word + " " for word in ANSWER.split()[:-1]] + ANSWER.split()[-1:]
ARGUMENTS: Final = ('{"city":', ' "Graz"}')
"""What the tool is called with, in the pieces of a stream."""
REFUSAL: Final = "The model is not to be had."
