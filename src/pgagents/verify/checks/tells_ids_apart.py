"""An id in the other case is another id, and nothing has it.

Databases that compare texts without their case find a thing by an id that nobody gave out; two things of ours then are one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pgagents.contract import Contract, Verdict
from pgagents.model import Param, Resource
from pgagents.verify.call import Live
from pgagents.verify.check import Conversation, Judgement, Probe, promise, refused_with
from pgagents.verify.door import REST, Door
from pgagents.verify.generate import is_invalid, ordinary
from pgagents.verify.memory import Setting
from pgagents.verify.recipe import recipe_of
from pgagents.verify.seen import Seen
from pgagents.verify.tellings import kind_of

NAME = "tells_ids_apart"
_HEX = re.compile(r"[0-9A-Fa-f{}-]*")
"""UUIDs and the like: their letters are digits, which have no case."""


def promises(setting: Setting) -> Iterator[Contract]:
    """One for each kind of thing that is read by its id, on the first action that reads it."""
    for door, param, resource in _cases(setting):
        says = f"{door.action.name} finds nothing by a {param.name} in the other case"
        yield promise(NAME, "", door, says, (*resource.origin, "missing"), door.action.cite)


def _cases(setting: Setting) -> tuple[tuple[Door, Param, Resource], ...]:
    def found() -> Iterator[tuple[Door, Param, Resource]]:
        met: set[str] = set()
        for door in setting.doors:
            for param in door.params:
                resource = setting.model.resources.get(param.refers_to or "")
                if resource is None or resource.missing is None or door.surface != REST or door.action.effect != "read":
                    continue
                kind = kind_of(setting.model, resource)
                if param.required and kind not in met and (resource.made_by or resource.found_by):
                    met.add(kind)
                    yield door, param, resource

    return setting.kept(NAME, lambda: tuple(found()))


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """One call each."""
    del roles
    for door, param, resource in _cases(setting):
        contract = f"{NAME}/{door.place}"
        yield Probe(
            contract, 5, (contract,), 1, _run(setting, door, param, resource, contract), (door,), "main", resource.made_by is not None
        )


def _run(setting: Setting, door: Door, param: Param, resource: Resource, contract: str) -> Callable[[], Conversation]:
    def run() -> Conversation:
        there: Mapping[str, Any] = yield Live(resource.name)
        id = str(there.get(resource.id))
        recipe = recipe_of(setting.model, door.action)
        given = {**recipe.input, str(param.name): id.swapcase()}
        call = ordinary(door, recipe, "absent", f"a {param.name} in the other case", input=given, made=there if recipe.subject else None)
        if id.swapcase() == id or _HEX.fullmatch(id) or is_invalid(setting, call):
            yield Judgement(contract, Verdict.NOT_CLAIMED, "ids here have no case")
            return
        seen: Seen = yield call
        assert resource.missing is not None
        yield from refused_with(seen, contract, [resource.missing], f"a {param.name} in the other case")

    return run
