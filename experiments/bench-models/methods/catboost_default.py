"""CatBoost with its defaults."""

from catboost import CatBoostClassifier
from worker import Task, work


def default(task: Task):
    train, test = task.train.copy(), task.test.copy()
    for name in task.texts:
        train[name], test[name] = train[name].fillna("").astype(str), test[name].fillna("").astype(str)
    model = CatBoostClassifier(
        thread_count=task.threads, random_seed=task.seed, verbose=False, train_dir=str(task.folder / "catboost")
    )
    return model.fit(train, task.answers, cat_features=task.texts).predict_proba(test)[:, 1]


work(default)
