"""Two calls that differ in one argument: the wider answer keeps what the narrower had, and a page is as long as the wider one allows."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterator
from itertools import pairwise
from typing import Any

from pgagents.model.action import Relation
from pgagents.model.contract import Contract, Verdict
from pgagents.verify.cases.boundary import fills_a_page
from pgagents.verify.cases.invalid import answer_that_will_do, ordinary
from pgagents.verify.check.check import Conversation, Judgement, Probe, broken, kept, promise, untested
from pgagents.verify.check.memory import Memory, Setting
from pgagents.verify.fixtures.request_template import recipe_of
from pgagents.verify.laws.relations import excused, fitting, ids_of, things_of
from pgagents.verify.plan.exclusive import others_too
from pgagents.verify.values.schema_values import high, low, types_of
from pgagents.verify.wire.call import Call, Reuse
from pgagents.verify.wire.endpoint import Door
from pgagents.verify.wire.exchange import Seen

RANK = 9
NAME = "relation"
REMEMBERS = True
ALONE = True
CALLS = True
TRUSTED = ("valid", "explore")
ENOUGH = 2
MOST_KNOWN = 100
NEEDS_ALONE = others_too("tells")
_SORTED = re.compile(r'sorted(_down)?_by\(([\w.]+),\s*"(\w+)"\)')


def promises(setting: Setting) -> Iterator[Contract]:
    """One for each relation of each door."""
    for door in setting.doors:
        for relation in door.action.relations:
            says = f"{door.action.name} with a greater {relation.widen} keeps what it answered before"
            yield promise(NAME, relation.name, door, says, relation.origin, relation.cite or door.action.cite)
            if relation.fits is not None and not fills_a_page(setting, door, relation):
                says = f"{door.action.name} leaves out nothing that fits a smaller {relation.widen}"
                yield promise(NAME, f"{relation.name}/fits", door, says, relation.origin, relation.cite or door.action.cite)
            if fills_a_page(setting, door, relation):
                says = f"{door.action.name} answers as many as {relation.widen} allows, where there are more"
                yield promise(NAME, f"{relation.name}/filled", door, says, relation.origin, relation.cite or door.action.cite)
                if _order(door, relation) is not None:
                    says = f"{door.action.name} answers the first ones, and not any {relation.widen} of them put in order"
                    yield promise(NAME, f"{relation.name}/first", door, says, relation.origin, relation.cite or door.action.cite)
                for flag in _flags(setting, door):
                    says = f"{door.action.name} with {flag} leaves in each thing that has it"
                    yield promise(NAME, f"{relation.name}/leaves_in", door, says, relation.origin, relation.cite or door.action.cite)


def settled(setting: Setting, contract: Contract) -> tuple[Verdict, str] | None:
    """Which are the first is only known where nobody else changes them between two calls."""
    alone = setting.exclusive or "/first/" not in contract.id
    return None if alone else (Verdict.NOT_SELECTED, NEEDS_ALONE)


def _order(door: Door, relation: Relation) -> tuple[str, bool] | None:
    """The member that a law says the relation's list is sorted by, and whether downwards."""
    laws = (_SORTED.fullmatch(law.that.text.strip()) for law in door.action.laws if law.when is None)
    found = (law for law in laws if law is not None and law[2] == relation.keeps.text.strip())
    return next(((law[3], law[1] is not None) for law in found), None)


def _kinds(setting: Setting, door: Door, relation: Relation) -> list[str]:
    """What two answers are judged for besides that the wider one keeps all."""
    if not fills_a_page(setting, door, relation):
        return ["fits"] if relation.fits is not None else []
    return ["filled", *(["leaves_in"] if _flags(setting, door) else []), *(["first"] if _order(door, relation) is not None else [])]


def _flags(setting: Setting, door: Door) -> tuple[str, ...]:
    """Optional arguments that are true or false, as is a member of that name in the things of the answer's one list."""
    members = [setting.named(m) for m in setting.named(door.action.success.schema or {}).get("properties", {}).values()]
    items = [setting.named(m.get("items", {})).get("properties", {}) for m in members if "array" in types_of(m)]
    found = [p for p in door.params if not p.required and types_of(setting.named(p.schema)) == ("boolean",)]
    return tuple(str(p.name) for p in found if len(items) == 1 and str(p.name) in items[0])


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """Two calls each; the wide one may be the same for all relations of a door."""
    del roles
    for door in setting.doors:
        relations = door.action.relations
        covers = tuple(f"{NAME}/{r.name}/{door.place}" for r in relations)
        pages = tuple(f"{NAME}/{r.name}/{kind}/{door.place}" for r in relations for kind in _kinds(setting, door, r))
        if relations:
            run = _run(setting, door, relations, covers)
            yield Probe(covers[0], 4, (*covers, *pages), 1 + len(covers), run, (door,), "main", door.action.effect == "write")


