"""Prose, code and tool calls for the sample, from one source of chance."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from random import Random
from typing import TypeVar

from generations.record.sample_code import CODE, FIELDS, FLAGS, THINGS, TOOLS, VERBS
from generations.record.sample_words import QUESTIONS, TOPICS, TRANSLATIONS, WORDS, Sentence

Item = TypeVar("Item")
_Pattern = tuple[str, Sequence[str], Sequence[str], Sequence[str]]

TOPIC_NAMES = tuple(TOPICS)


class Writer:
    """Writes by rolling the given dice; equal dice write equal texts."""

    def __init__(self, dice: Random) -> None:
        self._roll = dice.random
        self._bytes = dice.randbytes
        self._bits = dice.getrandbits

    def pick(self, items: Sequence[Item]) -> Item:
        """One of the items, each as likely as the others."""
        return items[int(self._roll() * len(items))]

    def prose(self, topic: str, sentences: int) -> str:
        """So many sentences; every fourth one begins a paragraph."""
        patterns = _STATEMENTS[topic]
        written: list[str] = []
        chances: tuple[int, ...] = struct.unpack(f"<{sentences}I", self._bytes(4 * sentences))
        for chance in chances:
            template, first, second, third = patterns[chance & 255]
            text = template % (first[chance >> 8 & 255], second[chance >> 16 & 255], third[chance >> 24])
            written.append(text if text[0].isupper() else text[0].upper() + text[1:])
        if sentences <= 5:
            return " ".join(written)
        return "\n\n".join([" ".join(written[start : start + 4]) for start in range(0, sentences, 4)])

    def question(self, topic: str) -> str:
        """What somebody asks about the topic."""
        chance = self._bits(32)
        template, first, second, third = _ASKED[topic][chance & 255]
        text = template % (first[chance >> 8 & 255], second[chance >> 16 & 255], third[chance >> 24])
        return text if text[0].isupper() else text[0].upper() + text[1:]

    def translation(self, language: str, sentences: int) -> str:
        """Sentences in another language."""
        table = TRANSLATIONS[language]
        return " ".join([table[int(self._roll() * len(table))] for _ in range(sentences)])

    def names(self) -> dict[str, str]:
        """Fill for code and tool calls."""
        chance = self._bits(64)
        thing = THINGS[chance % len(THINGS)]
        return {
            "thing": thing,
            "Thing": thing.capitalize(),
            "field": FIELDS[(chance >> 8) % len(FIELDS)],
            "flag": FLAGS[(chance >> 16) % len(FLAGS)],
            "verb": VERBS[(chance >> 24) % len(VERBS)],
            "number": str((chance >> 32) % 480 + 20),
            "decimal": f"{(chance >> 40) % 9000 / 8 + 1:g}",
            "hex": f"{chance >> 36:07x}",
        }

    def code(self, language: str) -> str:
        """A piece of source code in one of the languages of `CODE_LANGUAGES`."""
        return _CODE[language] % self.names()

    def tool_call(self) -> tuple[str, str, str]:
        """Name, arguments as JSON text, and what the tool answered."""
        name, arguments, result = TOOLS[int(self._roll() * len(TOOLS))]
        names = self.names()
        return name, arguments % names, result % names

    def hexadecimal(self, digits: int) -> str:
        """Random hexadecimal digits."""
        return f"{self._bits(4 * digits):0{digits}x}"


def _cycled(items: Sequence[Item]) -> list[Item]:
    """The items again and again, 256 of them, so that one byte of chance chooses."""
    return [items[index % len(items)] for index in range(256)]


_TABLES = {name: _cycled(words) for name, words in WORDS.items()}


def _patterns(sentences: Sequence[Sentence]) -> list[_Pattern]:
    return _cycled([(template, _TABLES[one], _TABLES[two], _TABLES[three]) for template, one, two, three in _escaped(sentences)])


def _escaped(sentences: Sequence[Sentence]) -> list[Sentence]:
    """Percent signs that are no gaps are percent signs."""
    return [(template.replace(" % ", " %% "), one, two, three) for template, one, two, three in sentences]


_STATEMENTS = {topic: _patterns(sentences) for topic, sentences in TOPICS.items()}
_ASKED = {topic: _patterns(sentences) for topic, sentences in QUESTIONS.items()}
_CODE = dict(CODE)
CODE_LANGUAGES = tuple(_CODE)
LANGUAGES = tuple(TRANSLATIONS)
