"""A call that its schemas allow is accepted: every example, the edges of every argument, in a deep run what Schemathesis thinks of."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from pgagents.model.action import Example
from pgagents.model.contract import Contract, Verdict
from pgagents.source.origin import plain
from pgagents.verify.cases.boundary import edges, fills_a_page, free_params, unusual
from pgagents.verify.cases.generated import varied_of
from pgagents.verify.cases.invalid import is_invalid, ordinary
from pgagents.verify.check.check import Conversation, Judgement, Probe, accepted, kept, promise, untested
from pgagents.verify.check.memory import Memory, Setting
from pgagents.verify.fixtures.request_template import Recipe, recipe_of
from pgagents.verify.values.generators import random_values
from pgagents.verify.values.schema_values import types_of
from pgagents.verify.wire.call import Call, Raw
from pgagents.verify.wire.endpoint import Door
from pgagents.verify.wire.exchange import Seen

RANK = 6
NAME = "accepts_valid"
CALLS = True
TOOLS = True
UNKNOWN_QUERY, UNKNOWN = "unknown_query", "pgv_unknown"
SMALLEST, GREATEST = 1e-6, 1e12


def promises(setting: Setting) -> Iterator[Contract]:
    """One for each example and edge of each door, one for all other valid values, one for unknown query parameters."""
    for door in setting.every_door:
        for detail, says, origin in _details(setting, door):
            yield promise(NAME, detail, door, says, origin, door.action.cite)


def _details(setting: Setting, door: Door) -> Iterator[tuple[str, str, Any]]:
    name = door.action.name
    if not door.on_rest:
        yield "ordinary", f"every correct call of {name} is accepted", door.action.origin
    examples = _examples(door)
    for example in examples:
        yield f"example/{example.name}", f"the example `{example.name}` of {name} is accepted", example.origin
    if not examples and door.on_rest:
        yield "ordinary", f"an ordinary call of {name} is accepted", door.action.origin
    listed = _edges(setting, door)
    for edge, _, says in listed:
        yield edge, f"{name} {says} is accepted", (*door.action.origin, "input")
    if listed:
        yield "values", f"{name} accepts every value that its schemas allow", (*door.action.origin, "input")
    if setting.model.points.unknown_query == "ignored" and door.on_rest and _queried(door):
        yield "unknown_query", f"{name} ignores an unknown query parameter", ("points", "unknown_query")


def _examples(door: Door) -> list[Example]:
    """Examples to send; through a dispatcher they are sent where its answers are compared with those of REST."""
    return [] if not door.on_rest else [e for e in door.action.examples if e.status < 300]


def _edges(setting: Setting, door: Door) -> list[tuple[str, dict[str, Any], str]]:
    """Edges to send; the least of a dispatcher's are sent where its answers are compared with those of REST."""
    return [e for e in edges(setting, door) if door.on_rest or e[0] != "minimal"]


def watch(seen: Seen, memory: Memory) -> Iterator[Judgement]:
    """Every correct call through a dispatcher; and every accepted call that has an edge's or an example's arguments, whatever it
    was sent for, so that none is sent twice."""
    call, door = seen.call, seen.call.door
    if door is None or call.intent not in ("valid", "explore"):
        return
    if call.intent == "valid" and not door.on_rest and not call.raw.headers and not call.beside:
        yield from (j for j in accepted(seen, f"{NAME}/ordinary/{door.place}", call.why) if j.verdict is not Verdict.UNTESTED)
    if seen.success and _encoded_plainly(call.raw):
        given = _plainly(door, call.input)
        known = memory.setting.kept((NAME, door.place), lambda: _inputs(memory.setting, door))
        found = [detail for detail, edge in known if edge == given]
        for detail in (*found, *(["values"] if any(not d.startswith("example/") for d in found) else [])):
            yield kept(f"{NAME}/{detail}/{door.place}")


def _inputs(setting: Setting, door: Door) -> list[tuple[str, dict[str, Any]]]:
    """The arguments of each example and edge, those apart that differ from call to call."""
    found = [(f"example/{e.name}", recipe_of(setting.model, door.action, e).input) for e in _examples(door)]
    found += [(name, given) for name, given, _ in _edges(setting, door)]
    return [(detail, _plainly(door, given)) for detail, given in found]


def _encoded_plainly(raw: Raw) -> bool:
    """Whether nothing but headers was laid on by hand."""
    return raw.method is None and raw.target is None and raw.body is None and raw.edit is None and raw.wrap is None and not raw.slash


