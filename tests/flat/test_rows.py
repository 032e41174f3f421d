"""A table as a training set: which rows train, whose they are, and what is refused."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from abm_ml.config import parse_config
from abm_ml.errors import AbmError, ConfigError, GateRefused, SourceError
from abm_ml.flat import FlatRows, Roles, read_table, rows_to_score, training_rows, typed
from tests.flat.rows import asked, subscriptions


def made(table: pd.DataFrame | None = None, **more: Any) -> FlatRows:
    """The training set of a table, by default of the subscriptions."""
    roles = Roles(**asked(**more))
    return training_rows(roles, typed(subscriptions() if table is None else table), where="subs.csv")


def test_groups_stay_together() -> None:
    """A fifth of the customers tests, with all of their rows; each part holds its share of both answers."""
    rows = made().rows
    assert not set(rows.train["account_id"]) & set(rows.test["account_id"])
    assert len(rows.test) == 120
    assert abs(rows.train["label"].mean() - rows.test["label"].mean()) < 0.07
    assert rows.names == ["plan", "uses", "silence"]
    assert not rows.dated
    assert rows.label.yes == "left = yes"


def test_the_newest_rows_test() -> None:
    """With a time, the newest fifth tests, and one horizon lies before it."""
    rows = made(time="month", ban=[], horizon_days=30, as_of=None).rows
    assert rows.dated
    assert rows.test["as_of"].min() - rows.train["as_of"].max() >= pd.Timedelta(days=30)
    assert 0.18 < len(rows.test) / 600 < 0.22
    assert len(rows.train) < 480
    assert rows.split.test[0] == rows.test["as_of"].min()


def test_the_newest_time_is_what_it_knows() -> None:
    """Without as_of, the table knows up to its newest time; without either, somebody has to say."""
    assert made(time="month", ban=[], as_of=None).until == subscriptions()["month"].max()
    assert made().until == dt.datetime(2026, 6, 30)
    with pytest.raises(ConfigError, match="as_of: 2026-06-30"):
        made(as_of=None)


def test_groups_apart_in_time() -> None:
    """On demand, a customer that tests does not train, though split by time."""
    rows = made(time="month", ban=[], split={"apart": True}, horizon_days=30).rows
    assert not set(rows.train["account_id"]) & set(rows.test["account_id"])
    assert set(rows.train["as_of"]) == set(rows.split.train)


def test_rows_in_any_order() -> None:
    """The same rows in another order give the same training set, and another seed gives another one."""
    table = subscriptions()
    shuffled = table.sample(frac=1, random_state=1)
    first, second = (set(made(each).rows.test["account_id"]) for each in (table, shuffled))
    assert first == second
    assert first != set(made(split={"seed": 8}).rows.test["account_id"])


def test_dates_are_no_features() -> None:
    """A column with dates is left out and named, for a date alone says nothing."""
    found = made(ban=[])
    assert found.left_out == ("month",)
    assert "month" not in found.rows.names


def test_weights() -> None:
    """A column of weights is no feature, and travels with its rows."""
    rows = made(subscriptions().assign(counts=2.5), weight="counts").rows
    assert "counts" not in rows.names
    assert (rows.train["sample_weight"] == 2.5).all()


@pytest.mark.parametrize("positive", ["yes", True])
def test_yes_in_yaml(positive: object) -> None:
    """YAML reads an unquoted yes as true; both mean the cell yes."""
    assert made(label={"column": "left", "positive": positive}).rows.train["label"].sum() > 50


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"group": "custommer"}, "subs.csv: group: no column is called 'custommer'. Did you mean 'customer'?"),
        ({"ban": ["plann"]}, "ban: no column is called 'plann'. Did you mean 'plan'?"),
        ({"label": {"column": "Left", "positive": "yes"}}, "label: no column is called 'Left'. Did you mean 'left'?"),
        ({"leaks": {"accept": {"use": "x"}}}, "no feature is called 'use'. Did you mean 'uses'?"),
        ({"ban": ["month", "plan", "uses", "silence"]}, "no column is left to learn from"),
        ({"label": {"column": "left", "positive": "gone"}}, "every cell|'yes'"),
        ({"weight": "silence"}, "column 'silence': .* cells cannot be used .*: empty.*Expected a number from 0 up"),
        ({"time": "plan"}, r"column 'plan': 600 of 600 cells cannot be used \(row 1: .*Expected a date"),
    ],
)
def test_what_is_refused(change: dict[str, Any], told: str) -> None:
    """Every part that does not fit is refused with the place, what was expected, and the nearest name."""
    with pytest.raises(AbmError, match=told):
        made(**change)


def test_wrong_answers() -> None:
    """A third answer and an empty one are refused with their rows."""
    table = subscriptions()
    table.loc[[4, 7], "left"] = ["perhaps", None]
    with pytest.raises(SourceError, match=r"subs.csv, column 'left': 2 of 600 .*row 5: 'perhaps', row 8: empty"):
        made(table)


def test_a_negative_answer() -> None:
    """Where the answer for no is named, any other one is refused; one answer alone teaches nothing."""
    with pytest.raises(SourceError, match="Expected 'yes' for yes and 'no' for no"):
        made(
            subscriptions().replace({"left": {"no": "maybe"}}),
            label={"column": "left", "positive": "yes", "negative": "no"},
        )
    with pytest.raises(SourceError, match="every row says the same"):
        made(subscriptions().assign(left="yes"))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"name": "Telco Churn"}, "small letters"),
        ({"name": "win"}, "a workspace has a model of this name"),
        ({"split": {"by": "time"}}, "needs the key 'time'"),
        ({"ban": ["left"]}, "has two parts"),
        ({"tim": "month"}, "no key is called 'tim'. Did you mean 'time'"),
    ],
)
def test_parts_that_do_not_fit(change: dict[str, Any], told: str) -> None:
    """A configuration is checked before any row is read."""
    with pytest.raises(ConfigError, match=told):
        parse_config(asked(**change), Roles, where="subs.yaml")


def test_a_column_of_our_own_name() -> None:
    """A feature that is called like a column of abm_ml's own is refused, not mixed up."""
    with pytest.raises(SourceError, match="'label' is a name that abm_ml uses itself"):
        made(subscriptions().assign(label=1.0))


