"""An idempotency key has one effect: a repeated call makes nothing anew, another call cannot use it, another project can."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from pgagents.contract import Contract
from pgagents.verify.call import Fresh
from pgagents.verify.check import Conversation, Judgement, Probe, broken, kept, promise, untested
from pgagents.verify.door import Door
from pgagents.verify.generate import around_names, ordinary
from pgagents.verify.memory import Setting
from pgagents.verify.recipe import recipe_of
from pgagents.verify.seen import Seen, got
from pgagents.verify.values import high, low, types_of

NAME = "idempotency"
CONFLICT = 409


def promises(setting: Setting) -> Iterator[Contract]:
    """Replay on each door with a key, another body where one can differ, another project where nothing of ours is needed."""
    for door in _doors(setting):
        origin = (*door.action.origin, "idempotency")
        yield promise(
            NAME, "replay", door, f"{door.action.name} repeated with its idempotency key has no second effect", origin, door.action.cite
        )
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
    """Three calls with one key, and one of another project."""
    del roles
    for door in _doors(setting):
        place = door.place
        reuse = [f"{NAME}/replay/{place}", *([f"{NAME}/mismatch/{place}"] if _other(setting, door) else [])]
        yield Probe(reuse[0], 4, tuple(reuse), 4, _reuse(setting, door, tuple(reuse)), (door,), "main", True)
        if _alone(setting, door):
            contract = f"{NAME}/other_project/{place}"
            yield Probe(contract, 4, (contract,), 3, _elsewhere(setting, door, contract), (door,), "second", True)


def _reuse(setting: Setting, door: Door, covers: tuple[str, ...]) -> Callable[[], Conversation]:
    def run() -> Conversation:
        recipe = recipe_of(setting.model, door.action)
        name = str(door.action.idempotency)
        key = Fresh(once=True)
        why = "a call with an idempotency key"
        first: Seen = yield ordinary(door, recipe, "valid", why, input={**recipe.input, name: key}, fresh=True)
        if not first.success:
            for contract in covers:
                yield untested(contract, f"the first call was answered {first.outcome}")
            return
        again = {**first.input, name: key}
        second: Seen = yield ordinary(door, recipe, "replay", "the same call again", input=again, made=first.subject)
        yield from _replayed(setting, door, covers[0], first, second)
        if len(covers) > 1:
            other = _changed(setting, door, first)
            third: Seen = yield ordinary(
                door, recipe, "replay", "the same key with another body", input={**again, **other}, made=first.subject
            )
            yield from _mismatched(setting, door, covers[1], third)

    return run


def _changed(setting: Setting, door: Door, first: Seen) -> dict[str, object]:
    name = str(_other(setting, door))
    param = door.action.param(name)
    assert param is not None
    least, most = low(param.schema, setting.model.schemas), high(param.schema, setting.model.schemas)
    return {name: most if first.input.get(name) != most else least}


def _elsewhere(setting: Setting, door: Door, contract: str) -> Callable[[], Conversation]:
    def run() -> Conversation:
        recipe = recipe_of(setting.model, door.action)
        given = {**recipe.input, str(door.action.idempotency): Fresh(once=True)}
        why = "an idempotency key"
        first: Seen = yield ordinary(door, recipe, "valid", why, input=given, fresh=True)
        if not first.success:
            yield untested(contract, f"the first call was answered {first.outcome}")
            return
        why = "the same idempotency key in another project"
        second: Seen = yield ordinary(door, recipe, "valid", why, input=given, role="second", owner="second", fresh=True)
        if _void(second):
            return
        if second.success:
            yield kept(contract)
        else:
            yield broken(contract, "another project's use of the same key is accepted", second.outcome)

    return run


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
    path = makes.made_by.at.text.removeprefix("response.")
    return bool(got(first.body, f"{path}.{makes.id}") == got(second.body, f"{path}.{makes.id}"))