def _plainly(door: Door, given: Mapping[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in given.items() if k != door.action.idempotency and k != UNKNOWN}


def _queried(door: Door) -> bool:
    return any(p.place == "query" for p in door.params)


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """One call each."""
    del roles
    for door in setting.every_door:
        yield from _probes(setting, door)


def _probes(setting: Setting, door: Door) -> Iterator[Probe]:
    writes = door.action.effect == "write"
    recipe = recipe_of(setting.model, door.action)
    first = 3 if writes else 1
    known: list[Mapping[str, Any]] = []
    for example in _examples(door):
        chosen = recipe_of(setting.model, door.action, example)
        again = chosen.input in known
        known.append(chosen.input)
        call = ordinary(door, chosen, "valid", f"the example {example.name}", fresh=writes)
        probe = _probe(
            setting, door, f"example/{example.name}", call, first, f"the example `{example.name}`", lenient=chosen.subject is None
        )
        yield replace(probe, spare=writes or again)
    if not _examples(door) and door.on_rest:
        yield _probe(
            setting, door, "ordinary", ordinary(door, recipe, "valid", "an ordinary call", fresh=writes), first, "an ordinary call"
        )
    yield from _at_edges(setting, door, recipe)
    yield from _more(setting, door)
    if setting.draws:
        yield from _random(setting, door)


def _at_edges(setting: Setting, door: Door, recipe: Recipe) -> Iterator[Probe]:
    """One call for edges that go together, and what is `unusual` with them; only where it is refused one for each of them."""
    writes = door.action.effect == "write"
    known = {name: (given, f"a call {says}") for name, given, says in _edges(setting, door)}
    for name, (given, says) in _extra(setting, door, recipe).items():
        known.setdefault(name, (given, says))
    for names in _together(setting, door, list(known)):
        calls = [ordinary(door, recipe, "valid", known[n][1], input=known[n][0], fresh=writes) for n in names]
        joint = dict(recipe.input)
        for name in reversed(names):  # what stands first decides
            given = known[name][0]
            joint.update({k: v for k, v in given.items() if k not in recipe.input or v != recipe.input[k]})
            joint = {k: v for k, v in joint.items() if k in given or k == UNKNOWN or name != "minimal"}
        what = " and ".join(known[n][1].removeprefix("a call ") for n in names)
        call = ordinary(door, recipe, "valid", f"a call {what}", input=joint if len(names) > 1 else known[names[0]][0], fresh=writes)
        covers = tuple(f"{NAME}/{n}/{door.place}" for n in names)
        values = f"{NAME}/values/{door.place}"
        most = unusual(setting, door, call.input) if names != ["high"] and not writes else call.input
        call = call if most == call.input else replace(call, input=most, intent="explore")
        run = _run_joint(setting, call, calls, covers, () if names == [UNKNOWN_QUERY] else (values,))
        phase = 6 if names[0] == "around_now" else 7 if names[0] == UNKNOWN_QUERY else 4  # its day ends before days pass
        found = Probe(covers[0], phase, covers, 2 if writes else 1, run, (door,), "main", writes, print=shown(call.input))
        yield replace(found, covers=covers if names == [UNKNOWN_QUERY] else (*covers, values), spare=True)


def _extra(setting: Setting, door: Door, recipe: Recipe) -> dict[str, tuple[dict[str, Any], str]]:
    if setting.model.points.unknown_query != "ignored" or not door.on_rest or not _queried(door):
        return {}
    if any(p.place == "body" for p in door.params):
        return {}
    return {UNKNOWN_QUERY: ({**recipe.input, UNKNOWN: "1"}, "a call with an unknown query parameter")}


def _together(setting: Setting, door: Door, names: list[str]) -> list[list[str]]:
    """Edges in groups that one call can have at once. The greatest of everything stays alone: its answer holds most data; so does
    the least of what a relation widens, which is sent for that."""
    alone = [r for r in door.action.relations if not fills_a_page(setting, door, r)]
    widened = {f"low_{r.widen}" for r in alone if "integer" in types_of(_schema(door, r.widen))}
    lows = [n for n in names if (n == "low" or n.startswith("low_") or n == "place_low") and n not in widened]
    joints = [lows, ["place_high", "minimal"] if not door.action.relations else []]
    groups = [group for group in joints if len(group) > 1 and set(group) <= set(names)]
    least = next(iter(lows), "")
    if UNKNOWN_QUERY in names:
        others = [n for n in names if n not in ("high", "around_now", UNKNOWN_QUERY) and not any(n in g for g in groups)]
        bare = next((n for n in (*others, "high", "around_now") if n in names), "")
        into = groups[0] if groups else [least or bare] if least or bare else []
        groups = [[*into, UNKNOWN_QUERY], *(g for g in groups if g is not into)] if into else groups
    taken = {name for group in groups for name in group}
    return [*groups, *([n] for n in names if n not in taken)]


def _schema(door: Door, name: str) -> Mapping[str, Any]:
    param = door.action.param(name)
    return param.schema if param else {}


def _run_joint(
    setting: Setting, call: Call, calls: list[Call], covers: tuple[str, ...], also: tuple[str, ...]
) -> Callable[[], Conversation]:
    def run() -> Conversation:
        seen: Seen = yield call
        if seen.success or [call.input] == [single.input for single in calls]:
            for contract in (*covers, *also):
                yield from _judged(setting, seen, contract, call.why, lenient=False)
            return
        for contract, single in zip(covers, calls, strict=True):
            seen = yield single
            for one in (contract, *also):
                yield from _judged(setting, seen, one, single.why, lenient=False)

    return run


def _more(setting: Setting, door: Door) -> Iterator[Probe]:
    recipe = recipe_of(setting.model, door.action)
    writes = door.action.effect == "write"
    for varied in varied_of(setting, door):
        if not varied.valid:
            continue
        call = ordinary(door, recipe, "valid", f"{varied.param}: {varied.says}", input=varied.input, fresh=writes)
        yield _probe(setting, door, "values", call, 9, f"{varied.param} {varied.shown}", tier=2, key=varied.key)


def _probe(
    setting: Setting, door: Door, detail: str, call: Call, phase: int, what: str, *,
    lenient: bool = False, tier: int = 1, key: str = "",
) -> Probe:  # fmt: skip
    contract = f"{NAME}/{detail}/{door.place}"
    covers = (contract,)
    writes = door.action.effect == "write"
    name = f"{contract} {key}" if key else contract
    return Probe(
        name,
        phase,
        covers,
        2 if writes else 1,
        _run(setting, call, covers, what, lenient),
        (door,),
        "main",
        writes,
        tier,
        shown(call.input),
    )


def _run(setting: Setting, call: Call, covers: tuple[str, ...], what: str, lenient: bool) -> Callable[[], Conversation]:
    def run() -> Conversation:
        seen: Seen = yield call
        for contract in covers:
            yield from _judged(setting, seen, contract, what, lenient)

    return run


def _judged(setting: Setting, seen: Seen, contract: str, what: str, lenient: bool) -> Iterator[Judgement]:
    """A found thing that an example names by its id need not be on every server."""
    door = seen.call.door
    missing = {
        r.missing.name
        for p in (door.params if door else ())
        if (r := setting.model.resources.get(p.refers_to or "")) and r.missing and r.found_by
    }
    if lenient and seen.code in missing:
        yield untested(contract, "the thing that the example names is not on this server")
        return
    yield from accepted(seen, contract, what)


def _random(setting: Setting, door: Door) -> Iterator[Probe]:
    """What Hypothesis draws for each argument that is free, in a deep run."""
    recipe = recipe_of(setting.model, door.action)
    for param in free_params(setting, door):
        name = str(param.name)
        for index, value in enumerate(random_values(plain(param.schema), plain(setting.model.schemas), setting.draws, setting.seed)):
            call = ordinary(
                door, recipe, "valid", f"{name}: drawn", input={**recipe.input, name: value}, fresh=door.action.effect == "write"
            )
            if _tame(value) and not is_invalid(setting, call):
                yield _probe(setting, door, "values", call, 9, f"{name} {value!r}", tier=2, key=f"{name} drawn {index}")


def _tame(value: object) -> bool:
    """Numbers that any server's arithmetic can hold; what lies beyond an unbounded schema is nobody's promise."""
    return not isinstance(value, int | float) or value == 0 or SMALLEST <= abs(value) <= GREATEST


def shown(given: Mapping[str, Any]) -> str:
    """Arguments as the plan prints them."""
    return ", ".join(f"{k}={v!r}" if not hasattr(v, "text") else f"{k}={v.text}" for k, v in sorted(given.items()))