def test_leaks_are_refused() -> None:
    """A column that knows the answer is refused by name, whatever the table is called."""
    table = subscriptions()
    with pytest.raises(GateRefused, match="'state' carries the outcome"):
        made(table.assign(state=table["left"].map({"yes": "b", "no": "a"})))


def test_missing_columns_at_scoring() -> None:
    """What the model needs and the rows lack is named, with the likeliest column."""
    table = typed(subscriptions().rename(columns={"uses": "usess"}).drop(columns="plan"))
    with pytest.raises(SourceError, match=r"new.csv: 2 columns .*'plan', 'uses'.*"):
        rows_to_score(Roles(**asked()), table, ["plan", "silence", "uses"], where="new.csv")


def test_kinds_of_columns(tmp_path: Path) -> None:
    """Numbers with gaps are numbers, codes with leading zeros text, dates dates; ids are text as they are written."""
    file = tmp_path / "t.csv"
    file.write_text("id,n,code,day,na,mixed,kind\n007, ,01,2026-01-02,NA,1,None\n8,1.5e1,02,2026-01-03,5,x,Known\n")
    table = read_table(file, text={"id"})
    assert table["id"].tolist() == ["007", "8"]
    assert table["n"].isna().tolist() == [True, False]
    assert table["n"][1] == 15.0
    assert table["code"].tolist() == ["01", "02"]
    assert pd.api.types.is_datetime64_any_dtype(table["day"])
    assert table["na"].tolist()[1] == 5.0
    assert table["mixed"].tolist() == ["1", "x"]
    assert table["kind"].tolist() == ["None", "Known"]


def test_files_of_both_kinds(tmp_path: Path) -> None:
    """Parquet and CSV hold the same table."""
    table = subscriptions(50)
    table.to_csv(tmp_path / "t.csv.gz", index=False)
    table.to_parquet(tmp_path / "t.parquet")
    one, other = (read_table(tmp_path / name, text={"customer"}) for name in ("t.csv.gz", "t.parquet"))
    pd.testing.assert_frame_equal(one, other, check_dtype=False)


