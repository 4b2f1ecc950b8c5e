"""From a URL to a collection."""

import inspect
import os
import subprocess
import sys
from pathlib import Path

import pytest

from generations import Collection, ConfigError, Generations, InvalidRecord, Limits, StoreUnavailable
from generations.connect import default_url, folder_of

RECORD = {"id": "a", "model": {"id": "gpt-4"}}


@pytest.mark.parametrize(
    ("url", "folder"),
    [
        ("data", "data"),
        ("./generations-data", "generations-data"),
        ("/var/lib/generations", "/var/lib/generations"),
        ("chdb:///var/lib/generations", "/var/lib/generations"),
        ("chdb:///var/lib/my%20data", "/var/lib/my data"),
        ("C:\\data", "C:\\data"),
        ("~/data", str(Path("~/data").expanduser())),
        ("100%20", "100%20"),
    ],
)
def test_a_folder_has_two_spellings(url: str, folder: str) -> None:
    assert folder_of(url) == Path(folder)


def test_a_clickhouse_url_is_no_folder() -> None:
    assert folder_of("clickhouse://user:secret@host:8123/database?secure=true") is None


@pytest.mark.parametrize(
    ("url", "hint"),
    [
        ("", "give a folder"),
        ("postgres://host/db", "give a folder"),
        ("chdb://data", "three slashes"),
        ("chdb:///", "three slashes"),
        ("chdb:///data?config-file=x", "three slashes"),
        ("http://", "http://host:4300"),
        ("http://host:port", "http://host:4300"),
        ("https://generations.example.com/?key=secret", "http://host:4300"),
        ("https://user:secret@generations.example.com", "GENERATIONS_API_KEY"),
    ],
)
def test_any_other_url_is_refused_with_the_way_out(url: str, hint: str) -> None:
    with pytest.raises(ConfigError) as refused:
        Generations(url)

    assert hint in str(refused.value)
    assert "secret" not in str(refused.value)


def test_a_password_is_never_repeated(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refused:
        Generations("postgres://user:secret@host/db")

    assert "secret" not in str(refused.value)


def test_an_api_key_is_for_servers(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="api_key"):
        Generations(tmp_path / "data", api_key="key")
    assert not (tmp_path / "data").exists()


def test_a_project_has_a_name(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="project"):
        Generations(tmp_path / "data", project="")


def test_a_setting_that_nobody_knows_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="timeout"):
        Generations(tmp_path / "data", timeout=5)  # type: ignore[call-arg]


def test_the_environment_says_where_the_data_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENERATIONS_URL", str(tmp_path / "data"))
    with Generations() as generations:
        generations.insert_one(RECORD)

    assert default_url() == str(tmp_path / "data")
    assert (tmp_path / "data").is_dir()
    monkeypatch.delenv("GENERATIONS_URL")
    assert default_url() == "./generations-data"


def test_what_was_written_is_there_after_reopening(tmp_path: Path) -> None:
    for url in (tmp_path / "data", f"chdb://{tmp_path}/data"):
        with Generations(url) as generations:
            generations.insert_one(RECORD)
            assert generations.count_documents({}) == 1
            assert generations.name == str(tmp_path / "data")


def test_projects_do_not_see_each_other(tmp_path: Path) -> None:
    with Generations(tmp_path / "data", project="one") as one, Generations(tmp_path / "data", project="two") as two:
        one.insert_one(RECORD)
        two.insert_one({**RECORD, "status": "error"})
        two.delete_many({"status": "success"})

        assert (one.project, two.project) == ("one", "two")
        assert one.count_documents({"status": "error"}) == 0
        assert one.count_documents({}) == two.count_documents({}) == 1
        assert two.delete_many({}).deleted_count == 1
        assert one.count_documents({}) == 1


def test_settings_are_obeyed(tmp_path: Path) -> None:
    with Generations(tmp_path / "data", limits=Limits(result_rows=5), max_record_bytes=500) as generations:
        with pytest.raises(InvalidRecord, match="500"):
            generations.insert_one({**RECORD, "metadata": {"x": "y" * 1000}})
        assert "project='default'" in repr(generations)


def test_the_public_verbs_of_the_collection_are_these() -> None:
    """A change here is a change for everyone who uses the package."""
    verbs = {name for name, value in inspect.getmembers(Generations) if not name.startswith("_") and not isinstance(value, property)}

    assert verbs == {
        "add_eval",
        "add_evals",
        "add_feedback",
        "aggregate",
        "close",
        "count_documents",
        "delete_many",
        "delete_one",
        "distinct",
        "estimated_document_count",
        "evals",
        "explain",
        "export",
        "feedback",
        "find",
        "find_one",
        "get",
        "history",
        "insert_many",
        "insert_one",
        "stats",
        "update_many",
        "update_one",
    }
    assert issubclass(Generations, Collection)


@pytest.mark.parametrize("package", ["pandas", "polars"])
def test_a_missing_frame_library_is_told_with_the_line_that_installs_it(package: str, tmp_path: Path) -> None:
    program = f"""
import sys
sys.modules[{package!r}] = None
from generations import Generations, MissingExtra
with Generations({str(tmp_path / "data")!r}) as generations:
    try:
        generations.find().to_{package}()
    except MissingExtra as error:
        print(error)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env=dict(os.environ))

    assert f"pip install 'generations[{package}]'" in done.stdout


@pytest.mark.parametrize("name", ["x" * 300, "file/data", "taken"])
def test_a_folder_that_cannot_be_used_is_told_with_its_name(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "taken" / "status").mkdir(parents=True)
    (tmp_path / "taken" / "generations.json").write_text('{"format": 1}')

    with pytest.raises(StoreUnavailable, match=f"{name} cannot be used: .*; check its permissions"):
        Generations(tmp_path / name)


def test_a_folder_that_is_not_ours_to_write_is_told_before_the_engine_sees_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who runs the tests as root may write everywhere, and so the system is made to say otherwise."""
    monkeypatch.setattr(os, "access", lambda *_: False)

    with pytest.raises(StoreUnavailable, match="cannot be used: Permission denied; check its permissions"):
        Generations(tmp_path)
    assert list(tmp_path.iterdir()) == []
