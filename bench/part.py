"""Run one registered part of the benchmark: `python -m bench.part NAME JSON…`; the answer is the last line, as JSON."""

from __future__ import annotations

import json
import sys

from bench import clients, importing, load, otlp, pricing, queries, sample, sessions, writes
from bench.place import PARTS

MODULES = (clients, importing, load, otlp, pricing, queries, sample, sessions, writes)  # importing a module registers its parts

if __name__ == "__main__":
    name, *arguments = sys.argv[1:]
    answer = PARTS[name](*(json.loads(argument) for argument in arguments))
    print()
    print(json.dumps(answer))
