"""The shape that the project agreed to keep."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULES = sorted((ROOT / "src" / "generations").rglob("*.py"))
TRACKED = subprocess.run(
    ["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=False
)
FILES = [ROOT / name for name in TRACKED.stdout.splitlines() if (ROOT / name).is_file()]
LARGEST_MODULE = 500
HOMELESS = {"utils", "util", "helpers", "helper", "common", "core", "manager", "misc", "base"}


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("module", MODULES, ids=relative)
def test_no_module_grows_beyond_five_hundred_lines(module: Path) -> None:
    assert len(module.read_text().splitlines()) <= LARGEST_MODULE


def test_no_module_is_a_home_for_the_homeless() -> None:
    """A function without a home is a concept without a name."""
    names = {part.removesuffix(".py") for module in MODULES for part in module.relative_to(ROOT).parts}

    assert not {name for name in names if name.strip("_") in HOMELESS}


def test_every_ignored_rule_carries_its_reason() -> None:
    """In the settings a comment beside each; in the code the reason after the rule."""
    ignores = re.findall(r"^ {4}\"[A-Z]+\d*\",(.*)$", (ROOT / "pyproject.toml").read_text(), flags=re.MULTILINE)
    bare = [
        f"{relative(module)}:{number}"
        for module in MODULES
        for number, line in enumerate(module.read_text().splitlines(), 1)
        if re.search(r"# (noqa: [A-Z0-9, ]+|pyright: ignore\[[^]]+\])\s*$", line)
    ]

    assert ignores
    assert all(re.match(r"\s+# \S", comment) for comment in ignores)
    assert bare == []


@pytest.mark.skipif(not FILES, reason="not a git checkout")
def test_nothing_in_the_project_knows_a_machine() -> None:
    """Paths of somebody's machine and hosts of package registries belong to nobody else."""
    places = re.compile(
        "|".join(
            ["/" + "work/", "/home/" + r"\w+/", "/Us" + "ers/", "pypi" + r"\.org", "pythonhosted" + r"\.org", "npmjs" + r"\.(org|com)"]
        )
    )
    found = []
    for path in FILES:
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            continue
        found += [f"{relative(path)}: {match.group()}" for match in places.finditer(text)]

    assert found == []


def test_nothing_is_left_for_later() -> None:
    marks = re.compile("|".join(["TO" + "DO", "FIX" + "ME", "XX" + "X", "raise NotImplemented" + "Error"]))

    assert [relative(module) for module in MODULES if marks.search(module.read_text())] == []
