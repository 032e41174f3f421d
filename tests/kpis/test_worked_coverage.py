"""Worked examples of the KPIs of coverage, with the numbers of the KPI catalogue."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from abm_ml.engines import Engine
from abm_ml.kpis import KPIS, Measuring, Seen, kpi_report
from abm_ml.tables import Terms
from abm_ml.timeline import Period

AS_OF = dt.datetime(2026, 6, 1)
SPRING = Period.of(dt.datetime(2026, 1, 1), dt.datetime(2026, 4, 1))
END, LAST = "2026-04-01", "2026-03-31"
NOTHING = float("nan")
# {measure: value} of all accounts, or {cut: value} of one cut.
Measured = Callable[..., dict[str, float]]


@pytest.fixture
def measured(tiny: Any, engine: Engine) -> Measured:
    """What a KPI says of the first quarter; `by` a cut instead of all accounts."""

    def measure(name: str, tables: dict[str, Any], *, by: str | None = None) -> dict[str, float]:
        seen = Seen(tiny(tables), Terms(), AS_OF, (SPRING,), engine)
        rows = kpi_report(Measuring(seen), (KPIS[name],), [(by,)] if by else []).rows
        if by:
            rows = rows[(rows["measure"] == "value") & rows[by].notna()]
            return dict(zip(rows[by], rows["value"], strict=True))
        return dict(zip(rows["measure"], rows["value"], strict=True))

    return measure


def account(name: str, **facts: Any) -> dict[str, Any]:
    """A target account inside the program, created long ago."""
    return {"account_id": name, "is_target": True, "in_program": True, "created_at": "2024-01-01"} | facts


def person(name: str, at: str = "a", **facts: Any) -> dict[str, Any]:
    """A key contact, created long ago."""
    return {"contact_id": name, "account_id": at, "is_key": True, "created_at": "2024-01-01"} | facts


def people(count: int, at: str = "a", **facts: Any) -> list[dict[str, Any]]:
    """Key contacts a0, a1, ... of account a."""
    return [person(f"{at}{n}", at, **facts) for n in range(count)]


def touch(contact: str | None, at: str = "a", kind: str = "email_sent", **facts: Any) -> dict[str, Any]:
    """A touch on the marketing side in the quarter."""
    did = {"account_id": at, "contact_id": contact, "kind": kind, "happened_at": "2026-02-01"}
    return did | {"channel": "email", "side": "marketing"} | facts


def talk(contact: str | None, at: str = "a", kind: str = "meeting", **facts: Any) -> dict[str, Any]:
    """A two-way sales contact in the quarter."""
    return touch(contact, at, kind, **({"side": "sales"} | facts))


def company(
    accounts: Sequence[dict[str, Any]],
    contacts: Sequence[dict[str, Any]] = (),
    touches: Sequence[dict[str, Any]] = (),
) -> dict[str, Any]:
    """A company's tables."""
    rows = [{"engagement_id": f"e{n}", **row} for n, row in enumerate(touches)]
    return {"accounts": accounts, "contacts": contacts, "engagements": rows}


def test_content_exposure(measured: Measured) -> None:
    """K15: 3 of 4 contacts of targets met a content; without content, at the period's end and no targets: not."""
    met = [touch(f"a{n}", content_id="guide") for n in (0, 1, 2)] + [touch("x0", "x", content_id="guide")]
    met += [touch("a0", content_id="guide"), touch("a3"), touch("a3", content_id="guide", happened_at=END)]
    accounts = [account("a"), account("x", is_target=False)]
    known = [*people(4), *people(1, "x"), person("late", created_at=END)]
    assert measured("content_exposure", company(accounts, known, met)) == {"value": 0.75}


