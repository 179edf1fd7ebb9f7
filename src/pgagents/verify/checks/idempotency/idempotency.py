"""An idempotency key has one effect: a repeated call makes nothing anew, not even at the same time; another call cannot use the key,
another project can, and so can another key of ours where keys are each API key's own.

Keys are told apart by every character: each probe's key differs from one that another call has used in as little as can be.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, field
from string import ascii_letters
from typing import Any

from pgagents.model.contract import Contract
from pgagents.model.model import Move
from pgagents.verify.answers.replay import ended, outlived, refused, replayed, same_thing, void
from pgagents.verify.cases.boundary import around_names, edges
from pgagents.verify.cases.invalid import ordinary
from pgagents.verify.check.check import Conversation, Judgement, Probe, broken, kept, promise, untested
from pgagents.verify.check.memory import Memory, Setting
from pgagents.verify.fixtures.instance import at_path
from pgagents.verify.fixtures.request_template import recipe_of
from pgagents.verify.values.schema_values import high, low, types_of
from pgagents.verify.wire.call import Call, Fresh, Recall, Together
from pgagents.verify.wire.endpoint import REST, Door
from pgagents.verify.wire.exchange import Seen

NAME = "idempotency"
CALLS = True
ALONE = True
USED = f"{NAME}/used"
"""The note of the last key that a call of ours has used up, whichever check made it, and when."""
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
        says = f"{door.action.name} takes an idempotency key that differs from a used one in its case or its last character for another"
        yield promise(NAME, "apart", door, says, origin, door.action.cite)
        if _alone(setting, door):
            says = f"an idempotency key of {door.action.name} belongs to one project"
            yield promise(NAME, "other_project", door, says, origin, door.action.cite)
        if _next_action(setting, door) is not None:
            says = f"an idempotency key that {door.action.name} has used is refused to another action"
            yield promise(NAME, "other_action", door, says, origin, door.action.cite)
        if _sibling(setting, door) is not None:
            says = f"an idempotency key of {door.action.name} belongs to one API key"
            yield promise(NAME, "other_key", door, says, ("idempotency", "of"), door.action.cite)


def _doors(setting: Setting) -> Iterator[Door]:
    for door in setting.doors:
        if door.action.idempotency:
            yield door


def _alone(setting: Setting, door: Door) -> bool:
    recipe = recipe_of(setting.model, door.action)
    return recipe.makes is not None and recipe.subject is None and setting.model.auth.roles.get("second") is not None


def _next_action(setting: Setting, door: Door) -> tuple[Door, Move] | None:
    """An action that takes a key, too, and moves what this one makes on, on REST."""
    makes = recipe_of(setting.model, door.action).makes
    for move in makes.moves if makes is not None and door.on_rest and _alone(setting, door) else ():
        other = setting.door(str(move.action.name), REST)
        if other is not None and move.action.idempotency and move.input and makes is not None and makes.initial in move.origin_states:
            return other, move
    return None


def _sibling(setting: Setting, door: Door) -> str | None:
    """A role with another API key of the main one's project, where keys are each API key's own."""
    told, roles = setting.model.idempotency, setting.model.auth.roles
    main = roles.get("main")
    if main is None or told is None or told.of != "key" or _next_action(setting, door) is None:
        return None
    alike = (r for r, role in roles.items() if r != "main" and role.plan == main.plan and not (role.revoked or role.operator or role.fleet))
    return next((r for r in alike if (roles[r].project, roles[r].mode) == (main.project, main.mode)), None)


def _other(setting: Setting, door: Door) -> str | None:
    """An argument whose value can differ without making the call wrong."""
    for param in door.params:
        schema = setting.named(param.schema)
        plain = {"number", "integer"} & set(types_of(schema)) and not param.refers_to
        if plain and str(param.name) not in around_names(setting):
            return str(param.name)
    return None


KINDS = ("case", "longer", "tail", "case", "tail")
"""How each key differs from the last one, in turn: `longer` makes one of the greatest length, so that `tail` shows keys that are cut."""
LONGEST = 64


@dataclass(slots=True)
class _Chain:
    """The keys that calls have used, the last one last, and in what the next one differs from that."""

    keys: list[str] = field(default_factory=list)
    kind: str = ""
    used_at: float = 0.0
    """When the last one was used, in epoch seconds by the server's time."""

    @property
    def says(self) -> str:
        """What is expected of the next key."""
        return f"a key that is nearly one that was used ({self.kind}) is another key"

    def following(self, setting: Setting, door: Door) -> str | None:
        """A key that is nearly the last one; None for the first, and where the key's schema allows none."""
        param = door.action.param(str(door.action.idempotency))
        if not self.keys or param is None:
            return None
        last = self.keys[-1]
        longest = min(int(setting.named(param.schema).get("maxLength", LONGEST)), 4 * LONGEST)
        tail = next((other for end in ascii_letters if (other := last[:-1] + end) not in self.keys), last)
        near = {"case": last.swapcase(), "longer": last.ljust(longest, "a"), "tail": tail}
        test = setting.test(("param", door.action.name, str(param.name)), param.schema)
        for index in range(len(KINDS)):
            self.kind = KINDS[(len(self.keys) + index) % len(KINDS)]
            if near[self.kind] not in self.keys and test.is_valid(near[self.kind]):
                return near[self.kind]
        return None

    def used(self, key: Any, at: float) -> None:
        """Remember a key, and when it was used."""
        self.keys.append(str(key))
        self.used_at = at


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """Two calls at once with one key, that call again, another with the key, another action's, another project's and API key's."""
    chain = _Chain()
    for door in _doors(setting):
        place = door.place
        reuse = [f"{NAME}/replay/{place}", f"{NAME}/race/{place}", *([f"{NAME}/mismatch/{place}"] if _other(setting, door) else [])]
        shown = (f"accepts_valid/low/{place}", f"accepts_valid/values/{place}")
        other = f"{NAME}/other_project/{place}" if _alone(setting, door) else ""
        here = other if "second" in roles else ""
        moves = f"{NAME}/other_action/{place}" if _next_action(setting, door) else ""
        sibling = f"{NAME}/other_key/{place}" if _sibling(setting, door) else ""
        also = sibling if _sibling(setting, door) in roles else ""
        covers = (*reuse, f"{NAME}/apart/{place}", *(id for id in (here, moves, also) if id))
        run = _reuse(setting, door, tuple(reuse), chain, here, moves, also)
        yield Probe(reuse[0], 4, covers, len(covers) + 1, run, (door,), "main", True, shows=shown)
        if other and not here:
            yield Probe(other, 4, (other,), 5, run, (door,), "second", True)
        if sibling and not also:
            yield Probe(sibling, 4, (sibling,), 5, run, (door,), str(_sibling(setting, door)), True)


