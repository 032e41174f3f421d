"""The synthetic company keeps what every source keeps, and is made again only where it would be another one."""

from __future__ import annotations

from pathlib import Path

import pytest

from abm_ml.sources import Source, SyntheticConfig, SyntheticSource
from tests.sources.contract import SourceContract


def small(folder: Path, *, seed: int = 7) -> SyntheticSource:
    """A synthetic company of 60 accounts."""
    return SyntheticSource(SyntheticConfig(kind="synthetic", accounts=60, seed=seed), folder)


class TestSynthetic(SourceContract):
    @pytest.fixture(scope="class")
    @classmethod
    def source(cls, tmp_path_factory: pytest.TempPathFactory) -> Source:
        """The company in a workspace of its own."""
        return small(tmp_path_factory.mktemp("synthetic"))


def test_made_once_per_configuration(tmp_path: Path) -> None:
    """The same configuration leaves the files alone; another seed makes another company."""
    small(tmp_path).stage(tmp_path)
    file = tmp_path / "company" / "accounts.parquet"
    before = file.stat().st_mtime_ns
    small(tmp_path).stage(tmp_path)
    assert file.stat().st_mtime_ns == before
    small(tmp_path, seed=8).stage(tmp_path)
    assert file.stat().st_mtime_ns != before


def test_the_truth_lies_where_no_source_reads(tmp_path: Path) -> None:
    """The folder that is read holds no table of true probabilities."""
    source = small(tmp_path)
    staged = source.stage(tmp_path)
    assert source.truth.is_file()
    assert source.truth.parent != source.folder
    assert "truth" not in staged
