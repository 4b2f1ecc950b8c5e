"""Pieces of traces, kept while more of them may come, and put together into records."""