def _inputs(setting: Setting, door: Door, edge: str) -> list[Mapping[str, Any]]:
    """Arguments at an edge, so that the call shows two things, and the ordinary ones in case the edge is refused."""
    plain = recipe_of(setting.model, door.action).input
    return [*(given for name, given, _ in edges(setting, door) if name == edge and given != plain), plain]


def _reuse(
    setting: Setting, door: Door, covers: tuple[str, ...], chain: _Chain, other_project: str, other_action: str, other_key: str
) -> Callable[[], Conversation]:
    apart = f"{NAME}/apart/{door.place}"
    recipe = recipe_of(setting.model, door.action)
    name = str(door.action.idempotency)

    def run() -> Conversation:
        if not chain.keys and (used := (yield Recall(USED))) is not None:
            chain.used(*used)
        near = chain.following(setting, door)
        pair, key = yield from _together(setting, door, near)
        first = next((seen for seen in pair if seen.success), pair[0])
        if key == near and all(refused(door, seen) for seen in pair):
            pair, key = yield from _together(setting, door, None)
            first = next((seen for seen in pair if seen.success), pair[0])
            if first.success:  # so the refusal may have been for the key: once more, with it alone
                yield from _nearly(setting, door, apart, chain)
        elif key == near and first.success and not outlived(setting, chain.used_at, first):
            yield kept(apart)
        else:
            near = None
        if not first.success:
            for contract in (*covers, *(id for id in (other_project, other_action, other_key) if id)):
                yield untested(contract, f"the first call was answered {first.outcome}")
            return
        yield from _raced(setting, door, covers[1], pair)
        if other_action:
            yield from _otherwise(setting, door, other_action, first)
        yield from ended(setting, door, first)
        again = {**first.input, name: first.input[name]}
        second: Seen = yield ordinary(door, recipe, "replay", "the same call again", input=again, made=first.subject)
        yield from replayed(setting, door, covers[0], first, second)
        if len(covers) > 2:
            other = _changed(setting, door, first)
            third: Seen = yield ordinary(
                door, recipe, "replay", "the same key with another body", input={**again, **other}, made=first.subject
            )
            yield from _mismatched(setting, door, covers[2], first, third)
        chain.used(first.input[name], first.sent_at)
        if other_project:
            yield from _elsewhere(setting, door, other_project, first, key, "second", "another project")
        if other_key:
            yield from _elsewhere(setting, door, other_key, first, key, str(_sibling(setting, door)), "another API key")
        if near is None:
            yield from _nearly(setting, door, apart, chain)

    return run


