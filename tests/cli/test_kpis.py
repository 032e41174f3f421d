"""`abm-ml kpis`: the report in the terminal, for machines and as files; what is asked wrongly is answered helpfully."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from abm_ml.kpis import COLUMNS, KPIS
from abm_ml.wording import title_of
from tests.cli.command import call
from tests.jobs.company import Served, settings_of, written

pytestmark = pytest.mark.usefixtures("at_hand")

QUICK = ("--name", "win_rate", "--name", "penetration_rate", "--name", "tam")


def test_for_machines(company: Served) -> None:
    """The long table as records: each has every column; a cut of its own for each tier, a period for each quarter."""
    told = call("kpis", *QUICK, "--by", "tier", "--period", "quarter", "--json", "-c", company.config).json
    rows = pd.DataFrame(told["rows"])
    assert [*rows.columns] == [*COLUMNS, "tier"]
    assert set(rows["name"]) == {"win_rate", "penetration_rate", "tam"}
    assert {"all", "tier=1"} <= set(rows["cut"])
    assert rows["period_from"].nunique() == 8


def test_for_people(company: Served) -> None:
    """A table per family, a column per period, shares in percent, money with its currency."""
    out = call("kpis", *QUICK, "--period", "year", "-c", company.config).out
    for words in ("Pipeline", "Coverage", "win_rate", "%", "€", "2026 so far"):
        assert words in out


@pytest.mark.parametrize("ending", ["csv", "parquet", "xlsx"])
def test_as_a_file(company: Served, tmp_path: Path, ending: str) -> None:
    """The file holds the rows that are shown, numbers as numbers."""
    file = tmp_path / f"kpis.{ending}"
    told = call("kpis", *QUICK, "--by", "tier", "--out", file, "--json", "-c", company.config).json
    read = {"csv": pd.read_csv, "parquet": pd.read_parquet, "xlsx": pd.read_excel}[ending](file)
    assert len(read) == len(told["rows"])
    assert read["value"].sum() == pytest.approx(sum(row["value"] or 0 for row in told["rows"]))


def test_as_a_page(company: Served, tmp_path: Path) -> None:
    """All KPIs by tier and quarter as one page that needs no network."""
    file = tmp_path / "report.html"
    answer = call("kpis", "--by", "tier", "--period", "quarter", "--out", file, "-q", "-c", company.config)
    assert answer.code == 0
    text = file.read_text(encoding="utf-8")
    titles = {kpi.name: title_of(kpi.name, kpi.definition) for kpi in KPIS}
    assert [name for name, title in titles.items() if name not in text and title not in text] == []
    assert "<script src" not in text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--name", "winrate"), "No KPI is called 'winrate'. Did you mean 'win_rate'?"),
        (("--by", "teir"), "Nothing can be cut by 'teir'. Did you mean 'tier'?"),
        (("--name", "win_rate", "--by", "campaign"), "The KPI win_rate cannot be cut by campaign."),
        (("--period", "quartr"), "--period: there is no 'quartr'. Did you mean 'quarter'?"),
        (("--from", "2026-02-30"), "--from: '2026-02-30' is not a date."),
        (("--from", "2026-05-01", "--to", "2026-04-01"), "Nothing lies between 2026-05-01"),
        (("--disagreements", "--by", "tier"), "--disagreements is of the published run"),
        (("--out", "kpis.doc"), "kpis.doc: files end in .csv, .parquet, .xlsx, .html."),
    ],
)
def test_what_is_asked_wrongly(company: Served, arguments: tuple[str, ...], said: str) -> None:
    """Exit code 2, one line, and the nearest name."""
    answer = call("kpis", *arguments, "-c", company.config)
    assert (answer.code, answer.out) == (2, "")
    assert said in answer.err


def test_goals_in_the_terminal(company: Served, tmp_path: Path) -> None:
    """A goal that is met says yes, one that is missed no."""
    goals = {"win_rate": {"all": 0.01}, "churn_rate": {"all": 0.0001}}
    config = written(tmp_path / "goals.yaml", {**settings_of(company.folder), "goals": goals})
    out = call("kpis", "--name", "win_rate", "--name", "churn_rate", "--period", "year", "-c", config).out
    lines = {line.split()[0]: line.split()[-1] for line in out.splitlines() if "_rate" in line}
    assert lines == {"win_rate": "yes", "churn_rate": "no"}


def test_disagreements(company: Served) -> None:
    """The accounts that rule and model rank far apart, with what each of them sees."""
    told = call("kpis", "--disagreements", "--json", "-c", company.config).json
    scores = company.run.scores().to_pandas()
    assert len(told["rows"]) == (scores["agreement"] != "agree").sum()
    assert all(row["rule_because"] and row["model_because"] for row in told["rows"])
