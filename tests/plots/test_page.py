"""The page: one file without network, harmless whatever the data is called, with all KPIs in it."""

from __future__ import annotations

import json
import re
import sys
from html.parser import HTMLParser
from typing import Any

import pandas as pd
import pytest

from abm_ml.errors import NotReady
from abm_ml.plots.page import kpi_page

AS_OF = pd.Timestamp("2025-11-15").to_pydatetime()
TITLE = "KPIs of <b>Nordwind</b> & Söhne</script>"


class Reader(HTMLParser):
    """The tags of a page, its ids, and what it would run or fetch."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Every tag that a browser would see."""
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        """Every text that a browser would show or run."""
        self.words.append(data)


@pytest.fixture(scope="module")
def page(rows: pd.DataFrame, definitions: dict[str, Any], unavailable: dict[str, str]) -> str:
    """The page of the made-up report."""
    return kpi_page(
        rows,
        title=TITLE,
        as_of=AS_OF,
        currency="EUR",
        definitions=definitions,
        unavailable=unavailable,
        stages=("awareness", "consideration", "evaluation", "decision"),
    )


@pytest.fixture(scope="module")
def own(page: str) -> str:
    """The page without Plotly's own text."""
    from plotly.offline import get_plotlyjs

    assert page.count(get_plotlyjs()) == 1
    return page.replace(get_plotlyjs(), "")


def test_page_needs_no_network(own: str) -> None:
    """Nothing is loaded: no address, no script or style from elsewhere, and a policy that forbids it."""
    assert re.findall(r"(?:https?:)?//[\w.]+\.\w", own) == []
    assert [
        attrs for tag, attrs in Reader(own).tags if tag in ("link", "img", "iframe", "object") or "src" in attrs
    ] == []
    assert "@import" not in own
    assert "url(" not in own
    assert "default-src 'none'" in own


def test_names_of_the_data_are_text(own: str) -> None:
    """Hostile names add no tag and no handler; they can be read as they are."""
    read = Reader(own)
    assert {tag for tag, _ in read.tags}.isdisjoint({"img", "iframe", "object", "form", "b onclick"})
    assert [name for _, attrs in read.tags for name in attrs if name.startswith("on")] == []
    assert [attrs["href"] for tag, attrs in read.tags if tag == "a" and not str(attrs["href"]).startswith("#")] == []
    assert own.count("<script") == own.count("</script>") == 3
    shown = " ".join(read.words)
    assert "<script>alert('x')</script>" in shown
    assert "上海云科技有限公司" in shown
    assert "<bdi>شركة النور للتجارة</bdi>" in own
    assert "\N{RIGHT-TO-LEFT OVERRIDE}" not in own


def test_drawings_are_data(own: str) -> None:
    """The pictures are JSON in a script that no text can end; each has its place on the page."""
    (text,) = re.findall(r'<script type="application/json" id="drawings">(.*?)</script>', own, flags=re.DOTALL)
    assert not set("<>").intersection(text)
    drawings = json.loads(text)
    places = [attrs["id"] for _, attrs in Reader(own).tags if attrs.get("class") == "plot"]
    assert list(drawings) == places
    assert len(places) == 11


def test_every_kpi_is_on_the_page(own: str, definitions: dict[str, Any], unavailable: dict[str, str]) -> None:
    """A fold per KPI with its definition, formula and numbers, or a line that says what it needs."""
    folds = [attrs["id"] for tag, attrs in Reader(own).tags if tag == "details"]
    assert sorted(folds) == sorted(f"kpi-{name}" for name in definitions if name not in unavailable)
    assert len(folds) + len(unavailable) == 71
    assert own.count("not available: needs table surveys") == 2
    assert "Vendors claim</dt><dd>20%" in own


def test_links_lead_somewhere(own: str) -> None:
    """Every link of the page leads to a place on it."""
    tags = Reader(own).tags
    places = {attrs["id"] for _, attrs in tags if "id" in attrs}
    assert {str(attrs["href"])[1:] for tag, attrs in tags if tag == "a"} <= places
    assert len(places) == len([attrs for _, attrs in tags if "id" in attrs])


def test_goals_come_first(own: str, rows: pd.DataFrame) -> None:
    """How many goals are met stands on the first card, and each goal in the table."""
    now = rows[(rows["period_from"] == pd.Timestamp("2025-07-01")) & rows["goal"].notna()]
    met = int(now["met"].sum())
    assert f'Goals met</span><span class="number">{met} of {len(now)}</span>' in own
    assert own.count("✓ met") + own.count("✗ missed") >= len(now)
    assert "at most 50 days" in own


def test_long_tables_show_ten_and_say_how_many_more(own: str) -> None:
    """Of 214 contents the ten largest are shown."""
    assert "All accounts: the largest, and 204 more that are not shown" in own
    assert own.count("Content ") < 300


def test_page_says_what_it_speaks_of(own: str) -> None:
    """The date, the period, the one it is compared with, and the currency."""
    assert "As known on 15 November 2025." in own
    assert "of 2025 Q3, compared with 2025 Q2. Money is in EUR." in own


@pytest.mark.parametrize("kept", ["nothing", "notes", "one period", "no cuts"])
def test_page_of_little(kept: str, rows: pd.DataFrame) -> None:
    """A report of nothing, of notes only, of one period or without cuts is a page all the same."""
    few = {
        "nothing": rows.iloc[:0],
        "notes": rows.head(3).assign(period_from=pd.NaT, period_to=pd.NaT, value=float("nan"), note="nothing happened"),
        "one period": rows[rows["period_from"] == pd.Timestamp("2025-04-01")],
        "no cuts": rows[rows["cut"] == "all"].drop(columns=["tier", "program", "industry"]),
    }[kept]
    made = kpi_page(few, title="Few", as_of=AS_OF, currency="EUR", definitions={}, unavailable={})
    assert made.startswith("<!doctype html>")
    assert ("Nothing happened." in made) == (kept == "notes")


def test_definitions_may_be_texts(rows: pd.DataFrame) -> None:
    """A KPI's definition alone is enough; what is not said is left out."""
    few = rows[(rows["name"] == "win_rate") & (rows["cut"] == "all")]
    told = {"win_rate": "Win rate: deals won by deals <closed>."}
    made = kpi_page(few, title="Few", as_of=AS_OF, currency="EUR", definitions=told, unavailable={})
    assert "<p>Win rate: deals won by deals &lt;closed&gt;.</p>" in made
    assert "<dt>Formula</dt>" not in made


def test_page_without_plotly_says_what_to_install(rows: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page has pictures, so it needs what draws them."""
    monkeypatch.setitem(sys.modules, "plotly.graph_objects", None)
    with pytest.raises(NotReady, match=r"abm-ml\[report\]"):
        kpi_page(rows, title="", as_of=AS_OF, currency="EUR", definitions={}, unavailable={})
