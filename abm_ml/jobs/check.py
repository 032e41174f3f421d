"""The check: reads a company's tables and says what became of every row."""

from __future__ import annotations

from dataclasses import dataclass

from abm_ml.features.facts import unusable
from abm_ml.jobs.workspace import Workspace
from abm_ml.sources import TableReport
from abm_ml.tables.unknown_terms import unknown_terms


@dataclass(frozen=True)
class CheckResult:
    """What became of the rows of each table, and what a person should know of the rest."""

    tables: tuple[TableReport, ...]
    notes: tuple[str, ...]
    quarantine: str

    @property
    def quarantined(self) -> int:
        """Rows of all tables that were put into quarantine."""
        return sum(report.quarantined for report in self.tables)


def check(workspace: Workspace) -> CheckResult:
    """Reads and validates the sources: accepted, quarantined and merged counts per table.

    Raises:
        SourceError: the tables cannot be used as they are.
    """
    company = workspace.company
    notes = [
        f"Table {report.table}: the column {column} is not used. Map it as custom to make it a feature."
        for report in company.reading.reports
        for column in report.ignored_columns
    ]
    notes += [
        f"The column {column} may have changed after the fact, so no feature reads it on past dates. Name it under "
        "`fixed` if it never changes, or give a table of its changes."
        for column in unusable(company.tables, workspace.terms)
    ]
    notes += [f"{term}." for term in unknown_terms(company.tables, workspace.terms, workspace.engine)]
    return CheckResult(company.reading.reports, tuple(notes), str(workspace.folder / "quarantine"))
