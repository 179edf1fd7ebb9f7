"""What was made is what is read back, through every door, and is in every list; another project's lists do not have it.

Whatever a list is asked for, all of ours that its laws let in has to be there, through whichever door and however long ago it was made.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterator, Mapping
from typing import Any

from pgagents.action import Call as Made
from pgagents.contract import Contract
from pgagents.expression import Expression, Scope
from pgagents.model import Resource, id_text
from pgagents.verify.call import Call, Live
from pgagents.verify.check import Conversation, Judgement, Probe, broken, kept, promise, untested
from pgagents.verify.door import Door
from pgagents.verify.generate import ordinary
from pgagents.verify.laws import judged
from pgagents.verify.listed import left_out
from pgagents.verify.memory import Memory, Setting
from pgagents.verify.next_page import may_go_on, next_page
from pgagents.verify.recipe import recipe_of
from pgagents.verify.seen import Seen
from pgagents.verify.thing import at_path
from pgagents.verify.witness import witness

RANK = 9
NAME = "reads_back"
CALLS = True
REMEMBERS = True
ALONE = True
TRUSTED = ("valid", "explore", "clean")
MOST_MADE = 500
MOST_PAGES = 21
"""A list is asked for so often before it is given up: for what is there, for one just made, and then page by page."""
DAY_S = 86_400.0
"""What is older may be forgotten in part."""
CRASHED = 500
_MEMBER = re.compile(r"resource\.(\w+)")
_LIST = re.compile(r"response\.(\w+)")


def promises(setting: Setting) -> Iterator[Contract]:
    """One for each resource and door that reads it, one for each list (and its isolation), one for each of its laws."""
    for resource, door, _ in _readers(setting, "read_by"):
        says = f"a {resource.name} is read back by {door.action.name} as it was made"
        yield promise(NAME, resource.name, door, says, (*resource.origin, "read_by"), resource.cite)
        for law in resource.laws:
            says = f"{law.name} of a {resource.name}: {' '.join(law.that.text.split())}"
            yield promise(NAME, f"{resource.name}/{law.name}", door, says, law.origin, law.cite or resource.cite)
    for resource, door, index in _readers(setting, "listed_by"):
        detail = _list_detail(resource, index)
        says = f"a {resource.name} is in what {door.action.name} lists"
        yield promise(NAME, f"listed/{detail}", door, says, (*resource.origin, "listed_by"), resource.cite)
        if resource.tenant:
            says = f"{door.action.name} lists no {resource.name} of another project"
            yield promise(NAME, f"not_listed/{detail}", door, says, (*resource.origin, "tenant"), resource.cite)


def _list_detail(resource: Resource, index: int) -> str:
    return resource.name if index == 0 else f"{resource.name}-{index + 1}"


def _readers(setting: Setting, what: str) -> Iterator[tuple[Resource, Door, int]]:
    """Resources that can be made, each door that reads or lists them, and which of the calls it is."""
    for resource in setting.model.resources.values():
        if resource.made_by is None:
            continue
        calls = resource.read_by if what == "read_by" else resource.listed_by
        for index, call in enumerate(calls):
            for door in setting.doors:
                if door.action is call.action:
                    yield resource, door, index


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """Made through one door, read through another; a list read by its owner and by another project."""
    del roles
    known: set[tuple[str, ...]] = set()
    for resource in setting.model.resources.values():
        readers = [(door, resource.read_by[index]) for r, door, index in _readers(setting, "read_by") if r is resource]
        if not readers:
            continue
        told = tuple(str(read.action.name) for _, read in readers)
        for index, maker in enumerate(_makers(setting, resource)):
            tier = 2 if index and told in known else 1
            at_home = sorted(readers, key=lambda r: r[0].surface != maker.surface)
            covers = tuple(id for door, _ in at_home for id in _covers(resource, door))
            name = f"{NAME}/{resource.name}/made by {maker.place}"
            run = _reading(setting, resource, maker, at_home)
            yield Probe(name, 3 if tier == 1 else 8, covers, 1 + len(readers), run, (maker, *(d for d, _ in at_home)), "main", True, tier)
        known.add(told)
    for resource, door, index in _readers(setting, "listed_by"):
        detail = _list_detail(resource, index)
        listed, hidden = f"{NAME}/listed/{detail}/{door.place}", f"{NAME}/not_listed/{detail}/{door.place}"
        call = resource.listed_by[index]
        yield Probe(listed, 3, (listed,), 2, _listing(setting, resource, call, door, listed, "main"), (door,), "main", True)
        if resource.tenant:
            yield Probe(hidden, 3, (hidden,), 2, _listing(setting, resource, call, door, hidden, "second"), (door,), "second", True)


def _makers(setting: Setting, resource: Resource) -> list[Door]:
    return [d for d in setting.doors if resource.made_by and d.action is resource.made_by.action]


def _covers(resource: Resource, door: Door) -> tuple[str, ...]:
    return (f"{NAME}/{resource.name}/{door.place}", *(f"{NAME}/{resource.name}/{law.name}/{door.place}" for law in resource.laws))


def _reading(setting: Setting, resource: Resource, maker: Door, readers: list[tuple[Door, Made]]) -> Callable[[], Conversation]:
    """One is made, and read through every door that reads it."""

    def run() -> Conversation:
        assert resource.made_by is not None
        recipe = recipe_of(setting.model, maker.action)
        given = {**recipe.input, **resource.made_by.input}
        made: Seen = yield ordinary(maker, recipe, "valid", f"to read a {resource.name} back", input=given, fresh=True, subject=None)
        body = next(iter(_bodies(resource.made_by, made)), None)
        if body is None or not made.fits:
            for contract in (id for door, _ in readers for id in _covers(resource, door)):
                yield untested(contract, f"no {resource.name} was made: {made.outcome}")
            return
        for door, read in readers:
            why = f"to read back a {resource.name}"
            seen: Seen = yield Call(door, read.input, "valid", why, subject=resource, made=body, surface=door.surface)
            yield from _same(setting, resource, body, made, seen, read, _covers(resource, door))

    return run


def _same(
    setting: Setting, resource: Resource, body: Mapping[str, Any], made: Seen, seen: Seen, read: Made, covers: tuple[str, ...]
) -> Iterator[Judgement]:
    if seen.void or seen.unsound:
        return
    if not seen.success:
        yield broken(covers[0], f"the {resource.name} that was made", seen.outcome)
        return
    back = next(iter(_bodies(read, seen)), None)
    if back is None or not seen.fits:
        return
    told = setting.model.secrets
    members = resource.fixed or tuple(k for k in body if k in back and k not in resource.volatile)
    differing = [m for m in members if m not in told and m in body and body.get(m) != back.get(m)]
    if differing:
        first = differing[0]
        yield broken(covers[0], f"{first} as it was made: {body.get(first)!r}", f"{first} differs: {back.get(first)!r}")
    else:
        yield kept(covers[0])
    scope = Scope({"created": body, "read": back, "input": made.input, "env": setting.model.env, "surface": seen.call.surface})
    for law, contract in zip(resource.laws, covers[1:], strict=True):
        held = judged(law, scope)
        if held.outcome == "broken" and not differing:
            yield broken(contract, " ".join(law.that.text.split()), f"{law.name} does not hold: {witness(law, scope)}")
        elif held.outcome == "error":
            yield untested(contract, f"the law cannot be evaluated: {held.why}", firm=True)
        elif held.outcome == "held":
            yield kept(contract)


def _bodies(call: Made | None, seen: Seen) -> list[Mapping[str, Any]]:
    if call is None or not seen.success or not isinstance(seen.body, Mapping | list):
        return []
    return _items(call, seen) or []


def _items(call: Made, seen: Seen) -> list[Mapping[str, Any]] | None:
    """The instances in an answer; None where there is no list, and no single one."""
    found = at_path(call, seen)
    if isinstance(found, Mapping):
        return [found]
    return [item for item in found if isinstance(item, Mapping)] if isinstance(found, list) else None


def _folded(door: Door, call: Made) -> list[str]:
    """Members of the thing by which the list is asked for and which a law of the list raises to capitals before it compares them."""
    laws = " ".join(law.that.text for law in door.action.laws)
    given = {name: _MEMBER.fullmatch(value.text) for name, value in call.input.items() if isinstance(value, Expression)}
    return [match.group(1) for name, match in given.items() if match and f"upper(input.{name})" in laws]


def _listing(setting: Setting, resource: Resource, call: Made, door: Door, contract: str, role: str) -> Callable[[], Conversation]:
    """The list as the owner (`main`) or another project sees it, of a thing that is there. An owner's list that has it not is asked for
    once more when one has just been made, for of very many the older may stand on a later page. Then its further pages are asked for,
    as the latest may stand on the last."""

    def run() -> Conversation:
        why = f"to find a {resource.name} in the list" if role == "main" else f"another project lists each {resource.name}"
        more: dict[str, Any] = {}
        made: Mapping[str, Any] | None = None
        for turn in range(MOST_PAGES):
            if role == "main" and turn <= 1:
                made = yield from _looked_for(setting, resource, call, door, again=turn == 1)
            given = {**call.input, **more}
            seen: Seen = yield Call(
                door, given, "valid", why, role=role, subject=resource, owner="main", standard=True, surface=door.surface, made=made
            )
            if not seen.success or not seen.fits or seen.subject is None:
                yield untested(contract, f"the list was not answered: {seen.outcome}")
                return
            listed = _items(call, seen)
            if listed is None:
                where = f"`{call.at.text}`" if call.at is not None else "the whole answer"
                yield untested(contract, f"no list was found in what {door.action.name} answered: at is {where}")
                return
            ids = [resource.id_of(i) for i in listed]
            if (resource.id_of(seen.subject) in ids) == (role == "main"):
                yield kept(contract)
                return
            if role != "main":
                yield broken(contract, f"no {resource.name} of another project", "another project's is in the list")
                return
            if turn == 0:
                continue
            if not may_go_on(seen, listed):
                yield broken(contract, f"the {resource.name} that was just made", f"a list of {len(ids)} without it")
                return
            further = next_page(setting, door, seen, listed)
            if further is None:
                break
            more = further
        yield untested(contract, f"the {resource.name} that was just made may stand on a further page than could be asked for")

    return run


def _looked_for(
    setting: Setting, resource: Resource, call: Made, door: Door, *, again: bool
) -> Generator[Any, Any, Mapping[str, Any] | None]:
    """The thing to look for, where not any will do: one that is made now; a text that it is found by in small letters, where a law says
    that case does not count."""
    folded = _folded(door, call)
    there: Mapping[str, Any] | None = None
    if again and (maker := next(iter(_makers(setting, resource)), None)) is not None and resource.made_by is not None:
        new: Seen = yield ordinary(maker, recipe_of(setting.model, maker.action), "valid", "to have the latest", fresh=True)
        there = next(iter(_bodies(resource.made_by, new)), None)
    elif folded:
        there = yield Live(resource.name, standard=True)
    return {**there, **{m: there[m].lower() for m in folded if isinstance(there.get(m), str)}} if there is not None else None


def watch(seen: Seen, memory: Memory) -> Iterator[Judgement]:
    """Note what each key makes; look for it in every list that the same key asks for."""
    door = seen.call.door
    if door is None:
        return
    made: dict[tuple[str, str], dict[str, float]] = memory.notes.setdefault((NAME, "made"), {})
    odd = seen.call.beside or not seen.fits or seen.call.intent not in TRUSTED
    unsure = seen.error or seen.status >= CRASHED or (seen.success and odd)
    if door.action.effect == "write" and unsure:
        made.clear()  # how things stand is not known
    if seen.success and door.action.effect == "write":
        _removed(seen, memory, made)  # also by an answer that another check finds fault with
    if seen.call.intent not in TRUSTED or not seen.call.role or seen.call.raw.headers or not seen.success or not seen.fits or seen.spoilt:
        return
    for resource in memory.model.resources.values():
        place = resource.place_in(door.params, seen.input)
        mine = made.setdefault((f"{resource.name} {place}", seen.call.role), {})
        if resource.made_by and resource.made_by.action is door.action and not resource.expires_by and len(mine) < MOST_MADE:
            mine.update({id_text(i): seen.sent_at for b in _bodies(resource.made_by, seen) if (i := resource.id_of(b)) is not None})
        calls = [(i, c) for i, c in enumerate(resource.listed_by) if c.action is door.action]
        if calls and door.on_rest and mine:
            yield from _all_there(seen, memory, resource, calls, mine, place)


def _removed(seen: Seen, memory: Memory, made: dict[tuple[str, str], dict[str, float]]) -> None:
    """Forget what a call has removed, whoever made it."""
    door = seen.call.door
    for resource in memory.model.resources.values() if door is not None else ():
        if door is None or resource.undone_by is None or resource.undone_by.action is not door.action or resource.state:
            continue
        key = f"{resource.name} {resource.place_in(door.params, seen.input)}"
        for id in [str(seen.input.get(str(p.name))) for p in door.params if p.refers_to == resource.name]:
            for (name, _), mine in made.items():
                if name == key:
                    mine.pop(id, None)


def _all_there(
    seen: Seen, memory: Memory, resource: Resource, calls: list[tuple[int, Made]], mine: Mapping[str, float], place: str
) -> Iterator[Judgement]:
    """Broken, where the list leaves out what its laws let in."""
    index, call = min(calls, key=lambda c: len(c[1].input.keys() ^ seen.call.input.keys()))
    path = _LIST.fullmatch(call.at.text if call.at else "")
    since = seen.sent_at - min((rule.after_s for rule in (memory.model.retention or {}).values()), default=DAY_S)
    bodies = [memory.before((resource.name, f"{place}{id}"), seen.number) for id, at in mine.items() if at > since]
    door = seen.call.door
    lost = left_out(memory.setting, seen, path.group(1), resource, [b for b in bodies if b]) if path else None
    if lost is not None and door is not None:
        given = ", ".join(sorted(seen.call.input)) or "nothing"
        contract = f"{NAME}/listed/{_list_detail(resource, index)}/{door.place}"
        yield broken(
            contract,
            f"each {resource.name} of ours that {given} asks for",
            f"one of ours is not in the list, made {_ago(seen, mine[id_text(resource.id_of(lost))])}",
        )


def _ago(seen: Seen, at: float) -> str:
    return f"{max(0.0, seen.sent_at - at):.0f} s before"
