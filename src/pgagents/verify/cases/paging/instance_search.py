"""Choose or make the instance that a list is searched for."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import Any

from pgagents.cel.expression import member_of
from pgagents.cel.reading import applies
from pgagents.model.action import ActionCall
from pgagents.model.resource import Resource
from pgagents.verify.check.setting import Setting
from pgagents.verify.fixtures.instance import list_bodies
from pgagents.verify.fixtures.request_template import ordinary, template_of
from pgagents.verify.laws.next_page import PageRequest
from pgagents.verify.wire.call import Call, InstanceRef, Intent
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange


def list_makers(setting: Setting, resource: Resource) -> list[Endpoint]:
    """Return the endpoints that make an instance, those of tools included if no other surface has them."""
    leads = [one for one in setting.tools if one.leads]
    every = (*setting.endpoints, *leads)
    return [d for d in every if resource.made_by and d.action is resource.made_by.action]


def _list_case_insensitive(endpoint: Endpoint, call: ActionCall) -> list[str]:
    """Return the members that filter the list and that one of its laws converts to upper case."""
    return [
        member
        for name, value in call.input.items()
        if (member := member_of(value, ("resource",)))
        and any(applies(law.that.tree, "upper", ("input", name)) for law in endpoint.action.laws)
    ]


def choose_instance(
    setting: Setting, resource: Resource, call: ActionCall, endpoint: Endpoint, *, again: bool
) -> Generator[Any, Any, Mapping[str, Any] | None]:
    """Return the instance to look for, or None if any will do. If `again`, it is a new one.

    Its texts are in lower case if a law ignores case.
    """
    folded = _list_case_insensitive(endpoint, call)
    there: Mapping[str, Any] | None = None
    if (
        again
        and (maker := next(iter(list_makers(setting, resource)), None)) is not None
        and resource.made_by is not None
    ):
        new: Exchange = yield ordinary(
            maker, template_of(setting.model, maker.action), "valid", "to have the latest", fresh=True
        )
        there = next(iter(list_bodies(resource.made_by, new)), None)
    elif folded:
        there = yield InstanceRef(resource.name, standard=True)
    return (
        {**there, **{m: there[m].lower() for m in folded if isinstance(there.get(m), str)}}
        if there is not None
        else None
    )


def make_list_call(
    resource: Resource,
    call: ActionCall,
    endpoint: Endpoint,
    role: str,
    intent: Intent,
    made: Mapping[str, Any] | None,
    more: PageRequest,
) -> Call:
    """Return the call that reads a page of the list; `made` is the instance to look for."""
    owners, others = f"to find a {resource.name} in the list", f"another project lists each {resource.name}"
    return Call(
        endpoint,
        {**call.input, **more.input},
        intent,
        owners if role == "main" else others,
        role=role,
        subject=resource,
        owner="main",
        standard=True,
        made=made,
        raw=more.raw,
    )
