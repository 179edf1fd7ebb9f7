"""A PUT replaces an instance: a member that it leaves out does not keep its value (RFC 9110, 9.3.4).

Every optional member gets another value by a PUT, and a read shows it. The next PUT leaves these members out.
One that still has the value after that, and another value after a second try, is odd, because many servers
merge, as `update` of Rails does for PUT and PATCH alike. Members with a default are not tried. Neither is a
PUT that the document describes as partial, nor one that lets out what a create needs. A refusal of the
shorter PUT is right. Where the catalogue says `left_out: cleared`, all of them are tried, a member with a
default must show it, and what breaks it is broken.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from pgagents.catalogue.model.action import Param
from pgagents.catalogue.model.resource import Resource
from pgagents.report.contract import Rank
from pgagents.verify.answers.standing import is_equal
from pgagents.verify.cases.instance_changes import Change, list_settable, names_instance
from pgagents.verify.fixtures.factory import ACCEPTED
from pgagents.verify.fixtures.instance import find_read, members_of
from pgagents.verify.judgement import Untested, conclude, demand
from pgagents.verify.promise import Attempt, Case, Trial, make_check
from pgagents.verify.setting import Setting
from pgagents.verify.wire.endpoint import Endpoint

PARTIAL = re.compile(
    r"partial|merge|patch|omit|unchanged|untouched|only (?:the )?(?:given|provided|supplied|sent|changed)"
    r"|(?:not|aren't|isn't) (?:given|provided|supplied|sent|included|specified|present)|left? out",
    re.I,
)
"""Words by which OpenAPI documents describe a PUT that merges."""


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield a case for each PUT of an instance that may leave out members which a read shows."""
    del roles
    for resource in setting.model.resources.values():
        found = find_read(setting, resource) if resource.made_by is not None else None
        for endpoint in setting.list_naming(resource.name) if found is not None else ():
            action = endpoint.action
            makes = resource.made_by is not None and resource.made_by.action is action
            if action.method != "PUT" or action.effect != "write" or makes:
                continue  # `upserts` judges a PUT that makes instances
            if not names_instance(endpoint, resource):
                continue
            assert found is not None
            change = Change(resource, list_settable(setting, resource, endpoint, found[0]), *found)
            said = setting.model.behaviour.left_out == "cleared"
            free = _list_free(setting, change, said=said)
            if not free or (not said and _is_partial(resource, endpoint)):
                continue
            attempt = Attempt(
                partial(_try, change=change, free=free), cost=6, endpoints=(endpoint, found[1]), writes=True
            )
            names = [str(param.name) for param in free]
            shown = " and ".join(names) if len(names) < 3 else f"{names[0]} and {len(names) - 1} more"
            says = f"{action.name} without {shown} leaves no former value"
            origin = ("behaviour", "left_out") if said else action.origin
            yield Case(endpoint, says, origin, attempt, advice=not said)


def _list_free(setting: Setting, change: Change, *, said: bool) -> tuple[Param, ...]:
    """Return the members that a PUT may leave out, and to which nothing gives a default if nothing is
    `said`.
    """
    shown, made_by = members_of(setting, change.read), change.resource.made_by
    assert made_by is not None
    # another instance may have the other value
    unique = {member for one in change.resource.unique for member in one.members}

    def has_default(param: Param) -> bool:
        sent = (p.schema for p in made_by.action.params if p.wire == param.wire)
        return any("default" in setting.resolve_schema(s) for s in (param.schema, shown[param.wire], *sent))

    free = [
        p for p in change.members if not p.required and p.wire not in unique and (said or not has_default(p))
    ]
    return tuple(free)


def _is_partial(resource: Resource, endpoint: Endpoint) -> bool:
    """True if the document describes a PUT as partial, or leaves a member out that a create needs."""
    action, made_by = endpoint.action, resource.made_by
    assert made_by is not None
    texts = (
        str(action.title),
        str(action.description),
        *(str(p.schema.get("description", "")) for p in action.params),
    )
    needed = {p.wire for p in made_by.action.params if p.required and p.place == "body"}
    left_out = any(p.place == "body" and not p.required and p.wire in needed for p in action.params)
    return left_out or any(PARTIAL.search(text) for text in texts)


def _try(trial: Trial, change: Change, free: tuple[Param, ...]) -> None:
    body = trial.ask(trial.refer(change.resource))
    schemas = {param.wire: trial.setting.resolve_schema(param.schema) for param in free}
    defaults = {wire: schema["default"] for wire, schema in schemas.items() if "default" in schema}
    # a server that clears a member shows its default, so another value must stand there before
    stands = {**body, **defaults}
    former: Param | None = None
    for _ in range(2):  # an untold default of the database may be the first value, and not the second
        left = _leave_out(trial, change, (former,) if former is not None else free, body, stands)
        if left is None:
            return
        stored, shown, now = left
        former = next((p for p in stored if now.get(p.wire) == shown[p.wire]), None)
        if former is None:
            break
        stands = {former.wire: shown[former.wire]}
    if former is not None:
        expected = f"{former.name} without the value that the PUT left out"
        broken = trial.broken(expected, f"{former.name} still has the value of the PUT before")
        conclude(broken.at_member(former.wire))
        return
    for param in stored if not trial.case.advice else ():
        if param.wire in defaults and not is_equal(now.get(param.wire), defaults[param.wire]):
            expected = f"{param.name} {defaults[param.wire]!r}, its default, as the PUT left it out"
            broken = trial.broken(expected, f"{param.name} is {{value!r}}", value=now.get(param.wire))
            conclude(broken.at_member(param.wire))
            return
    conclude(trial.kept())


def _leave_out(
    trial: Trial, change: Change, free: tuple[Param, ...], body: Mapping[str, Any], stands: Mapping[str, Any]
) -> tuple[list[Param], Mapping[str, Any], Mapping[str, Any]] | None:
    """Set members to other values than those that stand there, and leave them out of a second PUT.

    Return those that were stored, and what a read showed before and after the second. None if it was refused.
    """
    values = change.choose_others(trial, free, stands)
    kept = change.list_needed(trial, body)
    full = trial.ask(change.send(trial, body, {**kept, **values}, "with every member that it may set"))
    before = trial.ask(change.call_read(trial, body))
    if not full.success or full.status == ACCEPTED or not before.success:  # RFC 9110, 15.3.3
        raise Untested(f"no member could be set: {full.outcome}, {before.outcome}")
    shown = change.shown(before)
    stored = [p for p in free if str(p.name) in values and shown.get(p.wire) == values[str(p.name)]]
    if not stored:
        raise Untested("no member is shown with the value that it was given")
    names = " and ".join(str(p.name) for p in stored)
    shorter = demand(trial.ask(change.send(trial, body, kept, f"without {names}")))
    after = trial.ask(change.call_read(trial, body))
    if not shorter.success:
        conclude(trial.idle(f"a PUT without {names} was answered {shorter.outcome}"))
        return None
    now = change.shown(after)
    if not after.success or shorter.status == ACCEPTED or not now:
        raise Untested(f"it was not read afterwards: {after.outcome}")
    return stored, shown, now


CHECK = make_check("put_replaces", __doc__, cases, stage=5, rank=Rank.WRONG)
