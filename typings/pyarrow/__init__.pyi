"""pyarrow ships no types; what comes out of it is annotated where it enters the code."""

from typing import Any

def __getattr__(name: str) -> Any: ...
