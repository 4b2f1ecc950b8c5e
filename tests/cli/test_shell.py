"""How the command starts, fails and stops."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest
import typer.main

from generations import errors
from generations.cli import app, arguments
from generations.cli.exit_codes import EXIT_CODES, exit_code_of

PROGRAM = str(Path(sys.executable).with_name("generations"))
COMMANDS = sorted(typer.main.get_command(app).commands)


def started(*command: str, **options) -> subprocess.Popen:
    return subprocess.Popen([PROGRAM, *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)


def test_the_commands_are_these():
    expected = (
        "aggregate count delete distinct eval explain export feedback fields find get import insert keys reprice sample serve stats update"
    )

    assert expected.split() == COMMANDS


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_every_command_teaches_with_examples(run, command):
    ran = run(command, "--help")

    examples = [line for line in ran.out.splitlines() if "generations " + command in line and not line.startswith("Usage")]
    assert ran.code == 0
    assert len(examples) >= 2


def test_the_help_lists_every_exit_code(run):
    assert all(f"{status.code:<4}{status.meaning}" in run("--help").out for status in EXIT_CODES)
    assert len({status.code for status in EXIT_CODES}) == len(EXIT_CODES)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.InvalidInput, 3),
        (errors.UnknownField, 3),
        (errors.InvalidRecord, 3),
        (errors.StoreUnavailable, 4),
        (errors.QueryFailed, 4),
        (errors.LimitExceeded, 5),
        (errors.ConfigError, 6),
        (errors.MissingExtra, 6),
        (errors.AccessDenied, 8),
        (errors.GenerationsError, 1),
    ],
)
def test_every_error_has_its_exit_code(error, code):
    assert exit_code_of(error) == code


def test_a_wrong_command_line_is_exit_code_2(run):
    assert run("fnd").code == 2
    assert run("find", "--limit", "many").code == 2
    assert "--limit" in run("find", "--limit", "-1").err


def test_a_wrong_url_is_exit_code_6(run):
    ran = run("count", "--data", "mysql://localhost/db")

    assert ran.code == 6
    assert "mysql" in ran.err


@pytest.mark.parametrize("command", [["count"], ["get", "a"], ["delete", "--all", "--yes"], ["export", "out.jsonl"], ["stats"]])
def test_whoever_asks_of_a_folder_that_is_not_there_is_told(run, command, tmp_path):
    ran = run(*command, "--data", "mistyped")

    assert (ran.code, ran.out) == (6, "")
    assert ran.err.startswith("error: there is no folder mistyped")
    assert list(tmp_path.iterdir()) == []


def test_an_unforeseen_error_is_one_line_and_debug_shows_where(run, monkeypatch):
    def broken(*_):
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr(arguments, "one_filter", broken)
    quiet, loud = run("count"), run("--debug", "count")

    assert quiet.code == loud.code == 1
    assert len(quiet.err.splitlines()) == 1
    assert "ZeroDivisionError: by zero" in quiet.err
    assert "Traceback" in loud.err


def test_the_data_and_project_of_the_command_win_over_those_of_the_program(filled, project):
    assert filled("count", "--project", "another").out == "0\n"
    assert filled("--project", "another", "count", "--project", project).out == "6\n"


def test_the_environment_names_the_data(tmp_path):
    environment = {**os.environ, "GENERATIONS_URL": str(tmp_path / "data")}

    said = [
        subprocess.run([PROGRAM, *command], capture_output=True, text=True, env=environment, check=False)
        for command in (["insert", '{"id": "a", "model": {"id": "m"}}', "--table"], ["count"])
    ]

    assert [(done.returncode, done.stdout, done.stderr) for done in said] == [(0, "1 inserted\n  a\n", ""), (0, "1\n", "")]


def test_help_loads_neither_engine_nor_terminal_library():
    program = """
import sys
sys.argv = ["generations", "find", "--help"]
from generations.cli import main
try:
    main()
except SystemExit:
    pass
print(sorted({"chdb", "pyarrow", "rich", "msgspec", "numpy"} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout.splitlines()[-1] == "[]"


def test_a_missing_terminal_library_is_told_with_the_line_that_installs_it():
    program = "import sys; sys.modules['typer'] = None; from generations.cli import main; main()"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)

    assert done.returncode == 6
    assert "pip install 'generations[cli]'" in done.stderr


def test_a_reader_that_stops_reading_is_no_error_to_speak_of():
    process = started("sample", "5000")
    process.stdout.readline()
    process.stdout.close()

    assert process.stderr.read() == ""
    assert process.wait(timeout=30) == 141
    process.stderr.close()


def test_interrupting_is_quiet(tmp_path):
    process = started("import", "-", "--data", str(tmp_path), stdin=subprocess.PIPE)
    process.stdin.write("\n")
    process.stdin.flush()
    while int.from_bytes(fcntl.ioctl(process.stdin, termios.FIONREAD, bytes(4)), sys.byteorder):  # until it reads its input
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)

    assert process.returncode == 130
    assert "Traceback" not in said


def test_the_version_is_that_of_the_package(run):
    assert json.dumps(run("--version").out.strip()).count(".") == 2


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is always full")
@pytest.mark.parametrize("command", [["sample", "10"], ["sample", "1000"], ["--help"], ["find", "--help"], ["--version"]])
def test_a_full_disk_is_one_line(command):
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([PROGRAM, *command], stdout=full, stderr=subprocess.PIPE, text=True, check=False)

    assert done.stderr == "error: standard output cannot be written: No space left on device\n"
    assert done.returncode == 4


def test_a_closed_standard_output_is_told_before_anything_is_done(tmp_path):
    done = closing(">&-", "sample", "10", "--into", str(tmp_path / "data"))

    assert done.returncode == 2
    assert done.stderr.startswith("error: standard output is closed; ")
    assert not (tmp_path / "data").exists()


def test_standard_input_and_error_may_be_closed(tmp_path):
    (tmp_path / "a.jsonl").write_text('not json\n{"id": "a", "model": {"id": "m"}}\n')
    data = str(tmp_path / "data")

    assert closing("2>&-", "import", str(tmp_path / "a.jsonl"), "--data", data).returncode == 7
    assert closing("<&-", "insert", "-", "--data", data, "--table").stdout == "0 inserted\n"


def closing(redirection, *arguments):
    """The command run by a shell with one of its streams closed."""
    return subprocess.run(["sh", "-c", f'exec "$@" {redirection}', "sh", PROGRAM, *arguments], capture_output=True, text=True, check=False)
