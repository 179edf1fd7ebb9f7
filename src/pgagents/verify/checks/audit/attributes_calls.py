"""What a call makes is stamped with where the call came from: the platform of a dispatcher, or of the agent a key is made for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from pgagents.model.contract import Contract
from pgagents.model.model import Resource
from pgagents.source.source import Pointer
from pgagents.verify.check.check import Conversation, Judgement, Probe, broken, kept, promise, untested
from pgagents.verify.check.memory import Memory, Setting
from pgagents.verify.fixtures.instance import at_path
from pgagents.verify.wire.call import Call
from pgagents.verify.wire.endpoint import REST, Door
from pgagents.verify.wire.exchange import Seen

NAME = "attributes_calls"


def promises(setting: Setting) -> Iterator[Contract]:
    """One for each action that makes a thing: through each dispatcher, and with each key that is made for a surface."""
    for resource, door, role, stamps, origin in _cases(setting):
        stamped = " and ".join(f"{member} {value}" for member, value in stamps.items())
        by = f"with the key of {role}" if role else f"through {door.surface}"
        yield promise(NAME, role, door, f"a {resource.name} made {by} is stamped {stamped}", origin, resource.cite)


Case = tuple[Resource, Door, str, Mapping[str, str], Pointer]


def _cases(setting: Setting) -> Iterator[Case]:
    """The first resource that each action makes; a role is named where the key and not the door tells the platform."""
    met: set[str] = set()
    model = setting.model
    for resource in model.resources.values():
        made = resource.made_by
        if made is None or made.at is None or any(made.action is move.action for r in model.resources.values() for move in r.moves):
            continue  # what an action moves was stamped when it was made
        for door in setting.doors:
            if door.action is not made.action or f"{door.place}" in met:
                continue
            met.add(door.place)
            if door.dispatcher is not None and (stamps := _stamps(resource, door.dispatcher.attribution)):
                yield resource, door, "", stamps, (*door.dispatcher.origin, "attribution")
            for role, told in model.auth.roles.items() if door.surface == REST else ():
                surface = model.surfaces.get(told.surface or "")
                if surface is not None and (stamps := _stamps(resource, surface.attribution)):
                    yield resource, door, role, stamps, ("auth", "roles", role, "surface")


def _stamps(resource: Resource, attribution: Mapping[str, str]) -> dict[str, str]:
    """Of an attribution what this resource has members for: its volatile or fixed ones, as every made thing lists them."""
    members = {*resource.fixed, *resource.volatile}
    return {member: value for member, value in attribution.items() if member in members}


def watch(seen: Seen, memory: Memory) -> Iterator[Judgement]:
    """Judge what is made through a dispatcher."""
    if seen.call.door is None or seen.call.door.dispatcher is None or not seen.success or not seen.fits:
        return
    for resource, door, role, stamps, _ in memory.setting.kept(NAME, lambda: tuple(_cases(memory.setting))):
        if not role and door.place == seen.place:
            yield from _judged(seen, resource, stamps, f"{NAME}/{door.place}")


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """One thing made with each key that is made for a surface."""
    del roles
    for resource, door, role, stamps, _ in _cases(setting):
        if role:
            contract = f"{NAME}/{role}/{door.place}"
            yield Probe(contract, 4, (contract,), 2, _run(resource, door, role, stamps, contract), (door,), role, True)


def _run(resource: Resource, door: Door, role: str, stamps: Mapping[str, str], contract: str) -> Callable[[], Conversation]:
    def run() -> Conversation:
        assert resource.made_by is not None
        why = f"a {resource.name} made with the key of {role}"
        seen: Seen = yield Call(door, resource.made_by.input, "valid", why, role=role, owner=role, fresh=True)
        if seen.success and seen.fits:
            yield from _judged(seen, resource, stamps, contract)
        else:
            yield untested(contract, f"no {resource.name} was made: {seen.outcome}")

    return run


def _judged(seen: Seen, resource: Resource, stamps: Mapping[str, str], contract: str) -> Iterator[Judgement]:
    body = at_path(resource.made_by, seen) if resource.made_by and resource.made_by.at else None
    wrong = [member for member, value in stamps.items() if not isinstance(body, Mapping) or body.get(member) != value]
    if wrong:
        told = body.get(wrong[0]) if isinstance(body, Mapping) else None
        yield broken(contract, f"{wrong[0]} is {stamps[wrong[0]]}", f"{wrong[0]} is {told}")
    else:
        yield kept(contract)
