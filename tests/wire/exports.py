"""Small exports of other programs, in the shapes that their sources give; the builders name only what matters."""

from __future__ import annotations

import json
import sqlite3
from typing import Any


def a_completion(id_: str = "chatcmpl-1", **fields: Any) -> dict[str, Any]:
    """An answer of OpenAI's chat completions."""
    completion = {
        "id": id_,
        "object": "chat.completion",
        "created": 1740823200,
        "model": "gpt-4o-2024-08-06",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "The Vltava.", "refusal": None}, "finish_reason": "stop"}],
        "usage": {
            "prompt_tokens": 12,
            "completion_tokens": 5,
            "total_tokens": 17,
            "prompt_tokens_details": {"cached_tokens": 4, "audio_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": 2},
        },
    }
    return completion | fields


MESSAGES = [{"role": "user", "content": "Which river runs through Prague?"}]
REQUEST = {"model": "gpt-4o", "messages": MESSAGES, "temperature": 0.5, "max_tokens": 16}


def a_helicone_request(id_: str = "q1", **fields: Any) -> dict[str, Any]:
    request = {
        "request_id": id_,
        "response_id": "r1",
        "request_created_at": "2025-03-01T10:00:00.000Z",
        "response_created_at": "2025-03-01T10:00:02.000Z",
        "response_status": 200,
        "request_path": "https://api.openai.com/v1/chat/completions",
        "request_body": REQUEST | {"user": "u-1"},
        "response_body": a_completion(),
        "request_model": "gpt-4o",
        "response_model": "gpt-4o-2024-08-06",
        "model_override": None,
        "provider": "OPENAI",
        "delay_ms": 2000,
        "time_to_first_token": 150,
        "prompt_tokens": 8,
        "prompt_cache_read_tokens": 4,
        "completion_tokens": 5,
        "total_tokens": 13,
        "cost": 0.00007,
        "request_user_id": "u-9",
        "request_properties": {"Helicone-Session-Id": "s-3", "Environment": "production"},
        "feedback_rating": True,
        "feedback_created_at": "2025-03-01T11:00:00.000Z",
        "signed_body_url": "https://example.com/body",
        "country_code": "CZ",
        "scores": {},
    }
    return request | fields


TRACE = "1b64098b-4ab7-43f6-afee-992304f198d8"
RUN = "809ed3a2-0172-4f4d-8a02-a64e9b7a0f8a"


def a_run(run_id: str = RUN, **fields: Any) -> dict[str, Any]:
    """A call through LangChain."""
    message = {
        "lc": 1,
        "type": "constructor",
        "id": ["langchain", "schema", "messages", "AIMessage"],
        "kwargs": {
            "content": "The Vltava.",
            "response_metadata": {"model_name": "gpt-4o-2024-08-06", "id": "chatcmpl-1", "finish_reason": "stop"},
            "usage_metadata": {
                "input_tokens": 12,
                "output_tokens": 5,
                "total_tokens": 17,
                "input_token_details": {"cache_read": 4},
                "output_token_details": {"reasoning": 2},
            },
        },
    }
    run = {
        "id": run_id,
        "name": "ChatOpenAI",
        "run_type": "llm",
        "start_time": "2025-03-01T10:00:00.000000",
        "end_time": "2025-03-01T10:00:02.000000",
        "first_token_time": "2025-03-01T10:00:00.150000",
        "inputs": {"messages": [MESSAGES]},
        "outputs": {"generations": [[{"text": "The Vltava.", "message": message}]]},
        "extra": {
            "invocation_params": {"model": "gpt-4o", "temperature": 0.5},
            "metadata": {"ls_provider": "openai", "ls_model_name": "gpt-4o", "thread_id": "s-3", "team": "rivers"},
        },
        "tags": ["quiz"],
        "error": None,
        "status": "success",
        "trace_id": TRACE,
        "parent_run_id": TRACE,
        "dotted_order": f"20250301T100000000000Z{TRACE}.20250301T100000000000Z{run_id}",
        "prompt_tokens": 12,
        "completion_tokens": 5,
        "total_tokens": 17,
        "total_cost": "0.00007",
        "session_id": "d9c1a5a0-0000-4000-8000-000000000000",
    }
    return run | fields


def a_chain(**fields: Any) -> dict[str, Any]:
    """The chain around the call; it repeats what the call used."""
    about = {"name": "quiz", "run_type": "chain", "parent_run_id": None, "dotted_order": f"20250301T100000000000Z{TRACE}"}
    return a_run(TRACE, **about, inputs={"input": "?"}, outputs={"output": "!"}, extra={}, tags=[]) | fields


