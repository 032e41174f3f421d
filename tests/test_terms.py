"""The terms of a company: its funnel, its kinds of engagement, its levels."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from abm_ml.tables import Engagement, Terms


def test_own_points_stand_over_the_defaults() -> None:
    """A company names only what differs."""
    points = Engagement(points={"meeting": 20, "factory_visit": 15}).points_by_kind
    assert (points["meeting"], points["factory_visit"], points["demo_request"]) == (20, 15, 10)


def test_own_channels_stand_over_the_defaults() -> None:
    """A company may have channels of its own."""
    channels = Engagement(channels={"fax": "physical"}).class_by_channel
    assert (channels["fax"], channels["email"]) == ("physical", "digital")


def test_a_channel_is_digital_or_physical() -> None:
    """There is no third class of channels."""
    with pytest.raises(ValidationError, match="'digital' or 'physical'"):
        Engagement.model_validate({"channels": {"fax": "phisical"}})


@pytest.mark.parametrize("levels", [{"warm": 50, "hot": 20}, {"warm": 20, "hot": 20}])
def test_levels_rise(levels: dict[str, float]) -> None:
    """Each level needs more points than the one before."""
    with pytest.raises(ValidationError, match="levels must rise"):
        Engagement(levels=levels)


@pytest.mark.parametrize("funnel", [("only",), ("twice", "twice")])
def test_funnel(funnel: tuple[str, ...]) -> None:
    """A funnel has at least two stages, and no stage twice."""
    with pytest.raises(ValidationError, match="at least two stages, all different"):
        Terms(funnel=funnel)


def test_unknown_keys_are_refused() -> None:
    """A typo in a configuration is an error, not a default."""
    with pytest.raises(ValidationError, match="funel"):
        Terms.model_validate({"funel": ["a", "b"]})
