"""A call that its schemas allow is accepted: every example, the edges of every argument, what Schemathesis thinks of."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pgagents.contract import Contract, Verdict
from pgagents.model import Example
from pgagents.origin import plain
from pgagents.verify.call import Call
from pgagents.verify.check import Conversation, Judgement, Probe, accepted, promise, untested
from pgagents.verify.door import Door
from pgagents.verify.fuzz import random_values
from pgagents.verify.generate import edges, free_params, is_invalid, ordinary
from pgagents.verify.memory import Memory, Setting
from pgagents.verify.recipe import recipe_of
from pgagents.verify.seen import Seen
from pgagents.verify.varied import varied_of

RANK = 5
NAME = "accepts_valid"
SMALLEST, GREATEST = 1e-6, 1e12


def promises(setting: Setting) -> Iterator[Contract]:
    """One for each example and edge of each door, one for all other valid values, one for unknown query parameters."""
    for door in setting.doors:
        for detail, says, origin in _details(setting, door):
            yield promise(NAME, detail, door, says, origin, door.action.cite)


def _details(setting: Setting, door: Door) -> Iterator[tuple[str, str, Any]]:
    name = door.action.name
    if door.dispatcher is not None:
        yield "ordinary", f"every correct call of {name} is accepted", door.action.origin
    examples = _examples(door)
    for example in examples:
        yield f"example/{example.name}", f"the example `{example.name}` of {name} is accepted", example.origin
    if not examples and door.dispatcher is None:
        yield "ordinary", f"an ordinary call of {name} is accepted", door.action.origin
    listed = _edges(setting, door)
    for edge, _, says in listed:
        yield edge, f"{name} {says} is accepted", (*door.action.origin, "input")
    if listed:
        yield "values", f"{name} accepts every value that its schemas allow", (*door.action.origin, "input")
    if setting.model.points.unknown_query == "ignored" and door.dispatcher is None and _queried(door):
        yield "unknown_query", f"{name} ignores an unknown query parameter", ("points", "unknown_query")


def _examples(door: Door) -> list[Example]:
    """Examples to send; through a dispatcher they are sent where its answers are compared with those of REST."""
    return [] if door.dispatcher is not None else [e for e in door.action.examples if e.status < 300]


def _edges(setting: Setting, door: Door) -> list[tuple[str, dict[str, Any], str]]:
    """Edges to send; the least of a dispatcher's are sent where its answers are compared with those of REST."""
    return [e for e in edges(setting, door) if door.dispatcher is None or e[0] != "minimal"]


def watch(seen: Seen, memory: Memory) -> Iterator[Judgement]:
    """Every correct call through a dispatcher, whatever it was sent for."""
    del memory
    door = seen.call.door
    if door is not None and door.dispatcher is not None and seen.call.intent == "valid" and not seen.call.raw.headers:
        yield from (j for j in accepted(seen, f"{NAME}/ordinary/{door.place}", seen.call.why) if j.verdict is not Verdict.UNTESTED)


def _queried(door: Door) -> bool:
    return any(p.place == "query" for p in door.params)


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """One call each."""
    del roles
    for door in setting.doors:
        yield from _probes(setting, door)


def _probes(setting: Setting, door: Door) -> Iterator[Probe]:
    writes = door.action.effect == "write"
    recipe = recipe_of(setting.model, door.action)
    first = 3 if writes else 1
    for example in _examples(door):
        chosen = recipe_of(setting.model, door.action, example)
        call = ordinary(door, chosen, "valid", f"the example {example.name}", fresh=writes)
        yield _probe(setting, door, f"example/{example.name}", call, first, f"the example `{example.name}`", lenient=chosen.subject is None)
    if not _examples(door) and door.dispatcher is None:
        yield _probe(
            setting, door, "ordinary", ordinary(door, recipe, "valid", "an ordinary call", fresh=writes), first, "an ordinary call"
        )
    for edge, given, says in _edges(setting, door):
        call = ordinary(door, recipe, "valid", f"a call {says}", input=given, fresh=writes)
        yield _probe(setting, door, edge, call, 7 if edge == "around_now" else 4, f"a call {says}", also=("values",))
    if setting.model.points.unknown_query == "ignored" and door.dispatcher is None and _queried(door):
        call = ordinary(door, recipe, "valid", "an unknown query parameter", input={**recipe.input, "pgv_unknown": "1"}, fresh=writes)
        if not any(p.place == "body" for p in door.params):
            yield _probe(setting, door, "unknown_query", call, 7, "a call with an unknown query parameter")
    yield from _more(setting, door)
    if setting.draws:
        yield from _random(setting, door)


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
    also: tuple[str, ...] = (), lenient: bool = False, tier: int = 1, key: str = "",
) -> Probe:  # fmt: skip
    contract = f"{NAME}/{detail}/{door.place}"
    covers = (contract, *(f"{NAME}/{a}/{door.place}" for a in also))
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