def test_penetration_rate(measured: Measured) -> None:
    """K26: 6 of 15 key contacts are 40 %; the mean of the accounts' own rates 5/5, 1/10 is 55 %, none has none."""
    did = [touch(f"a{n}", kind="email_open") for n in range(5)] + [touch("b0", "b", "meeting", happened_at=LAST)]
    did += [touch("b1", "b"), touch("b2", "b", "meeting", happened_at=END), touch("b9x", "b", "meeting")]
    known = [*people(5), *people(10, "b"), person("b9x", "b", is_key=False), person("c0", "c", is_key=False)]
    tables = company([account("a"), account("b"), account("c")], known, did)
    assert measured("penetration_rate", tables) == pytest.approx({"value": 0.40, "account_mean": 0.55})
    by_account = measured("penetration_rate", tables, by="account")
    assert by_account == pytest.approx({"a": 1.0, "b": 0.1, "c": NOTHING}, nan_ok=True)


def test_penetration_counts_who_left(measured: Measured) -> None:
    """K26: a key contact who left in the period still counts; one created at its end does not yet."""
    known = [person("c0", left_at="2026-03-01"), person("c1"), person("c2", created_at=END)]
    assert measured("penetration_rate", company([account("a")], known, [touch("c0", kind="call")]))["value"] == 0.5


def test_accounts_that_come_later_count_as_unknown(measured: Measured) -> None:
    """K26: people of an account that was created after the period stand under unknown and out of the program."""
    tables = company([account("a", tier="1"), account("b", tier="2", created_at=END)], [*people(1), *people(1, "b")])
    assert measured("penetration_rate", tables, by="tier") == {"1": 0, "unknown": 0}
    assert measured("penetration_rate", tables, by="program") == {"in": 0, "out": 0}


def test_sales_penetration(measured: Measured) -> None:
    """K27: of 5 contacts covered by marketing sales talked with 2; whom only sales knows and mere mails: not."""
    did = [touch(f"a{n}") for n in range(5)] + [talk("a0"), talk("a1", kind="email_reply"), talk("a5")]
    did += [talk("a2", kind="email_sent"), talk("a3", happened_at=END), touch("a4", kind="email_reply")]
    assert measured("sales_penetration", company([account("a")], people(6), did)) == {"value": 0.40}
    nobody = measured("sales_penetration", company([account("a")], people(6)))
    assert nobody == pytest.approx({"value": NOTHING}, nan_ok=True)


def test_coverage(measured: Measured) -> None:
    """K28: 9 of 12 fields are filled: 5 of 6 of the account, 4 of 6 of its two people; an empty text says nothing."""
    firm = account("a", domain="a.de", industry="IT", country="DE", employees=40, annual_revenue=0, technologies="")
    known = [person("c0", role="it", seniority="vp", buying_role="user"), person("c1", role="it", buying_role=" ")]
    tables = company([firm], known)
    assert measured("coverage", tables) == {"value": 0.75}
    emptied = {"account_id": "a", "column": "industry", "value": None, "happened_at": LAST}
    assert measured("coverage", tables | {"account_changes": [emptied]})["value"] == pytest.approx(8 / 12)
    assert measured("coverage", tables | {"account_changes": [emptied | {"happened_at": END}]})["value"] == 0.75


def test_contacts_per_account(measured: Measured) -> None:
    """K29: 12 contacts at 2 targets are 6 per account, one of which knows nobody; others' contacts do not count."""
    accounts = [account("a", tier="1"), account("b", tier="2"), account("x", is_target=False)]
    tables = company(accounts, [*people(12, left_at="2026-02-01"), *people(3, "x")])
    assert measured("contacts_per_account", tables) == {"value": 6}
    assert measured("contacts_per_account", tables, by="tier") == pytest.approx(
        {"1": 12, "2": 0, "unknown": NOTHING}, nan_ok=True
    )


def test_buying_group_coverage(measured: Measured) -> None:
    """K30: 3 of 4 roles known are 75 %, on 2 levels; who left before the period's end is known no more."""
    known = [
        person("c0", buying_role="decision_maker", seniority="c_level"), person("c1", buying_role="user"),
        person("c2", buying_role="champion", seniority="vp", left_at=END), person("c3", buying_role="champion"),
        person("c4", buying_role="influencer", seniority="staff", left_at=LAST), person("c5", buying_role="blocker"),
        person("x0", "x", buying_role="influencer", seniority="staff"),
    ]  # fmt: skip
    tables = company([account("a"), account("x", is_target=False)], known)
    expected = {"value": 0.75, "levels": 2, "champions": 2, "blockers": 1}
    assert measured("buying_group_coverage", tables) == expected
    # A target of which nobody is known lacks all four roles, and has no levels to count.
    tables["accounts"].append(account("b"))
    assert measured("buying_group_coverage", tables) == expected | {"value": 3 / 8}


