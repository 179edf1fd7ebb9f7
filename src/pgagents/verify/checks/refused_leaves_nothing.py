"""What was refused has no effect: the list of a kind of thing is the same before and after a refused call that would have made one."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import replace
from typing import Any, Literal

from pgagents.contract import Contract, Verdict
from pgagents.model import Call as Listed
from pgagents.model import Resource
from pgagents.verify.call import Call
from pgagents.verify.check import Conversation, Probe, broken, kept, promise, untested
from pgagents.verify.door import REST, Door
from pgagents.verify.generate import Negative, negatives_of
from pgagents.verify.memory import Setting
from pgagents.verify.seen import Seen
from pgagents.verify.world import at_path

NAME = "refused_leaves_nothing"
LATE = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "pattern", "minimum", "exclusiveMinimum", "enum", "type", "unknown_member")
"""Keywords, those first that a server is most likely to look at after it has begun."""


def promises(setting: Setting) -> Iterator[Contract]:
    """One for each kind of thing that can be listed and each door that makes one."""
    for resource, door, _ in _cases(setting):
        says = f"a refused {door.action.name} leaves no {resource.name} behind"
        yield promise(NAME, resource.name, door, says, (*resource.origin, "made_by"), resource.cite or door.action.cite)


def settled(setting: Setting, contract: Contract) -> tuple[Verdict, str] | None:
    """What others make in the same project meanwhile would be taken for the refused call's."""
    del contract
    return None if setting.exclusive else (Verdict.NOT_SELECTED, "lists what others change too: add --exclusive where nobody else does")


def _cases(setting: Setting) -> Iterator[tuple[Resource, Door, Negative]]:
    for resource in setting.model.resources.values():
        listed = next((call for call in resource.listed_by if _plain(call)), None)
        if resource.made_by is None or listed is None or setting.door(str(listed.action.name), REST) is None:
            continue
        for door in setting.doors:
            wrong = _wrong(setting, door) if door.action is resource.made_by.action else None
            if wrong is not None:
                yield resource, door, wrong


def _plain(call: Listed) -> bool:
    """Whether the list needs no thing to be there."""
    return not any(getattr(value, "names", frozenset()) - {"env"} for value in call.input.values())


def _wrong(setting: Setting, door: Door) -> Negative | None:
    """A call that is wrong in one argument that names no thing."""
    known = [n for n in negatives_of(setting, door) if n.tier == 1 and n.detail.partition("/")[0] in LATE]
    ids = {str(p.name) for p in door.params if p.refers_to or p.name == door.action.idempotency}
    known = [n for n in known if n.field not in ids]
    return min(known, key=lambda n: LATE.index(n.detail.partition("/")[0]), default=None)


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """The list, a refused call through each door, and the list after each."""
    del roles
    several: dict[str, list[tuple[Resource, Door, Negative]]] = {}
    for case in _cases(setting) if setting.exclusive else ():
        several.setdefault(case[0].name, []).append(case)
    for name, cases in several.items():
        covers = tuple(f"{NAME}/{name}/{door.place}" for _, door, _ in cases)
        doors = tuple(door for _, door, _ in cases)
        yield Probe(covers[0], 5, covers, 1 + 2 * len(cases), _run(setting, cases), doors, "main", True)


def _run(setting: Setting, cases: list[tuple[Resource, Door, Negative]]) -> Callable[[], Conversation]:
    def run() -> Conversation:
        resource = cases[0][0]
        before = yield from _listed(setting, resource, "unchanged")
        for _, door, wrong in cases:
            contract = f"{NAME}/{resource.name}/{door.place}"
            seen: Seen = yield replace(wrong.call, why=f"refused: {wrong.says}")
            after = yield from _listed(setting, resource, "")
            if before is None or after is None or seen.void:
                yield untested(contract, "the list was not answered")
            elif seen.success:
                yield untested(contract, f"it was not refused: {seen.outcome}")
            elif new := [id for id in after if id not in before]:
                yield broken(contract, f"the {resource.name}s that were there before", f"{len(new)} more after {seen.outcome}")
            else:
                yield kept(contract)
            before = after

    return run


def _listed(setting: Setting, resource: Resource, reuse: Literal["", "unchanged"]) -> Generator[Any, Any, list[Any] | None]:
    """The ids in the list; None where there is none."""
    call = next(call for call in resource.listed_by if _plain(call))
    door = setting.door(str(call.action.name), REST)
    assert door is not None
    seen: Seen = yield Call(door, call.input, "valid", f"each {resource.name} there is", reuse=reuse)
    items = at_path(call.at, seen) if seen.success and call.at is not None else None
    return [item.get(resource.id) for item in items if isinstance(item, Mapping)] if isinstance(items, list) else None
