"""An idempotency key has one effect: a repeated call makes nothing anew, not even at the same time; another call cannot use the key,
another project can."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pgagents.contract import Contract
from pgagents.verify.call import Fresh, Together
from pgagents.verify.check import Conversation, Judgement, Probe, broken, kept, promise, untested
from pgagents.verify.door import Door
from pgagents.verify.generate import around_names, edges, ordinary
from pgagents.verify.memory import Setting
from pgagents.verify.recipe import recipe_of
from pgagents.verify.seen import Seen, got
from pgagents.verify.values import high, low, types_of
from pgagents.verify.world import at_path

NAME = "idempotency"
CONFLICT = 409


def promises(setting: Setting) -> Iterator[Contract]:
    """Replay on each door with a key, another body where one can differ, another project where nothing of ours is needed."""
    for door in _doors(setting):
        origin = (*door.action.origin, "idempotency")
        yield promise(
            NAME, "replay", door, f"{door.action.name} repeated with its idempotency key has no second effect", origin, door.action.cite
        )
        says = f"{door.action.name} twice at the same time with one idempotency key has one effect"
        yield promise(NAME, "race", door, says, origin, door.action.cite)
        if _other(setting, door):
            yield promise(
                NAME, "mismatch", door, f"{door.action.name} refuses a used idempotency key with another body", origin, door.action.cite
            )
        if _alone(setting, door):
            says = f"an idempotency key of {door.action.name} belongs to one project"
            yield promise(NAME, "other_project", door, says, origin, door.action.cite)


def _doors(setting: Setting) -> Iterator[Door]:
    for door in setting.doors:
        if door.action.idempotency:
            yield door


def _alone(setting: Setting, door: Door) -> bool:
    recipe = recipe_of(setting.model, door.action)
    return recipe.makes is not None and recipe.subject is None and setting.model.auth.roles.get("second") is not None


def _other(setting: Setting, door: Door) -> str | None:
    """An argument whose value can differ without making the call wrong."""
    for param in door.params:
        schema = setting.named(param.schema)
        plain = {"number", "integer"} & set(types_of(schema)) and not param.refers_to
        if plain and str(param.name) not in around_names(setting):
            return str(param.name)
    return None


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """Two calls at once with one key, that call again, another with the key, and another project's."""
    for door in _doors(setting):
        place = door.place
        reuse = [f"{NAME}/replay/{place}", f"{NAME}/race/{place}", *([f"{NAME}/mismatch/{place}"] if _other(setting, door) else [])]
        shown = (f"accepts_valid/low/{place}", f"accepts_valid/values/{place}")
        other = f"{NAME}/other_project/{place}" if _alone(setting, door) else ""
        here = other if "second" in roles else ""
        covers = (*reuse, *([here] if here else []))
        run = _reuse(setting, door, tuple(reuse), here)
        yield Probe(reuse[0], 4, covers, len(covers) + 1, run, (door,), "main", True, shows=shown)
        if other and not here:
            yield Probe(other, 4, (other,), 5, run, (door,), "second", True)


def _inputs(setting: Setting, door: Door, edge: str) -> list[Mapping[str, Any]]:
    """Arguments at an edge, so that the call shows two things, and the ordinary ones in case the edge is refused."""
    plain = recipe_of(setting.model, door.action).input
    return [*(given for name, given, _ in edges(setting, door) if name == edge and given != plain), plain]


