"""Logistic regression as scikit-learn's own guide has it: imputed, scaled, one-hot, its strength chosen in folds."""

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegressionCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from worker import Task, work


def logistic(task: Task):
    numbers = [name for name in task.train if name not in task.texts]
    columns = ColumnTransformer(
        [
            ("numbers", make_pipeline(SimpleImputer(add_indicator=True), StandardScaler()), numbers),
            ("texts", OneHotEncoder(handle_unknown="ignore", min_frequency=10), task.texts),
        ]
    )
    model = make_pipeline(
        columns, LogisticRegressionCV(Cs=np.logspace(-3, 1, 5), cv=5, scoring="neg_log_loss", max_iter=1000)
    )
    return model.fit(task.train, task.answers).predict_proba(task.test)[:, 1]


work(logistic)
