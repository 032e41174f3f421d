"""KPIs of coverage: how much of an account's buying group is known and reached, and how well the reach is aimed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from abm_ml.kpis.base import kpi
from abm_ml.kpis.estimates import Estimate, count, distinct, mean, ratio, share, total
from abm_ml.kpis.grains.people import REQUIRED_ROLES, two_way


@kpi(
    id="K15",
    formula="contacts of target accounts with any touch that carries a content in the period / contacts of target "
    "accounts, created before the period's end",
    unit="share",
    better="higher",
    needs=("contacts", "engagements"),
    family="coverage",
    three_r="reputation",
    example="3 of 4 contacts of target accounts were shown a content = 75%",
    reference="goal 100%",
)
def content_exposure(buying_groups: Any) -> Estimate:
    """Content exposure: the share of the target accounts' contacts who met any of the contents in the period."""
    groups = buying_groups
    return share(groups.exposed.sum(where=groups.is_target), groups.contacts.sum(where=groups.is_target))


@kpi(
    id="K26",
    formula="engaged key contacts / key contacts, created before the period's end; engaged: at least one engagement "
    "with points > 0 in the period; account_mean: the mean of the accounts' own rates",
    unit="share",
    better="higher",
    needs=("contacts.is_key", "engagements"),
    family="coverage",
    three_r="relationship",
    example="6 of 15 key contacts engaged = 40%",
    reference="60% or more in high-priority accounts",
)
def penetration_rate(buying_groups: Any) -> Mapping[str, Estimate]:
    """Account penetration rate: the share of the key contacts who engaged in the period; none without key contacts."""
    engaged, key = buying_groups.engaged_key_contacts, buying_groups.key_contacts
    return {"value": share(engaged.sum(), key.sum()), "account_mean": mean(engaged / key.nullif(0))}


@kpi(
    id="K27",
    formula="contacts with a two-way sales contact (call, meeting, e-mail reply) and a marketing touch in the period / "
    "contacts with a marketing touch in the period",
    unit="share",
    better="higher",
    needs=("contacts", "engagements"),
    family="coverage",
    three_r="relationship",
    example="2 of the 5 contacts that marketing covered talked with sales = 40%",
    reference="not the account penetration rate, which counts key contacts who engaged",
)
def sales_penetration(buying_groups: Any) -> Estimate:
    """Sales penetration of coverage: the share of the contacts covered by marketing whom sales really reached."""
    return share(buying_groups.covered_and_reached.sum(), buying_groups.covered.sum())


@kpi(
    id="K28",
    formula="filled required fields / required fields; required are domain, industry, country, employees, annual "
    "revenue and technologies of each account, and role, seniority and buying role of each of its contacts",
    unit="share",
    better="higher",
    needs=("contacts",),
    family="coverage",
    three_r="relationship",
    example="9 of 12 fields of an account and its two contacts are filled = 75%",
)
def coverage(buying_groups: Any) -> Estimate:
    """Coverage (data completeness): the share of the required fields of accounts and contacts that are filled."""
    return ratio(buying_groups.filled.sum(), buying_groups.fields.sum())


@kpi(
    id="K29",
    formula="contacts of target accounts, created before the period's end / target accounts",
    unit="contacts",
    better="higher",
    needs=("contacts",),
    family="coverage",
    three_r="relationship",
    example="12 contacts at 2 target accounts = 6 per account",
    reference="6 to 10 or more on average; 5.4 people per purchase; about 12 at an enterprise",
)
def contacts_per_account(buying_groups: Any) -> Estimate:
    """Contacts per target account: how many people are known at a target account, on average."""
    groups = buying_groups
    return ratio(groups.contacts.sum(where=groups.is_target), groups.is_target.sum())


@kpi(
    id="K30",
    formula="required roles (decision maker, influencer, user, champion) known among the contacts who have not left / "
    "4 per target account; levels: different seniority levels per target account with such contacts, mean; champions, "
    "blockers: how many of them there are",
    unit="share",
    better="higher",
    needs=("contacts",),
    family="coverage",
    three_r="relationship",
    example="decision maker, user and champion known, influencer not: 3 of 4 roles = 75%",
    reference="6 contacts across roles on 2 to 3 levels",
)
def buying_group_coverage(buying_groups: Any) -> Mapping[str, Estimate]:
    """Buying-group coverage: the share of the required roles at target accounts for which somebody is known."""
    groups, target = buying_groups, buying_groups.is_target
    return {
        "value": ratio(groups.roles.sum(where=target), target.sum() * len(REQUIRED_ROLES)),
        "levels": mean(groups.levels, where=target & (groups.present > 0), unit="level"),
        "champions": total(groups.champions, where=target, unit="contacts"),
        "blockers": total(groups.blockers, where=target, unit="contacts"),
    }


@kpi(
    id="K31",
    formula="distinct contacts with a two-way sales contact (call, meeting, e-mail reply) in the period; per_account: "
    "that / accounts with at least one",
    unit="contacts",
    better="higher",
    needs=("engagements",),
    family="coverage",
    three_r="relationship",
    example="sales talked with 3 people at one account and 1 at another: 4 contacts, 2 per account",
)
def multi_threading(touches: Any) -> Mapping[str, Estimate]:
    """Multi-threading: the different contacts with whom sales talked, met or exchanged e-mails in the period."""
    talked = two_way(touches) & touches.contact_id.notnull()
    contacts = distinct(touches.contact_id, where=talked)
    return {"value": contacts, "per_account": ratio(contacts, distinct(touches.account_id, where=talked))}


@kpi(
    id="K32",
    formula="count of two-way sales contacts (call, meeting, e-mail reply) in the period",
    unit="conversations",
    better="higher",
    needs=("engagements",),
    family="coverage",
    three_r="relationship",
    example="1 call, 1 meeting and 1 e-mail reply on the sales side = 3",
)
def sales_conversations(touches: Any) -> Estimate:
    """Sales conversations generated: the calls, meetings and e-mail replies of sales in the period."""
    return count(two_way(touches))


@kpi(
    id="K34",
    formula="accounts that are no targets, are in the addressable market (they meet the ideal customer profile) and "
    "visited the site in the period",
    unit="accounts",
    better="higher",
    needs=("engagements",),
    family="coverage",
    three_r="reputation",
    example="5 accounts visited: 2 are targets, 1 does not meet the profile, so 2 are candidates",
)
def target_candidates(accounts: Any) -> Estimate:
    """New target candidates: accounts that are no targets yet, meet the profile and were seen on the site."""
    return count(~accounts.is_target & accounts.in_tam.fill_null(False) & (accounts.visits > 0))


@kpi(
    id="K35",
    formula="target accounts with a marketing touch in the period / accounts with a marketing touch in the period",
    unit="share",
    better="higher",
    needs=("engagements",),
    family="coverage",
    three_r="reputation",
    example="40 of the 100 accounts that marketing reached are targets = 40%",
)
def precision(touches: Any) -> Estimate:
    """Precision of reach: reached accounts that are targets / reached accounts."""
    reached = touches.side == "marketing"
    targets = touches.account_id.nunique(where=reached & touches.is_target)
    return share(targets, touches.account_id.nunique(where=reached))


@kpi(
    id="K36",
    formula="target accounts with at least one engagement with points > 0 in the period / target accounts",
    unit="share",
    better="higher",
    needs=("engagements",),
    family="coverage",
    three_r="relationship",
    example="40 of 80 target accounts engaged = 50%",
)
def relevance(accounts: Any) -> Estimate:
    """Relevance of reach: target accounts that engaged / target accounts."""
    return share((accounts.is_target & accounts.active).sum(), accounts.is_target.sum())
