"""The other side of every ratio: the engine by itself, with SQL written by hand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import chdb
import msgspec

from generations.record.fields import FIELDS
from generations.store.schema import COLUMNS, KEPT

CURRENT = "project = 'default' AND seq NOT IN (SELECT supersedes FROM generations WHERE supersedes != 0)"
"""What every hand-written query has to say: this project, and no version that was replaced."""

RECORD = ", ".join(column.name for column in COLUMNS[len(KEPT) :] if column.arrow is not None and not column.name.endswith("_odd"))
"""All that a record consists of; what the table derives from it adds nothing."""

DERIVED = [column.name for column in COLUMNS if column.arrow is None or column.name.endswith("_odd")]
"""The accelerators: columns that repeat what others say."""

TEXTS = [field.column for field in FIELDS if field.type in ("map", "alternatives")]
TEXTS += [f"{field.column}_json" for field in FIELDS if field.type == "json"]


class Engine:
    """A connection to the folder of a store."""

    def __init__(self, folder: str) -> None:
        self._connection = chdb.connect(str(Path(folder).resolve()))
        self._decoder = msgspec.json.Decoder()

    def rows(self, sql: str) -> list[dict[str, Any]]:
        """The rows of a query as dicts."""
        return self._decoder.decode_lines(self.lines(sql))

    def records(self, sql: str) -> list[dict[str, Any]]:
        """The rows of a query over `RECORD` as dicts, the JSON inside them read as well."""
        rows = self.rows(sql)
        decode = self._decoder.decode
        for row in rows:
            for name in TEXTS:
                text = row[name]
                if text:
                    row[name] = decode(text)
        return rows

    def lines(self, sql: str) -> bytes:
        """The rows of a query as JSON lines."""
        return self._connection.query(sql, "JSONEachRow").bytes()

    def value(self, sql: str) -> Any:
        """The one value of a query."""
        (row,) = self.rows(sql)
        (value,) = row.values()
        return value

    def run(self, sql: str) -> None:
        self._connection.query(sql)

    def stream(self, sql: str) -> Iterator[bytes]:
        """The rows of a query as JSON lines, as they come."""
        result = self._connection.send_query(sql, "JSONEachRow")
        while chunk := result.fetch():
            yield chunk.bytes()

    def settle(self, seconds: float = 60.0) -> None:
        """Wait until no merge runs, so that no side of a ratio pays for it."""
        import time

        until = time.monotonic() + seconds
        while time.monotonic() < until and self.value("SELECT count() AS n FROM system.merges") not in (0, "0"):
            time.sleep(0.2)

    def close(self) -> None:
        self._connection.close()
