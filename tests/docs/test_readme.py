"""What README.md shows exists."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
import typer

import abm_ml
from abm_ml import cli
from abm_ml.tables import TABLES

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SNIPPETS = {
    page: re.findall(r"```python\n(.*?)```", (ROOT / page).read_text(encoding="utf-8"), re.DOTALL)
    for page in ("README.md", "CONTRIBUTING.md")
}
PAGES = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "experiments").rglob("*.md")],
    key=str,
)


def first_cells(heading: str) -> list[str]:
    """The first column of the table whose heading begins so."""
    rows = README.split(f"| {heading} |", 1)[1].split("\n\n", 1)[0].splitlines()[2:]
    return [row.split("|")[1].strip() for row in rows]


def test_the_snippets_use_what_is_public() -> None:
    """Each snippet is Python, and takes from abm_ml only what is stable."""
    code = [ast.parse(snippet) for snippets in SNIPPETS.values() for snippet in snippets]
    nodes = [node for tree in code for node in ast.walk(tree)]
    attributes = [node for node in nodes if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)]
    used = {node.attr for node in attributes if node.value.id == "abm_ml"}
    assert {"open_workspace", "train", "score", "explain"} <= used <= set(abm_ml.__all__)


def test_the_public_names_are_those_of_the_package() -> None:
    """The table of names lists what the package exports; a workspace is what open_workspace opens."""
    named = {re.sub(r"\(.*", "", name) for cell in first_cells("name") for name in re.findall(r"`(.*?)`", cell)}
    assert named == set(abm_ml.__all__) - {"Workspace"}


def test_the_commands_are_those_of_the_command_line() -> None:
    """The table of commands lists each once, in the order of the help."""
    assert [cell.split()[1].strip("`") for cell in first_cells("command")] == list(
        typer.main.get_command(cli.app).commands
    )


def test_the_tables_are_those_of_the_records() -> None:
    """Each canonical table stands there once."""
    assert sorted(cell.split("`")[1] for cell in first_cells("table")) == sorted(TABLES.names)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    """Each relative link and picture is there."""
    links = re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8"))
    relative = [link for link in links if not re.match(r"[a-z]+:", link)]
    assert [link for link in relative if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_nothing_is_left_open(page: Path) -> None:
    """No place is left to be filled in."""
    assert re.findall(r"@@\w+@@|TODO|TBD", page.read_text(encoding="utf-8")) == []
