"""Unknown terms: words in the data that a company's own terms do not know; such rows are kept, counted and reported."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import ibis

from abm_ml.engines import Engine
from abm_ml.errors import nearest
from abm_ml.tables.base import Tables
from abm_ml.tables.terms import Terms

_NAMED_PER_COLUMN = 10


@dataclass(frozen=True, kw_only=True)
class UnknownTerm:
    """A word that many rows of a column use and the company's terms do not know, and what becomes of these rows."""

    table: str
    column: str
    value: str
    rows: int
    effect: str
    nearest: str | None

    def __str__(self) -> str:
        rows = f"{self.rows:,} rows" if self.rows > 1 else "1 row"
        hint = f" (did you mean '{self.nearest}'?)" if self.nearest else ""
        return f"{self.table}: {rows} of {self.column} '{self.value}': {self.effect}{hint}"


def unknown_terms(tables: Tables, terms: Terms, engine: Engine) -> tuple[UnknownTerm, ...]:
    """The ten most frequent unknown words of each column that the terms speak of; none where all are known."""
    return tuple(
        term
        for table, column, known, effect in _spoken_of(terms)
        if table in tables
        for term in _unknown(tables, engine, (table, column), known, effect)
    )


def _spoken_of(terms: Terms) -> Iterator[tuple[str, str, Sequence[str], str]]:
    """Each column that the terms speak of: table, column, the known words, what becomes of rows with another one."""
    engagement = terms.engagement
    yield "engagements", "kind", list(engagement.points_by_kind), "worth 0 points"
    yield "engagements", "channel", list(engagement.class_by_channel), "neither digital nor physical"
    yield "stage_changes", "stage", terms.funnel, "outside the funnel"


def _unknown(
    tables: Tables, engine: Engine, place: tuple[str, str], known: Sequence[str], effect: str
) -> Iterator[UnknownTerm]:
    table, column = place
    rows = tables[table]
    strange = rows.filter(rows[column].notin(list(known)))
    counts = strange.group_by(value=strange[column]).aggregate(rows=strange.count())
    frequent = counts.order_by(ibis.desc("rows"), "value").limit(_NAMED_PER_COLUMN)
    for row in engine.compute(frequent).to_pylist():
        likely = nearest(row["value"], known)
        yield UnknownTerm(
            table=table, column=column, value=row["value"], rows=row["rows"], effect=effect, nearest=likely
        )
