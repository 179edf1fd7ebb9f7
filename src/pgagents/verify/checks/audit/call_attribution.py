"""A new instance is stamped with its origin: the dispatcher's platform, or the agent that the key was made
for.

The instance that a successful call returns must have the members of `attribution`, with their values: Park
Graph stamps sessions with `agent_name` and `agent_platform`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from pgagents.catalogue.model.resource import Resource
from pgagents.report.contract import Rank
from pgagents.verify.fixtures.instance import at_path
from pgagents.verify.fixtures.target import is_move
from pgagents.verify.judgement import Judgement, Untested, conclude
from pgagents.verify.promise import Attempt, Case, Trial, make_check
from pgagents.verify.setting import Memory, Setting
from pgagents.verify.wire.call import Call
from pgagents.verify.wire.endpoint import REST
from pgagents.verify.wire.exchange import Exchange


class Stamped(NamedTuple):
    """A resource, and the members with which its new instances are stamped."""

    resource: Resource
    stamps: Mapping[str, str]


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield a case for the first resource that each action makes, through each dispatcher, and with each key
    for a `surface`. Calls of other checks show those of dispatchers, which saves calls.
    """
    del roles
    model, known = setting.model, set[str]()
    for resource in model.resources.values():
        made = resource.made_by
        if made is None or made.at is None or is_move(model, made.action):
            continue  # an instance that is only moved got its attribution when it was made
        for endpoint in setting.list_calling(made.action):
            if endpoint.place in known:
                continue
            known.add(endpoint.place)
            dispatcher = endpoint.dispatcher
            if dispatcher is not None and (stamps := _find_stamps(resource, dispatcher.attribution)):
                says = f"a {resource.name} made through {endpoint.surface} is stamped {_format(stamps)}"
                origin, about = (*dispatcher.origin, "attribution"), Stamped(resource, stamps)
                yield Case(endpoint, says, origin, cite=resource.cite, about=about)
            # a dispatcher stamps its own platform, whoever calls
            for name, role in model.auth.roles.items() if endpoint.surface == REST else ():
                surface = model.surfaces.get(role.surface or "")
                if surface is not None and (stamps := _find_stamps(resource, surface.attribution)):
                    says = f"a {resource.name} made with the key of {name} is stamped {_format(stamps)}"
                    origin, about = ("auth", "roles", name, "surface"), Stamped(resource, stamps)
                    attempt = Attempt(_try, cost=2, role=name, writes=True)
                    yield Case(endpoint, says, origin, attempt, name, resource.cite, about=about)


def _find_stamps(resource: Resource, attribution: Mapping[str, str]) -> dict[str, str]:
    """Return the members of an attribution that this resource declares as `volatile` or `fixed`: only those
    of all its members are named there.
    """
    members = {*resource.fixed, *resource.volatile}
    return {member: value for member, value in attribution.items() if member in members}


def _format(stamps: Mapping[str, str]) -> str:
    return " and ".join(f"{member} {value}" for member, value in stamps.items())


def watch(exchange: Exchange, memory: Memory) -> Iterator[Judgement]:
    """Judge instances that were made through a dispatcher."""
    trial = CHECK.find_trial(memory.setting, exchange.place)
    if trial is not None and exchange.success and exchange.fits:
        yield _judge(trial, exchange)


def _try(trial: Trial) -> None:
    resource = trial.case.about.resource
    why = f"a {resource.name} made with the key of {trial.role}"
    arguments = resource.made_by.input
    answer = trial.ask(
        Call(trial.endpoint, arguments, "valid", why, role=trial.role, owner=trial.role, fresh=True)
    )
    if answer.success and answer.fits:
        conclude(_judge(trial, answer))
    else:
        raise Untested(f"no {resource.name} was made: {answer.outcome}")


def _judge(trial: Trial, answer: Exchange) -> Judgement:
    resource, stamps = trial.case.about
    body = at_path(resource.made_by, answer)
    members = body if isinstance(body, Mapping) else {}
    for member, value in stamps.items():
        if members.get(member) != value:
            actual = f"{member} is {{value}}"
            return trial.broken(f"{member} is {value}", actual, value=members.get(member))
    return trial.kept()


CHECK = make_check(
    "call_attribution", __doc__, cases, stage=4, watch=watch, watched=frozenset(("",)), rank=Rank.WRONG
)
