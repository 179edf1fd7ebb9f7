"""Calls from a catalogue: ordinary ones, and wrong ones with one violation each, checked as they are sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from hashlib import sha256
from itertools import groupby
from typing import Any
from zlib import crc32

from pgagents.cel.expression import Expression
from pgagents.http import json_bytes, text_of
from pgagents.model.action import Param
from pgagents.source.origin import plain
from pgagents.source.source import Pointer
from pgagents.verify.cases.readings import invalid, invalid_values, readings_of
from pgagents.verify.check.memory import Setting
from pgagents.verify.fixtures.request_template import Recipe, recipe_of, whole
from pgagents.verify.fixtures.target import harmless
from pgagents.verify.values.schema_values import MISSING, Wrong, high, low, types_of, wrongs
from pgagents.verify.wire.call import Call, Fresh, Intent, Live, Moment, Reuse, Signature
from pgagents.verify.wire.encode import request_of
from pgagents.verify.wire.endpoint import OPERATOR, REST, Door

_TEXTS = ("description", "title", "default")


def answer_that_will_do(setting: Setting, door: Door) -> Reuse:
    """Which answers to an equal read serve as well: any, where what it finds is there whatever this run does."""
    finds = any(r.found_by is not None and r.found_by.action is door.action for r in setting.model.resources.values())
    return "ever" if finds else "unchanged"


@dataclass(frozen=True, slots=True)
class Negative:
    """A call that breaks one keyword of one argument. `detail` is `<keyword>/<argument path>`, `field` what an error names."""

    door: Door
    detail: str
    field: str
    call: Call
    says: str
    origin: Pointer
    cite: tuple[str, ...]
    tier: int


def ordinary(door: Door, recipe: Recipe, intent: Intent, why: str, **changes: Any) -> Call:
    """The correct call of a recipe through a door."""
    given = {"input": recipe.input, "subject": recipe.subject, "states": recipe.states, "surface": door.surface, **changes}
    return Call(door, intent=intent, why=why, **given)


def negatives(setting: Setting, door: Door) -> Iterator[Negative]:
    """Every one-keyword violation of every argument that is invalid under any reading of what is sent."""
    recipe = recipe_of(setting.model, door.action)
    for param in door.params:
        listed = wrongs(plain(param.schema), setting.model.schemas, required=param.required, of=_nothing(setting, door, param))
        safe = (harmless(setting, door.action, param, wrong) for wrong in listed)
        listed = (wrong for wrong in safe if wrong is not None)
        for (keyword, path), alike in groupby(listed, lambda w: (w.keyword, w.path)):
            turn = 0 if keyword == "type" and _in_json(door, param) else _turn(setting, door, param, keyword, *path)
            group, first = _turned(list(alike), param, turn), True
            for wrong in group:
                tier = 1 if first or _likely(setting, door, param, wrong) else 2
                if (found := _negative(setting, door, recipe, param, wrong, tier)) is not None:
                    yield found
                    first = False
    yield from _unknown(setting, door, recipe)


def _likely(setting: Setting, door: Door, param: Param, wrong: Wrong) -> bool:
    """Whether a wrong value is tried beside the first of its kind. Through a dispatcher no look-alike of a text is, where REST reads the
    same text; a tool's arguments are read by its schema, so none is."""
    if not wrong.likely or door.form is not None:
        return False
    if wrong.keyword == "pattern" and (param.refers_to or not door.on_rest):  # an id may be missing before it is wrong
        return not param.refers_to and setting.door(str(door.action.name), REST) is None
    return wrong.likely == "any" or _in_json(door, param)


def _in_json(door: Door, param: Param) -> bool:
    """Whether the argument travels as JSON, which has types."""
    return not door.on_rest or param.place == "body"


def _nothing(setting: Setting, door: Door, param: Param) -> str:
    """For an argument by which something may be changed, the id that nothing has."""
    resource = setting.model.resources.get(param.refers_to or "")
    return str(resource.absent or "") if resource is not None and door.action.effect == "write" else ""


def _unheard_of(setting: Setting, door: Door, param: Param) -> int:
    """A number of 64 bits that is nobody's id, the same for the same seed."""
    return int.from_bytes(sha256(f"{setting.seed} {door.place} {param.name}".encode()).digest()[:8], "big") | 1 << 63


def _turned(group: list[Wrong], param: Param, turn: int) -> list[Wrong]:
    """Values that break one keyword, beginning with one of those that say most; with one that REST can carry, so that surfaces can be
    compared."""
    first = [w for w in group if w.tier == 1]
    turn %= max(1, len(first))
    every = [*first[turn:], *first[:turn], *(w for w in group if w.tier > 1)]
    return sorted(every, key=lambda w: (not _carried(param, w.value), not (w.value == "" and _left_out_alike(param))))


