"""What was refused has no effect: the list of a kind of thing is the same before and after a refused call that would have made one.

And whatever else is tried in a run: nothing is ever in a list but what was there before, and what an accepted call made.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from pgagents.action import Call as Listed
from pgagents.contract import Contract, Verdict
from pgagents.model import Resource
from pgagents.verify.call import Call, Recall
from pgagents.verify.check import Conversation, Judgement, Probe, broken, kept, promise, untested
from pgagents.verify.door import REST, Door
from pgagents.verify.exclusive import others_too
from pgagents.verify.generate import Negative, negatives_of
from pgagents.verify.listed import ordering_of
from pgagents.verify.memory import Memory, Setting
from pgagents.verify.next_page import may_go_on, next_page
from pgagents.verify.seen import LIMITED, UNAVAILABLE, Seen
from pgagents.verify.thing import at_path

RANK = -1
"""Before what ends the judging of a crash: what a crashed call made is not known."""
NAME = "refused_leaves_nothing"
TOOLS = True
PHASE = 8
MOST_PAGES = 8
"""A list is followed no further."""
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
    return None if setting.exclusive else (Verdict.NOT_SELECTED, others_too("lists"))


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
    """The list, once everything was tried. Through doors that refused nothing so far a wrong call is made, and the list read again."""
    del roles
    several: dict[str, list[tuple[Resource, Door, Negative]]] = {}
    for case in _cases(setting) if setting.exclusive else ():
        several.setdefault(case[0].name, []).append(case)
    for name, cases in several.items():
        covers = tuple(f"{NAME}/{name}/{door.place}" for _, door, _ in cases)
        doors = tuple(door for _, door, _ in cases)
        yield Probe(covers[0], PHASE, covers, 2, _run(setting, cases), doors, "main", True)


def _run(setting: Setting, cases: list[tuple[Resource, Door, Negative]]) -> Callable[[], Conversation]:
    def run() -> Conversation:
        resource = cases[0][0]
        before, whole = yield from _listed(setting, resource, "unchanged")
        known: Mapping[tuple[str, str], _Known] = (yield Recall(_note_of(resource))) or {}
        told = known.get(_main(setting))
        shown = told.shown if told is not None and told.first is not None and not told.unsure else set()
        for _, door, wrong in cases:
            if door.place in shown:
                continue
            contract = f"{NAME}/{resource.name}/{door.place}"
            seen: Seen = yield replace(wrong.call, why=f"refused: {wrong.says}")
            after, whole = yield from _listed(setting, resource, "")
            if before is None or after is None or seen.void:
                yield untested(contract, "the list was not answered")
            elif not whole:
                yield untested(contract, "the list goes on behind its first page, and no law says in which order")
            elif seen.success:
                yield untested(contract, f"it was not refused: {seen.outcome}")
            elif new := [id for id in after if id not in before]:
                yield broken(contract, f"the {resource.name}s that were there before", f"{len(new)} more after {seen.outcome}")
            else:
                yield kept(contract)
            before = after

    return run


def _main(setting: Setting) -> tuple[str, str]:
    role = setting.model.auth.roles.get("main")
    return (role.project, role.mode) if role is not None else ("", "")


def _note_of(resource: Resource) -> str:
    return f"{NAME}/{resource.name}"


def _listed(setting: Setting, resource: Resource, reuse: Literal["", "unchanged"]) -> Generator[Any, Any, tuple[list[Any] | None, bool]]:
    """The ids in the list, None where there is none; and whether the latest would be among them."""
    call = next(call for call in resource.listed_by if _plain(call))
    door = setting.door(str(call.action.name), REST)
    assert door is not None
    ids: list[Any] = []
    more: dict[str, Any] = {}
    for _ in range(MOST_PAGES):
        seen: Seen = yield Call(door, {**call.input, **more}, "valid", f"each {resource.name} there is", reuse="" if more else reuse)
        items = at_path(call, seen) if seen.success and call.at is not None else None
        if not isinstance(items, list):
            return None, False
        ids += [resource.id_of(item) for item in items if isinstance(item, Mapping)]
        if any(ordering_of(call.action)) or not may_go_on(seen, items):
            return ids, True
        further = next_page(setting, door, seen, items)
        if further is None:
            break
        more = further
    return ids, False


@dataclass(slots=True)
class _Known:
    """The ids that may be in a project's list: those of the first whole list (None before that), and of what was made since.

    `unsure` says that a call may have made one whose id nobody told us.
    """

    first: set[Any] | None = None
    made: set[Any] = field(default_factory=set)
    unsure: bool = False
    refused: list[str] = field(default_factory=list)
    """The doors that refused to make one since the last list."""
    shown: set[str] = field(default_factory=set)
    """The doors whose refusals have been shown to leave none."""


def watch(seen: Seen, memory: Memory) -> Iterator[Judgement]:
    """Note what is made; judge every list by it."""
    setting = memory.setting
    if not setting.exclusive:
        return
    for resource, contract in setting.kept((NAME, "lists"), lambda: _first_doors(setting)).items():
        projects: dict[tuple[str, str], _Known] = memory.notes.setdefault(f"{NAME}/{resource}", {})
        known = projects.setdefault(_project(setting, seen), _Known())
        kind = setting.model.resources[resource]
        if _makes(kind, seen):
            _note(kind, seen, known, setting.kept((NAME, "places"), lambda: frozenset(door.place for _, door, _ in _cases(setting))))
        elif seen.success and seen.fits and not known.unsure and not _sees_a_part(setting, seen):
            items = _items(kind, seen)
            if items is not None:
                elsewhere = {id for other in projects.values() if other is not known for id in other.made}  # which others judge
                yield from _ghosts(kind, seen, items, known, contract, elsewhere)


def _first_doors(setting: Setting) -> dict[str, str]:
    """By resource the first contract about it."""
    found: dict[str, str] = {}
    for resource, door, _ in _cases(setting):
        found.setdefault(resource.name, f"{NAME}/{resource.name}/{door.place}")
    return found


def _project(setting: Setting, seen: Seen) -> tuple[str, str]:
    role = setting.model.auth.roles.get(seen.call.role)
    return (role.project, role.mode) if role is not None else ("", "")


def _sees_a_part(setting: Setting, seen: Seen) -> bool:
    """Whether the caller's lists leave out what others of its project made, so that they are none to judge others by."""
    role = setting.model.auth.roles.get(seen.call.role)
    return role is not None and role.fleet is not None


