"""The composition root: from a URL to a collection. The only place that knows every engine, and the server at a distance."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final, Literal
from urllib.parse import unquote, urlsplit

from generations.errors import ConfigError, MissingExtra
from generations.pricing.prices import Prices, is_library_installed
from generations.remote.backend import ServerBackend
from generations.remote.connection import Connection
from generations.store.collection import Collection
from generations.store.cursor import sort_pairs
from generations.store.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable

    from generations.jobs.export import ExportReport
    from generations.store.collection import Filter, Projection
    from generations.store.cursor import Sort
    from generations.store.engine import Engine
    from generations.store.limits import Limits

URL_VARIABLE: Final = "GENERATIONS_URL"
API_KEY_VARIABLE: Final = "GENERATIONS_API_KEY"
PRICES_VARIABLE: Final = "GENERATIONS_PRICES"
DEFAULT_FOLDER: Final = "./generations-data"

_FORMS: Final = "give a folder, chdb:///absolute/folder, clickhouse://user:password@host:8123/database or http://host:4300"


class Generations(Collection):
    """The generations of one project: in a folder, on a ClickHouse server or cluster, or behind a Generations server.

        with Generations("./generations-data") as generations:
            generations.find({"model.id": "gpt-4"}).sort("timestamp", -1).limit(10).to_list()

    Args:
        url: where they are: a folder, `chdb:///absolute/folder`, `clickhouse://user:password@host:port/database`, or
            `http://host:port` of a Generations server. None takes the environment variable `GENERATIONS_URL`, and
            `./generations-data` where that is unset.
        api_key: the key of a Generations server, which sees its own project only; None takes the environment variable
            `GENERATIONS_API_KEY`. Folders and ClickHouse servers have none.
        project: whose records are seen and written; None is the project `default`, or that of the key.
        limits: what one query may spend; None takes the defaults of `Limits`. A Generations server has its own.
        max_record_bytes: records whose JSON is larger are refused; None is 32 MiB.
        prices: what recorded generations are priced by: the path of a file with prices of your own, which win over those
            of `genai-prices`; `off` computes no cost. None takes the environment variable `GENERATIONS_PRICES`, and
            where that is unset the prices of `genai-prices`, if it is installed. A Generations server has its own.

    Raises:
        ConfigError: the URL or a setting is not one that this version knows.
        MissingExtra: the engine is not installed; the hint is the line that installs it.
        StoreUnavailable: the folder is in use by another process, or the server does not answer.
        StoreDamaged: the folder is not a store of Generations, is damaged, or is of a newer version.
    """

    def __init__(
        self,
        url: str | os.PathLike[str] | None = None,
        api_key: str | None = None,
        project: str | None = None,
        *,
        limits: Limits | None = None,
        max_record_bytes: int | None = None,
        prices: str | os.PathLike[str] | None = None,
    ) -> None:
        if project == "":
            raise ConfigError("the project has no name", hint="leave it out for the project `default`")
        where = os.fspath(url) if url is not None else default_url()
        if is_server(where):
            if limits is not None:
                raise ConfigError("the limits of a Generations server are its own", hint="max_time_ms bounds a single call")
            if prices is not None:
                raise ConfigError("the prices of a Generations server are its own", hint="start it with generations serve --prices FILE")
            super().__init__(_at_a_distance(where, api_key, project, max_record_bytes))
            return
        if api_key is not None:
            raise ConfigError("api_key is for a Generations server", hint="a folder has none; put a ClickHouse password into the URL")
        priced_by = open_prices(prices)
        engine = open_engine(where)
        try:
            store = Store(engine, "default" if project is None else project, limits, prices=priced_by)
        except BaseException:
            engine.close()
            raise
        super().__init__(store, max_record_bytes)

    @property
    def origin(self) -> Store | ServerBackend:
        """What imports and exports speak to: the store, or the server at a distance."""
        return self.backend if isinstance(self.backend, ServerBackend) else self.store

    def export(
        self,
        target: str | Path | BinaryIO,
        *,
        format: Literal["jsonl", "json", "csv", "parquet"] | None = None,
        filter: Filter | None = None,
        fields: Projection | None = None,
        sort: Sort | None = None,
        limit: int = 0,
        on_progress: Callable[[ExportReport], None] | None = None,
    ) -> ExportReport:
        """Write the records that match to a file, in flat memory whatever their number; a manifest is written beside it.

        Args:
            target: a path (packed when it ends in `.gz` or `.zst`), `-` for standard output, or a stream that takes bytes.
            format: None takes the suffix of the path, and `jsonl` where that says nothing.
            filter: which records; None is all.
            fields: paths, or a projection; None is whole records. CSV and Parquet have one column for each.
            sort: as in `find`; None is the order in which records were inserted.
            limit: most records; 0 is all.
            on_progress: called with the report so far after each piece.
        """
        from generations.jobs.export import export_to  # noqa: PLC0415 - whoever never exports need not load it

        pairs = sort_pairs(sort)
        return export_to(target, self.origin, format=format, filter=filter, fields=fields, sort=pairs, limit=limit, on_progress=on_progress)


def default_url() -> str:
    """Where the data is when nobody says."""
    return os.environ.get(URL_VARIABLE) or DEFAULT_FOLDER


def open_prices(prices: str | os.PathLike[str] | None = None) -> Prices | None:
    """What generations are priced by; None when no cost is computed. See `Generations` for what can be said.

    Raises:
        ConfigError: the file cannot be read, or holds something that is not understood.
    """
    said = os.fspath(prices) if prices is not None else os.environ.get(PRICES_VARIABLE, "")
    if said == "off":
        return None
    if not said:
        return Prices() if is_library_installed() else None
    from generations.pricing.own import read_prices  # noqa: PLC0415 - for those who have prices of their own

    try:
        text = Path(said).expanduser().read_text(encoding="utf-8")
    except OSError as error:
        hint = f"name a TOML or JSON file, or `off`, with --prices or {PRICES_VARIABLE}"
        raise ConfigError(f"the prices cannot be read from {said}: {error.strerror or error}", hint=hint) from None
    except UnicodeDecodeError:
        raise ConfigError(f"the prices in {said} are not UTF-8 text") from None
    return Prices(read_prices(text, Path(said).name), use_library=is_library_installed())


def is_server(url: str) -> bool:
    """Whether a URL names a Generations server."""
    return url.startswith(("http://", "https://"))


def _at_a_distance(url: str, api_key: str | None, project: str | None, max_record_bytes: int | None) -> ServerBackend:
    key = os.environ.get(API_KEY_VARIABLE) or None if api_key is None else api_key
    named = project or ("default" if key is None else "of the key")
    return ServerBackend(Connection(url, key, project), named, max_record_bytes)


def open_engine(url: str) -> Engine:
    """Open the engine that a URL names, and make the folder when there is none."""
    folder = folder_of(url)
    if folder is not None:
        _require("engine", "chdb", "pyarrow")
        from generations.store.chdb_engine import ChdbEngine  # noqa: PLC0415 - loads the engine

        return ChdbEngine(folder)
    _require("clickhouse", "clickhouse_connect", "pyarrow")
    from generations.store.http_engine import HttpEngine  # noqa: PLC0415 - loads the client

    return HttpEngine(url)


def folder_of(url: str) -> Path | None:
    """The folder that a URL names; None for a ClickHouse server.

    Raises:
        ConfigError: it names neither.
    """
    if "://" not in url:
        if not url:
            raise ConfigError("the URL is empty", hint=_FORMS)
        return Path(url).expanduser()
    parts = urlsplit(url)
    if parts.scheme == "clickhouse":
        return None
    if parts.scheme in {"http", "https"}:
        raise ConfigError(
            f"{parts.scheme}:// names a Generations server, which is no store by itself",
            hint="give its folder or database; a ClickHouse server's HTTP port is reached with clickhouse://",
        )
    if parts.scheme != "chdb":
        raise ConfigError(f"unknown kind of URL {parts.scheme + '://'!r}", hint=_FORMS)
    if parts.netloc or not parts.path.strip("/") or parts.query or parts.fragment:
        raise ConfigError(f"{url!r} does not name a folder", hint="write chdb:///absolute/folder, with three slashes")
    return Path(unquote(parts.path))


def _require(extra: str, *packages: str) -> None:
    for package in packages:
        if find_spec(package) is None:
            raise MissingExtra(f"{package} is not installed", hint=f"pip install 'generations[{extra}]'")
