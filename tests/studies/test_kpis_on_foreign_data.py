"""The study of KPIs on foreign data: what its sources make of a few rows, and that plain SQL says what the KPIs say."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd
import pytest

from abm_ml.engines import Engine
from abm_ml.sources import Reading, Source
from tests.sources.contract import SourceContract
from tests.studies.slices import EXPERIMENTS, source_module

STUDY = "2026-11-kpis-on-foreign-data"
Files = Mapping[str, Sequence[str]]

MAVEN: Files = {
    "accounts.csv": (
        "account,sector,year_established,revenue,employees,office_location,subsidiary_of",
        "Acme,technolgy,1996,1100.5,2822,Philipines,",
        "Bluth,retail,2017,10,9,Kenya,Acme",
    ),
    "products.csv": ("product,series,sales_price", "GTX Pro,GTX,4821", "MG Special,MG,55"),
    "sales_teams.csv": ("sales_agent,manager,regional_office", "Ann,M,West", "Bob,M,East", "Cid,M,East"),
    "sales_pipeline.csv": (
        "opportunity_id,sales_agent,product,account,deal_stage,engage_date,close_date,close_value",
        "d1,Ann,GTXPro,Acme,Won,2016-10-25,2017-03-11,4514",
        "d2,Bob,GTXPro,Acme,Lost,2016-11-01,2017-03-20,0",
        "d3,Bob,MG Special,Acme,Engaging,2017-01-05,,",
        "d4,Bob,MG Special,Bluth,Won,2016-12-01,2017-04-01,50",
        "d5,Bob,MG Special,Bluth,Won,2016-12-02,2017-04-02,51",
        "d6,Bob,MG Special,Bluth,Lost,2016-12-03,2017-04-03,0",
        "d7,Ann,MG Special,Bluth,Lost,2016-12-04,2017-04-04,0",
        "d8,Ann,MG Special,Bluth,Lost,2016-12-05,2017-04-05,0",
        "d9,Ann,MG Special,Bluth,Lost,2016-12-05,2017-04-05,0",
        "d10,Ann,MG Special,,Engaging,2017-01-06,,",
        "d11,Ann,MG Special,,Prospecting,,,",
    ),
}
SELLERS: Files = {
    "sellers": ("seller_id,seller_zip_code_prefix,seller_city,seller_state", "s1,1,santos,SP", "s2,2,recife,PE"),
    "orders": (
        "order_id,customer_id,order_status,order_purchase_timestamp",
        "o1,c1,canceled,2017-01-01 10:00:00",
        "o2,c2,delivered,2017-01-18 11:00:00",
        "o3,c3,delivered,2017-02-18 11:00:00",
        "o4,c4,delivered,2017-02-19 11:00:00",
    ),
    "order_items": (
        "order_id,order_item_id,product_id,seller_id,shipping_limit_date,price,freight_value",
        "o1,1,p,s1,2017-01-02,10.5,1", "o2,1,p,s1,2017-01-19,20.5,1", "o3,1,p,s1,2017-02-19,30.5,1",
        "o4,1,p,s2,2017-02-19,40.5,1",
    ),
    "order_reviews": (
        "review_id,order_id,review_score,review_creation_date,review_answer_timestamp",
        "r1,o1,1,2017-01-05 00:00:00,2017-01-07 00:00:00",
        "r2,o2,4,2017-01-25 00:00:00,2017-01-27 00:00:00",
    ),
}  # fmt: skip


def maven(folder: Path) -> Source:
    """The CRM of a few rows."""
    for name, lines in MAVEN.items():
        (folder / name).write_text("\n".join(lines) + "\n")
    return source_module(STUDY).MavenCrm(folder)


def sellerhealth(folder: Path) -> Source:
    """The marketplace of a few rows."""
    for name, lines in SELLERS.items():
        rows = pd.DataFrame([line.split(",") for line in lines[1:]], columns=lines[0].split(","))
        rows.to_csv(folder / f"olist_{name}_dataset.csv.gz", index=False)
    return source_module(STUDY).SellerHealth(folder)


class TestMaven(SourceContract):
    @pytest.fixture(scope="class")
    @classmethod
    def source(cls, tmp_path_factory: pytest.TempPathFactory) -> Source:
        """Two accounts and eleven deals."""
        return maven(tmp_path_factory.mktemp("maven"))

    def test_deals_without_account_or_date_are_quarantined(self, reading: Reading) -> None:
        """Both open deals without an account, one of which has no date either, are no deals of anybody."""
        deals = next(report for report in reading.reports if report.table == "opportunities")
        assert (deals.accepted, deals.quarantined) == (9, 2)
        assert {finding.column for finding in deals.findings} <= {"account_id", "opened_at"}

    def test_a_deal_has_the_list_price_until_it_is_won(self, reading: Reading, engine: Engine) -> None:
        """A lost one was not worth 0; GTXPro is GTX Pro; what a won one brought is known from its closing on."""
        deals = engine.compute(reading.tables["opportunities"].order_by("opportunity_id")).to_pylist()
        assert [deal["amount"] for deal in deals[:3]] == [4821, 4821, 55]
        changes = engine.compute(reading.tables["opportunity_changes"].order_by("opportunity_id")).to_pylist()
        assert [(row["opportunity_id"], float(row["value"])) for row in changes] == [
            ("d1", 4514.0), ("d4", 50.0), ("d5", 51.0),
        ]  # fmt: skip
        assert str(changes[0]["known_at"]) == "2017-03-11 00:00:00"

    def test_an_account_is_whose_agent_engaged_it_first(self, reading: Reading, engine: Engine) -> None:
        """Spelling is mended, money is in dollars, a subsidiary names its parent."""
        acme, bluth = engine.compute(reading.tables["accounts"].order_by("account_id")).to_pylist()
        assert (acme["industry"], acme["country"], acme["annual_revenue"]) == ("technology", "Philippines", 1_100.5e6)
        assert (acme["owner_id"], acme["territory"], str(acme["created_at"])) == ("Ann", "West", "2016-10-25 00:00:00")
        assert (bluth["owner_id"], bluth["parent_account_id"], acme["parent_account_id"]) == ("Bob", "Acme", None)


def test_maven_counts_its_traps(tmp_path: Path) -> None:
    """How often each rule was needed is told."""
    source = maven(tmp_path)
    source.frames()
    assert list(source.left_out.values()) == [2, 1, 1, 5, 3, 2, 2, 1, 1, 1, 1, 0, 0, 1, 1]


class TestSellerHealth(SourceContract):
    @pytest.fixture(scope="class")
    @classmethod
    def source(cls, tmp_path_factory: pytest.TempPathFactory) -> Source:
        """Two sellers and four orders."""
        return sellerhealth(tmp_path_factory.mktemp("sellerhealth"))

    def test_a_cancelled_order_is_none(self, reading: Reading, engine: Engine) -> None:
        """Money is the price without freight; the first order that was delivered is the new one."""
        orders = engine.compute(reading.tables["orders"].order_by("order_id")).to_pylist()
        assert [(row["order_id"], row["amount"], row["kind"]) for row in orders] == [
            ("o2", 20.5, "new"), ("o3", 30.5, "renewal"), ("o4", 40.5, "new"),
        ]  # fmt: skip

    def test_stars_are_points(self, reading: Reading, engine: Engine) -> None:
        """One star is 2 of 10 points, four are 8, whatever became of the order."""
        surveys = engine.compute(reading.tables["surveys"].order_by("survey_id")).to_pylist()
        assert [(row["account_id"], row["score"]) for row in surveys] == [("s1", 2.0), ("s1", 8.0)]

    def test_a_seller_is_there_from_its_first_order(self, reading: Reading, engine: Engine) -> None:
        """Even one that was cancelled; its country is told by state."""
        first = engine.compute(reading.tables["accounts"].order_by("account_id")).to_pylist()[0]
        assert (str(first["created_at"]), first["country"]) == ("2017-01-01 10:00:00", "BR-SP")


def test_sellerhealth_counts_its_traps(tmp_path: Path) -> None:
    """Cancelled orders, their reviews, orders without a review, and sellers that began with a cancelled one."""
    source = sellerhealth(tmp_path)
    source.frames()
    assert list(source.left_out.values()) == [1, 1, 2, 1]


@pytest.mark.slow
@pytest.mark.shared_data
@pytest.mark.parametrize(
    ("data", "by", "as_of", "kpis"),
    [("maven", "industry,size_band", "2017-11-16", 10), ("sellerhealth", "lifecycle", "2018-03-16", 10)],
)
def test_plain_sql_says_the_same(data: str, by: str, as_of: str, kpis: int, tmp_path: Path, shared_data: Path) -> None:
    """In the midst of a period, of all accounts and by a cut, every KPI that applies is what plain SQL says."""
    options = ["--data", data, "--by", by, "--as-of", as_of, "--workspace", tmp_path, "--json", tmp_path / "rows.json"]
    ran = subprocess.run(
        [sys.executable, EXPERIMENTS / STUDY / "run.py", *options],
        check=False,
        env={**os.environ, "ABM_ML_DATA": str(shared_data)},
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    rows = json.loads((tmp_path / "rows.json").read_text())
    assert len(rows) >= kpis
    assert all(row["with a value"] > 0 and row["largest difference"] < 1e-9 for row in rows)
