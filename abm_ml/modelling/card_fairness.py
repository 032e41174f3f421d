"""The part of a model card that says whether the model serves all groups of accounts alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from abm_ml.labels import Label
from abm_ml.modelling.evaluation import SLICE_EVENTS, Metric
from abm_ml.modelling.fairness import TOGETHER, WIDEST_GAP, Group, Parity
from abm_ml.modelling.markdown import cell, listed, table

TITLE = "Does it serve all groups alike?"
METHOD = (
    "Compared is what a team does with the score: it calls the tenth of the rows with the highest. Of the tenth: how "
    "much of it the group makes up; selection ratio: the share of its rows that are called over the one of all others; "
    "found: the share of its {yes} among those called; gap: that share less the one of all others. In brackets: 90 % "
    "intervals."
)
FIGURES = ("ROC AUC", "happened / said", "selection ratio", "found", "gap")
NAMES = "The name of an account is no feature: renaming it never changes its score."


def fairness_lines(label: Label, groups: Mapping[str, Sequence[Group]]) -> list[str]:
    """The section's lines; `groups` are the groups of the test rows by what they share, such as country."""
    said = (METHOD.format(yes=label.yes), NAMES, *(_verdict(what, there) for what, there in groups.items()))
    tables = [line for what, there in groups.items() for line in _table(label, what, there)]
    return [*listed(said), *tables]


def _verdict(what: str, groups: Sequence[Group]) -> str:
    """Which groups are surely found more or less often than the others by more than the widest gap."""
    judged = [(group.value, group.parity) for group in groups if group.parity]
    single = [group for group in groups if group.value != TOGETHER]
    if len(single) < 2 or not judged:
        return f"By {what}: too few events in any group, or one group only; nothing can be said."
    apart = [f"{cell(value)} ({parity.gap.value:+.2f})" for value, parity in judged if parity.apart]
    beyond = f"surely apart by more than {WIDEST_GAP:.2f}"
    told = f"{beyond}: {', '.join(apart)}" if apart else f"none of them is {beyond}"
    enough = sum(group.parity is not None for group in single)
    return f"By {what}, {enough} of {len(single)} groups have events enough; {told}."


def _table(label: Label, what: str, groups: Sequence[Group]) -> list[str]:
    heads = (what, "rows", f"{label.yes} (of all)", "of the tenth", *FIGURES)
    lines = [_line(group, group.parity) for group in groups if group.parity]
    few = [
        f"{cell(group.value)} ({group.rows:,} rows, {group.positives:,} {label.yes})"
        for group in groups
        if not group.parity
    ]
    limit = f"(under {SLICE_EVENTS} events of either kind)"
    parts = [table(heads, lines)] if lines else []
    parts += [[f"By {what}, too few to be judged alone {limit}: {', '.join(few)}."]] if few else []
    return [line for part in parts for line in ("", *part)]


def _line(group: Group, parity: Parity) -> list[object]:
    share = f"{group.positives:,} ({group.share_of_events:.0%})"
    figures = (parity.auc, parity.observed_expected, parity.selection_ratio, parity.found, parity.gap)
    return [group.value, group.rows, share, f"{group.share_of_selected:.0%}", *map(_with_interval, figures)]


def _with_interval(metric: Metric) -> str:
    return f"{metric.value:.2f} ({metric.low:.2f} to {metric.high:.2f})"
