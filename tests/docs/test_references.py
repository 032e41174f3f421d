"""What is generated is current, and what the documents show exists."""

from __future__ import annotations

from pathlib import Path

import pytest

from abm_ml.jobs.reference import REFERENCES, as_markdown, reference

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("kind", REFERENCES)
def test_the_reference_is_current(kind: str) -> None:
    """docs/<kind>.md is what the records say; `make docs` writes it."""
    assert (ROOT / "docs" / f"{kind}.md").read_text(encoding="utf-8") == as_markdown(reference(kind))
