"""A new instance is stamped with its origin: the dispatcher's platform, or the agent that the key was made
for.

The instance that a successful call returns must have the attribution members that the catalogue declares,
with their declared values.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

from pgagents.base.places import Pointer
from pgagents.catalogue.model.resource import Resource
from pgagents.report.contract import Contract, Rank
from pgagents.verify.fixtures.instance import at_path
from pgagents.verify.promise import (
    Check,
    Conversation,
    Judgement,
    Probe,
    judge_broken,
    judge_kept,
    judge_untested,
    promise,
)
from pgagents.verify.setting import Memory, Setting
from pgagents.verify.wire.call import Call
from pgagents.verify.wire.endpoint import REST, Endpoint
from pgagents.verify.wire.exchange import Exchange

NAME = "call_attribution"


def promises(setting: Setting) -> Iterator[Contract]:
    """Yield a contract for each action that makes an instance, through each dispatcher, and with each key for
    a surface.
    """
    for resource, endpoint, role, stamps, origin in _cases(setting):
        stamped = " and ".join(f"{member} {value}" for member, value in stamps.items())
        by = f"with the key of {role}" if role else f"through {endpoint.surface}"
        yield promise(
            NAME, role, endpoint, f"a {resource.name} made {by} is stamped {stamped}", origin, resource.cite
        )


Case = tuple[Resource, Endpoint, str, Mapping[str, str], Pointer]


def _cases(setting: Setting) -> Iterator[Case]:
    """Yield a case for the first resource that each action makes.

    The case has a role if the key decides the platform, and not the endpoint.
    """
    met: set[str] = set()
    model = setting.model
    for resource in model.resources.values():
        made = resource.made_by
        if (
            made is None
            or made.at is None
            or any(made.action is move.action for r in model.resources.values() for move in r.moves)
        ):
            continue  # an instance that is only moved got its attribution when it was made
        for endpoint in setting.endpoints:
            if endpoint.action is not made.action or f"{endpoint.place}" in met:
                continue
            met.add(endpoint.place)
            if endpoint.dispatcher is not None and (
                stamps := _stamps(resource, endpoint.dispatcher.attribution)
            ):
                yield resource, endpoint, "", stamps, (*endpoint.dispatcher.origin, "attribution")
            for role, told in model.auth.roles.items() if endpoint.surface == REST else ():
                surface = model.surfaces.get(told.surface or "")
                if surface is not None and (stamps := _stamps(resource, surface.attribution)):
                    yield resource, endpoint, role, stamps, ("auth", "roles", role, "surface")


def _stamps(resource: Resource, attribution: Mapping[str, str]) -> dict[str, str]:
    """Return the members of an attribution that this resource declares as volatile or fixed."""
    members = {*resource.fixed, *resource.volatile}
    return {member: value for member, value in attribution.items() if member in members}


def watch(exchange: Exchange, memory: Memory) -> Iterator[Judgement]:
    """Judge instances that were made through a dispatcher."""
    if (
        exchange.call.endpoint is None
        or exchange.call.endpoint.dispatcher is None
        or not exchange.success
        or not exchange.fits
    ):
        return
    for resource, endpoint, role, stamps, _ in memory.setting.compute_once(
        NAME, lambda: tuple(_cases(memory.setting))
    ):
        if not role and endpoint.place == exchange.place:
            yield from _judge_attribution(exchange, resource, stamps, f"{NAME}/{endpoint.place}")


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """Yield a probe for each key that is made for a surface; it makes one instance."""
    del roles
    for resource, endpoint, role, stamps, _ in _cases(setting):
        if role:
            contract = f"{NAME}/{role}/{endpoint.place}"
            yield Probe(
                contract,
                4,
                (contract,),
                2,
                partial(_run, resource, endpoint, role, stamps, contract),
                (endpoint,),
                role,
                True,
            )


def _run(
    resource: Resource, endpoint: Endpoint, role: str, stamps: Mapping[str, str], contract: str
) -> Conversation:
    assert resource.made_by is not None
    why = f"a {resource.name} made with the key of {role}"
    exchange: Exchange = yield Call(
        endpoint, resource.made_by.input, "valid", why, role=role, owner=role, fresh=True
    )
    if exchange.success and exchange.fits:
        yield from _judge_attribution(exchange, resource, stamps, contract)
    else:
        yield judge_untested(contract, f"no {resource.name} was made: {exchange.outcome}")


def _judge_attribution(
    exchange: Exchange, resource: Resource, stamps: Mapping[str, str], contract: str
) -> Iterator[Judgement]:
    body = at_path(resource.made_by, exchange) if resource.made_by and resource.made_by.at else None
    wrong = [
        member
        for member, value in stamps.items()
        if not isinstance(body, Mapping) or body.get(member) != value
    ]
    if wrong:
        told = body.get(wrong[0]) if isinstance(body, Mapping) else None
        yield judge_broken(contract, f"{wrong[0]} is {stamps[wrong[0]]}", f"{wrong[0]} is {told}")
    else:
        yield judge_kept(contract)


CHECK = Check(
    NAME,
    __doc__,
    promises,
    watch=watch,
    watched=frozenset(("",)),
    probes=probes,
    rank=Rank.WRONG,
)