def test_kinds_that_only_parquet_has(tmp_path: Path) -> None:
    """Decimals are numbers, days are dates, and times with a zone are in UTC; an index with a name is a column."""
    money = pa.array([Decimal("1.50"), None], pa.decimal128(10, 2))
    noon = pa.array([dt.datetime(2026, 1, 2, 12)] * 2, pa.timestamp("us", tz="Asia/Tokyo"))
    pq.write_table(
        pa.table({"m": money, "d": [dt.date(2026, 1, 2)] * 2, "t": noon, "f": [True, None]}), tmp_path / "t.parquet"
    )
    table = read_table(tmp_path / "t.parquet")
    assert table["m"].tolist()[0] == 1.5
    assert table["m"].isna().tolist() == [False, True]
    assert table["d"].tolist() == [pd.Timestamp("2026-01-02")] * 2
    assert table["t"].tolist() == [pd.Timestamp("2026-01-02 12:00")] * 2
    assert pd.api.types.is_bool_dtype(table["f"])
    pd.DataFrame({"a": [1, 2]}, index=pd.Index(["x", "y"], name="id")).to_parquet(tmp_path / "t.parquet")
    assert read_table(tmp_path / "t.parquet")["id"].tolist() == ["x", "y"]


@pytest.mark.parametrize(
    ("cells", "told"),
    [([np.inf], "1 of 600 cells cannot be used (row 1: 'inf')"), ([[1.0]], "its cells are of the kind 'mixed'")],
)
def test_cells_that_no_model_reads(cells: list[object], told: str) -> None:
    """Infinite numbers and lists are refused by column and row; whoever bans the column may train."""
    table = subscriptions()
    odd = table.assign(odd=pd.Series([*cells, *([1.0] * (len(table) - 1))]))
    with pytest.raises(SourceError, match=re.escape(f"the table, column 'odd': {told}")):
        training_rows(Roles(**asked()), typed(odd), where="the table")
    assert made(odd, ban=["month", "odd"]).rows.names == made().rows.names


def test_times_of_a_zone() -> None:
    """A frame's times with a zone count as the same moments in UTC."""
    table = subscriptions()
    there = table.assign(month=table["month"].dt.tz_localize("UTC").dt.tz_convert("Asia/Tokyo"))
    told = {"time": "month", "ban": [], "as_of": None}
    assert made(there, **told).rows.train.equals(made(table, **told).rows.train)


def test_ids_too_long_for_a_float() -> None:
    """Numbers beyond what a float holds exactly are taken as they are written, not as whole numbers."""
    assert typed(pd.DataFrame({"id": [1e20, 7.0]}), text={"id"})["id"].tolist() == ["1e+20", "7.0"]


def test_text_where_a_number_was_learned() -> None:
    """Rows to score name the file, the column and the cells that are no numbers."""
    table = typed(subscriptions(3).assign(uses=["4", "many", None]))
    with pytest.raises(SourceError, match=r"new.csv, column 'uses': 1 of 3 cells .*row 2: 'many'.*as in training"):
        rows_to_score(Roles(**asked()), table, ["plan", "uses"], where="new.csv", numbers={"uses"})


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("t.csv", b"a,b,a\n1,2,3\n", "line 1: the column 'a' stands in places 1 and 3"),
        ("t.csv", b"a,b\n", "no rows"),
        ("t.csv", b"", "t.csv: this file is empty"),
        ("t.csv", b"a,b\n1,2\n1,2,3\n", r"1 line is no row \(line 3 has 3 cells"),
        ("t.csv", b"a,b\n1,2\n1\n", r"1 line is no row \(line 3 has 1 cell where the header has 2"),
        ("t.csv", b'a,b\n1,"2\n3,4\n5,6\n', r"1 line is no row \(line 2 opens a quote"),
        ("t.csv", b"a;b\n1;2\n", "semicolons"),
        ("t.csv", b"a,b\n\xff\xfe,2\n", "line 2, byte 1 .0xff.: this is not utf-8"),
        ("t.parquet", b"nonsense", "cannot be read as a table"),
        ("t.json", b"{}", "a table is a file in .csv"),
        ("", b"", "a table is a file"),
    ],
)
def test_files_that_are_refused(tmp_path: Path, name: str, content: bytes, told: str) -> None:
    """A file that is no table is refused with its name and the reason."""
    file = tmp_path / (name or "missing")
    if name:
        file.write_bytes(content)
    with pytest.raises(SourceError, match=told):
        read_table(file)
    with pytest.raises(SourceError, match="no such file"):
        read_table(tmp_path / "nowhere.csv")
