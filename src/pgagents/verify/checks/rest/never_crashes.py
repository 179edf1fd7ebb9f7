"""No call, however odd, makes the server answer 5xx or not at all.

503 is a server's right at any time; a 5xx that the action documents as something else than a crash (a gateway's) is no crash.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pgagents.http import Silence
from pgagents.model.contract import Contract
from pgagents.verify.cases.invalid import ordinary
from pgagents.verify.check.check import Conversation, Judgement, Probe, broken, kept, promise, promise_at, untested
from pgagents.verify.check.memory import Memory, Setting
from pgagents.verify.fixtures.request_template import recipe_of
from pgagents.verify.values.schema_values import types_of
from pgagents.verify.wire.call import Call
from pgagents.verify.wire.endpoint import REST, framework_places
from pgagents.verify.wire.exchange import UNAVAILABLE, Seen

RANK = 0
NAME = "never_crashes"
TOOLS = True
HUGE = 1e18
"""A number that a double holds, and that is more than 64 bits of its hundredths."""


def promises(setting: Setting) -> Iterator[Contract]:
    """One for each door, one for each surface's framework."""
    for door in setting.every_door:
        yield promise(NAME, "", door, f"{door.action.name} never answers 5xx and always answers", door.action.origin, door.action.cite)
    for place in framework_places(setting.model):
        yield promise_at(NAME, "", place, "no path, method or body makes the server answer 5xx", ("errors", "framework"))


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """A call with a number that no schema bounds, and no database takes; one for each action that writes."""
    del roles
    for door in setting.doors:
        names = [str(p.name) for p in door.params if p.place == "body" and _unbounded(setting.named(p.schema))]
        if names and door.surface == REST and door.action.effect == "write":
            contract, recipe = f"{NAME}/{door.place}", recipe_of(setting.model, door.action)
            given = {**recipe.input, **dict.fromkeys(names, HUGE)}
            call = ordinary(door, recipe, "explore", f"{' and '.join(names)} beyond what a database takes", input=given)
            yield Probe(f"{NAME}/huge/{door.place}", 6, (contract,), 2, _run(call), (door,), "main", True)


def _unbounded(schema: Mapping[str, Any]) -> bool:
    bounded = {"maximum", "exclusiveMaximum", "enum", "const", "multipleOf"} & schema.keys()
    return not bounded and bool({"number", "integer"} & set(types_of(schema)))


def _run(call: Call) -> Callable[[], Conversation]:
    def run() -> Conversation:
        yield call

    return run


def watch(seen: Seen, memory: Memory) -> Iterator[Judgement]:
    """Judge every exchange."""
    contract = f"{NAME}/{seen.place}"
    if isinstance(seen.answer, Silence) and seen.answer.stale:
        yield untested(contract, "the connection, which had served other calls, was closed before the call was answered")
    elif isinstance(seen.answer, Silence):
        yield broken(contract, "a whole answer", seen.outcome)
    elif seen.status >= 500 and seen.status != UNAVAILABLE and not _documented(seen, memory):
        yield broken(contract, "an answer below 500", seen.outcome)
    elif seen.status != UNAVAILABLE:
        yield kept(contract)


def _documented(seen: Seen, memory: Memory) -> bool:
    door, crashed = seen.call.door, memory.model.errors.framework.crashed
    return door is not None and any(c.status == seen.status and c.name == seen.code and c.name != crashed for c in door.action.errors)
