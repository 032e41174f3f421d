"""Scores many accounts with three models, features at hand, reasons included: from feature files to a published run.

`python experiments/bench-engine/scoring.py --accounts 100000 --accounts 1000000 --json FILE`

Preparing (once per workspace): a synthetic company is generated and a model per label trained; its feature table is
drawn from, with noise, until there are enough accounts. Every label asks about every account. Measured, in a process
of its own, is the way of `abm-ml score` from there on: read the features, predict, word the reasons, rank, check and
write scores.parquet, reasons.parquet and features.parquet. KPIs are no part of it.

With `--whole` the whole of `abm-ml score` is measured, step by step: a company with so many accounts and about ten
times as many engagements is read and checked, its features computed, scored, explained, reported on and published.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from company import write_large
from measure import Cost, cpu_seconds, peak
from steps import Steps

import abm_ml
from abm_ml.errors import IntegrityError, NotReady
from abm_ml.features import FeatureTable, feature_set
from abm_ml.jobs.population import Accounts
from abm_ml.jobs.progress import Progress, silent
from abm_ml.jobs.score import champions, fetched
from abm_ml.jobs.scorer import RULE, Scorer, asks, scored
from abm_ml.jobs.scoring import Scoring, scores_of
from abm_ml.jobs.stakes import KNOWN
from abm_ml.labels import LABELS
from abm_ml.modelling.stakes import Stake
from abm_ml.publishing.manifest import ModelUsed, RunFacts
from abm_ml.publishing.runs import Run, publish, read_current
from abm_ml.publishing.tables import PROGRAM_KPIS, Part

AS_OF = dt.datetime(2026, 6, 30)
LEARNED_FROM = 2_000  # accounts of the synthetic company
FILE_ROWS = 50_000  # of about 100 MB, as `feature_table` cuts its parts
OTHER_ROW, NOISE = 0.2, 0.1
WARM_UP = 64
WORKSPACE = Path("workspace") / "bench-scoring"
Row = dict[str, Any]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--accounts", type=int, action="append", help="how many to score (default: 100000)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures as a list of records")
    parser.add_argument("--workspace", type=Path, default=WORKSPACE, metavar="DIR")
    parser.add_argument("--memory", default="1.5GB", help="memory_limit of the engine")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--whole", action="store_true", help="all of `abm-ml score`: from tables to a published run")
    parser.add_argument("--step", choices=("prepare", "measure", "prepare-whole", "whole"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    counts = asked.accounts or [100_000]
    if asked.step:
        print(json.dumps(_STEPS[asked.step](asked, counts[0])))
    else:
        steps = ("prepare-whole", "whole") if asked.whole else ("prepare", "measure")
        rows = [row for count in counts for row in scoring_cost(asked, count, steps)]
        print(pd.DataFrame(rows).to_string(index=False))
        if asked.json:
            asked.json.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


def scoring_cost(asked: argparse.Namespace, accounts: int, steps: tuple[str, str]) -> list[Row]:
    """The figures of one size: prepared in one process, measured in another."""
    prepared, measured = steps
    _in_own_process(asked, accounts, prepared)
    rows: list[Row] = json.loads(_in_own_process(asked, accounts, measured).splitlines()[-1])
    return rows


def _in_own_process(asked: argparse.Namespace, accounts: int, step: str) -> str:
    options = {"--workspace": asked.workspace, "--memory": asked.memory, "--threads": asked.threads}
    words = [str(word) for option in options.items() for word in option]
    command = [sys.executable, __file__, "--step", step, "--accounts", str(accounts), *words]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout  # noqa: S603 - it is this very file


def prepare(asked: argparse.Namespace, accounts: int) -> None:
    """Three champions in the workspace, and the features of so many accounts in files."""
    with opened(asked) as workspace:
        _train_champions(workspace)
        folder = features_folder(asked, accounts)
        if not folder.is_dir():
            write_features(abm_ml.features_at(workspace), folder, accounts)


def prepare_whole(asked: argparse.Namespace, accounts: int) -> None:
    """Three champions in the workspace, and the tables of a company with so many accounts in a folder."""
    with opened(asked) as workspace:
        _train_champions(workspace)
    folder = company_folder(asked, accounts)
    if not folder.is_dir():
        write_large(Path(asked.workspace) / "company", folder, accounts)


def _train_champions(workspace: abm_ml.Workspace) -> None:
    try:
        for version in champions(workspace, LABELS.names).values():
            fetched(workspace, version)
    except NotReady:
        abm_ml.train(workspace)
    except IntegrityError as error:  # the features are others by now
        raise SystemExit(f"{error} Remove {workspace.folder}: an older version made it. Then run it again.") from error


def opened(asked: argparse.Namespace, *, tables: Path | None = None, progress: Progress = silent) -> abm_ml.Workspace:
    """The workspace with the champions, over the company that they learned from or over the tables of a folder."""
    synthetic = {"kind": "synthetic", "accounts": LEARNED_FROM, "seed": 7}
    models = Path(asked.workspace) / "models"  # a training writes its cards there, not into those of the repository
    shutil.copytree(Path(__file__).resolve().parents[2] / "models", models, dirs_exist_ok=True)
    return abm_ml.open_workspace(
        {
            "workspace": str(asked.workspace),
            "models": str(models),
            "source": {"kind": "folder", "path": str(tables)} if tables else synthetic,
            "engine": {"memory_limit": asked.memory, "threads": asked.threads},
            "as_of": AS_OF,
        },
        progress=progress,
    )


def company_folder(asked: argparse.Namespace, accounts: int) -> Path:
    return Path(asked.workspace) / f"company-{accounts}"


def features_folder(asked: argparse.Namespace, accounts: int) -> Path:
    return Path(asked.workspace) / f"features-{accounts}"


def write_features(known: pd.DataFrame, folder: Path, accounts: int) -> None:
    """Accounts like the known ones: each is one of them, a fifth of its cells another's, and fractions a little off."""
    beside = folder.with_name(folder.name + ".tmp")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True)
    values = known.drop(columns=["account_id", "as_of"])
    whole = {name: _is_whole(values[name]) for name in values}
    dice = np.random.default_rng(7)
    for start in range(0, accounts, FILE_ROWS):
        count = min(FILE_ROWS, accounts - start)
        rows = _drawn(values, whole, dice, count)
        rows.insert(0, "account_id", [f"A{number:08d}" for number in range(start, start + count)])
        rows["engagement_score"] = np.round(dice.gamma(1.0, 30.0, count))
        rows["engagement_level"] = pd.cut(rows["engagement_score"], [-1, 20, 50, 100, np.inf], labels=False).map(
            dict(enumerate(("cold", "warm", "hot", "red_hot")))
        )
        rows = rows.assign(**{asks(label): True for label in LABELS.names})
        pq.write_table(pa.Table.from_pandas(rows, preserve_index=False), beside / f"{start:09d}.parquet")
    beside.rename(folder)


