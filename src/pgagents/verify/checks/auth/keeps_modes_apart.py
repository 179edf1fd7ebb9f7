"""What was made with a test key is unknown to a live key, and in none of its lists. Nothing is written with the live key."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from pgagents.model.action import Call as Recipe
from pgagents.model.contract import Contract
from pgagents.model.model import Resource
from pgagents.verify.check.check import Conversation, Probe, broken, kept, promise, refused_with, untested
from pgagents.verify.check.memory import Setting
from pgagents.verify.fixtures.instance import at_path
from pgagents.verify.wire.call import Call
from pgagents.verify.wire.endpoint import Door
from pgagents.verify.wire.exchange import Seen

NAME = "keeps_modes_apart"


def promises(setting: Setting) -> Iterator[Contract]:
    """One for each door that reads a tenant's thing, one for each that lists it."""
    for resource, _, door, lists in _cases(setting):
        says = f"a {resource.name} made with a test key is {'in no list' if lists else 'unknown'} with a live one"
        yield promise(NAME, _detail(resource, lists), door, says, (*resource.origin, "tenant"), resource.cite)


Case = tuple[Resource, Recipe, Door, bool]


def _cases(setting: Setting) -> Iterator[Case]:
    """The reads on every surface, the lists on REST; an action that reads several resources is tried with the first."""
    met: set[str] = set()
    if _live(setting) is None:
        return
    for resource in setting.model.resources.values():
        if not resource.tenant or resource.made_by is None or resource.missing is None:
            continue
        for calls, lists in ((resource.read_by, False), (resource.listed_by, True)):
            for call in calls:
                for door in setting.doors:
                    once = door.action is call.action and door.place not in met
                    if once and door.action.effect == "read" and (door.on_rest or not lists):
                        met.add(door.place)
                        yield resource, call, door, lists


def _detail(resource: Resource, lists: bool) -> str:
    return f"{'listed' if lists else 'read'}/{resource.name}"


def _live(setting: Setting) -> str | None:
    """The first role of another mode than the main key's."""
    roles = setting.model.auth.roles
    mode = roles["main"].mode if "main" in roles else "test"
    return next((name for name, role in roles.items() if role.mode != mode and not role.revoked), None)


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """One call each."""
    del roles
    live = _live(setting)
    for resource, recipe, door, lists in _cases(setting):
        contract = f"{NAME}/{_detail(resource, lists)}/{door.place}"
        run = _listed(resource, recipe, door, str(live), contract) if lists else _read(setting, resource, recipe, door, str(live), contract)
        yield Probe(contract, 4, (contract,), 1, run, (door,), str(live), True)


def _read(setting: Setting, resource: Resource, recipe: Recipe, door: Door, role: str, contract: str) -> Callable[[], Conversation]:
    no_scope = setting.model.errors.framework.no_scope
    hidden = [c for c in (resource.missing, setting.model.codes[no_scope] if no_scope else None) if c is not None]
    codes = hidden if setting.model.points.foreign_id != "not_found" else hidden[:1]

    def run() -> Conversation:
        what = f"a {resource.name} of the other mode"
        seen: Seen = yield Call(door, recipe.input, "absent", what, role=role, owner="main", subject=resource, surface=door.surface)
        yield from refused_with(seen, contract, codes, what)

    return run


def _listed(resource: Resource, recipe: Recipe, door: Door, role: str, contract: str) -> Callable[[], Conversation]:
    def run() -> Conversation:
        seen: Seen = yield Call(door, recipe.input, "valid", f"a list with a {role} key", role=role, owner="main", subject=resource)
        items = at_path(recipe, seen) if recipe.at is not None and seen.success else None
        if not isinstance(items, list) or seen.subject is None:
            yield untested(contract, f"the list could not be read: {seen.outcome}")
            return
        mine = resource.id_of(seen.subject)
        found = any(isinstance(item, Mapping) and resource.id_of(item) == mine for item in items)
        yield broken(contract, f"no {resource.name} of the other mode", f"{mine} is listed") if found else kept(contract)

    return run
