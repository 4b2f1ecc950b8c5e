"""OTLP/JSON requests, also changed ones, as protobuf: what has the right type is written, and the rest left out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from google.protobuf.descriptor import FieldDescriptor
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

if TYPE_CHECKING:
    from google.protobuf.message import Message

_IDS: Final = frozenset({"traceId", "spanId", "parentSpanId"})
_DEEPEST: Final = 90
"""The library reads no more than a hundred levels; deeper ones are written by the target's damage."""


def as_protobuf(request: Any) -> bytes:
    """A request of spans or of log records; nothing where it is not even an object."""
    message = ExportLogsServiceRequest() if isinstance(request, dict) and "resourceLogs" in request else ExportTraceServiceRequest()
    _fill(message, request, 0)
    return message.SerializeToString()


def _fill(message: Message, value: Any, depth: int) -> None:
    if not isinstance(value, dict) or depth > _DEEPEST:
        return
    for field in message.DESCRIPTOR.fields:
        given = value.get(field.json_name)
        if given is None:
            continue
        for one in given[:200] if field.is_repeated and isinstance(given, list) else [given]:
            _put(message, field, one, depth)


def _put(message: Message, field: FieldDescriptor, value: Any, depth: int) -> None:
    if field.message_type is not None:
        if isinstance(value, dict):
            below = getattr(message, field.name).add() if field.is_repeated else getattr(message, field.name)
            below.SetInParent()
            _fill(below, value, depth + 1)
        return
    try:
        converted = _scalar(field, value)
        if field.is_repeated:
            getattr(message, field.name).append(converted)
        else:
            setattr(message, field.name, converted)
    except (TypeError, ValueError, OverflowError):
        return


def _scalar(field: FieldDescriptor, value: Any) -> Any:
    if field.type == FieldDescriptor.TYPE_BYTES:
        text = str(value)
        return (
            bytes.fromhex(text) if field.json_name in _IDS and re.fullmatch("([0-9a-f]{2})*", text) else text.encode(errors="replace")[:64]
        )
    if field.cpp_type in (
        FieldDescriptor.CPPTYPE_INT64,
        FieldDescriptor.CPPTYPE_UINT64,
        FieldDescriptor.CPPTYPE_INT32,
        FieldDescriptor.CPPTYPE_UINT32,
    ):
        return int(value)
    return value