def _drawn(values: pd.DataFrame, whole: dict[str, bool], dice: np.random.Generator, count: int) -> pd.DataFrame:
    mine = dice.integers(0, len(values), count)
    drawn = {}
    for name in values:
        place = np.where(dice.random(count) < OTHER_ROW, dice.integers(0, len(values), count), mine)
        column = values[name].take(place).reset_index(drop=True)
        drawn[name] = column if whole[name] else column * dice.uniform(1 - NOISE, 1 + NOISE, count)
    return pd.DataFrame(drawn)


def _is_whole(column: pd.Series) -> bool:
    """Whether a column holds counts, flags or texts, to which no noise is added."""
    return column.dtype != np.float64 or bool((column.dropna() % 1 == 0).all())


def whole(asked: argparse.Namespace, accounts: int) -> list[Row]:
    """Scores a company from its tables to a published run, and says what each step took."""
    tables, steps = company_folder(asked, accounts), Steps()
    shutil.rmtree(Path(asked.workspace) / "runs", ignore_errors=True)
    with opened(asked, tables=tables, progress=steps) as workspace:
        result = abm_ml.score(workspace)
        steps.end()
    events = pq.read_metadata(tables / "engagements.parquet").num_rows
    costs = steps.costs.values()
    every = Cost(sum(each.cpu for each in costs), sum(each.wall for each in costs), max(each.peak for each in costs))
    what, rows = f"whole score of {accounts:,} accounts, {events:,} engagements", sum(result.scored.values())
    return [
        {"what": what, "method": step, "rows": rows}
        | {"cpu_s": round(cost.cpu, 1), "wall_s": round(cost.wall, 1), "peak_gib": round(cost.peak, 2)}
        for step, cost in [*steps.costs.items(), ("all of it", every)]
    ]


