"""abm_ml's classifier, tuned within the same seconds as the others, on the training rows alone."""

from worker import Task, work

import abm_ml
from abm_ml.modelling.tuning import Search, tune

FOR_SEARCH = 0.75  # the rest is for the last fit


def tuned(task: Task):
    model = abm_ml.AccountClassifier(monotone=task.monotone, num_threads=task.threads, seed=task.seed)
    rows = {"time": task.time, "groups": task.groups}
    found = tune(model, task.train, task.answers, **rows, search=Search(seconds=FOR_SEARCH * task.seconds))
    model.set_params(**found.settings)
    return model.fit(task.train, task.answers, **rows).predict_proba(task.test)[:, 1]


work(tuned)
