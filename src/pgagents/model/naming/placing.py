"""Find which containing resources a caller must always name together with an instance.

The id of such an instance is unique only inside its container, such as a page number inside a book.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from pgagents.model.action import Action
from pgagents.model.resource import Resource


def with_places(resources: Mapping[str, Resource]) -> dict[str, Resource]:
    """Return the resources with their `placed_by` filled in."""
    return {name: replace(r, placed_by=_list_namers(r, resources)) for name, r in resources.items()}


def _list_namers(resource: Resource, resources: Mapping[str, Resource]) -> tuple[str, ...]:
    """Return the containers, such as a project of its tasks, whose id every call of a resource has too.

    The outermost is first. The result is empty if some call names an instance without its container: then its
    id is unique everywhere.
    """
    actions = _list_actions(resource)
    found: list[str] = []
    above = resource.within
    while above is not None and above in resources and above not in found:
        if not actions or not all(_names(action, above) for action in actions):
            break
        found.append(above)
        above = resources[above].within
    return tuple(reversed(found))


def _list_actions(resource: Resource) -> list[Action]:
    """Return the actions that take an id of the resource.

    If there are none, return the actions that make, find and list instances.
    """
    naming = [call.action for call in (*resource.read_by, resource.undone_by) if call is not None]
    naming += [move.action for move in resource.moves]
    naming += [resource.made_by.action] if resource.made_by is not None and naming else []
    others = [c.action for c in (resource.made_by, resource.found_by, *resource.listed_by) if c is not None]
    return naming or others


def _names(action: Action, resource: str) -> bool:
    return any(param.refers_to == resource for param in action.params)