def _bases(setting: Setting, door: Door, relation: Relation) -> list[dict[str, Any]]:
    """The other arguments: first with what other relations widen at its greatest, then as the example has it."""
    base = dict(recipe_of(setting.model, door.action).input)
    wide = dict(base)
    for other in door.action.relations:
        if (also := door.action.param(other.widen)) is not None and other.widen != relation.widen:
            wide[other.widen] = high(also.schema, setting.model.schemas)
    return [wide, base]


def _bounds(setting: Setting, door: Door, relation: Relation) -> tuple[Any, Any]:
    """The least and the greatest value of the argument."""
    param = door.action.param(relation.widen)
    assert param is not None
    return low(param.schema, setting.model.schemas), high(param.schema, setting.model.schemas)


def _narrow(setting: Setting, door: Door, relation: Relation) -> list[dict[str, Any]]:
    """Narrow calls to try in turn: the argument is first left out, if it has a default."""
    recipe, schemas = recipe_of(setting.model, door.action), setting.model.schemas
    param = door.action.param(relation.widen)
    assert param is not None
    schema = setting.named(param.schema)
    least, given = low(schema, schemas), recipe.input.get(relation.widen)
    values: list[Any] = [least]
    if isinstance(given, int | float):
        whole = "integer" in types_of(schema)
        values = [values[0] if whole else max(values[0], round(given / 4, 3)), given]
    usual = schema.get("default")
    if isinstance(usual, int | float) and not isinstance(usual, bool) and usual < high(schema, schemas) and usual != least:
        values = [None, *values] if "number" in types_of(schema) else values
    return [_with(door, others, relation.widen, value) for others in _bases(setting, door, relation) for value in values]


def _with(door: Door, given: dict[str, Any], name: str, value: Any) -> dict[str, Any]:
    """The arguments with another value (None: without it), in the catalogue's order, so that equal calls are equal requests."""
    found = {**given, name: value}
    declared = [str(p.name) for p in door.params]
    return {k: found[k] for k in sorted(found, key=declared.index) if k != name or value is not None}


def _run(setting: Setting, door: Door, relations: tuple[Relation, ...], covers: tuple[str, ...]) -> Callable[[], Conversation]:
    def run() -> Conversation:
        for relation, contract in zip(relations, covers, strict=True):
            yield from _one(setting, door, relation, contract)

    return run


def _one(setting: Setting, door: Door, relation: Relation, contract: str) -> Conversation:
    if fills_a_page(setting, door, relation):
        yield from _page(setting, door, relation, contract)
        return
    _, most = _bounds(setting, door, relation)
    recipe, again = recipe_of(setting.model, door.action), answer_that_will_do(setting, door)
    reason = "no narrow call answered anything"
    for given in _narrow(setting, door, relation):
        asked = f"{relation.widen} {given.get(relation.widen, 'left out')}"
        small: Seen = yield ordinary(door, recipe, "valid", asked, input=given, reuse=again)
        had = ids_of(setting, relation, small)
        if not had:
            continue
        if excused(setting, relation, small):
            reason = "the narrow call's answer was full"
            continue
        wide = _with(door, given, relation.widen, most)
        large: Seen = yield ordinary(door, recipe, "valid", f"{relation.widen} {most}", input=wide, reuse=again)
        has = ids_of(setting, relation, large)
        if has is None:
            reason = "the wide call was not answered as promised"
            continue
        yield from _keeps(setting, door, relation, contract, given, had, has)
        yield from _fits(setting, door, relation, small, large)
        return
    for id in (contract, *(f"{NAME}/{relation.name}/{kind}/{door.place}" for kind in _kinds(setting, door, relation))):
        yield untested(id, reason)


