"""MT-bench answers as generations: a mapping of one's own in a few lines.

python examples/mt_bench.py question.jsonl gpt-4.jsonl [URL]
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from generations import Generations


def generations_of(questions: Path, answers: Path) -> Iterator[dict[str, Any]]:
    """One generation for each turn of each answer: asked with the turns before it, answered with its text."""
    asked = {question["question_id"]: question for question in map(json.loads, questions.open(encoding="utf-8"))}
    for answer in map(json.loads, answers.open(encoding="utf-8")):
        question = asked[answer["question_id"]]
        for choice in answer["choices"]:
            messages: list[dict[str, str]] = []
            for turn, text in enumerate(choice["turns"]):
                messages.append({"role": "user", "content": question["turns"][turn]})
                yield {
                    "id": f"mt-bench-{answer['answer_id']}-{choice['index']}-{turn}",
                    "timestamp": datetime.fromtimestamp(answer["tstamp"], UTC),
                    "model": {"id": answer["model_id"]},
                    "input": {"type": "text", "content": list(messages)},
                    "output": {"type": "text", "content": text},
                    "metadata": {
                        "sessionId": answer["answer_id"],
                        "tags": ["mt-bench", question["category"]],
                        "questionId": answer["question_id"],
                        "category": question["category"],
                        "turn": turn,
                    },
                }
                messages.append({"role": "assistant", "content": text})


if __name__ == "__main__":
    with Generations(sys.argv[3] if len(sys.argv) > 3 else None) as db:
        result = db.insert_many(generations_of(Path(sys.argv[1]), Path(sys.argv[2])))
        print(f"{result.inserted_count} inserted, {result.unchanged_count} were there already")