def _together(setting: Setting, door: Door, near: str | None) -> Generator[Any, Any, tuple[list[Seen], Any]]:
    """Two calls at once with one key: `near`, or a new one; at an edge where that is taken. Gives the key, too.

    After a refusal that is not about the key, a new one is taken: who refuses may have used up the first.
    """
    recipe = recipe_of(setting.model, door.action)
    pair: list[Seen] = []
    key: Any = near
    for given in _inputs(setting, door, "low"):
        if near is None or not all(refused(door, seen) for seen in pair):
            key = Fresh(once=True)
        given = {**given, str(door.action.idempotency): key}
        call = ordinary(door, recipe, "valid", "two calls at once with one idempotency key", input=given, fresh=True)
        pair = yield Together((call, call))
        if pair[0].void or any(seen.success for seen in pair):
            break
    return pair, key


def _nearly(setting: Setting, door: Door, contract: str, chain: _Chain) -> Conversation:
    """Where no key was used before: one that is nearly this one."""
    near = chain.following(setting, door)
    if near is None:
        yield untested(contract, "the schema allows no key that is nearly another")
        return
    recipe = recipe_of(setting.model, door.action)
    given = {**recipe.input, str(door.action.idempotency): near}
    seen: Seen = yield ordinary(door, recipe, "valid", "a key that is nearly one that was used", input=given, fresh=True)
    if void(seen):
        return
    if seen.success:
        late = outlived(setting, chain.used_at, seen)
        chain.used(near, seen.sent_at)
        yield untested(contract, late) if late else kept(contract)
    elif refused(door, seen):
        fresh = {**seen.input, str(door.action.idempotency): Fresh()}  # at the very same place, which may be full
        control: Seen = yield ordinary(door, recipe, "valid", "the same with a key that is like none", input=fresh, fresh=True)
        if control.success:
            yield broken(contract, chain.says, seen.outcome)
        else:
            yield untested(contract, f"a key that is like none is refused too: {control.outcome}")
    else:
        yield untested(contract, f"refused otherwise: {seen.outcome}")


