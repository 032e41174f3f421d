"""MLflow: the workspace's own SQLite file, or any server by its address."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from abm_ml.errors import NotReady
from abm_ml.modelling.tracking import SETTINGS, TrackingConfig, alone, place_of, redacted

if TYPE_CHECKING:
    from mlflow import MlflowClient

NOISY = ("alembic", "mlflow", "urllib3.connectionpool")


class Store:
    """An open MLflow.

    Raises, here and from every method of those that inherit from it:
        NotReady: the server does not answer, or refuses.
    """

    def __init__(self, config: TrackingConfig, folder: Path) -> None:
        self.address, self._artifacts = place_of(config, folder)
        self.client = self._open(folder)

    def experiment(self, name: str) -> str:
        """The id of the experiment with a name, which is created where there is none; `abm_ml/win` holds the wins'."""
        found = self.client.get_experiment_by_name(name)
        if found is None:
            place = (self._artifacts / name.rpartition("/")[2]).as_uri() if self._artifacts else None
            with unless("RESOURCE_ALREADY_EXISTS"):
                return str(self.client.create_experiment(name, artifact_location=place))
            found = self.client.get_experiment_by_name(name)
        return str(found.experiment_id)

    @contextlib.contextmanager
    def answering(self) -> Iterator[None]:
        """Lets MLflow say nothing on the terminal, and turns its failures into one line without credentials."""
        from mlflow.exceptions import MlflowException

        levels = {name: logging.getLogger(name).level for name in NOISY}
        try:
            for name in NOISY:
                logging.getLogger(name).setLevel(logging.CRITICAL + 1)
            yield
        except MlflowException as error:
            place = redacted(self.address)
            reason = redacted(str(error).partition("\n")[0])
            if "API request to http" in reason:  # else it speaks of an endpoint, which did answer
                raise NotReady(
                    f"The MLflow server at {place} does not answer. Start it, or check tracking: url."
                ) from None
            raise NotReady(f"MLflow at {place} refuses: {reason}") from None
        finally:
            for name, level in levels.items():
                logging.getLogger(name).setLevel(level)

    def _open(self, folder: Path) -> MlflowClient:
        for name, value in SETTINGS.items():
            os.environ.setdefault(name, value)
        from mlflow import MlflowClient

        with self.answering(), alone(self.address, folder) if self._artifacts else contextlib.nullcontext():
            client = MlflowClient(tracking_uri=self.address, registry_uri=self.address)
            client.search_experiments(max_results=1)  # the first question creates what is missing in a fresh store
            client.search_registered_models(max_results=1)
        return client


@contextlib.contextmanager
def unless(*codes: str) -> Iterator[None]:
    """Lets MLflow's refusals with these codes pass."""
    from mlflow.exceptions import MlflowException

    try:
        yield
    except MlflowException as error:
        if error.error_code not in codes:
            raise
