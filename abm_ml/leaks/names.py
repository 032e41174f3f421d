"""Names that speak of an outcome, or of something that is final only when the case has ended."""

from __future__ import annotations

import re

_OUTCOME = frozenset(
    {
        "attrition", "cancel", "canceled", "cancellation", "cancelled", "churn", "churned", "closed", "closing",
        "closure", "converted", "declined", "disposition", "exit", "exited", "lapsed", "loss", "lost", "outcome",
        "quit", "reactivated", "renewed", "result", "retained", "signed", "status", "target", "terminated",
        "termination", "win", "winner", "won",
    }
)  # fmt: skip
# Names that run their words together are recognised by how they begin or end.
_BEGIN = (
    "cancel",
    "churn",
    "closed",
    "closing",
    "lossreason",
    "lostreason",
    "outcome",
    "renewed",
    "winloss",
    "wonreason",
)
_END = ("cancelled", "churn", "churned", "closed", "lost", "outcome", "renewed", "status", "won")
# How long a case took, how often it moved: while it is open nobody knows what these will be in the end.
_PROCESS = frozenset({"cycle", "duration", "elapsed", "stage", "stages"})
_SPANS = re.compile(
    r"\b(total|days?|hours|time|weeks|months) (days?|hours|time|weeks|months|in|to|until|through|till)\b"
)
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_IDS = frozenset({"code", "guid", "id", "identifier", "key", "no", "nr", "number", "ref", "reference", "uuid"})


def words_of(name: str) -> tuple[str, ...]:
    """The words of a name in small letters: "DealClosed_at" is deal, closed, at."""
    return tuple(word.casefold() for word in _WORD.findall(name))


def is_outcome(name: str, label: str) -> bool:
    """Whether a name holds the label's own or a word for how cases end, joined ones ("iswon", "closedate") as well."""
    words, own = words_of(name), "".join(words_of(label))
    if own and own in "".join(words):
        return True
    return any(word in _OUTCOME or _joined(word) for word in words)


def is_process(name: str) -> bool:
    """Whether a name says how long or how often a case was in its process."""
    words = words_of(name)
    return bool(_PROCESS & set(words)) or _SPANS.search(" ".join(words)) is not None


def is_id(name: str) -> bool:
    """Whether a name says that it only tells rows apart."""
    return bool(_IDS & set(words_of(name)))


def _joined(word: str) -> bool:
    return word.startswith(_BEGIN) or word.endswith(_END)
