"""The canonical tables: what a row means."""

from abm_ml.tables import (  # one line per table; importing a file puts its table into the catalogue
    account_changes,
    accounts,
    contacts,
    contents,
    contracts,
    costs,
    engagements,
    opportunities,
    opportunity_changes,
    orders,
    rates,
    sellers,
    stage_changes,
    surveys,
)
from abm_ml.tables.base import IBIS_TYPES, IN_WORDS, TABLES, Column, ColumnType, Table, Tables
from abm_ml.tables.terms import Engagement, Terms

__all__ = ["IBIS_TYPES", "IN_WORDS", "TABLES", "Column", "ColumnType", "Engagement", "Table", "Tables", "Terms"]
