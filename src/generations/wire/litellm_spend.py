"""LiteLLM's spend logs: rows of the proxy's table `LiteLLM_SpendLogs`, as its API and a dump of the database hand them out.

Source: `litellm/proxy/schema.prisma` and `spend_tracking_utils.py` of litellm 1.109.1; `GET /spend/logs`, `GET /spend/logs/v2`
(`{"data": […], "total": …}`), or the table as JSON lines or CSV, whose structures are JSON text. A row is read as the payload
of the callback that LiteLLM makes it from. Messages and answers are there only where `store_prompts_in_spend_logs` is on.
Those payloads themselves, which callbacks such as `s3` write into files, are read as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from generations.wire import litellm
from generations.wire.cells import structures
from generations.wire.exchange import each_of
from generations.wire.payload import Object, as_list, as_number, as_object, as_text, first_text, without_absent

if TYPE_CHECKING:
    from collections.abc import Iterator

TITLE: Final = 'spend logs of LiteLLM: {"request_id": …, "call_type": …, "spend": …, "startTime": …} a line, a list or page of them, or CSV'

_STRUCTURES: Final = ("metadata", "request_tags", "messages", "response", "proxy_server_request")


def recognises(document: Any) -> bool:
    """True for a row, for a page of them, and for a payload."""
    return any({"request_id", "call_type", "spend"} <= item.keys() or _is_payload(item) for item in each_of(document, "data")[:1])


def _is_payload(item: Object) -> bool:
    return {"id", "model", "call_type", "response_cost"} <= item.keys()


def records(document: Any) -> Iterator[Object]:
    """One record for each row that is a call of a model."""
    for item in each_of(document, "data"):
        if _is_payload(item):
            record = litellm.record_of(item)
        else:
            payload = _payload(structures(item, *_STRUCTURES))
            record = litellm.record_of(payload)
            if record is not None and not _tells_what_was_posted(payload) and payload.get("id"):
                record |= {"id": f"litellm-{payload['id']}"}
        if record is not None:
            yield record


def _tells_what_was_posted(payload: Object) -> bool:
    """Whether the id of the row's record is that of the payload which the callback posts of the same call.

    Not of failures, where each attempt is posted and the request has one row, nor of rows of builds that did not write down
    `litellm_call_id`: without it two calls could be taken for one.
    """
    return payload.get("status") != "failure" and "litellm_call_id" in payload


_SAME: Final = [
    "call_type",
    "litellm_call_id",
    "total_tokens",
    "prompt_tokens",
    "completion_tokens",
    "startTime",
    "endTime",
    "completionStartTime",
    "model",
    "model_id",
    "model_group",
    "custom_llm_provider",
    "api_base",
    "cache_key",
    "session_id",
    "end_user",
    "user",
]
"""Columns that have their names, and their meaning, from the payload."""

_READ: Final = frozenset(
    [*_SAME, "request_id", "spend", "metadata", "request_tags", "messages", "response", "proxy_server_request", "status", "cache_hit"]
)


def _payload(row: Object) -> Object:
    about = as_object(row.get("metadata"))
    usage = as_object(about.get("usage_object")) or _usage(row, as_object(about.get("additional_usage_values")))
    request = as_object(row.get("proxy_server_request"))
    error = as_object(about.get("error_information"))
    spent = as_number(row.get("spend"))
    rest = {name: value for name, value in row.items() if name not in _READ}
    return rest | without_absent(
        {
            **{name: row.get(name) for name in _SAME},
            "id": row.get("request_id"),
            "litellm_call_id": first_text(row.get("litellm_call_id"), about.get("litellm_call_id")),
            "response_cost": spent,
            "cache_hit": True if str(row.get("cache_hit")).lower() == "true" else None,
            "status": first_text(row.get("status"), about.get("status")),
            "messages": row.get("messages") or request.get("messages") or request.get("input"),
            "response": row.get("response"),
            "model_parameters": {name: value for name, value in request.items() if name not in _NOT_PARAMETERS} or None,
            "request_tags": [tag for tag in as_list(row.get("request_tags")) if as_text(tag)] or None,
            "error_information": error or None,
            "model_map_information": about.get("model_map_information"),
            "cost_breakdown": about.get("cost_breakdown"),
            "metadata": {name: value for name, value in about.items() if name not in _TAKEN_OUT} | {"usage_object": usage},
        }
    )


_NOT_PARAMETERS: Final = frozenset(["model", "messages", "input", "metadata", "litellm_metadata", "proxy_server_request", "secret_fields"])
_TAKEN_OUT: Final = frozenset(
    ["usage_object", "additional_usage_values", "error_information", "model_map_information", "cost_breakdown", "status"]
)


def _usage(row: Object, more: Object) -> Object:
    """The three counts of the row with what else the provider counted."""
    return {name: row.get(name) for name in ("prompt_tokens", "completion_tokens", "total_tokens")} | more
