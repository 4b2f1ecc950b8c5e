"""The stages, by family. Importing this package registers them all in `query.pipeline.REGISTRY`."""

from generations.query.stages import combine, group, shape

__all__ = ["combine", "group", "shape"]