def _otherwise(setting: Setting, door: Door, contract: str, first: Seen) -> Conversation:
    """Another action with the key, about the very thing that was made with it."""
    found, makes = _next_action(setting, door), recipe_of(setting.model, door.action).makes
    assert found is not None
    assert makes is not None
    made = at_path(makes.made_by, first) if makes.made_by and makes.made_by.at else None
    rest, move = found
    if not isinstance(made, Mapping):
        yield untested(contract, f"the answer holds no {makes.name}")
        return
    for other in (*_elsewhere_too(setting, rest), rest):
        given = {**move.input, str(other.action.idempotency): first.input[str(door.action.idempotency)]}
        why = f"a key that {door.action.name} has used"
        seen: Seen = yield Call(other, given, "replay", why, subject=makes, made=made, surface=other.surface)
        if seen.success or refused(other, seen):
            break
    if void(seen):
        return
    if late := outlived(setting, first.sent_at, seen):
        yield untested(contract, late)
    elif refused(other, seen) or (setting.model.points.replay == "any" and 400 <= seen.status < 500):
        yield kept(contract)
    else:
        yield broken(contract, f"{CONFLICT}: the key was used by {door.action.name}", seen.outcome)


def _elsewhere_too(setting: Setting, door: Door) -> list[Door]:
    """The same action through a dispatcher: a key counts through each door, so that one which is used there was used for all."""
    return [d for d in setting.doors if d.dispatcher is not None and d.action is door.action][:1]


def _raced(setting: Setting, door: Door, contract: str, pair: list[Seen]) -> Iterator[Judgement]:
    """Of calls at the same time one had its effect: the others were refused, or were answered with the same thing."""
    if any(void(seen) for seen in pair):
        return
    accepted = [seen for seen in pair if seen.success]
    if all(same_thing(setting, door, accepted[0], seen) for seen in accepted[1:]):
        yield kept(contract)
    else:
        yield broken(contract, "one effect of one idempotency key", f"{len(accepted)} effects of {len(pair)} calls at the same time")


def _changed(setting: Setting, door: Door, first: Seen) -> dict[str, object]:
    name = str(_other(setting, door))
    param = door.action.param(name)
    assert param is not None
    least, most = low(param.schema, setting.model.schemas), high(param.schema, setting.model.schemas)
    return {name: most if first.input.get(name) != most else least}


def _elsewhere(setting: Setting, door: Door, contract: str, first: Seen, key: Any, role: str, whose: str) -> Conversation:
    recipe = recipe_of(setting.model, door.action)
    given = {**recipe.input, str(door.action.idempotency): key}
    why = f"the same idempotency key of {whose}"
    seen: Seen = yield ordinary(door, recipe, "valid", why, input=given, role=role, owner=role, fresh=True)
    if void(seen):
        return
    if not seen.success:  # for the key, or because nobody can have such a thing at that place now
        given = {**{name: seen.input[name] for name in given if name in seen.input}, str(door.action.idempotency): Fresh()}
        other: Seen = yield ordinary(door, recipe, "valid", f"another key of {whose}", input=given, role=role, owner=role, fresh=True)
        if not other.success:
            yield untested(contract, f"a new key of {whose} was answered {other.outcome} as well")
            return
    late = outlived(setting, first.sent_at, seen)
    if seen.success:
        yield untested(contract, late) if late else kept(contract)
    else:
        yield broken(contract, f"{whose}'s use of the same key is accepted", seen.outcome)


def _mismatched(setting: Setting, door: Door, contract: str, first: Seen, third: Seen) -> Iterator[Judgement]:
    if void(third):
        return
    if late := outlived(setting, first.sent_at, third):
        yield untested(contract, late)
    elif refused(door, third) or (setting.model.points.replay == "any" and 400 <= third.status < 500):
        yield kept(contract)
    else:
        yield broken(contract, "another body with a used key is refused", third.outcome)


def watch(seen: Seen, memory: Memory) -> Iterator[Judgement]:
    """Note the last key that was used up."""
    door = seen.call.door
    key = seen.input.get(str(door.action.idempotency)) if door is not None and door.action.idempotency else None
    if isinstance(key, str) and seen.success and seen.call.role == "main":
        memory.notes[USED] = (key, seen.sent_at)
    yield from ()
