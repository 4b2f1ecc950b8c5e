"""Filters, compiled: every node to one SQL condition. Values travel in parameters only."""

from generations.query.predicate.condition import Condition
from generations.query.predicate.filters import Expressions, Filters

__all__ = ["Condition", "Expressions", "Filters"]