def _makes(resource: Resource, seen: Seen) -> bool:
    """Whether the call may have made one; one that no action's answer was expected of may be any."""
    if seen.call.door is None:
        return seen.success and seen.request.method == "POST" and seen.call.intent == "framework"
    if resource.made_by is not None and seen.call.door.action is resource.made_by.action:
        return True
    return seen.call.door.action.effect == "write" and seen.success and resource.id_of(at_path(resource.made_by, seen)) is not None


def _note(resource: Resource, seen: Seen, known: _Known, places: frozenset[str]) -> None:
    body = at_path(resource.made_by, seen) if resource.made_by and resource.made_by.at and seen.success else None
    if isinstance(body, Mapping) and resource.id_of(body) is not None:
        known.made.add(resource.id_of(body))
    elif seen.success or seen.error or seen.status >= 500:
        declared = seen.codes.get(seen.code or "")
        promised = declared is not None and bool(declared.provoked_by)  # such a failure is known to leave nothing
        known.unsure = known.unsure or (seen.status != UNAVAILABLE and not promised)
    elif seen.place in places and seen.place not in known.refused and seen.status != LIMITED and known.first is not None:
        known.refused.append(seen.place)


def _items(resource: Resource, seen: Seen) -> list[Mapping[str, Any]] | None:
    """What a list has, where the answer is one."""
    call = next((c for c in resource.listed_by if seen.call.door is not None and c.action is seen.call.door.action), None)
    items = at_path(call, seen) if call is not None and call.at is not None else None
    return [item for item in items if isinstance(item, Mapping)] if isinstance(items, list) else None


def _ghosts(
    resource: Resource, seen: Seen, items: list[Mapping[str, Any]], known: _Known, contract: str, elsewhere: set[Any]
) -> Iterator[Judgement]:
    """Of a project's first whole list all is taken as it is; in every later one all must be known, but for what was made elsewhere."""
    ids = [id for item in items if (id := resource.id_of(item)) not in elsewhere]
    if known.first is None:
        plain = next((c for c in resource.listed_by if _plain(c) and seen.call.door and c.action is seen.call.door.action), None)
        most = min((v for v in plain.input.values() if isinstance(v, int)), default=None) if plain is not None else 0
        if plain is not None and seen.call.input == plain.input and (most is None or len(items) < most) and not may_go_on(seen, items):
            known.first = set(ids) - known.made
        return
    ghost = next((id for id in ids if id not in known.first and id not in known.made), None)
    several, known.refused = known.refused, []
    if ghost is not None:
        known.first.add(ghost)
        contract = f"{NAME}/{resource.name}/{several[0]}" if several else contract
        since = f"; since the last list was refused: {', '.join(several)}" if several else ""
        yield broken(contract, f"only {resource.name}s that accepted calls made", f"{ghost} is listed, which none made{since}")
        return
    for place in several:
        known.shown.add(place)
        yield kept(f"{NAME}/{resource.name}/{place}")
