"""Serve ClickHouse's HTTP interface out of chDB, for tests: `python tests/targets/serve_http.py [--sharded]` (and `--help`).

The first line of the output is the URL for `Generations(url)` or `GENERATIONS_URL`. It ends when its standard input does, so it
never outlives the test run that started it; `--forever` keeps it.
"""

import argparse
import os
import sys
import tempfile
import threading
from pathlib import Path

import chdb

sys.path.insert(0, str(Path(__file__).parent))

from http_interface import Interface

from generations.store.pieces import create_pieces
from generations.store.schema import Layout, clustered, create_keys, create_tables

# Two names of this machine and no default database: the engine plans for two shards and runs both of them itself.
CLUSTER = """<clickhouse><tcp_port>9000</tcp_port><remote_servers><shards>
<shard><replica><host>127.0.0.1</host><port>9000</port></replica></shard>
<shard><replica><host>localhost</host><port>9000</port></replica></shard>
</shards></remote_servers></clickhouse>"""
ON_CLUSTER = " ON CLUSTER `shards`"


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--sharded", action="store_true")
    options.add_argument("--folder")
    options.add_argument("--port", type=int, default=0)
    options.add_argument("--forever", action="store_true")
    options.add_argument("--version", help="the version of ClickHouse to give oneself out for")
    asked = options.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = asked.folder or f"{scratch}/data"
        server = sharded(folder, scratch, asked.port) if asked.sharded else Interface(folder, asked.port)
        if asked.version:
            server.rewrite = lambda sql: sql.replace("SELECT version()", f"SELECT '{asked.version}'")
        print(server.url, flush=True)
        if not asked.forever:
            threading.Thread(target=wait_for_the_end, daemon=True).start()
        server.serve_forever()


def sharded(folder: str, scratch: str, port: int) -> Interface:
    """`generations` is distributed over `generations_local`, which on each shard is a view of its own half of the rows.

    Views take no rows, so what is written goes to the table below them, as it would to the shards of a cluster.
    """
    config = Path(scratch, "cluster.xml")
    config.write_text(CLUSTER)
    url = f"{folder}?config-file={config}"
    connection = chdb.connect(url)
    rows = Layout("generations_rows", "generations_rows")
    (_, distributed) = create_tables(clustered("shards"))
    for statement in (
        *create_tables(rows),
        *create_keys(rows),
        *create_pieces(rows),
        "CREATE VIEW IF NOT EXISTS generations_local AS SELECT * FROM generations_rows WHERE sipHash64(project, id) % 2 = shardNum() - 1",
        as_written(distributed),
    ):
        connection.query(statement)
    connection.close()
    return Interface(url, port, as_written)


def as_written(sql: str) -> str:
    sql = sql.replace(ON_CLUSTER, "")
    sql = sql.replace("generations_pieces_local", "generations_pieces")
    sql = sql.replace("ALTER TABLE generations_local ", "ALTER TABLE generations_rows ")
    return sql.replace("INSERT INTO generations (", "INSERT INTO generations_rows (")


def wait_for_the_end() -> None:
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    main()
