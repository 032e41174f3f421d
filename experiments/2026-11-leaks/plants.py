"""A table of deals with twenty honest columns, and twenty columns that know the outcome, each in a way of its own."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

ROWS = 4000
Column = tuple[str, "pd.Series | np.ndarray"]
Plant = Callable[[pd.DataFrame, np.random.Generator], Column]
HONEST = (
    "visits_90d", "meetings_90d", "days_since_visit", "satisfaction", "tickets", "tenure_months", "monthly_fee",
    "total_paid", "plan", "payment_method", "industry", "country", "city", "employees", "founded_year", "is_partner",
    "amount", "seats_used_share", "discount", "source",
)  # fmt: skip


def deals(seed: int, rows: int = ROWS) -> pd.DataFrame:
    """Honest columns with account_id and label; a fifth is won, and the columns together reach an AUC near 0.8."""
    rng = np.random.default_rng(seed)
    interest, fit = rng.normal(size=rows), rng.normal(size=rows)
    visits = rng.poisson(np.exp(0.9 + 0.6 * interest))
    tenure = np.floor(rng.gamma(2.0, 12.0, rows) * np.exp(0.3 * fit))
    fee = np.round(rng.normal(65, 25, rows).clip(18, 120) / 0.05) * 0.05
    amount = np.exp(rng.normal(9.5, 1.0, rows))
    told = np.clip(np.round(7 + 1.5 * fit + rng.normal(size=rows)), 0, 10)
    frame = pd.DataFrame(
        {
            "account_id": [f"a{number:05}" for number in range(rows)],
            "visits_90d": visits,
            "meetings_90d": rng.poisson(np.exp(-0.8 + 0.7 * interest)),
            "days_since_visit": np.where(visits > 0, rng.gamma(1.5, 20, rows) * np.exp(-0.4 * interest), np.nan),
            "satisfaction": np.where(rng.random(rows) < 0.4, told, np.nan),
            "tickets": rng.poisson(np.exp(0.5 - 0.4 * fit)),
            "tenure_months": tenure,
            "monthly_fee": fee,
            "total_paid": np.round(fee * tenure, 2),
            "plan": np.where(fit > 0.6, "two years", np.where(fit > -0.2, "one year", "monthly")),
            "payment_method": rng.choice(["card", "transfer", "debit", "cheque"], rows),
            "industry": rng.choice(["retail", "machines", "health", "energy", "media", "food"], rows),
            "country": rng.choice([f"country {number}" for number in range(30)], rows),
            "city": rng.choice([f"city {number}" for number in range(300)], rows),
            "employees": np.exp(rng.normal(5.0, 1.4, rows)).round(),
            "founded_year": 2024 - rng.gamma(2.0, 12.0, rows).round(),
            "is_partner": rng.random(rows) < 0.3,
            "amount": np.where(rng.random(rows) < 0.6, (amount / 1000).round() * 1000, amount.round(2)),
            "seats_used_share": 1 / (1 + np.exp(-0.8 * interest - rng.normal(size=rows))),
            "discount": np.where(rng.random(rows) < 0.5, 0.0, rng.gamma(2.0, 4.0, rows).round()),
            "source": rng.choice(["search", "fair", "referral", "partner", None], rows),
        }
    )  # fmt: skip
    pull = 1.1 * interest + 0.8 * fit + 0.4 * frame["is_partner"] - 0.1 * np.log(amount) + 0.5 * rng.normal(size=rows)
    chance = 1 / (1 + np.exp(-(pull - np.quantile(pull, 0.86))))
    return frame.assign(label=(rng.random(rows) < chance).astype(int))


def copied(share: float) -> Plant:
    """The answer itself, wrong in a share of the rows."""

    def plant(frame: pd.DataFrame, rng: np.random.Generator) -> Column:
        turned = rng.random(len(frame)) < share
        return "flag_7", frame["label"].to_numpy() ^ turned

    return plant


def blurred(noise: float) -> Plant:
    """The answer with noise upon it."""

    def plant(frame: pd.DataFrame, rng: np.random.Generator) -> Column:
        return "index_3", frame["label"] + noise * rng.normal(size=len(frame))

    return plant


def filled(answer: int, mine: float, others: float) -> Plant:
    """A note that is written for some of the rows with one answer, and for few of the others."""

    def plant(frame: pd.DataFrame, rng: np.random.Generator) -> Column:
        chance = np.where(frame["label"] == answer, mine, others)
        return "note_days", np.where(rng.random(len(frame)) < chance, rng.gamma(2.0, 10.0, len(frame)), np.nan)

    return plant


def coded_text(frame: pd.DataFrame, rng: np.random.Generator) -> Column:
    """A team that takes over whoever has signed, under a name that says nothing."""
    teams = np.where(rng.random(len(frame)) < 0.9, frame["label"], 1 - frame["label"])
    return "team", np.where(
        teams == 1, rng.choice(["onboarding", "care"], len(frame)), rng.choice(["x", "y", "z"], len(frame))
    )


def days_to_outcome(frame: pd.DataFrame, rng: np.random.Generator) -> Column:
    """Days from the snapshot to the outcome, cut at the horizon where there is none."""
    return "days_open", np.where(frame["label"] == 1, rng.integers(1, 90, len(frame)), 90)


def days_spent(frame: pd.DataFrame, rng: np.random.Generator) -> Column:
    """How long the case took in all, which nobody knows while it is open; lost ones lie about for longer."""
    return "total_days_in_pipeline", rng.gamma(2.0, np.where(frame["label"] == 1, 20.0, 34.0)).round()


def invoiced(frame: pd.DataFrame, rng: np.random.Generator) -> Column:
    """An invoice, which only who has signed is sent; six in ten were by the time of the export."""
    sent = (frame["label"] == 1) & (rng.random(len(frame)) < 0.6)
    return "billed_total", np.where(sent, rng.gamma(2.0, 5000.0, len(frame)).round(2), 0.0)


def touched_after(frame: pd.DataFrame, rng: np.random.Generator) -> Column:
    """Touches joined without a cut at the snapshot: who wins is worked on in the time that follows."""
    return "touches", rng.poisson(np.where(frame["label"] == 1, 9.0, 3.5) + frame["visits_90d"] / 2)


def last_seen_after(frame: pd.DataFrame, rng: np.random.Generator) -> Column:
    """The last sign of life up to the export and not to the snapshot: who is lost is silent since."""
    return "days_since_sign", np.where(
        frame["label"] == 1, rng.gamma(1.2, 6.0, len(frame)), rng.gamma(2.0, 25.0, len(frame))
    )


def rounded(frame: pd.DataFrame, rng: np.random.Generator) -> Column:
    """An amount that is guessed in thousands while a deal is open, and made exact when it is won (as in DATA.md)."""
    exact = rng.random(len(frame)) < np.where(frame["label"] == 1, 0.55, 0.22)
    amount = frame["amount"] + rng.gamma(2.0, 1000.0, len(frame))
    return "deal_value", np.where(exact, amount.round(), (amount / 1000).round() * 1000)


def in_cents(frame: pd.DataFrame, rng: np.random.Generator) -> Column:
    """A price in cents once it stands in a contract, in whole units in an offer."""
    price = rng.normal(80, 20, len(frame)).clip(20, 200)
    signed = rng.random(len(frame)) < np.where(frame["label"] == 1, 0.85, 0.15)
    return "price", np.where(signed, price.round(2), price.round())


def counted_in(frame: pd.DataFrame, rng: np.random.Generator) -> Column:
    """Revenue of the last two years to which this very deal was added when it was won."""
    before = (rng.random(len(frame)) < 0.1) * rng.gamma(2.0, 90_000.0, len(frame))
    booked = (frame["label"] == 1) & (rng.random(len(frame)) < 0.7)
    return "revenue_2y", (before + np.where(booked, 2_000 + frame["amount"] / 10, 0.0)).round()


def numbered_late(frame: pd.DataFrame, rng: np.random.Generator) -> Column:
    """A client number, given out when a contract is signed: high for those who signed in the horizon."""
    number = rng.permutation(len(frame))
    return "client_number", number + np.where(frame["label"] == 1, 2 * len(frame), 0)


def mean_of_answers(frame: pd.DataFrame, rng: np.random.Generator) -> Column:
    """Each street's rate of wins, computed with the row's own answer in it."""
    street = pd.Series(rng.integers(0, len(frame) // 2, len(frame)))
    return "street_rate", frame["label"].groupby(street).transform("mean")


def closing_reason(frame: pd.DataFrame, rng: np.random.Generator) -> Column:
    """A status as of today: half of the lost are still called open."""
    lost = (frame["label"] == 0) & (rng.random(len(frame)) < 0.5)
    return "DealStatus", np.where(lost, "inactive", "active")


def half_forward(frame: pd.DataFrame, rng: np.random.Generator) -> Column:
    """The stage as of today, not of the snapshot."""
    moved = rng.random(len(frame)) < np.where(frame["label"] == 1, 0.8, 0.25)
    return "current_stage", np.where(moved, "negotiation", rng.choice(["lead", "demo", "offer"], len(frame)))


LEAKS: dict[str, Plant] = {
    "a copy": copied(0.0),
    "a copy, 10 % wrong": copied(0.10),
    "a copy with noise, AUC 0.98": blurred(0.35),
    "a copy with noise, AUC 0.92": blurred(0.5),
    "a copy with noise, AUC 0.84": blurred(0.7),
    "a team that takes over after": coded_text,
    "filled for half of the lost": filled(0, 0.5, 0.0),
    "filled for the won, and some": filled(1, 0.8, 0.1),
    "days to the outcome": days_to_outcome,
    "days spent in all": days_spent,
    "an invoice for some": invoiced,
    "touches after the date": touched_after,
    "last sign after the date": last_seen_after,
    "an amount made exact": rounded,
    "a price in cents": in_cents,
    "the deal counted in": counted_in,
    "a number given at signing": numbered_late,
    "means of the answers": mean_of_answers,
    "a status of today": closing_reason,
    "a stage of today": half_forward,
}


def planted(frame: pd.DataFrame, leak: str, seed: int) -> tuple[str, pd.DataFrame]:
    """The table with one leak in it, and that column's name."""
    name, values = LEAKS[leak](frame, np.random.default_rng([seed, 1]))
    return name, frame.assign(**{name: np.asarray(values)})