def test_multi_threading(measured: Measured) -> None:
    """K31: 3 people at one account and 1 at another are 4 contacts, 2 per account; twice the same one is one."""
    did = [talk("a0"), talk("a0"), talk("a1", kind="call"), talk("a2", kind="email_reply"), talk("b0", "b")]
    did += [talk(None, "c"), touch("a4", kind="meeting"), talk("a5", happened_at=END)]
    tables = company([account("a"), account("b"), account("c")], touches=did)
    assert measured("multi_threading", tables) == {"value": 4, "per_account": 2}


def test_sales_conversations(measured: Measured) -> None:
    """K32: 1 call, 1 meeting and 1 reply on the sales side are 3, with or without a name; a sent mail is none."""
    did = [talk("a0", kind="call"), talk(None), talk("a0", kind="email_reply"), talk("a0", kind="email_sent")]
    did += [touch("a0", kind="email_reply"), talk("a0", happened_at=END)]
    assert measured("sales_conversations", company([account("a")], touches=did)) == {"value": 3}
    assert measured("sales_conversations", company([account("a")])) == {"value": 0}


def test_sales_conversations_by_program(measured: Measured) -> None:
    """K32: membership counts at the date of the talk, not when the period ended."""
    firm = account("a", program_from="2026-02-15")
    did = [talk("a0"), talk("a0", happened_at="2026-02-15")]
    assert measured("sales_conversations", company([firm], touches=did), by="program") == {"in": 1, "out": 1}


def test_target_candidates(measured: Measured) -> None:
    """K34: 5 accounts visited: 2 are targets, 1 does not meet the profile, so 2 are candidates."""
    fits = [account(name, is_target=name in "ab", in_tam=True) for name in "abcdef"]
    accounts = [*fits[:4], account("e", is_target=False, in_tam=False), fits[5]]
    did = [touch(None, name, "web_visit", side="inbound") for name in "abcde"] + [touch(None, "f", "email_open")]
    did += [touch(None, "f", "web_visit", happened_at=END)]
    assert measured("target_candidates", company(accounts, touches=did)) == {"value": 2}


def test_precision(measured: Measured) -> None:
    """K35: 40 of the 100 accounts that marketing reached are targets: 40 %, and all in the campaign for them."""
    accounts = [account(f"a{n}", is_target=n < 40 or n >= 100) for n in range(110)]
    did = [touch(None, f"a{n}", campaign_id="abm" if n < 40 else "wide") for n in range(100)]
    did += [touch(None, "a0", campaign_id="abm"), talk(None, "a105"), touch(None, "a106", happened_at=END)]
    tables = company(accounts, touches=did)
    assert measured("precision", tables) == {"value": 0.40}
    by_campaign = measured("precision", tables, by="campaign")
    assert (by_campaign["abm"], by_campaign["wide"]) == (1.0, 0.0)


def test_relevance(measured: Measured) -> None:
    """K36: 40 of 80 targets engaged: 50 %; what is only sent to them earns no points."""
    accounts = [account(f"a{n}", is_target=n < 80) for n in range(90)]
    did = [touch(None, f"a{n}", kind="email_open") for n in (*range(40), *range(80, 90))]
    did += [touch(None, "a50"), touch(None, "a51", kind="demo_request", happened_at=END)]
    assert measured("relevance", company(accounts, touches=did)) == {"value": 0.50}


def test_people_are_counted_without_engagements(measured: Measured) -> None:
    """K29: what needs no engagements is measured for a company that has none."""
    tables = {"accounts": [account("a")], "contacts": people(3)}
    assert measured("contacts_per_account", tables) == {"value": 3}
