"""LiteLLM: each of its calls recorded, by its own callback.

    import litellm
    from generations.capture.litellm import GenerationsLogger

    litellm.callbacks = [GenerationsLogger()]

Calls through the library and through its proxy alike; the proxy takes `generations.capture.litellm.generations_logger` in its
`callbacks`. Needs litellm, and is imported by nothing else here.
"""

from __future__ import annotations

from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from generations.capture.context import NO_SURROUNDINGS, NOTHING_TOLD, Context, Surroundings, current_context, surroundings
from generations.capture.litellm_calls import SOURCE
from generations.capture.process import keep
from generations.capture.recording import Recording

if TYPE_CHECKING:
    CustomLogger = object
else:
    CustomLogger = import_module("litellm.integrations.custom_logger").CustomLogger

MOST_CALLS: Final = 10_000
"""That have begun and not ended."""
_NOTHING: Final = (NOTHING_TOLD, NO_SURROUNDINGS)


class GenerationsLogger(CustomLogger):
    """Hands each call, as LiteLLM describes it to its loggers, to the recorder; nothing is raised into LiteLLM."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._around: dict[str, tuple[Context, Surroundings]] = {}

    def log_pre_api_call(self, model: Any, messages: Any, kwargs: Any) -> None:
        """A call begins: the one time that LiteLLM is certain to be where the program called it."""
        del model, messages
        with suppress(Exception):  # whatever it is, it is not the host's
            around = current_context(), surroundings()
            if around != _NOTHING:
                while len(self._around) >= MOST_CALLS:
                    self._around.pop(next(iter(self._around)), None)
                self._around[kwargs["litellm_call_id"]] = around

    def log_success_event(self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any) -> None:
        """A call has ended, with an answer or with an error."""
        del response_obj, start_time, end_time
        with suppress(Exception):  # as above
            self._keep(kwargs)

    async def async_log_success_event(self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any) -> None:
        """An asynchronous one has."""
        self.log_success_event(kwargs, response_obj, start_time, end_time)

    log_failure_event = log_success_event
    async_log_failure_event = async_log_success_event

    def _keep(self, kwargs: Any) -> None:
        payload = kwargs.get("standard_logging_object")
        if payload is not None:
            around = self._around.pop(kwargs.get("litellm_call_id"), None) or (current_context(), surroundings())
            recording = Recording(keep)
            recording.context, recording.surroundings = around
            recording.source = SOURCE
            recording.told = recording.snapshot.take(payload)
            keep(recording)  # as it is: `end` would note what is around the logger, and times that LiteLLM tells better


generations_logger = GenerationsLogger()
"""The one that a proxy's configuration can name."""
