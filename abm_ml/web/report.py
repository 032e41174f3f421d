"""A seller's accounts as one file that needs no server: the list, and the best accounts one by one."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from abm_ml.errors import UnknownName, did_you_mean
from abm_ml.web.panels import account_context
from abm_ml.web.records import ListQuery, ListRow, Viewer
from abm_ml.web.rendering import render, text_of
from abm_ml.web.store import Store

_STYLE = "page.css"
MOST_TOLD = 100
_EVERYBODY = Viewer(name="export", role="manager")


@dataclass(frozen=True, slots=True)
class Told:
    """An account that is told by itself: where it stands in the file, and what is shown of it."""

    place: str
    shown: dict[str, Any]


def report(store: Store, owner: str) -> str:
    """The report of a seller as HTML with everything in it; nothing in it runs or is fetched.

    Raises:
        UnknownName: no account has this owner.
    """
    viewer = seller(store, owner)
    rows = store.export(viewer, ListQuery())
    style = Markup(text_of(_STYLE))  # noqa: S704 -- a file of this package
    return render(
        "report.html",
        run=store.run,
        owner=next((row.owner_name for row in rows if row.owner_name), owner),
        style=style,
        digest=base64.b64encode(hashlib.sha256(f"\n{style}\n".encode()).digest()).decode(),
        rows=rows,
        told=_told(store, viewer, rows[:MOST_TOLD]),
    )


def owners_of(store: Store) -> tuple[str, ...]:
    """The ids of all sellers who have accounts."""
    return tuple(owner for owner, _ in store.choices(_EVERYBODY).owners if owner)


def seller(store: Store, owner: str | None) -> Viewer:
    """A viewer who sees the accounts of one seller, or everything where none is named.

    Raises:
        UnknownName: no account has this owner.
    """
    if owner is None:
        return _EVERYBODY
    known = owners_of(store)
    if owner not in known:
        raise UnknownName(f"No account has the owner '{owner}'. {did_you_mean(owner, known)}")
    return Viewer(name=owner, role="seller", owners=(owner,))


def _told(store: Store, viewer: Viewer, rows: Iterable[ListRow]) -> dict[str, Told]:
    """The accounts that are told by themselves, by their ids."""
    return {
        row.account_id: Told(f"a{place}", account_context(store.account(viewer, row.account_id), store.models))
        for place, row in enumerate(rows, start=1)
    }
