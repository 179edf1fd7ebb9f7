"""Two calls that differ in one argument: the wider answer keeps what the narrower had."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from pgagents.contract import Contract
from pgagents.expression import ExpressionError, Scope
from pgagents.model import Relation
from pgagents.verify.check import Conversation, Probe, broken, kept, promise, untested
from pgagents.verify.door import Door
from pgagents.verify.generate import ordinary
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


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """Two calls each; the wide one may be the same for all relations of a door."""
    del roles
    for door in setting.doors:
        relations = door.action.relations
        covers = tuple(f"{NAME}/{r.name}/{door.place}" for r in relations)
        if relations:
            run = _run(setting, door, relations, covers)
            yield Probe(covers[0], 4, covers, 1 + len(covers), run, (door,), "main", door.action.effect == "write")


def _pairs(setting: Setting, door: Door, relation: Relation) -> tuple[list[dict[str, Any]], Any]:
    """Narrow calls to try in turn, and the wide value: as the example has it, then with what other relations widen at its greatest."""
    recipe = recipe_of(setting.model, door.action)
    schemas = setting.model.schemas
    param = door.action.param(relation.widen)
    assert param is not None
    most, given = high(param.schema, schemas), recipe.input.get(relation.widen)
    values = [low(param.schema, schemas)]
    if isinstance(given, int | float):
        whole = "integer" in types_of(setting.named(param.schema))
        values = [values[0] if whole else max(values[0], round(given / 4, 3)), given]
    base = dict(recipe.input)
    wide = dict(base)
    for other in door.action.relations:
        if (also := door.action.param(other.widen)) is not None and other.widen != relation.widen:
            wide[other.widen] = high(also.schema, schemas)
    return [{**others, relation.widen: value} for others in (base, wide) for value in values], most


def _run(setting: Setting, door: Door, relations: tuple[Relation, ...], covers: tuple[str, ...]) -> Callable[[], Conversation]:
    def run() -> Conversation:
        for relation, contract in zip(relations, covers, strict=True):
            yield from _one(setting, door, relation, contract)

    return run


def _one(setting: Setting, door: Door, relation: Relation, contract: str) -> Conversation:
    narrow, most = _pairs(setting, door, relation)
    recipe = recipe_of(setting.model, door.action)
    reason = "no narrow call answered anything"
    for given in narrow:
        small: Seen = yield ordinary(door, recipe, "valid", f"{relation.widen} {given[relation.widen]}", input=given)
        had = _items(setting, relation, small)
        if not had:
            continue
        if _excused(setting, relation, small):
            reason = "the narrow call's answer was full"
            continue
        wide = {**given, relation.widen: most}
        large: Seen = yield ordinary(door, recipe, "valid", f"{relation.widen} {most}", input=wide, reuse="unchanged")
        has = _items(setting, relation, large)
        if has is None:
            reason = "the wide call was not answered as promised"
            continue
        lost = [i for i in had if i not in has]
        if lost:
            yield broken(contract, f"all of {had[:5]} with {relation.widen} {most} too", f"lost: {lost[:5]}")
        else:
            yield kept(contract)
        return
    yield untested(contract, reason)


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
    scope = _scope(setting, seen)
    if scope is None:
        return None
    try:
        items = scope.evaluate(relation.keeps)
    except ExpressionError:
        return None
    return [i.get(relation.by) for i in items if isinstance(i, dict)] if isinstance(items, list) else None


def _excused(setting: Setting, relation: Relation, seen: Seen) -> bool:
    scope = _scope(setting, seen)
    if relation.unless is None or scope is None:
        return False
    try:
        return scope.holds(relation.unless)
    except ExpressionError:
        return True
