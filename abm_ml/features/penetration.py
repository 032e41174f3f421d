"""Penetration: which people of an account are known, and which of them engage."""

from __future__ import annotations

from typing import Any

from abm_ml.features.base import Family, count, distinct

known = Family("penetration", rows="contacts").feature
gone = Family("penetration", rows="departures").feature
engaged = Family("penetration", rows="engagements").feature

# What it takes for a conversation: the account answered, and sales was there.
_TWO_WAY = ("meeting", "call", "email_reply")


@known(measure=count, unit="contacts", reason="{value:.0f} people known at the account", controllable=True)
def contacts_known(c: Any) -> Any:
    """People known at the account who have not left."""
    return c.left_at.isnull()


@known(measure=count, unit="contacts", reason="{value:.0f} key people known", controllable=True)
def key_contacts_known(c: Any) -> Any:
    """Key contacts known at the account who have not left."""
    return c.is_key & c.left_at.isnull()


@known(
    measure=count,
    windows=(90,),
    unit="contacts",
    reason="{value:.0f} people newly known in {days} days",
    controllable=True,
)
def contacts_added(c: Any) -> Any:
    """People who became known at the account."""
    return c.contact_id.notnull()


@known(
    measure=count,
    unit="contacts",
    reason="{value:.0f} champions at the account",
    controllable=True,
    monotone="increasing",
)
def champions_known(c: Any) -> Any:
    """Champions known at the account who have not left."""
    return (c.buying_role == "champion") & c.left_at.isnull()


@known(measure=count, unit="contacts", reason="{value:.0f} blockers at the account")
def blockers_known(c: Any) -> Any:
    """Blockers known at the account who have not left."""
    return (c.buying_role == "blocker") & c.left_at.isnull()


@known(measure=count, unit="contacts", reason="{value:.0f} decision makers known", controllable=True)
def decision_makers_known(c: Any) -> Any:
    """Decision makers known at the account who have not left."""
    return (c.buying_role == "decision_maker") & c.left_at.isnull()


@known(measure=distinct, unit="levels", reason="{value:.0f} levels of seniority known", controllable=True)
def levels_known(c: Any) -> Any:
    """Different levels of seniority among the known people who have not left."""
    return c.left_at.isnull().ifelse(c.seniority, None)


@gone(measure=count, windows=(180,), unit="contacts", reason="{value:.0f} people left the account in {days} days")
def contacts_left(c: Any) -> Any:
    """People who left the account."""
    return c.contact_id.notnull()


@gone(measure=count, windows=(180,), unit="contacts", reason="{value:.0f} champions left the account in {days} days")
def champions_left(c: Any) -> Any:
    """Champions who left the account."""
    return c.buying_role == "champion"


@engaged(
    measure=distinct,
    windows=(30, 90, 365),
    unit="contacts",
    reason="{value:.0f} people engaged in {days} days",
    controllable=True,
)
def people_engaged(e: Any) -> Any:
    """Different people, still at the account, who did anything worth points."""
    return ((e.points > 0) & e.contact_left_at.isnull()).ifelse(e.contact_id, None)


@engaged(
    measure=distinct,
    windows=(30, 90),
    unit="contacts",
    reason="{value:.0f} key people engaged in {days} days",
    controllable=True,
)
def key_people_engaged(e: Any) -> Any:
    """Different key contacts, still at the account, who did anything worth points."""
    return ((e.points > 0) & e.is_key & e.contact_left_at.isnull()).ifelse(e.contact_id, None)


@engaged(
    measure=distinct, windows=(90,), unit="levels", reason="{value:.0f} levels of seniority engaged in {days} days",
    controllable=True,
)  # fmt: skip
def levels_engaged(e: Any) -> Any:
    """Different levels of seniority among the people who engaged."""
    return (e.points > 0).ifelse(e.seniority, None)


@engaged(
    measure=distinct, windows=(90,), unit="roles", reason="{value:.0f} buying roles engaged in {days} days",
    controllable=True,
)  # fmt: skip
def buying_roles_engaged(e: Any) -> Any:
    """Different buying roles among the people who engaged."""
    return (e.points > 0).ifelse(e.buying_role, None)


@engaged(
    measure=distinct, windows=(90,), unit="contacts", reason="{value:.0f} decision makers engaged in {days} days",
    controllable=True,
)  # fmt: skip
def decision_makers_engaged(e: Any) -> Any:
    """Different decision makers who did anything worth points."""
    return ((e.points > 0) & (e.buying_role == "decision_maker")).ifelse(e.contact_id, None)


@engaged(
    measure=distinct, windows=(90,), unit="contacts", reason="{value:.0f} champions engaged in {days} days",
    controllable=True,
)  # fmt: skip
def champions_engaged(e: Any) -> Any:
    """Different champions who did anything worth points."""
    return ((e.points > 0) & (e.buying_role == "champion")).ifelse(e.contact_id, None)


@engaged(measure=distinct, windows=(90,), unit="contacts", reason="{value:.0f} blockers engaged in {days} days")
def blockers_engaged(e: Any) -> Any:
    """Different blockers who did anything worth points."""
    return ((e.points > 0) & (e.buying_role == "blocker")).ifelse(e.contact_id, None)


@engaged(
    measure=distinct, windows=(90,), unit="contacts", reason="{value:.0f} people at the top engaged in {days} days",
    controllable=True,
)  # fmt: skip
def executives_engaged(e: Any) -> Any:
    """Different people of C level or vice presidents who did anything worth points."""
    return ((e.points > 0) & e.seniority.isin(("c_level", "vp"))).ifelse(e.contact_id, None)


@engaged(
    measure=distinct, windows=(90,), unit="contacts", reason="sales talked with {value:.0f} people in {days} days",
    controllable=True,
)  # fmt: skip
def multi_threading(e: Any) -> Any:
    """Different people in two-way contact with sales (KPI multi_threading)."""
    return (e.kind.isin(_TWO_WAY) & (e.side == "sales")).ifelse(e.contact_id, None)
