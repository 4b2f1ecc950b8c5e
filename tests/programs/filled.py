"""Which fields of a record each sender fills: what `docs/senders-fields.md` is made of."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from generations.record.fields import FIELDS

_OURS = (
    *("id", "timestamp", "input.type", "input.tokens", "output.type", "output.tokens", "usage.totalTokens", "performance.tokensPerSecond"),
    *("usage.computed", "usage.price", "usage.cost", "usage.currency", "evals"),
    *("parameters.topP", "parameters.presencePenalty", "parameters.frequencyPenalty"),
)
"""What says nothing of who sent the record: we find or count it ourselves, or no program asks for it. Cost counts where it was reported."""
TOLD = [field.path for field in FIELDS if field.type != "map" and not field.kept_by_store and not field.path.startswith(_OURS)]
REPORTED_COST = "usage.cost"


@dataclass(frozen=True)
class Filled:
    """What is written down of the senders.

    Attributes:
        path: a JSON file: for each group of senders the calls that all of them make, and for each sender and field a text with
            an `x` for each call whose record has the field.
        is_to_write: write down what is seen, instead of comparing it.
    """

    path: Path
    is_to_write: bool

    def hold(self, group: str, sender: str, calls: Sequence[str], records: Sequence[dict[str, Any]]) -> None:
        """Hold the records that a sender gave, one for each call, against what is written down of it."""
        found = [_paths_in(record) for record in records]
        assert len(found) == len(calls)
        seen = {path: marks for path in [*TOLD, REPORTED_COST] if "x" in (marks := "".join("-x"[path in paths] for paths in found))}
        written = json.loads(self.path.read_text()) if self.path.exists() else {}
        if self.is_to_write:
            senders = written.get(group, {}).get("senders", {}) | {sender: seen}
            written[group] = {"calls": list(calls), "senders": dict(sorted(senders.items()))}
            self.path.write_text(json.dumps(dict(sorted(written.items())), indent=2) + "\n")
        else:
            assert written.get(group, {}).get("senders", {}).get(sender) == seen, (
                "it fills other fields than are written down: make senders"
            )


def _paths_in(record: dict[str, Any]) -> set[str]:
    found = {path for path in TOLD if _at(record, path) is not None}
    return found | ({REPORTED_COST} if _at(record, "usage.costSource") == "reported" else set())


def _at(record: dict[str, Any], path: str) -> Any:
    value: Any = record
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value
