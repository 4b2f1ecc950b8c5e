"""Regular expressions: MongoDB speaks PCRE, the engine RE2. What RE2 cannot say is refused, what it says differently is translated."""

from __future__ import annotations

import re

from generations.query.constants import Pattern
from generations.query.context import invalid, refuse_unsupported

_REFUSED = (
    (re.compile(r"\(\?(=|!|<=|<!)"), "look-around"),
    (re.compile(r"\(\?>"), "atomic groups"),
    (re.compile(r"\(\?(R|\d|&|P>|P=|\()"), "recursion, conditions and named back-references"),
    (re.compile(r"\(\*[A-Z]"), "backtracking verbs"),
    (re.compile(r"\\[1-9]|\\[gk][{<']?\w|\\[KGRXhHNuU]"), "back-references and \\K, \\G, \\R, \\X, \\h, \\H, \\N"),
    (re.compile(r"[*+?}]\+"), "possessive quantifiers"),
)


def to_re2(pattern: Pattern, path: str) -> str:
    """The same expression for the engine's `match`.

    Differences that are translated: `.` does not match a line feed unless `s` (the engine's own default is that it
    does); `$` also matches before a last line feed; the option `x` is applied here, for RE2 has none.

    Raises:
        Unsupported: what a non-backtracking engine cannot do.
        InvalidQuery: an expression that does not compile.
    """
    unknown = set(pattern.options) - set("imsxu")
    if unknown:
        raise invalid(f"unknown regular expression option {min(unknown)!r}", path, "the options are i, m, s, x and u")
    text = re.sub(r"^\(\*UTF8?\)", "", pattern.text)
    bare = re.sub(r"\\\\|(?<=\\[pP])\{\^?\w+\}", "", text)
    for refused, name in _REFUSED:
        if refused.search(bare):
            raise refuse_unsupported(f"{name} in a regular expression", "the engine matches in linear time, without backtracking", path)
    try:
        re.compile(_for_python(text))
    except (re.error, OverflowError) as error:
        raise invalid(f"the regular expression does not compile: {error}", path) from None
    flags = "".join(letter for letter in "im" if letter in pattern.options)
    flags = (flags + "s") if "s" in pattern.options else (flags + "-s")
    return f"(?{flags})" + _translated(text, extended="x" in pattern.options, multiline="m" in pattern.options)


def _for_python(text: str) -> str:
    """Near enough to compile in Python for a check of the syntax: POSIX classes and PCRE's own escapes are put away."""
    text = re.sub(r"\[:\^?\w+:\]", "a", text)
    return re.sub(r"^\(\?[imsxu-]+\)|\\[zZAQEpPCe](\{\^?\w+\})?|\(\?<(?=[A-Za-z_])", _plain, text)


def _plain(found: re.Match[str]) -> str:
    """What stands for PCRE's own syntax while Python checks the rest."""
    if found[0] == "(?<":
        return "(?P<"
    return "a" if found[0].startswith(("\\p", "\\P", "\\C")) else ""


def _translated(text: str, *, extended: bool, multiline: bool) -> str:
    out: list[str] = []
    in_class = False
    i = 0
    while i < len(text):
        ch = text[i]
        if ch == "\\" and i + 1 < len(text):
            out.append("(?:\\n?\\z)" if text[i + 1] == "Z" and not in_class else text[i : i + 2])
            i += 2
            continue
        if in_class:
            in_class = ch != "]" or text[i - 1] == "[" or text[i - 2 : i] == "[^"
            if ch == "[" and text[i + 1 : i + 2] == ":":
                end = text.find(":]", i)
                if end > 0:
                    out.append(text[i : end + 2])
                    i = end + 2
                    continue
            out.append(ch)
        elif ch == "[":
            in_class = True
            out.append(ch)
        elif ch == "$" and not multiline:
            out.append("(?:\\n?\\z)")
        elif extended and ch.isspace():
            pass
        elif extended and ch == "#":
            end = text.find("\n", i)
            i = len(text) if end < 0 else end
        else:
            out.append(ch)
        i += 1
    return "".join(out)
