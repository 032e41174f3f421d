"""All KPIs in tables: a fold per KPI with its meaning, and its values by period for everybody and by each cut."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from abm_ml.plots.cards import change_of
from abm_ml.plots.contents import Contents
from abm_ml.plots.lines import Block, blocks_of
from abm_ml.plots.markup import apart, safe, table
from abm_ml.plots.overview import THREE_RS
from abm_ml.plots.periods import Span
from abm_ml.wording import NOTHING, cut_in_words, format_interval, format_number, words_of

FAMILIES = {
    "engagement": "Engagement and awareness",
    "coverage": "Coverage and reach",
    "pipeline": "Pipeline and sales",
    "revenue": "Revenue and cost",
    "retention": "Clients: keep, grow, satisfy",
    "steering": "Steering",
}
_RS = {
    "reputation": "Reputation: who knows us, and what they think of us",
    "relationship": "Relationship: how close we are to the people who decide",
    "revenue": "Revenue: what it brings",
}
_PERIODS = 8


def by_family(contents: Contents) -> str:
    """Every KPI as a fold, family by family."""
    blocks = blocks_of(contents.rows, contents.span)
    sections = []
    for family, title in FAMILIES.items():
        mine = contents.rows[contents.rows["family"] == family]
        notes = mine.groupby("name", sort=False)["note"].unique()
        folds = [
            _fold(contents, name, blocks.get(name, []), sorted(note for note in told if isinstance(note, str)))
            for name, told in notes.items()
        ]
        if any(folds):
            sections.append(f'<section><h3 id="family-{family}">{title}</h3>{"".join(folds)}</section>')
    return "".join(sections)


def by_three_rs(contents: Contents) -> str:
    """The KPIs of reputation, relationship and revenue with their latest values."""
    columns = []
    for r in THREE_RS:
        names = contents.latest.index[contents.latest["three_r"] == r]
        items = "".join(_item(contents, name) for name in names if contents.value(name))
        columns.append(f"<section><h3>{_RS[r]}</h3><ul>{items or '<li>No values.</li>'}</ul></section>")
    return f'<div class="rs">{"".join(columns)}</div>'


def _item(contents: Contents, name: str) -> str:
    link = f'<a href="#kpi-{safe(name)}" title="{safe(contents.definition(name))}">{safe(contents.title(name))}</a>'
    return f"<li>{link} <b>{safe(contents.value(name))}</b> {change_of(contents, name)}</li>"


def _fold(contents: Contents, name: str, blocks: Sequence[Block], notes: Sequence[str]) -> str:
    if not blocks and all(note.startswith("not available") for note in notes):
        return ""
    told = "".join(f'<p class="note">{safe(words_of(note))}.</p>' for note in notes)
    return (
        f'<details id="kpi-{safe(name)}"><summary title="{safe(contents.definition(name))}">'
        f'<span class="what">{safe(contents.title(name))}</span> <b>{safe(contents.value(name))}</b> '
        f"{change_of(contents, name)}</summary>{_explanation(contents, name)}"
        f"{''.join(_table(contents, block) for block in blocks)}{told}</details>"
    )


def _explanation(contents: Contents, name: str) -> str:
    mine = contents.rows[contents.rows["name"] == name]
    first = mine.sort_values("measure", key=lambda measure: measure != "value").iloc[0]
    unit = first["unit"] if not first["unit"].startswith("money") else f"{first['unit']}, in {contents.currency}"
    facts = [*contents.facts(name), ("Unit", f"{unit}; {first['better']} is better"), ("Name", name)]
    lines = "".join(f"<dt>{what}</dt><dd>{safe(told)}</dd>" for what, told in facts if told)
    definition = contents.definition(name)
    return f"{f'<p>{safe(definition)}</p>' if definition else ''}<dl>{lines}</dl>"


def _table(contents: Contents, block: Block) -> str:
    spans = contents.spans[-_PERIODS:]
    title = "All accounts" if block.everybody else f"By {words_of(block.kind).lower()}"
    more = f": the largest, and {block.left_out:,} more that are not shown" if block.left_out else ""
    head = [safe(span.label) + ("" if span.over else " <small>so far</small>") for span in spans]
    lines = [_line(contents, line, spans) for line in block.lines.values()]
    return table(safe(f"{title}{more}"), ("", *head), lines)


def _line(contents: Contents, rows: Mapping[pd.Timestamp, Any], spans: Sequence[Span]) -> tuple[str, ...]:
    first = next(iter(rows.values()))
    names = [
        *([cut_in_words(first.cut)] if first.cut != "all" else []),
        *([words_of(first.part)] if isinstance(first.part, str) else []),
        *([words_of(first.measure)] if first.measure != "value" else []),
    ]
    return apart(", ".join(names) or "All accounts"), *[_cell(contents, rows.get(span.begin)) for span in spans]


def _cell(contents: Contents, row: Any) -> str:
    if row is None or pd.isna(row.value):
        return f'<span class="unclear">{NOTHING}</span>'
    interval = format_interval(row.low, row.high, row.unit, contents.currency)
    rests = "" if pd.isna(row.of) else f"n = {row.of:,.0f}"
    under = "<br>".join(safe(text) for text in (interval, rests) if text)
    return f"{safe(format_number(row.value, row.unit, contents.currency))}<small>{under}</small>"
