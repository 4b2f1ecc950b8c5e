"""ClickHouse's HTTP interface, as far as its Python client uses it, answered by chDB. For tests only."""

from __future__ import annotations

import re
import secrets
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from urllib.parse import parse_qsl, urlsplit

import chdb
import pyarrow as pa

# What the interface takes beside settings.
TRANSPORT = {
    "query",
    "database",
    "user",
    "password",
    "query_id",
    "session_id",
    "client_protocol_version",
    "wait_end_of_query",
    "buffer_size",
    "compress",
    "decompress",
    "enable_http_compression",
    "send_progress_in_http_headers",
    "http_headers_progress_interval_ms",
    "cancel_http_readonly_queries_on_client_close",
}
IN_PIECES = {"ArrowStream", "JSONEachRow", "LineAsString", "TSV", "TSVRaw", "CSV"}
FORMAT = re.compile(rb"\s+FORMAT\s+(\w+)\s*$", re.IGNORECASE)
INSERT = re.compile(rb"\s*INSERT\s+INTO\s.*\sFORMAT\s+ArrowStream\s*$", re.IGNORECASE | re.DOTALL)


class Interface(ThreadingHTTPServer):
    """Every request gets a connection of its own, as settings belong to connections in chDB.

    Args:
        folder: a folder for chDB, with its options.
        rewrite: changes statements before they run.
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, folder: str, port: int = 0, rewrite=lambda sql: sql):
        super().__init__(("127.0.0.1", port), Handler)
        self.folder = folder
        self.rewrite = rewrite
        self.held = chdb.connect(folder)  # keeps the engine running between requests

    @property
    def url(self) -> str:
        return f"clickhouse://default:secret@127.0.0.1:{self.server_address[1]}/default"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 1 << 16
    server: Interface

    def do_GET(self):
        self.answer()

    def do_POST(self):
        self.answer()

    def answer(self):
        body = self.body()
        values = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))
        if self.headers.get_content_type() == "multipart/form-data":
            values |= form(self.headers["Content-Type"], body)
            body = b""
        if not self.path.startswith("/?"):
            self.send(b"Ok.\n")  # ping
            return
        try:
            self.run(values, body)
        except (RuntimeError, chdb.ChdbError) as problem:
            self.refuse(str(problem))

    def run(self, values: dict[str, str], body: bytes):
        params = {name.removeprefix("param_"): value for name, value in values.items() if name.startswith("param_")}
        settings = {name: value for name, value in values.items() if name not in TRANSPORT and not name.startswith("param_")}
        connection = chdb.connect(self.server.folder)
        try:
            if settings:
                connection.query("SET " + ", ".join(f"{name} = {quoted(value)}" for name, value in settings.items()))
            query = values.get("query", "").encode()
            if INSERT.match(query):
                self.insert(connection, query, body)
                return
            query = query + b"\n" + body if query and body else query or body
            found = FORMAT.search(query)
            format = found.group(1).decode() if found else "TSV"
            whole = values.get("wait_end_of_query") == "1" or format not in IN_PIECES
            self.select(connection, FORMAT.sub(b"", query), format, params, whole)
        finally:
            connection.close()

    def insert(self, connection, query: bytes, body: bytes):
        block = pa.ipc.open_stream(body).read_all()  # the engine finds it by its name
        columns = ", ".join(f"`{name}`" for name in block.column_names)
        sql = self.server.rewrite(FORMAT.sub(b"", query).decode())
        connection.query(f"{sql} SELECT {columns} FROM Python(block)")
        self.send(b"")

    def select(self, connection, query: bytes, format: str, params: dict[str, str], whole: bool):
        sql = self.server.rewrite(query.decode())
        if whole or not re.match(r"\s*(SELECT|WITH)\b", sql, re.IGNORECASE):
            self.send(connection.query(sql, format, params=params).bytes())
            return
        pieces = connection.send_query(sql, format, params=params)
        try:
            first = pieces.fetch()  # an error before the first piece is a status, one after it stands in the answer
            if first is None:
                self.send(connection.query(sql, format, params=params).bytes())
            else:
                self.stream(first, pieces, format)
        finally:
            pieces.close()

    def stream(self, first, pieces, format: str):
        tag = secrets.token_hex(8)
        self.head(200, {"Transfer-Encoding": "chunked", "X-ClickHouse-Exception-Tag": tag})
        try:
            for content in joined(first, pieces) if format == "ArrowStream" else separate(first, pieces):
                self.chunk(content)
        except chdb.ChdbError as problem:
            self.chunk(f"\r\n__exception__\r\n{tag}\r\n{problem}\n{len(str(problem))} {tag}\r\n__exception__\r\n".encode())
        except ConnectionError:
            return  # the client has left
        self.chunk(b"")

    def body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        pieces = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            pieces.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(pieces)

    def head(self, status: int, headers: dict[str, str]):
        self.send_response(status)
        for name, value in {"X-ClickHouse-Timezone": "UTC", "X-ClickHouse-Summary": "{}", **headers}.items():
            self.send_header(name, value)
        self.end_headers()

    def send(self, content: bytes):
        self.head(200, {"Content-Length": str(len(content))})
        self.wfile.write(content)

    def chunk(self, content: bytes):
        self.wfile.write(b"%x\r\n%s\r\n" % (len(content), content))

    def refuse(self, message: str):
        code = re.search(r"Code: (\d+)", message)
        content = f"{message} (version 26.9.2.1 (official build))\n".encode()
        self.head(500, {"Content-Length": str(len(content)), "X-ClickHouse-Exception-Code": code.group(1) if code else "1000"})
        self.wfile.write(content)

    def log_message(self, format, *args):
        pass


def separate(first, pieces):
    while first is not None:
        yield first.bytes()
        first = pieces.fetch()


def joined(first, pieces):
    """One Arrow stream out of the pieces, each of which chDB makes a stream of its own."""
    sink = BytesIO()
    writer = None
    for piece in separate(first, pieces):
        source = pa.ipc.open_stream(piece)
        writer = writer or pa.ipc.new_stream(sink, source.schema)
        for batch in source:
            writer.write_batch(batch)
        yield sink.getvalue()
        sink.seek(0)
        sink.truncate()
    writer.close()
    yield sink.getvalue()


def form(content_type: str, body: bytes) -> dict[str, str]:
    """The plain fields of a form."""
    message = BytesParser(policy=HTTP).parsebytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body)
    parts = (part for part in message.iter_parts() if isinstance(part, EmailMessage))
    return {part.get_param("name", header="content-disposition"): part.get_payload(decode=True).decode() for part in parts}


def quoted(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
