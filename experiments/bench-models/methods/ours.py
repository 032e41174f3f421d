"""abm_ml's classifier with its defaults."""

from worker import Task, work

import abm_ml


def default(task: Task):
    model = abm_ml.AccountClassifier(monotone=task.monotone, num_threads=task.threads, seed=task.seed)
    model.fit(task.train, task.answers, time=task.time, groups=task.groups)
    return model.predict_proba(task.test)[:, 1]


work(default)
