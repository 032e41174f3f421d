"""People: who came for the first time or came back, and how much is known of the people at an account."""

from __future__ import annotations

from typing import Any

from abm_ml.features.base import Family, count, derived, distinct, ratio

comings = Family("penetration", rows="comings").feature
known = Family("penetration", rows="contacts").feature
engaged = Family("penetration", rows="engagements").feature


@comings(
    measure=count,
    windows=(30, 90),
    unit="contacts",
    reason="{value:.0f} people engaged for the first time in {days} days",
    controllable=True,
)
def people_first_engaged(c: Any) -> Any:
    """People whose first engagement worth points, as far as known when it became known, was in the window."""
    return c.is_first


@comings(
    measure=distinct,
    windows=(30,),
    unit="contacts",
    reason="{value:.0f} people engaged again in {days} days after a silence",
    controllable=True,
)
def people_returned(c: Any) -> Any:
    """People who engaged again after more than 90 days without an engagement worth points."""
    return c.is_first.ifelse(None, c.contact_id)


@known(measure=count, unit="contacts")
def people_of_known_seniority(c: Any) -> Any:
    """People at the account whose seniority is known."""
    return c.seniority.notnull() & c.left_at.isnull()


@known(measure=count, unit="contacts")
def people_of_known_role(c: Any) -> Any:
    """People at the account whose role in buying is known."""
    return c.buying_role.notnull() & c.left_at.isnull()


@known(
    measure=distinct,
    unit="roles",
    reason="{value:.0f} of the five roles in buying are filled by people known",
    controllable=True,
)
def buying_roles_known(c: Any) -> Any:
    """Different buying roles among the known people who have not left: of decision maker, champion and three more."""
    return c.left_at.isnull().ifelse(c.buying_role, None)


@engaged(measure=count, windows=(90,), unit="engagements")
def engagements_of_known(e: Any) -> Any:
    """Engagements worth points of a person who is a known contact of the account."""
    return (e.points > 0) & e.is_key.notnull()


@derived(
    "penetration",
    needs=("people_of_known_seniority", "contacts_known"),
    unit="share",
    reason="the seniority of {value:.0%} of its people is known",
    controllable=True,
)
def seniority_known(f: Any) -> Any:
    """Share of the known people whose seniority is known."""
    return ratio(f.people_of_known_seniority, f.contacts_known)


@derived(
    "penetration",
    needs=("people_of_known_role", "contacts_known"),
    unit="share",
    reason="the role in buying of {value:.0%} of its people is known",
    controllable=True,
)
def buying_role_known(f: Any) -> Any:
    """Share of the known people whose role in buying is known."""
    return ratio(f.people_of_known_role, f.contacts_known)


@derived(
    "penetration",
    needs=("engagements_of_known_90d", "engagements_90d"),
    unit="share",
    reason="{value:.0%} of its engagement in 90 days came from people known to us",
    controllable=True,
)
def known_people_share(f: Any) -> Any:
    """Share of the engagements in 90 days that came from known contacts; the rest is nobody known."""
    return ratio(f.engagements_of_known_90d, f.engagements_90d)
