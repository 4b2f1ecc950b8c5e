"""Run the examples of a page, and compare what they print with what the page says.

    python docs/tooling/examples.py README.md docs/tutorial.md            check
    python docs/tooling/examples.py --write README.md docs/tutorial.md    write the outputs anew

Blocks of a page are run from top to bottom in one empty folder and one Python namespace:

- `python`: executed; what it prints stands in the `text` block that follows it.
- `console`: lines that begin with `$ ` are shell commands (a trailing backslash goes on in the next line, `<<'END'` up to that
  word), the lines below each are its output, standard error included. `export` holds for the rest of the page.
- anything else (`sh`, `json`, …) is shown and not run.

In an output, `…` stands for any characters of its line, and a line of only `…` for any lines.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import subprocess
import sys
import tempfile
import traceback
from dataclasses import dataclass
from pathlib import Path

BLOCK = re.compile(r"^(?P<fence>```+)(?P<language>[a-z]*)\n(?P<body>.*?)^(?P=fence)$", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"\$ (?:.*<<'(?P<end>\w+)'.*\n(?:.*\n)*?(?P=end)\n|(?:.*\\\n)*.*\n)")


@dataclass
class Example:
    """A block that runs, where it stands in the page, and what the page says that it prints."""

    language: str
    source: str
    line: int
    said: str | None
    span: tuple[int, int] | None


@dataclass
class Difference:
    """An example whose output is not what the page says."""

    example: Example
    printed: str


def examples_of(page: str) -> list[Example]:
    """The examples of a page, in order; a console block is one example for each of its commands."""
    blocks = list(BLOCK.finditer(page))
    found: list[Example] = []
    for index, block in enumerate(blocks):
        line = page.count("\n", 0, block.start()) + 1
        if block["language"] == "python":
            output = _output_block(page, block, blocks[index + 1] if index + 1 < len(blocks) else None)
            said, span = (output["body"], output.span("body")) if output else (None, None)
            found.append(Example("python", block["body"], line, said, span))
        elif block["language"] == "console":
            found.extend(_commands(block, line))
    return found


def _output_block(page: str, block: re.Match[str], following: re.Match[str] | None) -> re.Match[str] | None:
    if following is None or following["language"] != "text" or page[block.end() : following.start()].strip():
        return None
    return following


def _commands(block: re.Match[str], line: int) -> list[Example]:
    commands: list[Example] = []
    start = block.start("body")
    pieces = re.split(r"^(?=\$ )", block["body"], flags=re.MULTILINE)
    for piece in pieces:
        command = COMMAND.match(piece)
        if command:
            said = (start + command.end(), start + len(piece))
            commands.append(Example("console", command.group()[2:], line, piece[command.end() :], said))
        elif piece.strip():
            raise SystemExit(f"line {line}: a console block begins with a line that is no command")
        start += len(piece)
        line += piece.count("\n")
    return commands


def matches(said: str, printed: str) -> bool:
    """Whether an output is what the page says, `…` standing for whatever is there."""
    pattern = "".join(
        r"(?:.*\n)*?" if line.strip() == "…" else ".*".join(map(re.escape, line.rstrip().split("…"))) + r"[ \t]*\n"
        for line in said.splitlines()
    )
    return re.fullmatch(pattern, _lines(printed)) is not None


def _lines(printed: str) -> str:
    return "".join(line.rstrip() + "\n" for line in printed.splitlines())


def run_page(page: str) -> list[Difference]:
    """Run a page's examples where the process stands; stops at the first that fails to run."""
    namespace: dict[str, object] = {"__name__": "__main__"}
    differences: list[Difference] = []
    for example in examples_of(page):
        printed = _run_python(example, namespace) if example.language == "python" else _run_command(example)
        if not matches(example.said or "", printed):
            differences.append(Difference(example, printed))
    return differences


def _run_python(example: Example, namespace: dict[str, object]) -> str:
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        try:
            exec(compile("\n" * example.line + example.source, "page", "exec"), namespace)  # noqa: S102 - running examples is the purpose
        except Exception as error:
            traceback.print_exc()
            raise SystemExit(f"line {example.line}: the example raised {type(error).__name__}: {error}") from error
    return printed.getvalue()


def _run_command(example: Example) -> str:
    exported = re.fullmatch(r"export (\w+)=.+\n", example.source)
    if exported:
        shown = subprocess.run(["bash", "-c", f'{example.source}printf %s "${exported[1]}"'], stdout=subprocess.PIPE, check=True)
        os.environ[exported[1]] = shown.stdout.decode()
        return ""
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", example.source],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    return done.stdout.decode()


def rewritten(page: str, differences: list[Difference]) -> str:
    """The page with the outputs that differ replaced by what was printed; lines that match as they are stay."""
    for difference in reversed(differences):
        if difference.example.span is None:
            raise SystemExit(f"line {difference.example.line}: the example prints, and no text block follows it")
        start, end = difference.example.span
        page = page[:start] + _merged(page[start:end], _lines(difference.printed)) + page[end:]
    return page


def _merged(said: str, printed: str) -> str:
    old, new = said.splitlines(keepends=True), printed.splitlines(keepends=True)
    if len(old) != len(new):
        return printed
    return "".join(before if matches(before, after) else after for before, after in zip(old, new, strict=True))


def settle_in(folder: str) -> None:
    """Give the examples an empty folder, the project's own commands, and an output that is the same on every terminal."""
    for name in [name for name in os.environ if name.startswith("GENERATIONS_")]:
        del os.environ[name]
    commands = str(Path(sys.executable).parent)
    os.environ.update(PATH=f"{commands}{os.pathsep}{os.environ['PATH']}", HOME=folder, COLUMNS="110", NO_COLOR="1", TERM="dumb", TZ="UTC")
    os.environ["GENERATIONS_JOURNAL"] = str(Path(folder) / "journal")  # pages end without the end of a program
    os.chdir(folder)


def main(arguments: list[str]) -> int:
    write = "--write" in arguments
    wrong = 0
    for name in [argument for argument in arguments if argument != "--write"]:
        path = Path(name).resolve()
        child = os.fork()  # one process a page: an engine opens one folder in the life of its process
        if child == 0:
            os._exit(_one_page(path, write))
        wrong += os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) != 0
    return 1 if wrong else 0


def _one_page(path: Path, write: bool) -> int:
    page = path.read_text()
    with tempfile.TemporaryDirectory(prefix="examples-", ignore_cleanup_errors=True) as folder:
        settle_in(folder)
        try:
            differences = run_page(page)
        except SystemExit as stop:
            sys.stderr.write(f"{path.name}, {stop}\n")
            return 1
    if write and differences:
        path.write_text(rewritten(page, differences))
        return 0
    for difference in differences:
        said, printed = difference.example.said or "nothing\n", difference.printed or "nothing\n"
        sys.stderr.write(f"{path.name}, line {difference.example.line}: the page says\n{said}and the example printed\n{printed}\n")
    sys.stderr.flush()
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
