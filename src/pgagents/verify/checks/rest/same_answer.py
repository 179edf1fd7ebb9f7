"""One input through the dispatcher, or through a tool of the MCP server, and through REST has one answer, and one refusal.

So has one through an old name that the catalogue still offers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pgagents.http import json_bytes, read_json
from pgagents.model.action import Former
from pgagents.model.contract import Contract, Verdict
from pgagents.model.model import Resource
from pgagents.verify.cases.boundary import edges
from pgagents.verify.cases.invalid import negatives_of, ordinary
from pgagents.verify.check.check import CONFLICT, Conversation, Judgement, Probe, broken, kept, promise
from pgagents.verify.check.memory import Memory, Setting
from pgagents.verify.fixtures.marks import unmarked
from pgagents.verify.fixtures.request_template import Recipe, recipe_of
from pgagents.verify.values.schema_values import types_of
from pgagents.verify.wire.call import Intent, Live, Raw
from pgagents.verify.wire.endpoint import Door
from pgagents.verify.wire.exchange import Seen, got

RANK = 8
NAME = "same_answer"
CALLS = True
TOOLS = True
PLAIN = Raw()
REFUSED = 300


def promises(setting: Setting) -> Iterator[Contract]:
    """With all arguments, with the required ones only, refused, and by each old name: for each action of a dispatcher.

    Tools refuse in words of their own; what they make of numbers shows where all are at their least or greatest.
    """
    for door in _doors(setting):
        cite = door.dispatcher.cite if door.dispatcher else ()
        for detail, _ in _inputs(setting, door):
            says = f"{door.action.name} answers the same through {door.surface} and through REST ({detail.replace('_', ' ')})"
            yield promise(NAME, detail, door, says, door.action.origin, cite)
        if door.form is None and negatives_of(setting, door):
            says = f"{door.action.name} refuses the same through {door.surface} and through REST"
            yield promise(NAME, "refused", door, says, door.action.origin, cite)
        for former in door.action.formerly:
            says = f"{former.name} until {former.until} is {door.action.name} on {door.surface}, with the answer that REST gives"
            yield promise(NAME, _as(former), door, says, former.origin, cite)


def _as(former: Former) -> str:
    return f"as_{former.name}"


def _doors(setting: Setting) -> Iterator[Door]:
    for door in setting.every_door:
        if not door.on_rest and setting.rest_of(door) is not None:
            yield door


def _inputs(setting: Setting, door: Door) -> list[tuple[str, Mapping[str, Any]]]:
    recipe = recipe_of(setting.model, door.action)
    found: list[tuple[str, Mapping[str, Any]]] = [("ordinary", {**_unset(setting, door), **recipe.input})]
    wanted = ("minimal", *(("low", "high") if door.form is not None and door.action.effect == "read" else ()))
    found += [(name, given) for name, given, _ in edges(setting, door) if name in wanted and dict(given) != dict(recipe.input)]
    return found


def _unset(setting: Setting, door: Door) -> dict[str, bool]:
    """The flags of a read that may be left out, as false: in a query that is a text, which some take for true."""
    if door.action.effect != "read" or (rest := setting.rest_of(door)) is None:
        return {}
    taken = {str(p.name) for p in door.params}
    flags = (p for p in rest.params if not p.required and p.place == "query" and types_of(setting.named(p.schema)) == ("boolean",))
    return {str(p.name): False for p in flags if str(p.name) in taken}


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """Two calls each; one that moves a thing needs a thing of its own on either side."""
    del roles
    for door in _doors(setting):
        rest = setting.rest_of(door)
        assert rest is not None
        for detail, given in _inputs(setting, door):
            contract = f"{NAME}/{detail}/{door.place}"
            recipe = recipe_of(setting.model, door.action)
            run = _run(setting, door, rest, recipe, given, contract)
            phase = 1 if door.action.effect == "read" and detail == "ordinary" else 4
            yield Probe(contract, phase, (contract,), 4 if recipe.moves else 2, run, (door, rest), "main", door.action.effect == "write")
        for former in door.action.formerly:
            contract = f"{NAME}/{_as(former)}/{door.place}"
            recipe = recipe_of(setting.model, door.action)
            run = _run(setting, door, rest, recipe, recipe.input, contract, Raw(edit=_renamed(door, str(former.name))))
            yield Probe(contract, 4, (contract,), 4 if recipe.moves else 2, run, (door, rest), "main", door.action.effect == "write")


def _renamed(door: Door, name: str) -> Callable[[bytes], bytes]:
    """What a call's body is under another name of its action."""

    def edit(body: bytes) -> bytes:
        said = read_json(body).value
        if door.dispatcher is not None:
            return json_bytes({**said, door.dispatcher.selector: name})
        return json_bytes({**said, "params": {**said["params"], "name": name}})

    return edit