def _reuse(setting: Setting, door: Door, covers: tuple[str, ...], other_project: str) -> Callable[[], Conversation]:
    def run() -> Conversation:
        recipe = recipe_of(setting.model, door.action)
        name = str(door.action.idempotency)
        for given in _inputs(setting, door, "low"):
            key = Fresh(once=True)
            call = ordinary(door, recipe, "valid", "two calls at once with one idempotency key", input={**given, name: key}, fresh=True)
            pair: list[Seen] = yield Together((call, call))
            first = next((seen for seen in pair if seen.success), pair[0])
            if first.success or first.void:
                break
        if not first.success:
            for contract in (*covers, *([other_project] if other_project else [])):
                yield untested(contract, f"the first call was answered {first.outcome}")
            return
        yield from _raced(setting, door, covers[1], pair)
        again = {**first.input, name: key}
        second: Seen = yield ordinary(door, recipe, "replay", "the same call again", input=again, made=first.subject)
        yield from _replayed(setting, door, covers[0], first, second)
        if len(covers) > 2:
            other = _changed(setting, door, first)
            third: Seen = yield ordinary(
                door, recipe, "replay", "the same key with another body", input={**again, **other}, made=first.subject
            )
            yield from _mismatched(setting, door, covers[2], third)
        if other_project:
            yield from _elsewhere(setting, door, other_project, key)

    return run


def _raced(setting: Setting, door: Door, contract: str, pair: list[Seen]) -> Iterator[Judgement]:
    """Of calls at the same time one had its effect: the others were refused, or were answered with the same thing."""
    if any(_void(seen) for seen in pair):
        return
    accepted = [seen for seen in pair if seen.success]
    if all(_same_thing(setting, door, accepted[0], seen) for seen in accepted[1:]):
        yield kept(contract)
    else:
        yield broken(contract, "one effect of one idempotency key", f"{len(accepted)} effects of {len(pair)} calls at the same time")


def _changed(setting: Setting, door: Door, first: Seen) -> dict[str, object]:
    name = str(_other(setting, door))
    param = door.action.param(name)
    assert param is not None
    least, most = low(param.schema, setting.model.schemas), high(param.schema, setting.model.schemas)
    return {name: most if first.input.get(name) != most else least}


def _elsewhere(setting: Setting, door: Door, contract: str, key: Fresh) -> Conversation:
    recipe = recipe_of(setting.model, door.action)
    given = {**recipe.input, str(door.action.idempotency): key}
    why = "the same idempotency key in another project"
    seen: Seen = yield ordinary(door, recipe, "valid", why, input=given, role="second", owner="second", fresh=True)
    if _void(seen):
        return
    if seen.success:
        yield kept(contract)
    else:
        yield broken(contract, "another project's use of the same key is accepted", seen.outcome)


def _void(seen: Seen) -> bool:
    return seen.void or bool({"never_crashes", "documented_status"} & set(seen.spoilt))


def _refused(door: Door, seen: Seen) -> bool:
    conflicts = [c.name for c in door.action.errors if c.status == CONFLICT]
    return seen.code in conflicts if seen.code else seen.status == CONFLICT


def _mismatched(setting: Setting, door: Door, contract: str, third: Seen) -> Iterator[Judgement]:
    if _void(third):
        return
    if _refused(door, third) or (setting.model.points.replay == "any" and 400 <= third.status < 500):
        yield kept(contract)
    else:
        yield broken(contract, "another body with a used key is refused", third.outcome)


def _replayed(setting: Setting, door: Door, contract: str, first: Seen, second: Seen) -> Iterator[Judgement]:
    if _void(second):
        return
    point = setting.model.points.replay
    refused = _refused(door, second)
    same = second.success and _same_thing(setting, door, first, second)
    if refused if point == "conflict" else same if point == "same" else refused or same:
        yield kept(contract)
    else:
        expected = {"conflict": f"{CONFLICT}", "same": "the first answer again"}.get(point, "a conflict, or the first answer again")
        new = " with something new" if second.success and not same else ""
        yield broken(contract, expected, f"{second.outcome}{new}")


def _same_thing(setting: Setting, door: Door, first: Seen, second: Seen) -> bool:
    """Whether both answers hold the same thing, by the id of the resource that the action makes, else by all of it."""
    makes = recipe_of(setting.model, door.action).makes
    if makes is None or makes.made_by is None or makes.made_by.at is None:
        return bool(first.body == second.body)
    one, two = at_path(makes.made_by.at, first), at_path(makes.made_by.at, second)
    return got(one, makes.id) is not None and bool(got(one, makes.id) == got(two, makes.id))