def measured(asked: argparse.Namespace, accounts: int) -> list[Row]:
    """Scores and publishes, and says what that took: CPU seconds of all threads, seconds, the process's peak memory."""
    folder = Path(asked.workspace) / "published"
    shutil.rmtree(folder, ignore_errors=True)
    with opened(asked) as workspace:
        models = champions(workspace, LABELS.names)
        columns = feature_set(workspace.company.tables, workspace.terms).columns
        files = sorted(features_folder(asked, accounts).glob("*.parquet"))
        engine = workspace.engine
        parts = tuple(engine.read_parquet([file]).drop("file_row_number") for file in files)
        # Only the parts are read; `rows` and `beside` serve the explanation of one account, and the KPIs.
        people = Accounts(
            columns=columns,
            rows=parts[0],
            parts=parts,
            beside=parts[0],
            features=FeatureTable(parts[0], parts, parts[0], {}),
        )
        scorers = [
            Scorer(label=name, classifier=fetched(workspace, model), columns=columns, stake=Stake(KNOWN.get(name, ())))
            for name, model in models.items()
        ]
        names = {name: model.name for name, model in models.items()}
        scoring = Scoring(workspace=workspace, as_of=AS_OF, accounts=people, scorers=tuple(scorers), names=names)
        few = engine.compute(parts[0].limit(WARM_UP)).combine_chunks().to_batches()[0]
        scored(few, scorers=scorers, schema=few.schema)  # imports and compilation are paid once
        before = peak()
        used = {name: ModelUsed(model.name, model.sha256) for name, model in models.items()}
        facts = RunFacts(as_of=AS_OF.date(), models=used, data={}, config_sha256="", definitions="", versions={})
        cpu, wall = cpu_seconds(), time.perf_counter()
        publish(folder, Run(facts, parts_at_hand(scoring)))
        cpu, wall = cpu_seconds() - cpu, time.perf_counter() - wall
    run = read_current(folder)
    told = {name: stored.rows for name, stored in run.manifest.files.items()}
    print(f"{told}, {before:.2f} GiB before", file=sys.stderr)
    row = {
        "what": f"score {accounts:,} accounts x {len(models)} labels, features at hand, reasons included",
        "method": "abm_ml",
        "rows": told["scores.parquet"],
        "cpu_s": round(cpu, 1),
        "wall_s": round(wall, 1),
        "peak_gib": round(peak(), 2),
    }
    return [row]


def parts_at_hand(scoring: Scoring) -> Iterator[Part]:
    """The parts of a run without KPIs: those of the accounts are what the rule says."""
    numbers = yield from scores_of(scoring)
    first = numbers.filter(pa.compute.equal(numbers["label"], numbers["label"][0]))
    yield "kpis", first.select(["account_id", *RULE])
    yield "program_kpis", PROGRAM_KPIS.empty_table()


_STEPS: dict[str, Callable[[argparse.Namespace, int], object]] = {
    "prepare": prepare,
    "measure": measured,
    "prepare-whole": prepare_whole,
    "whole": whole,
}

if __name__ == "__main__":
    main()