def _run(
    setting: Setting, door: Door, rest: Door, recipe: Recipe, given: Mapping[str, Any], contract: str, raw: Raw = PLAIN
) -> Callable[[], Conversation]:
    """Two calls. An earlier equal answer of REST's will do where both agree; where they do not, REST is asked again."""

    def run() -> Conversation:
        fresh = door.action.effect == "write"
        if fresh and recipe.subject is not None:
            yield from _on_twins(setting, door, rest, recipe, given, contract, raw)
            return
        again = "ever" if recipe.makes is not None else "" if fresh else "unchanged"
        why = f"as {door.surface} will be asked"
        asked = _documented(setting, rest, given)
        first: Seen = yield ordinary(rest, recipe, "valid" if asked == given else "explore", why, input=asked, fresh=fresh, reuse=again)
        if asked != given and not first.success:
            asked = given
            first = yield ordinary(rest, recipe, "valid", why, input=asked, fresh=fresh, reuse=again)
        two: Seen = yield ordinary(
            door, recipe, _intent(raw), "as REST was asked", input=asked, fresh=fresh, made=None if fresh else first.subject, raw=raw
        )
        judged = list(_compared(setting, contract, first, two))
        if any(j.verdict is Verdict.BROKEN for j in judged) and again:
            one: Seen = yield ordinary(rest, recipe, "valid", why, input=asked, fresh=fresh, made=None if fresh else two.subject)
            judged = list(_compared(setting, contract, one, two))
        yield from judged

    return run


def _documented(setting: Setting, rest: Door, given: Mapping[str, Any]) -> Mapping[str, Any]:
    """A read's arguments with the found things that its example names, which has most to tell; they need not be on every server."""
    example = next((e.input for e in rest.action.examples if e.status < REFUSED), {}) if rest.action.effect == "read" else {}
    found = {n for n, v in given.items() if isinstance(v, Live) and setting.model.resources[v.resource].made_by is None}
    return {**given, **{name: example[name] for name in found & example.keys()}}


def _intent(raw: Raw) -> Intent:
    """A refusal of an old name says nothing of the new one."""
    return "valid" if raw is PLAIN else "explore"


def _on_twins(setting: Setting, door: Door, rest: Door, recipe: Recipe, given: Mapping[str, Any], contract: str, raw: Raw) -> Conversation:
    """Two things made alike and untouched since, one for each side."""
    assert recipe.subject is not None
    twin = Live(recipe.subject.name, recipe.states or tuple(filter(None, [recipe.subject.initial])), fresh=True, standard=True)
    twins: list[Mapping[str, Any]] = []
    for _ in range(3):  # the second may find no room beside the first
        body: Mapping[str, Any] = yield twin
        twins = [*twins[-1:], body]
        if len(twins) == 2 and all(twins[0].get(name) == body.get(name) for name in _places(recipe.subject)):
            break
    else:
        return
    one: Seen = yield ordinary(rest, recipe, "valid", f"as {door.surface} will be asked", input=given, made=twins[0])
    two: Seen = yield ordinary(door, recipe, _intent(raw), "as REST was asked", input=given, made=twins[1], raw=raw)
    yield from _compared(setting, contract, one, two, twins=True)


def _compared(setting: Setting, contract: str, one: Seen, two: Seen, *, twins: bool = False) -> Iterator[Judgement]:
    """Compare two answers; of things that were not made alike only the form can be the same."""
    wrong = any(seen.void or seen.unsound or seen.spoilt_by("body_fits") for seen in (one, two))
    if wrong or not (one.success and two.success and one.fits and two.fits):
        if one.success != two.success and not wrong and not any(_for_how_things_stand(seen) for seen in (one, two)):
            yield broken(contract, f"{one.outcome}, as on REST", two.outcome)
        return
    left_out = _volatile(setting, one)
    a, b = _without(one.body, left_out), _without(two.body, left_out)
    if not twins and _of_others(setting, one, two):
        a, b = _form(a), _form(b)
    where = _difference(a, b, setting)
    yield broken(contract, "what REST answers", f"it differs at {where}") if where else kept(contract)


