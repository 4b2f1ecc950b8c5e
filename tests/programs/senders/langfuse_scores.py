"""Langfuse's SDK with a generation written down by hand, and scores: on it, on the trace, and later by its id."""

from __future__ import annotations

import os

os.environ["LANGFUSE_BASE_URL"] = os.environ["GENERATIONS"]
os.environ["LANGFUSE_PUBLIC_KEY"] = "anything"
os.environ["LANGFUSE_SECRET_KEY"] = os.environ["GENERATIONS_KEY"]

from langfuse import get_client, propagate_attributes

langfuse = get_client()
details = {"input": 56, "input_cached_tokens": 64, "output": 24, "output_reasoning_tokens": 16}
with propagate_attributes(user_id="u-7", session_id="s-7"):
    for name in ("scored inside", "scored later"):
        with langfuse.start_as_current_observation(as_type="generation", name=name, model="gpt-4o", input="Where?") as generation:
            generation.update(output="Here.", usage_details=details, cost_details={"total": 0.5})
            if name == "scored inside":
                generation.score(name="user-feedback", value=1, data_type="BOOLEAN", comment="Right.")
langfuse.flush()
langfuse.create_score(
    name="stars", value=4, data_type="NUMERIC", trace_id=generation.trace_id, observation_id=generation.id, comment="Nearly."
)
langfuse.shutdown()
