"""How results look in a terminal: a view per job's result."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from abm_ml.terminal.backtest import backtest_view
from abm_ml.terminal.experiments import experiment_view
from abm_ml.terminal.flat import table_promoted_view, table_scores_view, table_trained_view
from abm_ml.terminal.kpis import disagreements_view, kpi_view
from abm_ml.terminal.plans import plan_view
from abm_ml.terminal.text import line, row, table

if TYPE_CHECKING:
    from rich.console import Console

    from abm_ml.jobs.audit import AuditResult
    from abm_ml.jobs.check import CheckResult
    from abm_ml.jobs.demo import DemoResult, TopAccount
    from abm_ml.jobs.explain import Explained, Explanation
    from abm_ml.jobs.feedback import FeedbackResult
    from abm_ml.jobs.promote import PromoteResult
    from abm_ml.jobs.reference import Reference
    from abm_ml.jobs.register import Trained
    from abm_ml.jobs.retrain import RetrainResult
    from abm_ml.jobs.rollback import RollbackResult
    from abm_ml.jobs.score import ScoreResult
    from abm_ml.jobs.train import TrainResult


def _check(result: CheckResult, console: Console) -> None:
    numbers = ("read", "accepted", "quarantined", "merged")
    listed = table("Tables", ("table", *numbers, "first finding"), right=numbers)
    for report in result.tables:
        finding = str(report.findings[0]) if report.findings else ""
        row(listed, report.table, *[f"{getattr(report, name):,}" for name in numbers], finding)
    console.print(listed)
    if result.quarantined:
        line(console, f"Each refused row stands with its line and reason in {result.quarantine}.")
    for note in result.notes:
        line(console, f"Note: {note}")


def _train(result: TrainResult, console: Console) -> None:
    numbers = ("AUC", "90 % interval", "rule's AUC", "calibration error", "lift")
    listed = table("Models, judged on later dates", ("model", "rung", "gate", *numbers, "alias"), right=numbers)
    for each in result.trained:
        auc, figures = each.evaluation.roc_auc, each.evaluation
        row(
            listed,
            each.version.name,
            each.rung,
            each.verdict.word,
            f"{auc.value:.3f}",
            f"{auc.low:.3f} to {auc.high:.3f}",
            f"{each.comparisons[0].baseline_auc.value:.3f}",
            f"{figures.calibration_error.value:.3f}",
            f"{figures.top_decile_lift.value:.1f}",
            each.alias or "",
        )
    if result.trained:
        console.print(listed)
    for each in result.trained:
        _verdict(each, console)
    for label in result.left_out:
        line(console, f"Not trained: {label}, for its tables are not there.")
    for why in result.refused.values():
        for part in why.splitlines():
            line(console, part)


def _verdict(each: Trained, console: Console) -> None:
    """What stands between a model and Ready, and where to read on if it may not score."""
    if each.verdict.failed:
        told = "; ".join(f"{check.name} {check.value:.4g}, needed {check.needed}" for check in each.verdict.failed)
        line(console, f"{each.version.name} is {each.verdict.word}: {told}.")
    if each.version.against:
        line(console, f"{each.version.name}: {each.version.against}.")
    if not each.may_score:
        line(console, f"{each.version.name} will not score. Its card says why: {each.card}")


def _retrain(result: RetrainResult, console: Console) -> None:
    for each in result.needs:
        line(console, f"{each.champion or each.label}: {'train again' if each.needed else 'stays'}; {each.why}.")
    if result.train:
        _train(result.train, console)


def _promote(result: PromoteResult, console: Console) -> None:
    before = f"; before it was {result.before.name}" if result.before else ""
    line(console, f"On trial: {result.canary}.")
    line(console, f"{result.champion.name} ({result.champion.gate}) is the champion from now on{before}.")


def _rollback(result: RollbackResult, console: Console) -> None:
    before = f"; before it was {result.before.name}" if result.before else ""
    line(console, f"{result.champion.name} ({result.champion.gate}) is the champion again{before}.")
    none = "No published run is of exactly these champions: run abm-ml score."
    line(console, f"Run {result.run_id} counts again." if result.run_id else none)


def _audit(result: AuditResult, console: Console) -> None:
    listed = table("What was done to models", ("when", "who", "what", "model", "champion", "why"))
    for each in result.entries:
        what = each.action if each.done else f"{each.action}, refused"
        model = each.label if each.version is None else f"{each.label}/{each.version} ({each.gate})"
        now = "none" if each.after is None else str(each.after)
        moved = now if each.before in (None, each.after) else f"{each.before} to {now}"
        row(listed, each.at or "", each.who, what, model, moved, each.reason)
    console.print(listed)


def _feedback(result: FeedbackResult, console: Console) -> None:
    listed = table("What people said", ("when", "who", "account", "score", "said", "own estimate", "because"))
    for each in result.said:
        shown, own = f"{each.label} {each.probability:.1%}", "" if each.estimate is None else f"{each.estimate:.1%}"
        row(listed, each.at, each.user, each.account_id, shown, each.verdict, own, each.because or "")
    console.print(listed)


def _score(result: ScoreResult, console: Console) -> None:
    how = "was published already" if result.already_published else "is published"
    counts = ", ".join(f"{count:,} for {label} ({result.models[label]})" for label, count in result.scored.items())
    line(console, f"Run {result.run_id} {how}: accounts scored {counts}.")
    for label in result.left_out:
        line(console, f"Not scored: {label}, for its tables are not there.")
    line(console, f"It lies in {result.folder}.")
    if result.previous:
        line(console, f"Compared with run {result.previous}, the biggest movers:")
    else:
        line(console, "No run of an earlier date is there, so nothing is said of changes.")
    for each in result.movers:
        who = f"{each.name} ({each.account_id})" if each.name else each.account_id
        moved = f"{100 * each.change:+.1f} points to {each.probability:.1%}"
        line(console, f"  {each.label:<12} {moved}  {who}")


def _explanation(result: Explanation, console: Console) -> None:
    line(console, (result.name, "bold"), f" ({result.account_id}) on {result.as_of:%Y-%m-%d}")
    counts = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in result.events.items() if count)
    line(console, f"Known then: {counts or 'no events'}")
    listed = table("The newest events", ("when", "what", "detail"))
    for event in result.last_events:
        row(listed, f"{event.when:%Y-%m-%d %H:%M}", event.what, event.detail)
    if result.last_events:
        console.print(listed)
    kpis = "; ".join(f"{name} {_number(value)}" for name, value in result.kpis.items() if value not in (None, 0))
    line(console, f"KPIs: {kpis}")
    for each in result.scores:
        _explained(each, console)
        if result.since:
            _changed(each, result.since, console)


def _explained(each: Explained, console: Console) -> None:
    within = f"between {each.low:.1%} and {each.high:.1%}"
    title = f"{each.label}: {each.probability:.1%} (grade {each.grade}, {_sure(each, within)}, "
    shown = ("feature", "value", "typical")
    listed = table(f"{title}{each.model})", (*shown, "points", "reason"), right=("points",))
    row(listed, "(where everybody starts)", "", "", f"{100 * each.base_probability:.2f}", "")
    for reason in each.reasons:
        cells = ["" if reason[name] is None else str(reason[name]) for name in shown]
        row(listed, *cells, f"{100 * reason['points']:+.2f}", reason["text"])
    row(listed, "(the score)", "", "", f"{100 * each.probability:.2f}", "")
    console.print(listed)
    if each.as_published is not None:
        line(console, f"The published run says {'the same' if each.as_published else 'otherwise'}.")


def _changed(each: Explained, since: dt.datetime, console: Console) -> None:
    if not each.changes:
        line(console, f"The run of {since:%Y-%m-%d} has no score for {each.label}.")
        return
    before = each.changes[0]["before"]
    line(console, f"Since {since:%Y-%m-%d}: from {before:.1%} to {each.probability:.1%}")
    for part in each.changes:
        line(console, f"  {100 * part['points']:+7.2f}  {part['text']}")


def _sure(each: Explained | TopAccount, within: str) -> str:
    """The interval in words, and that it is too wide where it is."""
    return within if each.enough else f"not enough data to say ({within})"


def _number(value: object) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def _demo(result: DemoResult, console: Console) -> None:
    _check(result.check, console)
    _train(result.train, console)
    for label in dict.fromkeys(each.label for each in result.top):
        console.print()
        line(console, (f"Top accounts for {label}", "bold"))
        for each in (one for one in result.top if one.label == label):
            _top_account(each, console)
    console.print()
    _score(result.score, console)
    if result.kpi_page:
        line(console, f"The KPIs as a page: {result.kpi_page}")
    line(console, "The page for sales: abm-ml serve")
    line(console, f"Why does an account score so? abm-ml explain {result.top[0].account_id}")


def _top_account(each: TopAccount, console: Console) -> None:
    beside = [_sure(each, f"{each.low:.0%} to {each.high:.0%}")]
    if each.engagement_score is not None:
        score, level = f"{each.engagement_score:.0f}", (each.engagement_level or "").replace("_", " ")
        beside.append(f"engagement {score} point{'' if score == '1' else 's'}, {level}")
    if each.penetration_rate is not None:
        beside.append(f"penetration {each.penetration_rate:.0%}")
    who = f"  {each.grade}  {each.name} ({each.account_id})  "
    line(console, (f"  {each.probability:6.1%}", "bold"), who, ("; ".join(beside), "dim"))
    for reason in each.reasons:
        line(console, f"           - {reason}")


def _reference(result: Reference, console: Console) -> None:
    listed = table(result.title, result.columns[: result.brief])
    for cells in result.rows:
        row(listed, *cells[: result.brief])
    console.print(listed)


# By name, so that the door opens without the jobs and their libraries.
VIEWS: dict[str, Callable[[Any, Console], None]] = {
    "AuditResult": _audit,
    "BacktestResult": backtest_view,
    "CheckResult": _check,
    "DemoResult": _demo,
    "Disagreements": disagreements_view,
    "ExperimentResult": experiment_view,
    "Explanation": _explanation,
    "FeedbackResult": _feedback,
    "KpiResult": kpi_view,
    "PlanResult": plan_view,
    "PromoteResult": _promote,
    "Reference": _reference,
    "RetrainResult": _retrain,
    "RollbackResult": _rollback,
    "ScoreResult": _score,
    "TablePromoted": table_promoted_view,
    "TableScores": table_scores_view,
    "TableTrained": table_trained_view,
    "TrainResult": _train,
}
