"""The canonical tables: laws over all of them."""

from __future__ import annotations

import pytest

from abm_ml.errors import DefinitionError, SourceError
from abm_ml.tables import TABLES, Table, Tables
from abm_ml.tables.check import RESERVED, rules

EVERY = pytest.mark.parametrize("table", list(TABLES), ids=lambda table: table.name)


@EVERY
def test_a_table_names_only_columns_it_has(table: Table) -> None:
    """Key, times and the times at which cells fill in are columns of the table; times are times."""
    times = [name for name in (table.happened_at, table.known_at) if name]
    filled = [column.known_from for column in table.columns if column.known_from]
    assert all(table[name].required for name in table.key)
    assert {table[name].type for name in times + filled} <= {"timestamp"}
    assert len(set(table.names)) == len(table.names)


@EVERY
def test_ids_are_text(table: Table) -> None:
    """A key, and whatever points to one, is text."""
    ids = [column for column in table.columns if column.name.endswith("_id") or column.references]
    assert {column.type for column in ids} <= {"text"}


@EVERY
def test_references_lead_somewhere(table: Table) -> None:
    """A column that points to a table has the name of its key."""
    for column in table.columns:
        if column.references:
            assert TABLES[column.references].key == (column.name,)


@EVERY
def test_every_rule_is_said_in_words(table: Table) -> None:
    """Each rule speaks of a column of the table, and no name is one that the check uses itself."""
    assert {rule.column for rule in rules(table)} - {""} <= set(table.names)
    assert len(set(rules(table))) == len(rules(table))
    assert not set(RESERVED) & set(table.names)


def test_custom_columns_belong_to_some_tables() -> None:
    """They come at the end, by name; a table that takes none says which do."""
    assert TABLES["accounts"].with_custom({"b": "text", "a": "number"}).names[-2:] == ("a", "b")
    with pytest.raises(SourceError, match="Table orders takes no custom columns"):
        TABLES["orders"].with_custom({"a": "text"})


def test_an_unknown_column_of_a_table() -> None:
    """The nearest one is offered."""
    with pytest.raises(DefinitionError, match=r"has no column 'stag'. Did you mean 'stage'"):
        TABLES["stage_changes"]["stag"]


def test_an_absent_table_says_what_it_would_be() -> None:
    """Whoever needs it learns what a row of it is."""
    tables = Tables({})
    with pytest.raises(SourceError, match=r"needs the table orders \(money booked\), which the source does not have"):
        tables["orders"]
    assert (len(tables), list(tables), "orders" in tables, tables.custom("accounts")) == (0, [], False, ())
