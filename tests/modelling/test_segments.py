"""Accounts are compared by size and by the script of their name; both are worked out by hand here."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from abm_ml.modelling.segments import script_of, size_bands


@pytest.mark.parametrize(
    ("name", "script"),
    [
        ("Peña AB", "Latin"),
        ("Ａｂｃ", "Latin"),  # noqa: RUF001 - letters of full width are letters all the same
        ("ООО Ромашка", "Cyrillic"),  # noqa: RUF001 - a name in its own script
        ("شركة النور", "Arabic"),
        ("株式会社 X", "CJK"),
        ("サクラ", "CJK"),
        ("삼성", "CJK"),
        ("שלום", "other"),
        ("3-2-1", "none"),
        ("", "none"),
        (None, "none"),
    ],
)
def test_script(name: str | None, script: str) -> None:
    """The script of most letters counts; signs and figures have none."""
    assert script_of(name) == script


def test_size_bands() -> None:
    """The bands are those of the KPIs; nobody, or an unknown number, has none."""
    found = size_bands(pd.Series([1, 9, 10, 249, 250, 5000, 0, np.nan]))
    assert found.tolist() == ["1-9", "1-9", "10-49", "50-249", "250-999", "5000+", None, None]
