"""Which generations are sent when not all are; errors always are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from hashlib import blake2b
from typing import Any

from generations.errors import ConfigError
from generations.wire.payload import as_object


@dataclass(frozen=True, slots=True)
class Sample:
    """How much is kept of the generations that a rule is for.

    Attributes:
        rate: from 0 (none) to 1 (all).
        model: pattern of `model.id`, with `*` and `?`.
        function: pattern of `metadata.functionId`.
    """

    rate: float
    model: str = "*"
    function: str = "*"

    def __post_init__(self) -> None:
        if not 0 <= self.rate <= 1:
            raise ConfigError(f"a sampling rate is from 0 to 1, not {self.rate!r}", hint="0.1 keeps one of ten")


class Sampling:
    """The first rule that fits decides; what fits none is kept.

    The generations of one trace, or else of one session, are kept or left out together, in all processes alike.

    Attributes:
        rules: in their order.
    """

    def __init__(self, rules: Sequence[Sample]) -> None:
        self.rules = tuple(rules)

    def keeps(self, record: dict[str, Any]) -> bool:
        """Whether a record is sent; always for one whose `status` is `error`."""
        if not self.rules or record.get("status") == "error":
            return True
        rate = self._rate(record)
        if rate >= 1:
            return True
        metadata = as_object(record.get("metadata"))
        seed = metadata.get("traceId") or metadata.get("sessionId") or record["id"]
        share = int.from_bytes(blake2b(str(seed).encode(errors="replace"), digest_size=8).digest(), "big") / 2**64
        return share < rate

    def _rate(self, record: dict[str, Any]) -> float:
        model = str(as_object(record.get("model")).get("id", ""))
        function = str(as_object(record.get("metadata")).get("functionId", ""))
        for rule in self.rules:
            if fnmatchcase(model, rule.model) and fnmatchcase(function, rule.function):
                return rule.rate
        return 1.0
