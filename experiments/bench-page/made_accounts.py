"""Made-up accounts with all that the page shows of them; reasons and parts of a change add up to their scores."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

AS_OF = dt.date(2026, 6, 30)
FUNNEL = ("awareness", "consideration", "evaluation", "decision")
GRADES = {"A": 0.5, "B": 0.25, "C": 0.1}
_REASONS = (
    ("meetings_held", "engagement", 1, "{n} meetings in the last 30 days; typical is 1"),
    ("executives_engaged", "penetration", 1, "{n} people of the C-level engaged; typical is 0"),
    ("product_use_days", "clients", 0, "Used the product on {n} of 90 days; typical is 6"),
    ("days_to_renewal", "clients", 0, "{n} days to the end of the contract; typical is 299"),
    ("deal_age", "pipeline", 0, "The oldest deal is open for {n} days; typical is 94"),
    ("champions_known", "penetration", 1, "{n} champions at the account; typical is 1"),
    ("web_visits", "engagement", 1, "{n} web visits in the last 30 days; typical is 4"),
    ("support_tickets", "clients", 1, "{n} support tickets in 365 days; typical is 1"),
    ("industry", "firmographic", 0, "Industry software; typical is retail"),
    ("days_known", "firmographic", 0, "Known to us for {n} days; typical is 311"),
)
_REST = ("other", None, 0, "Everything else together")
_PARTS = (
    ("model_changed", "The model is another one"),
    ("calibration_changed", "The calibration changed"),
    ("time_passed", "Time passed: the last meeting is a week older"),
    ("new_activity", "New activity: 2 web visits, 1 meeting"),
)
_SCENARIOS = ("a meeting with a key contact", "two more decision makers engaged", "a support ticket closed")
_SEEN_IN_TRAINING = (1, 1, 0)
_EVENTS = (
    ("web_visit", "web", "inbound"),
    ("product_use", "product", "product"),
    ("email_open", "email", "marketing"),
    ("meeting", "in_person", "sales"),
    ("support_ticket", "phone", "support"),
)
_ROLES = ("decision_maker", "influencer", "user", "champion", "blocker", "")
_SENIORITIES = ("c_level", "vp", "director", "manager", "staff")

Frames = Iterator[tuple[str, pd.DataFrame]]


@dataclass(frozen=True, kw_only=True)
class Company:
    """How large the company is; `events` of an account on average, `runs` in its history, `cuts` of its KPI report.

    `kpis` are those that an account has.
    """

    accounts: int
    sellers: int
    events: int = 60
    runs: int = 12
    cuts: int = 50
    kpis: tuple[str, ...] = ("penetration_rate", "coverage", "win_rate", "contacts_per_account", "multi_threading")
    as_of: dt.date = AS_OF


@dataclass(frozen=True)
class Asked:
    """A label: its question, and the probability at which its reasons start."""

    question: str
    base: float
    days: int = 90
    yes: str = "wins"


LABELS = {
    "progression": Asked("A target or prospect moves to a later stage of the funnel within the horizon.", 0.19),
    "win": Asked("An account with an open opportunity wins one within the horizon.", 0.18),
    "churn": Asked("A client is lost within the horizon.", 0.12, 180, "losses"),
}
_ASKED_OF = {"target": ("progression",), "prospect": ("progression", "win"), "client": ("churn",)}


def seller(number: int) -> str:
    """A seller's id, which is also the name of a territory."""
    return f"S{number:03}"


def account_id(number: int) -> str:
    """An account's id; its seller is the number modulo the sellers."""
    return f"A{number:06}"