def watch(seen: Seen, memory: Memory) -> Iterator[Judgement]:
    """Whether an answer, which has room, leaves out what another to a wider call has told and the catalogue says fits it."""
    door, setting = seen.call.door, memory.setting
    if door is None or not setting.exclusive or not seen.call.role or seen.call.raw.headers:
        return  # who called is not known, and a key may leave things out
    if seen.call.intent not in TRUSTED or not seen.success or not seen.fits or seen.spoilt:
        return
    for relation in door.action.relations:
        if relation.fits is None or fills_a_page(setting, door, relation) or door not in setting.doors:
            continue
        widened = {r.widen for r in door.action.relations}
        alike = repr(sorted((n, v) for n, v in seen.input.items() if n not in widened))
        known = memory.notes.setdefault((NAME, relation.name, str(door.action.name), seen.call.role, alike), {})
        lost = fitting(setting, relation, seen, known.values())
        contract = f"{NAME}/{relation.name}/fits/{door.place}"
        if lost is not None:
            yield broken(contract, f"{relation.by} {lost.get(relation.by)}, which fits", "it is in a wider answer alone")
        elif known:
            yield kept(contract)
        known.update({str(thing.get(relation.by)): thing for thing in (things_of(setting, relation, seen) or ())[:MOST_KNOWN]})


def _fits(setting: Setting, door: Door, relation: Relation, small: Seen, large: Seen) -> Conversation:
    """Whether the narrow answer, which has room, leaves out something of the wide one that the catalogue says fits it."""
    if relation.fits is None:
        return
    contract, recipe = f"{NAME}/{relation.name}/fits/{door.place}", recipe_of(setting.model, door.action)
    lost = fitting(setting, relation, small, things_of(setting, relation, large) or ())
    if lost is not None and not setting.exclusive:  # both once more, in case others changed it in between
        large = yield ordinary(door, recipe, "valid", f"{relation.widen} once more", input=large.call.input)
        small = yield ordinary(door, recipe, "valid", f"a smaller {relation.widen} once more", input=small.call.input)
        lost = fitting(setting, relation, small, things_of(setting, relation, large) or ())
    if lost is None:
        yield kept(contract)
    else:
        yield broken(contract, f"{relation.by} {lost.get(relation.by)}, which fits", "it is in the wider answer alone")


