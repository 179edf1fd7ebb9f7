"""Find the places at which instances stand, so that conditional laws apply to some of them."""

from __future__ import annotations

from typing import Any

from pgagents.cel.expression import Expression
from pgagents.model.resource import Resource
from pgagents.verify.cases.boundary import boundary_value
from pgagents.verify.cases.locations import places
from pgagents.verify.check.setting import Setting
from pgagents.verify.fixtures.request_template import template_of
from pgagents.verify.wire.endpoint import Endpoint


def is_first_of_its_create(setting: Setting, resource: Resource) -> bool:
    """True if no earlier resource is made by the same action."""
    made = resource.made_by
    of_action = [
        r for r in setting.model.resources.values() if r.made_by and made and r.made_by.action is made.action
    ]
    return bool(of_action) and of_action[0] is resource


def find_place(setting: Setting, resource: Resource) -> Resource | None:
    """Return the found resource whose id the create of this one needs, or None."""
    for value in resource.made_by.input.values() if resource.made_by else ():
        if isinstance(value, Expression):
            for name in sorted(value.names & setting.model.resources.keys()):
                if setting.model.resources[name].found_by:
                    return setting.model.resources[name]
    return None


def find_place_member(resource: Resource, place: Resource) -> str:
    """Return the member of an instance that holds its place's id, which is the argument of its create."""
    given = resource.made_by.input if resource.made_by else {}
    return next(
        (
            name
            for name, value in given.items()
            if isinstance(value, Expression) and place.name in value.names
        ),
        "",
    )


def make_widest_search(setting: Setting, endpoint: Endpoint) -> dict[str, Any]:
    """Return the search's arguments with every number at its greatest, without flags, which would exclude
    places.

    Locations keep their usual values.
    """
    usual = template_of(setting.model, endpoint.action).input
    most = boundary_value(setting, endpoint, "high") or usual
    there = {name: usual[name] for name in places(setting) if name in usual}
    return {
        **{name: value for name, value in most.items() if name in usual or not isinstance(value, bool)},
        **there,
    }
