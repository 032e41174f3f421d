"""FLAML's AutoML, told the metric and the seconds; rows of one group stay together, rows with a time are cut by it."""

from flaml import AutoML
from worker import Task, as_categories, work


def automl(task: Task):
    train, test = as_categories(task)
    model = AutoML()
    settings = {"task": "classification", "metric": "roc_auc", "time_budget": task.seconds, "seed": task.seed}
    if task.groups is not None:
        settings |= {"split_type": "group", "groups": task.groups}
    model.fit(X_train=train, y_train=task.answers, n_jobs=task.threads, verbose=0, log_file_name=None, **settings)
    return model.predict_proba(test)[:, 1]


work(automl)
