"""The accumulators, by family. Importing this package registers them all in `query.accumulate.REGISTRY`."""

from generations.query.accumulators import numeric, ordered

__all__ = ["numeric", "ordered"]