def _page(setting: Setting, door: Door, relation: Relation, contract: str) -> Conversation:
    """The longest page, and a shorter one than what that holds, the usual one or half of it: so there is more than it may tell."""
    least, most = _bounds(setting, door, relation)
    recipe, again = recipe_of(setting.model, door.action), answer_that_will_do(setting, door)
    reason, bases = "no call answered anything", _bases(setting, door, relation)
    for number, base in enumerate([*bases, *bases]):  # at first only where there are several things
        wide = _with(door, base, relation.widen, most)
        large: Seen = yield ordinary(door, recipe, "valid", f"{relation.widen} {most}", input=wide, reuse=again)
        has = ids_of(setting, relation, large)
        if not has or (len(has) < ENOUGH and number < len(bases)):
            continue
        param = door.action.param(relation.widen)
        usual = setting.named(param.schema).get("default") if param is not None else None
        fewer = usual if isinstance(usual, int) and least <= usual < len(has) else max(least, len(has) // 2)
        given = _with(door, base, relation.widen, fewer)
        small: Seen = yield ordinary(door, recipe, "valid", f"{relation.widen} {given[relation.widen]}", input=given, reuse=again)
        had = ids_of(setting, relation, small)
        if had is None:
            reason = "the narrow call was not answered as promised"
            continue
        yield from _keeps(setting, door, relation, contract, given, had, has)
        yield from _filled(setting, door, relation, given, had, has)
        yield from _left_in(setting, door, relation, given, large)
        yield from _first(setting, door, relation, small, large)
        return
    for id in (contract, *(f"{NAME}/{relation.name}/{kind}/{door.place}" for kind in _kinds(setting, door, relation))):
        yield untested(id, reason)


def _keeps(
    setting: Setting, door: Door, relation: Relation, contract: str, given: dict[str, Any], had: list[Any], has: list[Any]
) -> Conversation:
    """Whether the wide answer has all that the narrow one had."""
    _, most = _bounds(setting, door, relation)
    lost = [i for i in had if i not in has]
    if lost and (not setting.exclusive or answer_that_will_do(setting, door) == "ever"):
        lost = yield from _still(setting, door, relation, given, most, had)
    if lost:
        yield broken(contract, f"all of {had[:5]} with {relation.widen} {most} too", f"lost: {lost[:5]}")
    else:
        yield kept(contract)


def _first(setting: Setting, door: Door, relation: Relation, small: Seen, large: Seen) -> Iterator[Judgement]:
    """Whether the narrow answer begins as the wide one does; what is equal in the member that they are sorted by may change places."""
    order, had, has = _order(door, relation), things_of(setting, relation, small), things_of(setting, relation, large)
    if order is None or had is None or has is None:
        return
    member, down = order
    contract = f"{NAME}/{relation.name}/first/{door.place}"
    if not (_in_order(had, member, down) and _in_order(has, member, down)):
        yield untested(contract, f"the answer is not sorted by {member}")
        return
    ids, wanted = [i.get(relation.by) for i in had], has[: len(had)]
    left_out = [i for i in wanted if i.get(relation.by) not in ids]
    in_place = [i.get(member) for i in has[len(had) :] if i.get(relation.by) in ids]
    wrong = next((i for i in left_out if any(other != i.get(member) for other in in_place)), None)
    if wrong is None:
        yield kept(contract)
    else:
        told = f"{relation.by} {wrong.get(relation.by)} among the first {len(had)}: its {member} is {wrong.get(member)}"
        yield broken(contract, told, f"others, up to {had[-1].get(member)}")


def _left_in(setting: Setting, door: Door, relation: Relation, given: dict[str, Any], whole: Seen) -> Conversation:
    """Whether what has the flags in the answer without them is in the answer with them, if that has room for more."""
    flags = _flags(setting, door)
    if not flags:
        return
    contract, recipe = f"{NAME}/{relation.name}/leaves_in/{door.place}", recipe_of(setting.model, door.action)
    flagged, said = _with(door, {**given, **dict.fromkeys(flags, True)}, flags[0], True), " and ".join(flags)
    has: list[Any] = []
    lost: list[Any] = []
    reuses: tuple[Reuse, ...] = (answer_that_will_do(setting, door), "")
    for again in reuses:
        if again == "":  # once more, in case others changed it in between
            whole = yield ordinary(door, recipe, "valid", f"without {said}", input=whole.call.input, reuse=again)
        narrow: Seen = yield ordinary(door, recipe, "valid", f"with {said}", input=flagged, reuse=again)
        has = ids_of(setting, relation, narrow) or []
        every = [i for i in things_of(setting, relation, whole) or () if all(i.get(flag) is True for flag in flags)]
        lost = [i.get(relation.by) for i in every if i.get(relation.by) not in has] if len(has) < given[relation.widen] else []
        if not lost:
            yield kept(contract)
            return
    yield broken(contract, f"{relation.by} {lost[0]}, which has {said}", f"{len(has)} things without it")


def _in_order(things: list[dict[str, Any]], member: str, down: bool) -> bool:
    """Whether things are sorted as the law says; a law's own check tells where they are not."""
    values: list[Any] = [thing.get(member) for thing in things]
    try:
        return all(a >= b if down else a <= b for a, b in pairwise(values))
    except TypeError:
        return False


def _filled(setting: Setting, door: Door, relation: Relation, given: dict[str, Any], had: list[Any], has: list[Any]) -> Conversation:
    """Whether the narrow answer has as many as it may, of those that the wide one has."""
    contract, most = f"{NAME}/{relation.name}/filled/{door.place}", given[relation.widen]
    wanted = min(int(most), len(has))
    if len(had) < wanted:
        small: Seen = yield ordinary(door, recipe_of(setting.model, door.action), "valid", "once more, as others use it too", input=given)
        had = ids_of(setting, relation, small) or had
    if len(had) < wanted:
        yield broken(contract, f"{wanted} with {relation.widen} {most}, as there are {len(has)}", f"{len(had)}")
    else:
        yield kept(contract)


def _still(
    setting: Setting, door: Door, relation: Relation, given: dict[str, Any], most: Any, had: list[Any]
) -> Generator[Call, Seen, list[Any]]:
    """What the wide call loses of items that the narrow one has before and after it: others may add and take away in between."""
    recipe = recipe_of(setting.model, door.action)
    again = f"{relation.widen} {most}, as others use the server too"
    large = yield ordinary(door, recipe, "valid", again, input=_with(door, given, relation.widen, most))
    small = yield ordinary(door, recipe, "valid", f"{relation.widen} {given.get(relation.widen, 'left out')} once more", input=given)
    has, had_later = ids_of(setting, relation, large), ids_of(setting, relation, small)
    return [] if has is None or had_later is None else [i for i in had if i in had_later and i not in has]
