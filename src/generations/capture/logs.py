"""The current generation in the application's log lines."""

from __future__ import annotations

import logging

from generations.capture.recording import current_id


class GenerationIdFilter(logging.Filter):
    """Gives each log record `generation_id`, the id of the generation that is being recorded, and None outside of any.

    handler.addFilter(GenerationIdFilter())
    handler.setFormatter(logging.Formatter("%(message)s generation=%(generation_id)s"))
    """

    def filter(self, record: logging.LogRecord) -> bool:
        record.generation_id = current_id()
        return True
