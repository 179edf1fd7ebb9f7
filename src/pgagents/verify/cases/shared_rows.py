"""Whether two keys share a resource by design, where only a second key suggests that rows have an owner.

A row that the other key's own list shows and its read returns is shared. One that this list leaves out, and
the owner's has, is hidden.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pgagents.catalogue.model.action import Action, ActionCall
from pgagents.catalogue.model.resource import Resource
from pgagents.verify.cases.removed_instances import list_references
from pgagents.verify.fixtures import target
from pgagents.verify.fixtures.instance import find_items
from pgagents.verify.fixtures.request_template import RequestTemplate, ordinary, template_of
from pgagents.verify.fixtures.target import CREATED
from pgagents.verify.judgement import demand
from pgagents.verify.lists import follow_pages, may_go_on
from pgagents.verify.setting import Setting
from pgagents.verify.wire.asking import ask
from pgagents.verify.wire.call import Call
from pgagents.verify.wire.endpoint import Endpoint

OWNER, OTHER = "main", "second"
MOST_PAGES = 10
DENIED = frozenset((401, 403, 404))
MOST_WRITES = 3
"""The most other writes that are tried for one that refuses the other key."""


def is_owned_by_guess(setting: Setting, resource: Resource) -> bool:
    """True if nobody wrote that each project has its own instances."""
    return resource.inferred and setting.model.source.is_document


def say_shared(resource: Resource) -> str:
    """Return why what the other key reaches proves nothing."""
    return f"each {resource.name} is shared: the other project's own list and reads show it"


def is_read_by_other(setting: Setting, resource: Resource, body: Mapping[str, Any]) -> bool:
    """True if the other key reads this instance of ours by its id."""
    for call in resource.read_by:
        endpoint = setting.find_usable_lead(str(call.action.name))
        if endpoint is not None:
            why = f"to see whether each {resource.name} is shared"
            asked = Call(
                endpoint, call.input, "explore", why, role=OTHER, owner=OWNER, subject=resource, made=body
            )
            return demand(ask(asked)).success
    return False


def is_listed_for_other(setting: Setting, resource: Resource, body: Mapping[str, Any]) -> bool | None:
    """Return whether the other key's own lists show this instance of ours.

    None if that is not known: no list was read to its end, or the owner's list has it no more than the
    other's.
    """
    left_out = False
    for call in resource.listed_by:
        endpoint = setting.find_usable_lead(str(call.action.name))
        if endpoint is None:
            continue
        seen = _is_listed(setting, resource, call, endpoint, body, OTHER)
        if seen:
            return True
        if seen is False and _is_listed(setting, resource, call, endpoint, body, OWNER):
            left_out = True
    return False if left_out else None


def are_apart(setting: Setting, resource: Resource) -> bool:
    """True if both keys list rows of a kind, and no row is in the lists of both: each has its own."""
    for call in resource.listed_by:
        endpoint = setting.find_usable_lead(str(call.action.name))
        if endpoint is not None and not any(p.required and p.refers_to for p in endpoint.params):
            owners, others = (_list_whole(setting, resource, call, endpoint, r) for r in (OWNER, OTHER))
            if owners and others:
                return owners.isdisjoint(others)
    return False


def _list_whole(
    setting: Setting, resource: Resource, call: ActionCall, endpoint: Endpoint, role: str
) -> set[Any]:
    """Return the ids of a list; empty if it was not read to its end."""
    why = f"to see whether each project has {resource.name} rows of its own"
    found: set[Any] = set()
    for _, page in follow_pages(
        setting, Call(endpoint, call.input, "explore", why, role=role), ask, MOST_PAGES
    ):
        items = find_items(call, page) if page.success else None
        if items is None:
            return set()
        found.update(resource.id_of(item) for item in items)
        if not may_go_on(page, items):
            return found
    return set()


def _is_listed(
    setting: Setting,
    resource: Resource,
    call: ActionCall,
    endpoint: Endpoint,
    body: Mapping[str, Any],
    role: str,
) -> bool | None:
    id = resource.id_of(body)
    if id is None:
        return None
    why = f"to see whose list has a {resource.name}"
    asked = Call(endpoint, call.input, "explore", why, role=role, owner=OWNER, subject=resource, made=body)
    goes_on = True
    for _, page in follow_pages(setting, asked, ask, MOST_PAGES):
        items = find_items(call, page) if demand(page).success else None
        if items is None:
            return None
        if id in [resource.id_of(item) for item in items]:
            return True
        goes_on = may_go_on(page, items)
    return None if goes_on else False


def find_refused_write(setting: Setting, resource: Resource, done: Action) -> Action | None:
    """Return another change or removal of a shared instance of ours that is denied to the other key, and not
    to its owner; None if all are for everybody, as `done` was.
    """
    writes: list[tuple[Endpoint, RequestTemplate]] = []
    for endpoint, param, named in list_references(setting):
        action, template = endpoint.action, template_of(setting.model, endpoint.action)
        lead = endpoint.leads and setting.find_usable_lead(str(action.name)) is endpoint
        changes = action.effect == "write" and action is not done and not makes(setting, action)
        about = named is resource and param.required and template.subject in (None, resource)
        if lead and changes and about:
            writes.append((endpoint, template))
    for endpoint, template in writes[:MOST_WRITES]:
        why = f"to see whether each {resource.name} has an owner"
        call = ordinary(endpoint, template, "absent", why, role=OTHER, owner=OWNER)
        if (
            ask(call).status in DENIED and ask(replace(call, role=OWNER, intent="explore")).success
        ):  # 409 and 422 deny nobody
            return endpoint.action
    return None


def makes(setting: Setting, action: Action) -> bool:
    """True if the action makes something, as a comment of what it names."""
    return action.success.status == CREATED or target.makes(setting.model, action)