def _left_out_alike(param: Param) -> bool:
    """Whether many a server takes an empty text for none given, and so leaves out a filter."""
    return not param.required and param.place == "query"


def _turn(setting: Setting, door: Door, param: Param, keyword: str, *path: Any) -> int:
    """A number that is an argument's own on every surface: which of the values that break a keyword is tried first there.

    One value for all would show one kind of weakness everywhere; so arguments of one schema are tried with one after the other.
    """
    number, schema = setting.kept("turns", lambda: _turns(setting))[door.action.name, param.name]
    return number + crc32("/".join((schema, keyword, *map(str, path))).encode())


def _turns(setting: Setting) -> dict[tuple[str, str], tuple[int, str]]:
    """For each argument how many before it have the same schema, its texts apart, and that schema."""
    met: Counter[str] = Counter()
    found: dict[tuple[str, str], tuple[int, str]] = {}
    for action in {id(d.action): d.action for d in setting.every_door}.values():
        for param in action.params:
            schema = json_bytes({k: plain(v) for k, v in param.schema.items() if k not in _TEXTS}).decode()
            found[action.name, param.name] = met[schema], schema
            met[schema] += 1
    return found


def negatives_of(setting: Setting, door: Door) -> tuple[Negative, ...]:
    """The same, made once a run."""
    return setting.kept(("negatives", door.place), lambda: tuple(negatives(setting, door)))


def provokable(setting: Setting, door: Door) -> bool:
    """Whether a test can make the door answer with an error at all."""
    return door.needs_key or bool(negatives_of(setting, door))


def _negative(setting: Setting, door: Door, recipe: Recipe, param: Param, wrong: Wrong, tier: int) -> Negative | None:
    name = str(param.name)
    if wrong.keyword == "type" and type(wrong.value) is int and param.refers_to and door.action.effect == "write":
        wrong = replace(wrong, value=_unheard_of(setting, door, param))
    if wrong.keyword == "required" and not wrong.path:
        if param.place == "path" and door.on_rest:
            return None
        given = {k: v for k, v in recipe.input.items() if k != name}
    elif not wrong.path:
        given = {**recipe.input, name: wrong.value}
    else:
        base = recipe.input.get(name)
        if not isinstance(base, dict | list):
            base = high(param.schema, setting.model.schemas)
        given = {**recipe.input, name: _laid(plain(base), wrong.path, wrong.value)}
    steps = [name, *(str(s) for s in wrong.path)]
    if wrong.keyword == "type" and not wrong.path and param.place != "body" and door.on_rest and _text(setting, param):
        return None
    if wrong.keyword == "null" and param.place != "body" and door.on_rest:
        return None  # in a query it is but a word, which `type` tries
    if wrong.keyword == "null" and door.form is not None and not (param.required and not wrong.path):
        return None  # models held to strict schemas give null for what they leave out, and servers may take it so
    if not _sendable(door, param, given.get(name)):
        return None
    field = ".".join(steps)
    says = f"{field} {wrong.says}"
    call = ordinary(door, recipe, "invalid", says, input=given, field=field)
    if not _breaks(setting, param, call):
        return None
    named = [s for s in steps if not s.isdigit()] if wrong.keyword != "additionalProperties" else steps[:-1]
    detail = f"{wrong.keyword}/{'.'.join(named)}"
    return Negative(door, detail, field, call, says, _origin(setting, param, wrong), door.action.cite, tier)


def _breaks(setting: Setting, param: Param, call: Call) -> bool:
    """Whether the call is invalid as sent: all other arguments are right and are read one by one, so the broken one decides.

    The whole request is written and read again where its place or form leaves more than one way to read it.
    """
    assert call.door is not None
    name = str(param.name)
    value = call.input.get(name)
    scalar = isinstance(value, str | int | float) and value != ""
    if name not in call.input and param.required:
        return True
    if name in call.input and (not call.door.on_rest or param.place == "body"):
        return not setting.test(("param", call.door.action.name, name), param.schema).is_valid(value)
    if scalar and param.place in ("query", "path"):
        test = setting.test(("param", call.door.action.name, name), param.schema)
        text = text_of(value)
        return not any(test.is_valid(reading) for reading in (*readings_of(text), [text]))
    return is_invalid(setting, call)


def _text(setting: Setting, param: Param) -> bool:
    """Whether it is a text: in a path, query or header every value is one."""
    return set(types_of(setting.named(param.schema))) <= {"string", "null"}


def _sendable(door: Door, param: Param, value: Any) -> bool:
    """Path values must not be empty or change the path; header values must be printable ASCII."""
    return not door.on_rest or _carried(param, value)


