"""All texts of the pages, read from one file (texts.toml), so that they can be changed or translated in one place."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

from abm_ml.wording import words_of


@cache
def texts() -> Mapping[str, Any]:
    """Every text by the part of the page that it stands in."""
    found: Mapping[str, Any] = tomllib.loads((resources.files("abm_ml.web") / "texts.toml").read_text("utf-8"))
    return found


def said(group: str, key: str | None) -> str:
    """The text of a word of the data, such as a stage or a kind of event; one that has none as it is written."""
    known: Mapping[str, str] = texts()[group]
    return known.get(key or "none") or words_of(key or "")
