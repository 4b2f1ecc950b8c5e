"""Regular expressions: MongoDB speaks PCRE, the engine RE2. What RE2 cannot say is refused, what it says differently is translated."""

from __future__ import annotations

import re
from dataclasses import dataclass

from generations.errors import Unsupported
from generations.query.constants import Pattern
from generations.query.context import invalid, refuse_unsupported

MOST_REPETITIONS = 1000
"""The largest bound of a repetition that RE2 compiles."""


def to_re2(pattern: Pattern, path: str) -> str:
    r"""The same expression for the engine's `match`.

    Differences that are translated: `.` does not match a line feed unless `s` (the engine's own default is that it
    does); `$` also matches before a last line feed; `\s` matches a vertical tab; the option `x` is applied here, for RE2
    has none.

    Raises:
        Unsupported: what a non-backtracking engine cannot do, or would do differently.
        InvalidQuery: an expression that does not compile.
    """
    unknown = set(pattern.options) - set("imsxu")
    if unknown:
        raise invalid(f"unknown regular expression option {min(unknown)!r}", path, "the options are i, m, s, x and u")
    text = re.sub(r"^\(\*UTF8?\)", "", pattern.text)
    options = set(pattern.options)
    while leading := re.match(r"\(\?([imsx]+)\)", text):
        options |= set(leading[1])
        text = text[leading.end() :]
    translation = _Translation("m" in options, path)
    tokens = _EXTENDED if "x" in options else _PLAIN
    pieces = [translation.of(found) for found in tokens.finditer(text)]
    checked = "".join(piece.python for piece in pieces)
    try:
        compiled = re.compile(checked, re.MULTILINE)
    except (re.error, OverflowError) as error:
        raise invalid(f"the regular expression does not compile: {error}", path) from None
    if "m" in options and "^" in checked and compiled.match("\n", 1):
        raise _unsupported("a ^ that matches nothing behind a last line feed", path)
    flags = "".join(letter for letter in "im" if letter in options)
    return f"(?{flags}{'s' if 's' in options else '-s'})" + "".join(piece.re2 for piece in pieces)


_SYNTAX = r"""
      (?P<quoted>   \\Q(?P<literal>.*?)(?:\\E|\Z) )
    | (?P<escape>   \\(?: [pP]\{\^?\w+\} | [pP]\w | x\{[0-9A-Fa-f]+\} | x[0-9A-Fa-f]{2} | 0[0-7]{0,2} | . ) )
    | (?P<comment>  \(\?\#[^)]*\) )
    | (?P<group>    \( (?: \?(?: P?<\w+> | [a-zA-Z-]*[:)] | P[=>] | <?[=!] | . ) | \*\w* )? )
    | (?P<class>    \[ (?P<not>\^?+) (?P<body> (?: \[:\^?\w+:\] | \\. | [^\\] ) (?: \[:\^?\w+:\] | \\. | [^\]\\] )* ) \] )
    | (?P<times>    (?: [*+?] | \{(?P<least>\d+)(?:,(?P<most>\d*))?\} | \{,\d+\} ) [?+]? )
"""
_OTHER = r"| (?P<other> . )"
_BLANK = r"| (?P<blank> \s | \#.*?(?:\n|\Z) )"

_PLAIN = re.compile(_SYNTAX + _OTHER, re.VERBOSE | re.DOTALL)
_EXTENDED = re.compile(_SYNTAX + _BLANK + _OTHER, re.VERBOSE | re.DOTALL)
_MEMBER = re.compile(
    r"(?P<posix>\[:\^?\w+:\])|(?P<escape>\\(?:[pP]\{\^?\w+\}|[pP]\w|x\{[0-9A-Fa-f]+\}|x[0-9A-Fa-f]{2}|0[0-7]{0,2}|.))|.", re.DOTALL
)

_BLANKS, _NO_BLANKS = r"\t-\r ", r"\x00-\x08\x0e-\x1f!-\x{10ffff}"
r"""PCRE's `\s` and `\S` inside of a class; RE2's own know no vertical tab."""

_REFUSED_GROUPS = {
    "(?=": "look-around",
    "(?!": "look-around",
    "(?<=": "look-around",
    "(?<!": "look-around",
    "(?>": "an atomic group",
    "(?P=": "a back-reference",
    "(?P>": "recursion",
    "(?(": "a condition",
    "(?|": "a branch reset",
    "(?'": "a name in quotes",
}


@dataclass(frozen=True, slots=True)
class _Piece:
    """A token for RE2, and what stands for it while Python checks the syntax."""

    re2: str
    python: str


def _both(text: str) -> _Piece:
    return _Piece(text, text)


