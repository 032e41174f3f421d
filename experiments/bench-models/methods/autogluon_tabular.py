"""AutoGluon's tabular predictor with one of its presets, told the metric and the seconds."""

import pandas as pd
from autogluon.tabular import TabularPredictor
from worker import Task, work

FOLDS = 8


def predictor(preset: str):
    def fitted(task: Task):
        train = task.train.assign(_answer=task.answers)
        options = {}
        if task.groups is not None and preset == "best_quality":
            train["_group"] = pd.factorize(task.groups)[0] % FOLDS  # it leaves out one value after the other
            options["groups"] = "_group"
        model = TabularPredictor(
            label="_answer", eval_metric="roc_auc", path=str(task.folder / "autogluon"), verbosity=0, **options
        )
        # Whether stacking overfits is tried out in fits of its own, for which a minute leaves no room.
        model.fit(train, presets=preset, time_limit=task.seconds, num_cpus=task.threads, dynamic_stacking=False)
        return model.predict_proba(task.test)[1]

    return fitted


def run(preset: str) -> None:
    """Fits with a preset."""
    work(predictor(preset))