def _carried(param: Param, value: Any) -> bool:
    """Whether REST can carry the value where the argument stands."""
    if not isinstance(value, str):
        return True
    if param.place == "path":
        return value not in ("", ".", "..") and "/" not in value and value.isprintable()
    return param.place != "header" or (value.isascii() and value.isprintable() and value == value.strip() and value != "")


def _origin(setting: Setting, param: Param, wrong: Wrong) -> Pointer:
    at: Pointer = (*param.origin, *(s for step in wrong.path for s in (("items",) if isinstance(step, int) else ("properties", step))))
    keyword = {"null": "type", "required": "required"}.get(wrong.keyword, wrong.keyword)
    whole = (*at, keyword)
    return whole if setting.model.source.has(whole) else at if setting.model.source.has(at) else param.origin


def _laid(base: Any, path: tuple[str | int, ...], value: Any) -> Any:
    """The base with the value at a path; members on the way are made."""
    if not path:
        return value
    step, rest = path[0], path[1:]
    if isinstance(step, int):
        items = list(base) if isinstance(base, list) and base else [{} if rest else value]
        items += [items[-1]] * (step + 1 - len(items))
        items[step] = _laid(items[step], rest, value)
        return items
    members = dict(base) if isinstance(base, dict) else {}
    if not rest and value is MISSING:
        members.pop(step, None)
    else:
        members[step] = _laid(members.get(step), rest, value)
    return members


def _unknown(setting: Setting, door: Door, recipe: Recipe) -> Iterator[Negative]:
    if door.action.unknown != "refused":
        return
    if door.on_rest and not any(p.place == "body" for p in door.params):
        return
    turn = crc32(f"{door.action.name}/unknown_member".encode())
    name, value, says = "pgv_unknown", (1, None, "")[turn % 3], "an undeclared argument"
    if (other := _in_camel_case(door)) is not None and turn % 2:
        name, value, says = other[0], recipe.input.get(other[1], 1), f"{other[0]}, another spelling of {other[1]},"
    another = of_another(door)
    if another is not None and door.dispatcher is not None and door.action is not door.dispatcher.actions[0]:
        name, value, says = str(another.name), low(another.schema, setting.model.schemas), f"{another.name}, an argument of another action,"
    call = ordinary(door, recipe, "invalid", says, input={**recipe.input, name: value}, field=name)
    origin = ("points", "unknown_member") if setting.model.source.has(("points", "unknown_member")) else door.action.origin
    yield Negative(door, "unknown_member", name, call, f"{says} is given", origin, door.action.cite, 1)


def _in_camel_case(door: Door) -> tuple[str, str] | None:
    """The name of an argument as JavaScript would spell it, and as it is spelt here; of one that may be left out, if there is one."""
    for param in sorted(door.params, key=lambda p: p.required):
        first, *words = str(param.name).split("_")
        if words and param.place == "body":
            return first + "".join(word.capitalize() for word in words), str(param.name)
    return None


def of_another(door: Door) -> Param | None:
    """An argument that only other actions of a dispatcher take: one document shows them all together, so a model may give it."""
    if door.dispatcher is None:
        return None
    own = {str(p.name) for p in door.params}
    return next((p for a in door.dispatcher.actions for p in a.params if str(p.name) not in own and p.place != "header"), None)


def is_invalid(setting: Setting, call: Call) -> bool:
    """Whether the call is invalid as sent, with stand-ins for what only a live server can give."""
    assert call.door is not None
    values = stand_ins(setting, call)
    if call.door.form is not None:  # what the catalogue knows and no such call can carry stays out of it
        taken = {str(p.name) for p in call.door.params}
        return invalid_values(setting, call.door, {k: v for k, v in values.items() if k in taken or call.door.action.param(k) is None})
    return invalid(setting, call.door, request_of(call, values, None))


def stand_ins(setting: Setting, call: Call) -> dict[str, Any]:
    """The call's arguments with plausible values for live ids and expressions."""
    assert call.door is not None
    found: dict[str, Any] = {}
    for name, value in call.input.items():
        param = call.door.action.param(name)
        if name == "*":
            example = next((e.input for e in call.door.action.examples if e.status < 300), {})
            found.update({k: v for k, v in example.items() if k not in call.input})
        elif isinstance(value, Live | Fresh | Signature | Moment | Expression):
            found[name] = low(param.schema, setting.model.schemas) if param else "x"
        else:
            found[name] = value
    return found


def time_passes(setting: Setting, seconds: float) -> Call | None:
    """Let so many seconds pass by the operator's clock; None where the API has none."""
    clock = setting.model.clock
    name = next((str(p.name) for p in clock.params if p.required), None) if clock else None
    if clock is None or name is None:
        return None
    door = Door(clock, OPERATOR, None, f"{clock.name}@{OPERATOR}")
    return Call(door, {name: whole(round(seconds, 3))}, "explore", "time passes", role=OPERATOR, surface=OPERATOR)