def _places(resource: Resource) -> list[str]:
    """The members that say at what found thing one was made."""
    made = resource.made_by
    return [str(p.name) for p in made.action.params if p.refers_to] if made is not None else []


def _for_how_things_stand(seen: Seen) -> bool:
    """Whether a call was refused though it may be right: what it needed was taken."""
    declared = seen.codes.get(seen.code or "")
    return declared is not None and declared.status == seen.status == CONFLICT


def _of_others(setting: Setting, one: Seen, two: Seen) -> bool:
    """Whether the calls named different things that were made, and so had different pasts."""
    resources = setting.model.resources
    named = [str(p.name) for p in (one.call.door.params if one.call.door else ()) if p.refers_to and resources[p.refers_to].made_by]
    return any(one.input.get(name) != two.input.get(name) for name in named)


def _form(value: Any) -> Any:
    """What an answer is, without what it says: its members and their types."""
    if isinstance(value, dict):
        return {k: _form(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_form(v) for v in value[:1]]
    return "number" if isinstance(value, int | float) and not isinstance(value, bool) else type(value).__name__


def _volatile(setting: Setting, seen: Seen) -> frozenset[str]:
    """Members that may differ from call to call: those of every resource that the action has to do with."""
    door = seen.call.door
    assert door is not None
    found: set[str] = set()
    for resource in setting.model.resources.values():
        calls = [resource.found_by, resource.made_by, resource.undone_by, *resource.read_by, *resource.listed_by, *resource.moves]
        refers = any(p.refers_to == resource.name for p in door.params)
        if refers or any(c is not None and c.action is door.action for c in calls):
            found |= set(resource.volatile)
            if door.action.effect == "write":
                found.update(resource.ids)
    return frozenset(found | setting.model.secrets)


def _without(value: Any, members: frozenset[str]) -> Any:
    if isinstance(value, dict):
        return {k: _without(v, members) for k, v in value.items() if k not in members}
    if isinstance(value, str):
        return unmarked(value)
    return [_without(v, members) for v in value] if isinstance(value, list) else value


def _difference(a: Any, b: Any, setting: Setting, path: str = "body") -> str:
    if isinstance(a, dict) and isinstance(b, dict):
        for name in {**a, **b}:
            if name not in a or name not in b:
                return f"{path}.{name}"
            if where := _difference(a[name], b[name], setting, f"{path}.{name}"):
                return where
        return ""
    if isinstance(a, list) and isinstance(b, list):
        if len(a) != len(b):
            return f"{path} ({len(a)} items and {len(b)})"
        if setting.model.points.order_of_ties == "any":
            a, b = sorted(a, key=repr), sorted(b, key=repr)
        for index, (x, y) in enumerate(zip(a, b, strict=True)):
            if where := _difference(x, y, setting, f"{path}.{index}"):
                return where
        return ""
    return "" if a == b else path


def watch(seen: Seen, memory: Memory) -> Iterator[Judgement]:
    """Compare refusals of one wrong input, whichever surface came first."""
    door = seen.call.door
    if door is None or door.form is not None or not seen.call.field or seen.status < 400 or seen.void or seen.spoilt:
        return
    key = (NAME, str(door.action.name), seen.call.field, seen.call.why)
    refused = (seen.code, got(seen.body, memory.model.errors.field_at or ""))
    for other_place, other in memory.notes.setdefault(key, {}).items():
        place = seen.place if not door.on_rest else other_place
        if place.endswith("@rest") or other_place == seen.place:
            continue
        same = refused[0] == other[0] and (refused[1] == other[1] or _wire(door, refused[1]) == _wire(door, other[1]))
        contract = f"{NAME}/refused/{place}"
        yield kept(contract) if same else broken(contract, f"refused with {other}", f"refused with {refused}")
    memory.notes[key][seen.place] = refused


def _wire(door: Door, said: Any) -> Any:
    """An argument's name, where an error says its name on the wire."""
    return next((str(p.name) for p in door.params if p.wire == said), said)