class AccountRows:
    """Some accounts with all of their rows; the same numbers give the same rows."""

    def __init__(self, company: Company, run_id: str, numbers: np.ndarray) -> None:
        self.company = company
        self.run_id = run_id
        self.dice = np.random.default_rng(int(numbers[0]) + 1)
        self.accounts = self._accounts(numbers)
        self.scores = self._scores()

    def tables(self) -> Frames:
        """The rows, table by table, each in the order of its key."""
        reasons = self._reasons()
        strongest = reasons[reasons["rank"] == 1].set_index(["account_id", "label"])["text"].str.partition(" (")[0]
        self.scores = self.scores.join(strongest.rename("first_reason"), on=["account_id", "label"])
        yield "accounts", self._with_lead()
        yield "scores", self.scores
        yield "reasons", reasons
        yield "changes", self._changes()
        yield "what_if", self._what_if()
        yield "history", self._history()
        yield "kpis", self._kpis()
        yield "timeline", self._timeline()
        yield "buying_group", self._buying_group()
        yield "deals", self._deals()

    def _pick(self, words: tuple[Any, ...], count: int) -> np.ndarray:
        return np.array(words, dtype=object)[self.dice.integers(0, len(words), count)]

    def _accounts(self, numbers: np.ndarray) -> pd.DataFrame:
        count, sellers = len(numbers), self.company.sellers
        ids = [account_id(number) for number in numbers]
        first = self._pick(("Nord", "Hansa", "Vero", "Alpen", "Rhein", "Isar", "Delta", "Luma", "Kiri", "Sela"), count)
        last = self._pick(("werk GmbH", "tec AG", "data Ltd", "soft SA", "log NV", "med KK", "bau GmbH"), count)
        names = [f"{one}{other} {number}" for one, other, number in zip(first, last, numbers, strict=True)]
        domains = [f"a{number}.example" for number in numbers]
        owners = [seller(number % sellers) for number in numbers]
        of_same_seller = pd.Series(ids).shift(sellers).where(numbers % 10 == 3)
        stage = self.dice.integers(1, len(FUNNEL) + 1, count)
        points = np.round(self.dice.lognormal(2.8, 1.0, count))
        return pd.DataFrame(
            {
                "account_id": ids,
                "name": names,
                "domain": domains,
                "website": [f"https://{domain}/" for domain in domains],
                "industry": self._pick(("software", "retail", "finance", "logistics", "manufacturing"), count),
                "country": self._pick(("DE", "FR", "GB", "US", "JP"), count),
                "employees": self.dice.integers(10, 20_000, count),
                "annual_revenue": np.round(self.dice.lognormal(16, 1.2, count), -3),
                "tier": self._pick(("1", "2", "3"), count),
                "owner_id": owners,
                "seller_name": [f"Seller {number % sellers}" for number in numbers],
                "territory": owners,
                "parent_account_id": of_same_seller,
                "in_program": self.dice.random(count) < 0.3,
                "lifecycle": self._pick(("target", "target", "prospect", "client"), count),
                "stage": np.array(FUNNEL, dtype=object)[stage - 1],
                "stage_number": stage,
                "engagement_points": points,
                "engagement_level": np.array(("cold", "warm", "hot", "red_hot"))[np.digitize(points, (20, 50, 100))],
                "penetration": np.round(self.dice.random(count), 2),
                "penetration_goal": np.where(numbers % 3 == 0, 0.6, np.nan),
                "search": ["\n".join(texts).casefold() for texts in zip(ids, names, domains, strict=True)],
            }
        )

    def _scores(self) -> pd.DataFrame:
        """Each account is asked what its lifecycle lets it be asked."""
        labels = self.accounts["lifecycle"].map(_ASKED_OF)
        rows = self.accounts[["account_id"]].assign(label=labels).explode("label", ignore_index=True)
        count = len(rows)
        base = rows["label"].map({label: asked.base for label, asked in LABELS.items()}).to_numpy()
        probability = 1 / (1 + (1 - base) / base * np.exp(self.dice.normal(0, 1.2, count)))
        wide = 0.08 + 0.5 * self.dice.random(count) ** 4
        value = np.round(probability * self.dice.lognormal(10, 1, count), 2)
        change = np.where(self.dice.random(count) < 0.9, self.dice.normal(0, 0.03, count), np.nan)
        return rows.assign(
            probability=probability,
            low=np.maximum(probability - wide / 2, 0.001),
            high=np.minimum(probability + wide / 2, 0.999),
            base_probability=base,
            percentile=(probability.argsort().argsort() + 0.5) / count,
            grade=np.array(("D", "C", "B", "A"))[np.digitize(probability, sorted(GRADES.values()))],
            rung="lightgbm",
            model=rows["label"] + "/7",
            expected_value=np.where(rows["label"] == "progression", np.nan, value),
            currency="EUR",
            rule_score=np.round(self.dice.lognormal(2.8, 1.0, count)),
            rule_level=self._pick(("cold", "warm", "hot"), count),
            agreement=self._pick(("agree", "agree", "agree", "rule_higher", "model_higher"), count),
            holdout=False,
            change=np.clip(change, probability - 0.99, probability - 0.01),
            enough=wide <= 0.5,
        )

    def _with_lead(self) -> pd.DataFrame:
        """The accounts with what their leading score says."""
        lead = self.scores.sort_values(["expected_value", "percentile"], ascending=False).drop_duplicates("account_id")
        told = lead.rename(columns={"label": "lead_label"}).set_index("account_id")
        size = self.scores["change"].abs().sort_values(ascending=False)
        moved = self.scores.loc[size.index].drop_duplicates("account_id").set_index("account_id")["change"]
        rows = self.accounts.join(told[["lead_label", "expected_value", "change", "first_reason"]], on="account_id")
        return rows.join(moved.rename("biggest_change"), on="account_id")

    def _of_scores(self, count: int, place: str, *columns: str) -> pd.DataFrame:
        """So many rows for each score, numbered from 1, with some of its columns."""
        rows = self.scores.loc[self.scores.index.repeat(count), ["account_id", "label", *columns]]
        return rows.reset_index(drop=True).assign(**{place: np.tile(np.arange(1, count + 1), len(self.scores))})

    def _reasons(self) -> pd.DataFrame:
        """The strongest first, the rest last; with the base they add up to the probability."""
        rows = self._of_scores(len(_REASONS) + 1, "rank")
        whole = (self.scores["probability"] - self.scores["base_probability"]).to_numpy()
        shares = self.dice.dirichlet(np.ones(len(_REASONS) + 1), len(whole))[:, 1:]
        points = whole[:, None] * shares + self.dice.normal(0, 0.02, shares.shape)
        order = np.argsort(-np.abs(points), axis=1)
        points = np.take_along_axis(points, order, axis=1)
        rest = whole - points.sum(axis=1)
        points = np.column_stack([points, rest]).ravel()
        told = [(*_REASONS, _REST)[place] for place in np.column_stack([order, np.full(len(order), -1)]).ravel()]
        counts = self.dice.integers(2, 9, len(rows))
        return rows.assign(
            feature=[each[0] for each in told],
            group=[each[1] for each in told],
            controllable=[each[2] for each in told],
            points=points,
            text=[
                f"{each[3].format(n=count)} ({100 * point:+.1f} points)."
                for each, count, point in zip(told, counts, points, strict=True)
            ],
        )

    def _changes(self) -> pd.DataFrame:
        """The parts of every change, which add up to it."""
        rows = self._of_scores(len(_PARTS), "place", "change")
        points = self.dice.normal(0, 0.01, (len(self.scores), len(_PARTS)))
        points[:, -1] = self.scores["change"].to_numpy() - points[:, :-1].sum(axis=1)
        told = [_PARTS[place - 1] for place in rows["place"]]
        rows = rows.assign(part=[each[0] for each in told], points=points.ravel(), text=[each[1] for each in told])
        return rows[rows["change"].notna()].drop(columns="change")

    def _what_if(self) -> pd.DataFrame:
        rows = self._of_scores(len(_SCENARIOS), "place", "probability").rename(
            columns={"probability": "probability_without"}
        )
        inside = np.array(_SEEN_IN_TRAINING)[rows["place"] - 1]
        better = rows["probability_without"] + (1 - rows["probability_without"]) * self.dice.random(len(rows)) * 0.3
        texts = np.array(_SCENARIOS, dtype=object)[rows["place"] - 1]
        return rows.assign(scenario=texts, text=texts, probability_with=better.where(inside == 1), inside=inside)

    def _history(self) -> pd.DataFrame:
        """A score a week, the last one that of this run, the one before as its change says."""
        runs = self.company.runs
        rows = self._of_scores(runs, "place", "probability", "low", "high", "grade", "model", "change")
        ago = runs - rows.pop("place")
        moved = rows.pop("change").fillna(0.0) * np.minimum(ago, 3)
        for name in ("probability", "low", "high"):
            rows[name] = (rows[name] - moved).clip(0.001, 0.999)
        dates = [str(self.company.as_of - dt.timedelta(weeks=week)) for week in range(runs)]
        days = np.array(dates, dtype=object)[ago]
        return rows.assign(as_of=days, run_id=np.where(ago == 0, self.run_id, days + "-0123456789ab"))

    def _kpis(self) -> pd.DataFrame:
        """As JSON: about as many as an account has."""
        numbers = np.round(self.dice.random((len(self.accounts), len(self.company.kpis))), 3)
        texts = [json.dumps(dict(zip(self.company.kpis, row, strict=True))) for row in numbers.tolist()]
        return self.accounts[["account_id"]].assign(numbers=texts, goals='{"penetration_rate": 0.6}')

    def _of_accounts(self, counts: np.ndarray) -> pd.DataFrame:
        """So many rows for each account, numbered from 1."""
        ids = self.accounts["account_id"].repeat(counts).reset_index(drop=True)
        return pd.DataFrame({"account_id": ids, "place": ids.groupby(ids, sort=False).cumcount() + 1})

    def _timeline(self) -> pd.DataFrame:
        """Events of the last years, the newest first; lively accounts have many, none more than 200."""
        mean = self.company.events
        rows = self._of_accounts(np.minimum(self.dice.poisson(self.dice.exponential(mean, len(self.accounts))), 200))
        told = self.dice.integers(0, len(_EVENTS), len(rows))
        kinds, channels, sides = (np.array(each, dtype=object)[told] for each in zip(*_EVENTS, strict=True))
        hours = (rows["place"] * 31 + self.dice.integers(0, 24, len(rows))).astype("timedelta64[h]")
        return rows.assign(
            happened_at=pd.Timestamp(self.company.as_of) - hours,
            kind=kinds,
            channel=channels,
            side=sides,
            role=self._pick((*_ROLES[:5], None, None, None), len(rows)),
            seniority=self._pick((*_SENIORITIES, None, None, None), len(rows)),
        )

    def _buying_group(self) -> pd.DataFrame:
        rows = self._of_accounts(self.dice.integers(0, 6, len(self.accounts)))
        known = self.dice.integers(1, 5, len(rows))
        return rows.assign(
            role=np.array(sorted(_ROLES), dtype=object)[rows.pop("place") - 1],
            seniority=self._pick(_SENIORITIES, len(rows)),
            known=known,
            engaged=np.minimum(known, self.dice.integers(0, 4, len(rows))),
            key_people=1,
        )

    def _deals(self) -> pd.DataFrame:
        """One for each prospect."""
        open_ones = self.accounts[self.accounts["lifecycle"] == "prospect"]
        return pd.DataFrame(
            {
                "account_id": open_ones["account_id"],
                "opportunity_id": "D" + open_ones["account_id"],
                "kind": "new",
                "opened_at": pd.Timestamp(self.company.as_of) - pd.Timedelta(days=40),
                "amount": np.round(self.dice.lognormal(10, 1, len(open_ones)), -2),
                "currency": "EUR",
                "stage": open_ones["stage"],
                "owner_id": open_ones["owner_id"],
            }
        )
