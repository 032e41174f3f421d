"""LightGBM as DATA.md's "plain" one: 200 trees at a rate of 0.05, nothing tuned."""

import lightgbm as lgb
from worker import Task, as_categories, work


def plain(task: Task):
    train, test = as_categories(task)
    model = lgb.LGBMClassifier(
        n_estimators=200, learning_rate=0.05, n_jobs=task.threads, random_state=task.seed, verbosity=-1
    )
    return model.fit(train, task.answers).predict_proba(test)[:, 1]


work(plain)