def a_row_of_phoenix(span: str = "2" * 16, **columns: Any) -> dict[str, Any]:
    """A row of `get_spans_dataframe`."""
    row = {
        "context.trace_id": "a" * 32,
        "context.span_id": span,
        "parent_id": "1" * 16,
        "name": "ChatCompletion",
        "span_kind": "LLM",
        "start_time": "2025-03-01T10:00:00+00:00",
        "end_time": "2025-03-01T10:00:02+00:00",
        "status_code": "OK",
        "status_message": "",
        "events": [{"name": "First Token Stream Event", "timestamp": "2025-03-01T10:00:00.150000+00:00", "attributes": {}}],
        "attributes.openinference.span.kind": "LLM",
        "attributes.llm.model_name": "gpt-4o-2024-08-06",
        "attributes.llm.provider": "openai",
        "attributes.llm.input_messages": [{"message.role": "user", "message.content": "Which river runs through Prague?"}],
        "attributes.llm.output_messages": [{"message.role": "assistant", "message.content": "The Vltava."}],
        "attributes.llm.invocation_parameters": '{"temperature": 0.5}',
        "attributes.llm.token_count.prompt": 12,
        "attributes.llm.token_count.completion": 5,
        "attributes.llm.token_count.total": 17,
        "attributes.llm.token_count.prompt_details.cache_read": 4,
        "attributes.metadata": {"team": "rivers"},
        "cumulative_error_count": 0,
    }
    return row | columns


def an_agent_of_phoenix() -> dict[str, Any]:
    """The span around the call; it repeats what the call used."""
    kind = {"span_kind": "AGENT", "attributes.openinference.span.kind": "AGENT", "attributes.session.id": "s-3"}
    return a_row_of_phoenix("1" * 16, parent_id=None, name="quiz master", **kind)


def a_span_of_phoenix(**fields: Any) -> dict[str, Any]:
    """The same call as its REST API hands it out."""
    attributes: dict[str, Any] = {}
    for name, value in a_row_of_phoenix().items():
        short = name.removeprefix("attributes.")
        if short == "metadata":
            attributes["metadata.team"] = "rivers"
        elif isinstance(value, list) and short != name:
            attributes |= {f"{short}.{index}.{key}": text for index, item in enumerate(value) for key, text in item.items()}
        elif short != name:
            attributes[short] = value
    row = a_row_of_phoenix()
    about = {
        name: row[name] for name in ("parent_id", "name", "span_kind", "start_time", "end_time", "status_code", "status_message", "events")
    }
    context = {"trace_id": row["context.trace_id"], "span_id": row["context.span_id"]}
    return {"id": "U3BhbjoxMjM=", "context": context, **about, "attributes": attributes} | fields


def a_spend_log(id_: str = "chatcmpl-1", **columns: Any) -> dict[str, Any]:
    row = {
        "request_id": id_,
        "call_type": "acompletion",
        "api_key": "88dc28d0f030c55ed4ab77ed8faf098196cb1c05df778539800c9f1243fe6b4b",
        "spend": 0.00007,
        "total_tokens": 17,
        "prompt_tokens": 12,
        "completion_tokens": 5,
        "startTime": "2025-03-01T10:00:00.000Z",
        "endTime": "2025-03-01T10:00:02.000Z",
        "completionStartTime": "2025-03-01T10:00:00.150Z",
        "model": "gpt-4o",
        "model_group": "rivers",
        "custom_llm_provider": "openai",
        "user": "team-key",
        "end_user": "u-9",
        "metadata": {
            "user_api_key_alias": "rivers",
            "additional_usage_values": {
                "prompt_tokens_details": {"cached_tokens": 4},
                "completion_tokens_details": {"reasoning_tokens": 2},
            },
        },
        "cache_hit": "False",
        "request_tags": ["quiz"],
        "messages": MESSAGES,
        "response": a_completion(),
        "session_id": "s-3",
        "status": "success",
        "proxy_server_request": {"model": "rivers", "temperature": 0.5},
    }
    return row | columns


def an_answered_request(custom_id: str = "q-1", **fields: Any) -> dict[str, Any]:
    """A line of the output file of OpenAI's Batch API."""
    response = {"status_code": 200, "request_id": "req_7", "body": a_completion()}
    return {"id": f"batch_req_{custom_id}", "custom_id": custom_id, "response": response, "error": None} | fields


