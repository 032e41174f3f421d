"""The leak guard: columns that know the answer because they were written after it, or by it."""

from abm_ml.leaks.finding import Finding, LeakConfig, accepted_in_words
from abm_ml.leaks.guard import Candidate, find_leaks, refuse_leaks

__all__ = ["Candidate", "Finding", "LeakConfig", "accepted_in_words", "find_leaks", "refuse_leaks"]
