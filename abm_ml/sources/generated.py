"""The synthetic company as a source: made once per configuration, then read like any other folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from abm_ml.catalogue import fingerprint
from abm_ml.sources import synthetic
from abm_ml.sources.base import Mapped, Source, Staged
from abm_ml.sources.folder import FolderConfig, FolderSource
from abm_ml.sources.synthetic import SyntheticCompany, write_company


class SyntheticConfig(SyntheticCompany, Mapped):
    """How large the synthetic company is, when it lives, and the seed that it grows from."""

    kind: Literal["synthetic"]


class SyntheticSource(Source):
    """A made-up company in `<workspace>/company`; its true probabilities lie beside, where no source reads them."""

    def __init__(self, config: SyntheticConfig, workspace: Path) -> None:
        self.mapped = config
        self.folder = workspace / "company"
        self.truth = workspace / "truth.parquet"
        self._company = SyntheticCompany(**config.model_dump(include=set(SyntheticCompany.model_fields)))

    def stage(self, folder: Path) -> Mapping[str, Sequence[Staged]]:
        """Makes the company where it is not there yet."""
        made_of = fingerprint(self._company.model_dump(mode="json"), _maker())
        marker = self.folder / "made_of.txt"
        if not marker.is_file() or marker.read_text() != made_of:
            write_company(self._company, self.folder, self.truth)
            marker.write_text(made_of)
        return FolderSource(FolderConfig(kind="folder", path=self.folder)).stage(folder)


def _maker() -> list[str]:
    """The code that makes the company: another version of it makes another company."""
    files = sorted(Path(synthetic.__file__).parent.glob("*.py"))
    return [file.read_text(encoding="utf-8") for file in files]
