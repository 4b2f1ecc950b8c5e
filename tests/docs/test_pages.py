"""The docs say what is: examples run, generated parts are fresh, links lead somewhere."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(DOCS.glob("*.md"))]
WITH_EXAMPLES = [
    pytest.param(page, marks=[pytest.mark.programs] if "\n```console\n" in page.read_text() else [])
    for page in PAGES
    if re.search(r"^```(python|console)$", page.read_text(), flags=re.MULTILINE)
]
EVERY_PAGE = [*PAGES, *sorted(DOCS.glob("adr/*.md")), ROOT / "CHANGELOG.md"]


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as they are made from the words."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", WITH_EXAMPLES, ids=name)
def test_the_examples_of_a_page_run_and_print_what_it_says(page: Path) -> None:
    """`make docs` writes the outputs anew."""
    done = subprocess.run([sys.executable, str(DOCS / "tooling" / "examples.py"), str(page)], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr


def test_the_generated_parts_are_fresh() -> None:
    """`make docs` writes them anew."""
    command = [sys.executable, "-m", "cogapp", "--check", "--diff", "-I", str(DOCS / "tooling"), *map(str, PAGES)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)

    assert done.returncode == 0, done.stdout[-4000:] + done.stderr


@pytest.mark.parametrize("page", EVERY_PAGE, ids=name)
def test_every_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        if not there.exists() or (anchor and there.suffix == ".md" and anchor not in anchors(there)):
            broken.append(target)

    assert broken == []


@pytest.mark.parametrize("page", EVERY_PAGE, ids=name)
def test_every_make_target_that_is_named_exists(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    named = set(re.findall(r"(?:`|^)make ([a-z-]+)", page.read_text(), flags=re.MULTILINE))

    assert named <= targets


@pytest.mark.parametrize("page", sorted((DOCS / "adr").glob("0*.md")), ids=name)
def test_a_decision_is_short_and_is_in_the_list(page: Path) -> None:
    assert len(page.read_text().splitlines()) <= 60
    assert f"({page.name})" in (DOCS / "adr" / "README.md").read_text()


def test_every_page_is_in_the_table_of_contents() -> None:
    contents = (DOCS / "README.md").read_text()

    assert [page.name for page in DOCS.glob("*.md") if page.name != "README.md" and f"({page.name})" not in contents] == []
