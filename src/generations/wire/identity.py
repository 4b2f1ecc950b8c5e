"""Identities that come out the same each time the same thing is read."""

from __future__ import annotations


def span_generation_id(trace_id: str | None, span_id: str) -> str:
    """Identity of a generation that is a span: `<trace>-<span>`, because a span's id is unique only in its trace."""
    return f"{trace_id}-{span_id}" if trace_id else span_id
