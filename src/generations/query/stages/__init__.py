"""The stages, by family. Importing this package registers them all in `query.pipeline.REGISTRY`."""

from generations.query.stages import bucket, combine, gaps, group, shape, window

__all__ = ["bucket", "combine", "gaps", "group", "shape", "window"]