def a_batch_request(custom_id: str = "q-1", **body: Any) -> dict[str, Any]:
    """A line of the input file."""
    return {"custom_id": custom_id, "method": "POST", "url": "/v1/chat/completions", "body": REQUEST | body}


def a_stored_completion(id_: str = "chatcmpl-1", **fields: Any) -> dict[str, Any]:
    about = {"request_id": "req_7", "input_user": None, "metadata": {"team": "rivers"}, "temperature": 0.5, "top_p": None, "tools": None}
    return a_completion(id_) | about | fields


def a_page_of_completions(*completions: dict[str, Any]) -> dict[str, Any]:
    return {"object": "list", "data": list(completions), "first_id": None, "last_id": None, "has_more": False}


def a_database_of_llm(path: str) -> None:
    """The tables of `logs.db` that hold calls: one of an older version with all that stands beside it, and two turns of a new one."""
    with sqlite3.connect(path) as database:
        database.executescript(_TABLES_OF_LLM)
        database.execute("INSERT INTO conversations VALUES ('c1', 'Rivers', 'gpt-4o')")
        database.execute("INSERT INTO schemas VALUES ('s1', ?)", [json.dumps({"type": "object"})])
        database.execute(
            "INSERT INTO responses VALUES ('01a', 'gpt-4o', 'What is this?', 'Be brief.', ?, 'A river.', ?, 'c1', 1500, ?, 12, 5, ?, "
            "'s1', ?, NULL)",
            [
                json.dumps({"temperature": 0.5}),
                json.dumps({"id": "chatcmpl-1", "finish_reason": "stop"}),
                "2025-03-01T10:00:00+00:00",
                json.dumps({"prompt_tokens_details": {"cached_tokens": 4}}),
                "gpt-4o-2024-08-06",
            ],
        )
        database.execute(
            "INSERT INTO responses VALUES ('01b', 'claude-3-5-haiku-latest', 'And?', NULL, NULL, '', NULL, 'c1', 900, ?, 2, 5, ?, "
            "NULL, NULL, NULL)",
            ["2025-03-01T10:01:00+00:00", json.dumps({"cache_read_input_tokens": 10})],
        )
        database.execute("INSERT INTO attachments VALUES ('a1', 'image/png', NULL, NULL, ?)", [b"\x89PNG"])
        database.execute("INSERT INTO prompt_attachments VALUES ('01a', 'a1', 0)")
        database.execute("INSERT INTO fragments VALUES (7, 'h', 'Rivers of Bohemia', NULL, NULL)")
        database.execute("INSERT INTO prompt_fragments VALUES ('01a', 7, 0)")
        database.execute("INSERT INTO tools VALUES (3, 'h', 'look', 'Looks it up.', ?)", [json.dumps({"type": "object"})])
        database.execute("INSERT INTO tool_responses VALUES (3, '01b')")
        database.execute("INSERT INTO tool_calls VALUES (1, 'gone', 3, 'look', '{}', 'call-0')")
        database.execute("INSERT INTO tool_calls VALUES (2, '01b', 3, 'look', ?, 'call-1')", [json.dumps({"name": "Vltava"})])
        chain = [("m1", None, "system", "Be brief."), ("m2", "m1", "user", None), ("m3", "m2", "assistant", "A river.")]
        chain += [("m4", "m3", "user", "Sure?"), ("m5", "m4", "assistant", "Yes.")]
        for position, (hash_, parent, role, text) in enumerate(chain):
            database.execute("INSERT INTO messages VALUES (?, ?, ?, NULL)", [hash_, parent, role])
            refers = {"text_ref": [{"literal": "About "}, {"fragment": 7}]} if text is None else None
            payload = json.dumps(refers) if refers else None
            database.execute("INSERT INTO parts VALUES (?, ?, 0, 'text', NULL, ?, ?)", [position, hash_, text, payload])
        database.execute("INSERT INTO parts VALUES (9, 'm2', 1, 'attachment', NULL, NULL, ?)", [json.dumps({"attachment": {"id": "a1"}})])
        database.execute("INSERT INTO part_fragments VALUES (1, 7, 0)")
        database.execute("INSERT INTO part_attachments VALUES (9, 'a1', 0)")
        database.execute("INSERT INTO threads VALUES ('c2', 'Rivers again', 'm5', NULL, NULL)")
        for turn, parent, tip, minute in (("02a", "m2", "m3", 2), ("02b", "m4", "m5", 3)):
            values = [turn, parent, tip, f"2025-03-01T10:0{minute}:00+00:00", json.dumps({"finish_reason": "stop"})]
            database.execute("INSERT INTO turns VALUES (?, 'c2', ?, ?, 'gpt-4o', NULL, NULL, NULL, 12, 5, NULL, 700, ?, ?)", values)


