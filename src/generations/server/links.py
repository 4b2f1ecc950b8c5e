"""Links from a record to what others keep of it: templates turn its ids into URLs of one's own Jaeger, Tempo, Grafana, Datadog or Loki."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any, Final, cast
from urllib.parse import quote, urlsplit

from generations.errors import ConfigError
from generations.record import instants
from generations.record.fields import FIELDS
from generations.record.nearest import nearest

_NAMED: Final = {
    "id": ("id",),
    **{
        field.path.rpartition(".")[2]: tuple(field.path.split("."))
        for field in FIELDS
        if field.path.startswith("metadata.") and field.type == "string"
    },
}
_TIMES: Final = ("from", "to")
_AROUND: Final = timedelta(minutes=5)
_NAME: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_VARIABLE: Final = re.compile(r"\{([^{}]*)\}")
_LONGEST_VALUE: Final = 1024
_MOST_LINKS: Final = 32
_EXAMPLE: Final = "jaeger=https://jaeger.example/trace/{traceId}"


@dataclass(frozen=True, slots=True)
class Template:
    """One link.

    Attributes:
        literals: the parts of the URL between its variables, one more than there are variables.
        variables: the name of each, in their order.
    """

    literals: tuple[str, ...]
    variables: tuple[str, ...]

    def url(self, record: Mapping[str, Any]) -> str | None:
        """The URL with the values of a record, percent-encoded; None where the record lacks one of them."""
        url = self.literals[0]
        for name, literal in zip(self.variables, self.literals[1:], strict=True):
            value = _value(record, name)
            if value is None:
                return None
            url += quote(value, safe="") + literal
        return url


class Links:
    """The links that records are given.

    Args:
        templates: URLs by the names that they have under `links`. Their variables are `{id}`, the ids of the metadata
            (`{traceId}`, `{sessionId}`, …), any other path of it (`{metadata.region}`), and `{from}` and `{to}`: five
            minutes before the request and after its answer, in milliseconds since 1970.

    Raises:
        ConfigError: a template that could not be what is meant; says which, and how to write it.
    """

    def __init__(self, templates: Mapping[str, str]) -> None:
        if len(templates) > _MOST_LINKS:
            raise ConfigError(f"{len(templates)} links are more than the {_MOST_LINKS} that a record may have")
        self._templates = {name: _parsed(name, url) for name, url in templates.items()}
        said = blake2b(repr(sorted(templates.items())).encode(), digest_size=4).hexdigest()
        self.tag = f"-{said}" if templates else ""
        """Tells answers with these links from answers with others, in entity tags."""

    def shown(self, record: dict[str, Any]) -> dict[str, Any]:
        """The record, with what it can be linked to under `links`; the record itself when that is nothing."""
        found = {name: url for name, template in self._templates.items() if (url := template.url(record)) is not None}
        return {**record, "links": found} if found else record


def named_templates(written: Iterable[str]) -> dict[str, str]:
    """Templates as they are written in settings: `jaeger=https://jaeger.example/trace/{traceId}`.

    Raises:
        ConfigError: one without a name, or a name that is there twice.
    """
    found: dict[str, str] = {}
    for text in written:
        name, equals, url = text.partition("=")
        if not equals or "/" in name:
            raise ConfigError(f"the link {text!r} has no name", hint=f"write {_EXAMPLE}")
        if name in found:
            raise ConfigError(f"the link {name!r} is there twice", hint="give each a name of its own")
        found[name] = url
    return found


def _parsed(name: str, url: str) -> Template:
    if not _NAME.fullmatch(name):
        raise ConfigError(f"{name!r} is no name of a link", hint="a name has 1 to 64 letters, digits, and - _ .")
    pieces = _VARIABLE.split(url)
    template = Template(tuple(pieces[::2]), tuple(pieces[1::2]))
    for piece in template.literals:
        if re.search(r"[{}\s\x00-\x1f]", piece):
            raise ConfigError(
                f"the link {name!r} is no URL: {url}", hint="write %7B, %7D and %20 for braces and spaces that are not variables"
            )
    for variable in template.variables:
        _refuse_unknown(name, variable)
    if not template.variables:
        raise ConfigError(f"the link {name!r} is the same for every record", hint=f"put an id into it: {_EXAMPLE}")
    parts = urlsplit(template.literals[0])
    # Whatever an id says, a link leads to the host of the settings.
    if parts.scheme not in ("http", "https") or not parts.netloc or not (parts.path or parts.query or parts.fragment):
        raise ConfigError(f"the link {name!r} does not begin with https:// or http://, a host and a /", hint=f"write {_EXAMPLE}")
    return template


def _refuse_unknown(name: str, variable: str) -> None:
    if variable in _NAMED or variable in _TIMES or re.fullmatch(r"metadata(\.[^.]+)+", variable):
        return
    known = [*_NAMED, *_TIMES]
    close = nearest(variable, known)
    hint = f"did you mean {{{close}}}?" if close else f"there are {', '.join(known)} and paths such as metadata.region"
    raise ConfigError(f"the link {name!r} has an unknown variable {{{variable}}}", hint=hint)


def _value(record: Mapping[str, Any], variable: str) -> str | None:
    if variable in _TIMES:
        return _time(record, variable)
    found: Any = record
    for step in _NAMED.get(variable) or variable.split("."):
        found = cast("Mapping[str, Any]", found).get(step) if isinstance(found, Mapping) else None
    if isinstance(found, int) and not isinstance(found, bool):
        found = str(found)
    return found if isinstance(found, str) and 1 <= len(found) <= _LONGEST_VALUE else None


def _time(record: Mapping[str, Any], variable: str) -> str | None:
    at = record.get("timestamp")
    if not isinstance(at, datetime):
        return None
    if variable == "from":
        return str(instants.micros(at - _AROUND) // 1000)
    performance = record.get("performance")
    latency_ms = cast("Mapping[str, Any]", performance).get("latency") if isinstance(performance, Mapping) else None
    return str(instants.micros(at + _AROUND) // 1000 + int(latency_ms or 0))
