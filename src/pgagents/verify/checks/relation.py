"""Two calls that differ in one argument: the wider answer keeps what the narrower had, and a page is as long as the wider one allows."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from typing import Any

from pgagents.contract import Contract
from pgagents.expression import ExpressionError, Scope
from pgagents.model import Relation
from pgagents.verify.call import Call, Reuse
from pgagents.verify.check import Conversation, Probe, broken, kept, promise, untested
from pgagents.verify.door import Door
from pgagents.verify.edges import fills_a_page
from pgagents.verify.generate import answer_that_will_do, ordinary
from pgagents.verify.memory import Setting
from pgagents.verify.recipe import recipe_of
from pgagents.verify.seen import Seen
from pgagents.verify.values import high, low, types_of

NAME = "relation"


def promises(setting: Setting) -> Iterator[Contract]:
    """One for each relation of each door."""
    for door in setting.doors:
        for relation in door.action.relations:
            says = f"{door.action.name} with a greater {relation.widen} keeps what it answered before"
            yield promise(NAME, relation.name, door, says, relation.origin, relation.cite or door.action.cite)
            if fills_a_page(setting, door, relation):
                says = f"{door.action.name} answers as many as {relation.widen} allows, where there are more"
                yield promise(NAME, f"{relation.name}/filled", door, says, relation.origin, relation.cite or door.action.cite)
                for flag in _flags(setting, door):
                    says = f"{door.action.name} with {flag} leaves in each thing that has it"
                    yield promise(NAME, f"{relation.name}/leaves_in", door, says, relation.origin, relation.cite or door.action.cite)


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
        pages = [r for r in relations if fills_a_page(setting, door, r)]
        kinds = ("filled", "leaves_in") if _flags(setting, door) else ("filled",)
        filled = tuple(f"{NAME}/{r.name}/{kind}/{door.place}" for r in pages for kind in kinds)
        if relations:
            run = _run(setting, door, relations, covers)
            yield Probe(covers[0], 4, (*covers, *filled), 1 + len(covers), run, (door,), "main", door.action.effect == "write")


def _narrow(setting: Setting, door: Door, relation: Relation) -> tuple[list[dict[str, Any]], Any]:
    """Narrow calls to try in turn, and the wide value.

    First what other relations widen is at its greatest, then as the example has it. Of a page the first is short of things that a
    flag leaves in; elsewhere the argument is first left out, if it has a default.
    """
    recipe, schemas = recipe_of(setting.model, door.action), setting.model.schemas
    param = door.action.param(relation.widen)
    assert param is not None
    schema, base, page = setting.named(param.schema), dict(recipe.input), fills_a_page(setting, door, relation)
    least, given = low(schema, schemas), recipe.input.get(relation.widen)
    values: list[Any] = [least]
    if isinstance(given, int | float):
        whole = "integer" in types_of(schema)
        values = [values[0] if whole else max(values[0], round(given / 4, 3)), given]
    usual = schema.get("default")
    if isinstance(usual, int | float) and not isinstance(usual, bool) and usual < high(schema, schemas) and (page or usual != least):
        values = [usual, *values] if page else [None, *values] if "number" in types_of(schema) else values
    wide = dict(base)
    for other in door.action.relations:
        if (also := door.action.param(other.widen)) is not None and other.widen != relation.widen:
            wide[other.widen] = high(also.schema, schemas)
    flags = dict.fromkeys(_flags(setting, door), True) if page else {}
    bases = [{**wide, **flags}, wide, base] if flags else [wide, base]
    return [_with(others, relation.widen, value) for others in bases for value in values], high(schema, schemas)


def _with(given: dict[str, Any], name: str, value: Any) -> dict[str, Any]:
    """The arguments with another value (None: without it), always in one order, so that equal calls are equal requests."""
    found = {**given, name: value}
    return {k: found[k] for k in sorted(found) if k != name or value is not None}


def _run(setting: Setting, door: Door, relations: tuple[Relation, ...], covers: tuple[str, ...]) -> Callable[[], Conversation]:
    def run() -> Conversation:
        for relation, contract in zip(relations, covers, strict=True):
            yield from _one(setting, door, relation, contract)

    return run


def _one(setting: Setting, door: Door, relation: Relation, contract: str) -> Conversation:
    narrow, most = _narrow(setting, door, relation)
    recipe, again = recipe_of(setting.model, door.action), answer_that_will_do(setting, door)
    reason = "no narrow call answered anything"
    for given in narrow:
        asked = f"{relation.widen} {given.get(relation.widen, 'left out')}"
        small: Seen = yield ordinary(door, recipe, "valid", asked, input=given, reuse=again)
        had = _items(setting, relation, small)
        if not had:
            continue
        if _excused(setting, relation, small):
            reason = "the narrow call's answer was full"
            continue
        wide = _with(given, relation.widen, most)
        large: Seen = yield ordinary(door, recipe, "valid", f"{relation.widen} {most}", input=wide, reuse=again)
        has = _items(setting, relation, large)
        if has is None:
            reason = "the wide call was not answered as promised"
            continue
        lost = [i for i in had if i not in has]
        if lost and (not setting.exclusive or again == "ever"):
            lost = yield from _still(setting, door, relation, given, most, had)
        if lost:
            yield broken(contract, f"all of {had[:5]} with {relation.widen} {most} too", f"lost: {lost[:5]}")
        else:
            yield kept(contract)
        if fills_a_page(setting, door, relation):
            yield from _filled(setting, door, relation, given, had, has)
            yield from _left_in(setting, door, relation, wide, has)
        return
    yield untested(contract, reason)
    if fills_a_page(setting, door, relation):
        yield untested(f"{NAME}/{relation.name}/filled/{door.place}", reason)


def _left_in(setting: Setting, door: Door, relation: Relation, wide: dict[str, Any], has: list[Any]) -> Conversation:
    """Whether what has the flags in the answer without them is in the answer with them, if that has room for more."""
    flags = [name for name in _flags(setting, door) if wide.get(name) is True]
    if not flags:
        return
    contract, recipe = f"{NAME}/{relation.name}/leaves_in/{door.place}", recipe_of(setting.model, door.action)
    without = {name: value for name, value in wide.items() if name not in flags}
    lost: list[Any] = []
    reuses: tuple[Reuse, ...] = (answer_that_will_do(setting, door), "")
    for again in reuses:
        whole: Seen = yield ordinary(door, recipe, "valid", f"without {' and '.join(flags)}", input=without, reuse=again)
        if again == "":
            narrow: Seen = yield ordinary(door, recipe, "valid", f"with {' and '.join(flags)}", input=wide)
            has = _items(setting, relation, narrow) or []
        every = [i for i in _things(setting, relation, whole) or () if all(i.get(flag) is True for flag in flags)]
        lost = [i.get(relation.by) for i in every if i.get(relation.by) not in has] if len(has) < wide[relation.widen] else []
        if not lost:
            yield kept(contract)
            return
    yield broken(contract, f"{relation.by} {lost[0]}, which has {' and '.join(flags)}", f"{len(has)} things without it")


def _filled(setting: Setting, door: Door, relation: Relation, given: dict[str, Any], had: list[Any], has: list[Any]) -> Conversation:
    """Whether the narrow answer has as many as it may, of those that the wide one has."""
    contract, most = f"{NAME}/{relation.name}/filled/{door.place}", given[relation.widen]
    wanted = min(int(most), len(has))
    if len(had) < wanted:
        small: Seen = yield ordinary(door, recipe_of(setting.model, door.action), "valid", "once more, as others use it too", input=given)
        had = _items(setting, relation, small) or had
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
    large = yield ordinary(door, recipe, "valid", again, input=_with(given, relation.widen, most))
    small = yield ordinary(door, recipe, "valid", f"{relation.widen} {given.get(relation.widen, 'left out')} once more", input=given)
    has, had_later = _items(setting, relation, large), _items(setting, relation, small)
    return [] if has is None or had_later is None else [i for i in had if i in had_later and i not in has]


def _scope(setting: Setting, seen: Seen) -> Scope | None:
    if not seen.fits or not seen.success:
        return None
    values = {
        "input": seen.input, "response": seen.body, "status": seen.status, "surface": seen.call.surface, "now": seen.sent_at,
        "before": None, "env": setting.model.env,
    }  # fmt: skip
    return Scope(values)


def _items(setting: Setting, relation: Relation, seen: Seen) -> list[Any] | None:
    """What tells the answer's items apart; None where there is no list."""
    things = _things(setting, relation, seen)
    return None if things is None else [thing.get(relation.by) for thing in things]


def _things(setting: Setting, relation: Relation, seen: Seen) -> list[dict[str, Any]] | None:
    scope = _scope(setting, seen)
    if scope is None:
        return None
    try:
        items = scope.evaluate(relation.keeps)
    except ExpressionError:
        return None
    return [i for i in items if isinstance(i, dict)] if isinstance(items, list) else None


def _excused(setting: Setting, relation: Relation, seen: Seen) -> bool:
    scope = _scope(setting, seen)
    if relation.unless is None or scope is None:
        return False
    try:
        return scope.holds(relation.unless)
    except ExpressionError:
        return True
