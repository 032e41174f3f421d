"""The filters above the list: the boxes that can be ticked, and the chips of those that are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from abm_ml.web.listing import Listing
from abm_ml.web.records import Choices
from abm_ml.web.texts import said, texts


@dataclass(frozen=True, slots=True)
class Box:
    """A value that can be ticked."""

    value: str
    told: str
    ticked: bool


@dataclass(frozen=True, slots=True)
class Chip:
    """A value that is ticked, with the address of the list without it."""

    told: str
    address: str


def boxes(listing: Listing, choices: Choices) -> Mapping[str, tuple[Box, ...]]:
    """The boxes of each filter that leaves a choice or is used; a used value is there even if no account has it."""
    found = {}
    for name, options in _told(choices).items():
        ticked: tuple[str, ...] = getattr(listing.query, name)
        offered = options | {value: value for value in ticked if value not in options}
        if len(offered) > 1 or ticked:
            found[name] = tuple(Box(value, told, value in ticked) for value, told in offered.items())
    return found


def chips(listing: Listing, choices: Choices) -> tuple[Chip, ...]:
    """A chip for the search and for each value that is ticked."""
    told, query, titles = _told(choices), listing.query, texts()["filters"]
    searched = Chip(f"{titles['search']}: {query.search}", listing.without("search"))
    return (
        *([searched] if query.search else ()),
        *(
            Chip(f"{titles[name]}: {told[name].get(value, value)}", listing.without(name, value))
            for name, value in listing.in_use()
        ),
    )


def _told(choices: Choices) -> dict[str, dict[str, str]]:
    """The values of each filter and how they are called."""
    return {
        "grade": {value: value for value in choices.grades},
        "lifecycle": {value: said("lifecycles", value) for value in choices.lifecycles},
        "stage": {value: said("stages", value) for value in choices.stages},
        "level": {value: said("levels", value) for value in choices.levels},
        "agreement": {value: said("agreements", value) for value in choices.agreements},
        "tier": {value: value for value in choices.tiers},
        "owner": {owner: name for owner, name in choices.owners if owner},
        "industry": {value: value for value in choices.industries},
    }
