"""Pipeline: where an account stands in the funnel, its open deals, and how earlier deals ended."""

from __future__ import annotations

from typing import Any

from abm_ml.features.base import Family, count, days_since, distinct, latest, total
from abm_ml.timeline import days_between

stages = Family("pipeline", rows="stages").feature
deals = Family("pipeline", rows="deals").feature
closings = Family("pipeline", rows="closings").feature
repricings = Family("pipeline", rows="repricings").feature


@stages(measure=latest, unit="stage", reason="stage {value:.0f} of the funnel")
def stage(s: Any) -> Any:
    """The stage of the funnel that the account entered last, counted from 1."""
    return s.stage_number


@stages(measure=days_since, unit="days", reason="in its stage for {value:.0f} days")
def days_in_stage(s: Any) -> Any:
    """Days since the account entered its stage."""
    return s.stage_number.notnull()


@stages(measure=count, windows=(30, 90, 365), unit="moves", reason="{value:.0f} stage moves in {days} days")
def stage_moves(s: Any) -> Any:
    """Stages entered, forward or back."""
    return s.stage_number.notnull()


@stages(measure=count, windows=(90,), unit="moves", reason="{value:.0f} moves forward in {days} days")
def moves_forward(s: Any) -> Any:
    """Moves to a later stage."""
    return s.stage_number > s.stage_before


@stages(measure=count, windows=(365,), unit="moves", reason="{value:.0f} moves back in {days} days")
def moves_back(s: Any) -> Any:
    """Moves back to an earlier stage."""
    return s.stage_number < s.stage_before


@stages(measure=count, unit="moves", reason="{value:.0f} stages skipped")
def stages_skipped(s: Any) -> Any:
    """Moves that jumped over a stage."""
    return s.stage_number > s.stage_before + 1


@stages(measure=distinct, unit="moves", reason="{value:.0f} different stages seen")
def stages_seen(s: Any) -> Any:
    """Different stages that the account has entered."""
    return s.stage_number


@stages(measure=latest, unit="days", reason="{value:.0f} days spent in the stage before")
def days_in_stage_before(s: Any) -> Any:
    """Days that the account spent in the stage before its present one."""
    return s.days_before


@deals(measure=count, unit="deals", reason="{value:.0f} open deals")
def open_deals(d: Any) -> Any:
    """Deals that are open."""
    return d.closed_at.isnull()


@deals(measure=total, unit="money", reads="opportunities.amount", reason="open deals worth {value:,.0f} {currency}")
def open_amount(d: Any) -> Any:
    """Amount of the open deals, as known on the date, in the reporting currency."""
    return d.closed_at.isnull().ifelse(d.amount, None)


@deals(measure=count, unit="deals", reason="{value:.0f} open deals to sell more to a client")
def open_expansion_deals(d: Any) -> Any:
    """Open deals of the kinds upsell and cross-sell."""
    return d.closed_at.isnull() & d.kind.isin(("upsell", "cross_sell"))


@deals(measure=days_since, unit="days", reason="the newest open deal was opened {value:.0f} days ago")
def days_since_open_deal(d: Any) -> Any:
    """Days since the newest open deal was opened."""
    return d.closed_at.isnull()


@deals(measure=days_since, unit="days", reason="first contact on the open deal {value:.0f} days ago")
def days_since_first_contact(d: Any) -> Any:
    """Days since the first contact on an open deal."""
    return d.closed_at.isnull().ifelse(d.first_contact_at, None)


@deals(measure=latest, unit="days", reason="{value:.1f} days from first contact to the open deal")
def days_to_open(d: Any) -> Any:
    """Days from the first contact to the opening of the newest open deal."""
    return d.closed_at.isnull().ifelse(days_between(d.first_contact_at, d.opened_at), None)


@deals(measure=count, windows=(90, 365), unit="deals", reason="{value:.0f} deals opened in {days} days")
def deals_opened(d: Any) -> Any:
    """Deals opened, whatever became of them."""
    return d.opportunity_id.notnull()


@closings(measure=count, windows=(180,), unit="deals", reason="{value:.0f} deals won in {days} days")
def recent_wins(d: Any) -> Any:
    """Deals won."""
    return d.outcome == "won"


@closings(measure=count, windows=(180,), unit="deals", reason="{value:.0f} deals lost in {days} days")
def recent_losses(d: Any) -> Any:
    """Deals lost."""
    return d.outcome == "lost"


@closings(measure=count, unit="deals", reason="{value:.0f} deals won so far")
def past_wins(d: Any) -> Any:
    """Deals won so far."""
    return d.outcome == "won"


@closings(measure=count, unit="deals", reason="{value:.0f} deals lost so far")
def past_losses(d: Any) -> Any:
    """Deals lost so far."""
    return d.outcome == "lost"


@closings(measure=total, unit="money", reason="deals worth {value:,.0f} {currency} won so far")
def amount_won(d: Any) -> Any:
    """Amount of the deals won so far, in the reporting currency."""
    return (d.outcome == "won").ifelse(d.amount, None)


@closings(measure=total, unit="days", reason="{value:.0f} days of work on deals won so far")
def cycle_days_won(d: Any) -> Any:
    """Days from first contact to the close, over all deals won so far."""
    return (d.outcome == "won").ifelse(d.cycle_days, None)


@closings(measure=days_since, unit="days", reason="last win {value:.0f} days ago")
def days_since_win(d: Any) -> Any:
    """Days since the last deal was won."""
    return d.outcome == "won"


@closings(measure=days_since, unit="days", reason="last loss {value:.0f} days ago")
def days_since_loss(d: Any) -> Any:
    """Days since the last deal was lost."""
    return d.outcome == "lost"


@repricings(
    measure=count, unit="moves", reads="opportunities.amount", reason="open deals were repriced {value:.0f} times"
)
def amount_changes(r: Any) -> Any:
    """Changes of the amount of open deals since they were opened."""
    return r.closed_at.isnull()


@repricings(
    measure=latest,
    unit="ratio",
    reads="opportunities.amount",
    reason="the open deal is worth {value:.0%} of what it was when it was opened",
)
def amount_growth(r: Any) -> Any:
    """Amount of the open deal that changed last over its amount when it was opened; missing without a change."""
    return r.closed_at.isnull().ifelse(r.growth, None)
