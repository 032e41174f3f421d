"""Segments that accounts are compared by: their size, and the script in which their name is written."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Mapping

import numpy as np
import pandas as pd

from abm_ml.kpis.seen import SIZE_BANDS

OTHER, NONE = "other", "none"
SCRIPTS: Mapping[str, str] = {
    "LATIN": "Latin",
    "CYRILLIC": "Cyrillic",
    "ARABIC": "Arabic",
    "CJK": "CJK",
    "HIRAGANA": "CJK",
    "KATAKANA": "CJK",
    "HANGUL": "CJK",
    "BOPOMOFO": "CJK",
}


def size_bands(employees: pd.Series[float]) -> pd.Series[str]:
    """The size band of each number of employees, as the KPIs cut it; missing where there are none."""
    floors = [float(floor) for floor, _ in SIZE_BANDS]
    numbers = employees.astype("float64")
    found = pd.cut(numbers, [*floors, np.inf], right=False, labels=[name for _, name in SIZE_BANDS])
    return found.astype(object).where(found.notna(), None)


def script_of(name: str | None) -> str:
    """The script of most letters of a name: Latin, Cyrillic, Arabic, CJK, other; none where there is no letter.

    CJK holds Chinese characters, Japanese kana and Korean. Of equally frequent scripts the first by name counts.
    """
    letters = [sign for sign in unicodedata.normalize("NFKC", name or "") if sign.isalpha()]
    counted = Counter(SCRIPTS.get(unicodedata.name(letter, "").partition(" ")[0], OTHER) for letter in letters)
    return min(counted, key=lambda script: (-counted[script], script), default=NONE)
