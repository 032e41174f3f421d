"""What cannot be right is refused, and nothing of it is left."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from abm_ml.errors import GateRefused
from abm_ml.publishing.runs import Run, publish
from abm_ml.publishing.tables import REASONS, SCORES, Part
from tests.publishing.scored import in_parts, scored

Change = Callable[[pa.Table], pa.Table]


def cell(column: str, value: Any, row: int = 3) -> Change:
    """Puts a value into one cell."""

    def changed(table: pa.Table) -> pa.Table:
        values = table[column].to_pylist()
        values[row] = value
        return table.set_column(table.column_names.index(column), column, pa.array(values, table[column].type))

    return changed


def all_cells(column: str, value: Any) -> Change:
    """Puts a value into every cell of a column."""
    return lambda table: table.set_column(table.column_names.index(column), column, pa.repeat(value, len(table)))


def refused(tmp_path: Path, name: str, change: Change) -> str:
    """The message with which a changed run is refused, as a whole and in parts; nothing of it is left."""
    run = scored()
    changed = replace(run.tables, **{name: change(getattr(run.tables, name))})
    told = []
    for place, tables in (("whole", changed), ("parts", in_parts(changed, accounts=50))):
        workspace = tmp_path / place
        with pytest.raises(GateRefused) as refusal:
            publish(workspace, Run(run.facts, tables))
        assert [path.name for path in workspace.rglob("*")] in (["runs", ".lock"], [".lock", "runs"])
        told.append(str(refusal.value))
    assert all(each.startswith("Run not published") for each in told)
    return told[0]


@pytest.mark.parametrize(
    ("table", "change", "message"),
    [
        ("scores", cell("probability", float("nan")), "'probability' is NaN"),
        ("scores", cell("expected_value", float("inf")), "'expected_value' is NaN or infinite in 1 rows"),
        ("scores", cell("probability", None), "'probability' is empty in 1 of 240"),
        ("scores", cell("high", 0.0), "low <= probability <= high"),
        ("scores", cell("low", -0.1), "low <= probability <= high"),
        ("scores", cell("base_probability", 1.1), "base 1.1"),
        ("scores", cell("grade", "E"), "'grade' holds 'E', not A, B, C, D"),
        ("scores", cell("rung", "magic"), "'rung' holds 'magic'"),
        ("scores", cell("account_id", "a0002", row=2), "twice"),
        ("scores", lambda table: table.drop_columns(["holdout"]), "lacks holdout"),
        ("scores", lambda table: table.append_column("e_mail", table["model"]), "columns too many (e_mail)"),
        ("scores", lambda table: table.slice(0, 0), "nobody to score"),
        ("scores", lambda table: table.slice(1), "reasons for 240"),
        ("scores", all_cells("eligible", "maybe"), "'eligible' is no bool"),
        ("reasons", cell("points", 0.01 + 2e-9, row=0), "reasons of a0000 (churn) miss its probability by 2.0e-09"),
        ("reasons", cell("rank", 3, row=1), "ranks"),
        ("reasons", cell("feature", "others", row=1), "'other'"),
        ("reasons", cell("group", "astrology", row=0), "'group' holds 'astrology'"),
        ("reasons", lambda table: table.slice(2), "reasons for 239"),
        ("kpis", cell("account_id", "a0004", row=5), "kpis has 1 rows twice (first: a0004)"),
        ("features", cell("x", float("nan")), "'x' is NaN"),
        ("features", lambda table: table.drop_columns(["account_id"]), "lacks account_id"),
    ],
)
def test_refused(tmp_path: Path, table: str, change: Change, message: str) -> None:
    """Each thing that must hold of a run, broken once: the message says which."""
    assert message in refused(tmp_path, table, change)


def test_scores_all_alike_are_degenerate(tmp_path: Path) -> None:
    """A label whose scores are one number for more than 99 of 100 accounts tells no accounts apart."""

    def alike(table: pa.Table) -> pa.Table:
        for column in ("low", "probability", "high"):
            table = all_cells(column, 0.5)(table)
        return table

    assert "degenerate" in refused(tmp_path, "scores", alike)


def test_few_accounts_may_be_alike(tmp_path: Path) -> None:
    """One account is always like itself: a small company is not degenerate."""
    publish(tmp_path, scored(accounts=2))


def test_a_row_of_another_run_is_refused(tmp_path: Path) -> None:
    """Rows that already bear a run or a date must bear this one's."""
    run_id = "2026-01-01-000000000000"
    found = refused(tmp_path, "reasons", lambda table: table.append_column("run_id", pa.repeat(run_id, len(table))))
    assert f"holds {run_id}, expected" in found


def parts() -> list[Part]:
    """A run in parts that may be published."""
    return list(in_parts(scored().tables, accounts=50))


def test_parts_follow_each_other(tmp_path: Path) -> None:
    """Parts out of order, and rows of one account in two parts, are refused: nobody could merge them later."""
    run = scored()
    first, second, *rest = (part for part in parts() if part[0] == "features")
    others = [part for part in parts() if part[0] != "features"]
    with pytest.raises(GateRefused, match="features, a0000 comes after a0099"):
        publish(tmp_path, Run(run.facts, [second, first, *rest, *others]))
    with pytest.raises(GateRefused, match=r"features has 1 rows twice \(first: a0049\)"):
        publish(tmp_path, Run(run.facts, [first, ("features", first[1].slice(49)), second, *rest, *others]))


def test_the_reasons_of_a_score_stand_together(tmp_path: Path) -> None:
    """Reasons of one score in two parts are refused, even if they add up."""
    reasons = scored().tables.reasons
    cut = [("reasons", reasons.slice(0, 3)), ("reasons", reasons.slice(3))]
    with pytest.raises(GateRefused, match="the rest"):
        publish(tmp_path, Run(scored().facts, [*cut, *(part for part in parts() if part[0] != "reasons")]))


def test_every_table_is_there_and_no_other(tmp_path: Path) -> None:
    """A run without one of its tables, or with another one, is refused."""
    with pytest.raises(GateRefused, match="there is no table kpis"):
        publish(tmp_path, Run(scored().facts, [part for part in parts() if part[0] != "kpis"]))
    with pytest.raises(GateRefused, match="'people' is none of its tables"):
        publish(tmp_path, Run(scored().facts, [("people", parts()[0][1]), *parts()]))


def test_parts_have_the_columns_of_the_first(tmp_path: Path) -> None:
    """What is a number in one part is none in the next: the file could not hold both."""
    told = parts()
    place = max(place for place, (name, _) in enumerate(told) if name == "features")
    told[place] = ("features", all_cells("x", "many")(told[place][1]))
    with pytest.raises(GateRefused, match="features, column 'x' is no double"):
        publish(tmp_path, Run(scored().facts, told))


def test_columns_are_those_of_the_contract() -> None:
    """Readers outside depend on these names and their order."""
    assert SCORES.names == [
        "run_id",
        "as_of",
        "account_id",
        "label",
        "eligible",
        "probability",
        "low",
        "high",
        "base_probability",
        "percentile",
        "grade",
        "rung",
        "model",
        "expected_value",
        "currency",
        "rule_score",
        "rule_level",
        "agreement",
        "holdout",
    ]
    assert REASONS.names == [
        "run_id",
        "account_id",
        "label",
        "rank",
        "feature",
        "group",
        "value",
        "typical",
        "points",
        "controllable",
        "text",
    ]
