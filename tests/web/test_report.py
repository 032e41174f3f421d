"""The report of a seller: one file that fetches and runs nothing, with all own accounts and no others."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from abm_ml.errors import UnknownName
from abm_ml.web.report import owners_of, report
from abm_ml.web.store import Store
from tests.web.company import publish


class Reader(HTMLParser):
    """The tags of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Every tag that begins."""
        self.tags.append((tag, dict(attrs)))


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A published run."""
    workspace = tmp_path_factory.mktemp("report")
    return Store.open(workspace / "runs" / publish(workspace))


@pytest.fixture(scope="module")
def text(store: Store) -> str:
    """The report of the seller of the west."""
    return report(store, "S1")


def test_a_seller_gets_all_own_accounts_and_no_others(store: Store, text: str) -> None:
    """The three accounts of the west, told one by one; nothing of the east."""
    assert text.count('class="account"') == text.count('<details class="family"') == 3
    assert "Acme" in text
    assert "Zephyr" not in text
    assert set(owners_of(store)) == {"S1", "S2"}


def test_nothing_is_fetched_or_run(text: str) -> None:
    """No script, no address beside those within the file; its only style is the one that its policy names."""
    read = Reader(text)
    assert {tag for tag, _ in read.tags} & {"script", "link", "img", "iframe", "form"} == set()
    assert [attrs for _, attrs in read.tags if any(name == "style" or name.startswith("on") for name in attrs)] == []
    assert {str(attrs["href"])[0] for tag, attrs in read.tags if tag == "a"} == {"#"}
    style = re.findall(r"<style>(.*?)</style>", text, flags=re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style[0].encode()).digest()).decode()
    assert f"default-src &#39;none&#39;; style-src &#39;sha256-{digest}&#39;" in text or f"'sha256-{digest}'" in text
    assert len(style) == 1


def test_every_link_leads_within(text: str) -> None:
    """Each account of the list leads to its own part."""
    ids = [str(attrs["id"]) for _, attrs in Reader(text).tags if "id" in attrs]
    links = {str(attrs["href"])[1:] for tag, attrs in Reader(text).tags if tag == "a"}
    assert links <= set(ids)
    assert len(ids) == len(set(ids))


def test_an_unknown_seller_has_no_report(store: Store) -> None:
    """A misspelt id is refused with the nearest one."""
    with pytest.raises(UnknownName, match="Did you mean 'S1'"):
        report(store, "s1 ")


def test_the_command_writes_a_file_per_seller(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a name every seller gets a file that only its owner may read; a table has the accounts of all."""
    from abm_ml.cli_page import export

    publish(tmp_path)
    config = Path(__file__).parents[2] / "configs" / "demo.yaml"
    export(config=config, workspace=tmp_path, to="html", owner=None, out=None)
    export(config=config, workspace=tmp_path, to="csv", owner=None, out=tmp_path / "out")
    written = sorted(path.name for path in (tmp_path / "exports").iterdir())
    assert written == ["accounts-S1-2026-06-30.html", "accounts-S2-2026-06-30.html"]
    assert (tmp_path / "exports" / written[0]).stat().st_mode & 0o077 == 0
    assert len((tmp_path / "out" / "accounts-all-2026-06-30.csv").read_bytes().splitlines()) >= 7
    assert capsys.readouterr().out.count("\n") == 3
