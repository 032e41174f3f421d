"""Which qualified leads of a marketplace will become deals within 90 days? The README holds the answer."""

from __future__ import annotations

import argparse
import datetime as dt
import sys
from pathlib import Path

STUDY = Path(__file__).resolve().parent
sys.path.append(str(STUDY.parent))  # where study.py lies: a study is a folder, not a package

from source import OlistFunnel  # noqa: E402 - beside this file
from study import Row, Study, finish, judged, opened, options  # noqa: E402 - found by the path above

# DATA.md's untuned LightGBM on the leads of April and May 2018; of May alone it says nothing.
PLAIN = {"win": {"AUC": 0.652}}
LAST = dt.datetime(2018, 6, 1)  # the leads of 2018-05-31, the last ones that there are
SETUPS = (
    Study(name="gap", config=STUDY / "config.yaml", plain={"win": {}}, score_on=LAST),
    Study(name="overlap", config=STUDY / "overlap.yaml", plain=PLAIN, score_on=LAST),
)


def main() -> None:
    asked = options(__doc__, workspace="olist-funnel").parse_args()
    finish([row for setup in SETUPS for row in answered(setup, asked)], asked)


def answered(setup: Study, asked: argparse.Namespace) -> list[Row]:
    """One way to split the leads: with the gap of one horizon, or as DATA.md does."""
    source = OlistFunnel(part=asked.part)
    pictures = asked.pictures / setup.name if asked.pictures else None
    with opened(setup, source, asked) as workspace:
        return judged(workspace, setup, source, pictures)


if __name__ == "__main__":
    main()