_TABLES_OF_LLM = """
CREATE TABLE conversations (id TEXT PRIMARY KEY, name TEXT, model TEXT);
CREATE TABLE schemas (id TEXT PRIMARY KEY, content TEXT);
CREATE TABLE responses (id TEXT PRIMARY KEY, model TEXT, prompt TEXT, system TEXT, options_json TEXT, response TEXT, response_json TEXT,
  conversation_id TEXT, duration_ms INTEGER, datetime_utc TEXT, input_tokens INTEGER, output_tokens INTEGER, token_details TEXT,
  schema_id TEXT, resolved_model TEXT, reasoning TEXT);
CREATE TABLE attachments (id TEXT PRIMARY KEY, type TEXT, path TEXT, url TEXT, content BLOB);
CREATE TABLE prompt_attachments (response_id TEXT, attachment_id TEXT, "order" INTEGER);
CREATE TABLE fragments (id INTEGER PRIMARY KEY, hash TEXT, content TEXT, datetime_utc TEXT, source TEXT);
CREATE TABLE prompt_fragments (response_id TEXT, fragment_id INTEGER, "order" INTEGER);
CREATE TABLE system_fragments (response_id TEXT, fragment_id INTEGER, "order" INTEGER);
CREATE TABLE tools (id INTEGER PRIMARY KEY, hash TEXT, name TEXT, description TEXT, input_schema TEXT);
CREATE TABLE tool_responses (tool_id INTEGER, response_id TEXT);
CREATE TABLE tool_calls (id INTEGER PRIMARY KEY, response_id TEXT, tool_id INTEGER, name TEXT, arguments TEXT, tool_call_id TEXT);
CREATE TABLE tool_results (id INTEGER PRIMARY KEY, response_id TEXT, tool_id INTEGER, name TEXT, output TEXT, tool_call_id TEXT);
CREATE TABLE messages (hash TEXT PRIMARY KEY, parent_hash TEXT, role TEXT, provider_metadata TEXT);
CREATE TABLE parts (id INTEGER PRIMARY KEY, message_hash TEXT, position INTEGER, type TEXT, tool_name TEXT, text TEXT, payload TEXT);
CREATE TABLE part_attachments (part_id INTEGER, attachment_id TEXT, "order" INTEGER);
CREATE TABLE part_fragments (part_id INTEGER, fragment_id INTEGER, "order" INTEGER);
CREATE TABLE threads (id TEXT PRIMARY KEY, name TEXT, tip_message_hash TEXT, forked_from TEXT, datetime_utc TEXT);
CREATE TABLE turns (id TEXT PRIMARY KEY, thread_id TEXT, parent_message_hash TEXT, tip_message_hash TEXT, model TEXT, resolved_model TEXT,
  options_json TEXT, schema_id TEXT, input_tokens INTEGER, output_tokens INTEGER, token_details TEXT, duration_ms INTEGER,
  datetime_utc TEXT, response_json TEXT);
CREATE TABLE turn_tools (turn_id TEXT, tool_id INTEGER, instance_id INTEGER);
"""


def an_annotation_of_phoenix(**fields: Any) -> dict[str, Any]:
    """What its REST API hands out; it names no trace."""
    annotation = {
        "id": "U3BhbkFubm90YXRpb246MQ==",
        "created_at": "2025-03-01T11:00:00+00:00",
        "updated_at": "2025-03-01T12:00:00+00:00",
        "source": "API",
        "user_id": None,
        "name": "relevance",
        "annotator_kind": "LLM",
        "result": {"label": "relevant", "score": 0.9, "explanation": "To the point."},
        "metadata": {"judge": "gpt-4o"},
        "identifier": "",
        "span_id": "2" * 16,
    }
    return annotation | fields


def a_feedback_of_langsmith(**fields: Any) -> dict[str, Any]:
    feedback = {
        "id": "f1a2c3d4-0000-4000-8000-000000000000",
        "created_at": "2025-03-01T11:00:00+00:00",
        "modified_at": "2025-03-01T12:00:00+00:00",
        "run_id": RUN,
        "trace_id": TRACE,
        "key": "relevance",
        "score": 0.9,
        "value": None,
        "comment": "To the point.",
        "correction": None,
        "feedback_source": {"type": "model", "metadata": {"judge": "gpt-4o"}},
    }
    return feedback | fields
