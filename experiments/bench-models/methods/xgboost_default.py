"""XGBoost with its defaults."""

import xgboost as xgb
from worker import Task, as_categories, work


def default(task: Task):
    train, test = as_categories(task)
    model = xgb.XGBClassifier(enable_categorical=True, n_jobs=task.threads, random_state=task.seed)
    return model.fit(train, task.answers).predict_proba(test)[:, 1]


work(default)