@dataclass(frozen=True, slots=True)
class _Translation:
    """Translates token by token.

    Attributes:
        multiline: `^` and `$` match at every line.
    """

    multiline: bool
    path: str

    def of(self, token: re.Match[str]) -> _Piece:
        match token.lastgroup:
            case "quoted":
                return _both(re.escape(token["literal"]))
            case "escape":
                return self._escape(token[0])
            case "comment" | "blank":
                return _both("")
            case "group":
                return self._group(token[0])
            case "class":
                members = [self._member(found) for found in _MEMBER.finditer(token["body"])]
                return _Piece(*(f"[{token['not']}{''.join(parts)}]" for parts in zip(*((m.re2, m.python) for m in members), strict=True)))
            case "times":
                return self._times(token)
            case _:
                return self._other(token[0])

    def _other(self, char: str) -> _Piece:
        if char == "[":  # not of a whole class; Python would warn of what may stand inside before it refuses
            raise invalid("the regular expression does not compile: a class of characters has no end", self.path, r"write \[ for a bracket")
        if char == "$" and not self.multiline:
            return _Piece(r"(?:\n?\z)", "$")
        return _Piece(char, r"\{" if char == "{" else char)

    def _escape(self, text: str) -> _Piece:
        match text[1:2]:
            case "z":
                return _Piece(r"\z", r"\Z")
            case "Z":
                return _Piece(r"(?:\n?\z)", r"\Z")
            case "s":
                return _both(f"[{_BLANKS}]")
            case "S":
                return _both(f"[^{_BLANKS}]")
            case "E":
                return _both("")
            case "A" | "b" | "B":
                return _both(text)
            case _:
                return self._character(text)

    def _character(self, text: str) -> _Piece:
        """An escape that stands for a character or a set of them, inside and outside of classes."""
        letter = text[1:2]
        if letter == "" or letter in "dDwWnrtfa" or (letter == "x" and len(text) == 4):
            return _both(text)
        if letter == "e":
            return _both(r"\x1b")
        if letter in "pP" and len(text) > 2:
            return _Piece(text, "a")
        if letter == "0" or (letter == "x" and len(text) > 2):
            code = int(text[1:], 8) if letter == "0" else int(text[3:-1], 16)
            if code <= 0x10FFFF:
                return _Piece(f"\\x{{{code:x}}}", f"\\U{code:08x}")
        elif letter.isdigit() or letter in "gk":
            raise _unsupported("a back-reference", self.path)
        elif not letter.isascii() or not letter.isalnum():
            return _both(re.escape(letter) if letter.isascii() else letter)
        raise _unsupported(text, self.path)

    def _member(self, found: re.Match[str]) -> _Piece:
        """One member of a class, or an end of a range of them."""
        text = found[0]
        match text:
            case "\\s":
                return _both(_BLANKS)
            case "\\S":
                return _Piece(_NO_BLANKS, r"\S")
            case "\\b":
                return _both(r"\x08")
            case _ if found["posix"]:
                return _Piece(text, "a")
            case _ if found["escape"]:
                return self._character(text)
            case "-" if found.start() and found.string[found.start() - 1] != "-":
                return _both(text)
            case _:
                return _both(re.escape(text))

    def _group(self, text: str) -> _Piece:
        if named := re.fullmatch(r"\(\?P?<(\w+)>", text):
            return _both(f"(?P<{named[1]}>")
        if options := re.fullmatch(r"\(\?([isU]*-?[isU]*)([:)])", text):
            return _Piece(text, "(?:" if options[2] == ":" else "")
        if text == "(":
            return _both(text)
        if text.startswith("(*"):
            raise _unsupported("a backtracking verb", self.path)
        if re.fullmatch(r"\(\?[a-zA-Z-]+[:)]", text) and not text.startswith("(?R"):
            raise _unsupported(f"the option {text[2:-1]} inside", self.path)
        raise _unsupported(_REFUSED_GROUPS.get(text, "recursion"), self.path)

    def _times(self, token: re.Match[str]) -> _Piece:
        text = token[0]
        if len(text) > 1 and text.endswith("+"):
            raise _unsupported("a possessive quantifier", self.path)
        if text.startswith("{,"):
            raise _unsupported("a repetition without a lower bound, which versions of PCRE read differently,", self.path)
        if any(int(token[bound] or 0) > MOST_REPETITIONS for bound in ("least", "most")):
            raise _unsupported(f"a repetition of more than {MOST_REPETITIONS}", self.path)
        return _both(text)


def _unsupported(what: str, path: str) -> Unsupported:
    return refuse_unsupported(f"{what} in a regular expression", "the engine matches in linear time, without backtracking", path)
