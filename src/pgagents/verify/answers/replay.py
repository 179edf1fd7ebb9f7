"""What a call that was repeated with its idempotency key is answered: refused, or the first answer again."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from typing import Any

from pgagents.verify.check.check import CONFLICT, Judgement, broken, kept, untested
from pgagents.verify.check.memory import Setting
from pgagents.verify.fixtures.instance import at_path
from pgagents.verify.fixtures.request_template import recipe_of
from pgagents.verify.wire.call import Call
from pgagents.verify.wire.endpoint import REST, Door
from pgagents.verify.wire.exchange import Seen


def void(seen: Seen) -> bool:
    """Whether an answer says nothing here: none came, or another check found fault with it."""
    return seen.void or seen.unsound


def refused(door: Door, seen: Seen) -> bool:
    """Whether it is the refusal of a used key."""
    conflicts = [c.name for c in door.action.errors if c.status == CONFLICT]
    return seen.code in conflicts if seen.code else seen.status == CONFLICT


def outlived(setting: Setting, used_at: float, seen: Seen) -> str:
    """Why a call says nothing of a key that was used at `used_at` (epoch seconds): it may be forgotten by then. Empty where it is not."""
    told = setting.model.idempotency
    passed = seen.sent_at - used_at
    if told is None or not told.lives_s or passed < told.lives_s:
        return ""
    return f"the key was used {passed:,.0f} s before, and is remembered for {told.lives_s:,} s only"


def replayed(setting: Setting, door: Door, contract: str, first: Seen, second: Seen) -> Iterator[Judgement]:
    """Whether a repeated call had no second effect, by the catalogue's `points.replay`."""
    if void(second):
        return
    if late := outlived(setting, first.sent_at, second):
        yield untested(contract, late)
        return
    point = setting.model.points.replay
    conflict = refused(door, second)
    same = second.success and same_thing(setting, door, first, second)
    if conflict if point == "conflict" else same if point == "same" else conflict or same:
        yield kept(contract)
    else:
        expected = {"conflict": f"{CONFLICT}", "same": "the first answer again"}.get(point, "a conflict, or the first answer again")
        new = " with something new" if second.success and not same else ""
        yield broken(contract, expected, f"{second.outcome}{new}")


def ended(setting: Setting, door: Door, first: Seen) -> Generator[Any, Any, None]:
    """Where a key is refused for a time that the catalogue tells, what was made with it ends first: the key is used all the same, and
    what the thing took is free again, so that a refusal is for the key."""
    told, makes = setting.model.idempotency, recipe_of(setting.model, door.action).makes
    undo = makes.undone_by if makes is not None else None
    ending = setting.door(str(undo.action.name), REST) if undo is not None else None
    if told is None or not told.lives_s or setting.model.points.replay != "conflict" or not door.on_rest:
        return
    body = at_path(makes.made_by, first) if makes is not None and makes.made_by and makes.made_by.at else None
    if undo is not None and ending is not None and isinstance(body, Mapping):
        yield Call(ending, undo.input, "valid", "the end of what an idempotency key made", subject=makes, made=body)


def same_thing(setting: Setting, door: Door, first: Seen, second: Seen) -> bool:
    """Whether both answers hold the same thing, by the id of the resource that the action makes, else by all of it."""
    makes = recipe_of(setting.model, door.action).makes
    if makes is None or makes.made_by is None or makes.made_by.at is None:
        return bool(first.body == second.body)
    one, two = at_path(makes.made_by, first), at_path(makes.made_by, second)
    return makes.id_of(one) is not None and makes.id_of(one) == makes.id_of(two)
