"""An argument that is left out is answered as its default given.

A document tells a model the default, and code has it once more. Where everything else is at its widest, another default shows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from pgagents.http import json_bytes
from pgagents.model.action import Param
from pgagents.model.contract import Contract, Verdict
from pgagents.verify.answers.normalized import differing, said
from pgagents.verify.cases.boundary import edges
from pgagents.verify.cases.invalid import answer_that_will_do, ordinary
from pgagents.verify.check.check import Conversation, Judgement, Probe, broken, kept, promise, untested
from pgagents.verify.check.memory import Setting
from pgagents.verify.fixtures.request_template import recipe_of
from pgagents.verify.plan.exclusive import OTHERS_CHANGE
from pgagents.verify.values.schema_values import high, types_of
from pgagents.verify.wire.call import Reuse
from pgagents.verify.wire.endpoint import REST, Door
from pgagents.verify.wire.exchange import Seen

NAME = "keeps_defaults"
OTHERS = 3
"""So many more times two answers are compared where others use the server too."""


def promises(setting: Setting) -> Iterator[Contract]:
    """One for each argument that actions take alike, on the first that does; on each where it is a measure, which one sees anywhere."""
    for door, param in _cases(setting):
        says = f"{door.action.name} without {param.name} answers as with {param.name} {param.schema['default']}"
        yield promise(NAME, str(param.name), door, says, (*param.origin, "default"), door.action.cite)


def _cases(setting: Setting) -> tuple[tuple[Door, Param], ...]:
    def found() -> Iterator[tuple[Door, Param]]:
        met: set[str] = set()
        for door in setting.doors:
            for param in door.params:
                alike = f"{param.name} {json_bytes(dict(param.schema)).decode()}"
                alike += f" {door.action.name}" if "number" in types_of(setting.named(param.schema)) else ""
                if door.surface == REST and door.action.effect == "read" and _told(setting, param) and alike not in met:
                    met.add(alike)
                    yield door, param

    return setting.kept(NAME, lambda: tuple(found()))


def _told(setting: Setting, param: Param) -> bool:
    return not param.required and setting.named(param.schema).get("default") is not None


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """Two calls each; answers that are there already will do."""
    del roles
    for door, param in _cases(setting):
        contract = f"{NAME}/{param.name}/{door.place}"
        yield Probe(contract, 4, (contract,), 2, _run(setting, door, param, contract), (door,), "main", False)


def _run(setting: Setting, door: Door, param: Param, contract: str) -> Callable[[], Conversation]:
    def run() -> Conversation:
        name, recipe = str(param.name), recipe_of(setting.model, door.action)
        usual = setting.named(param.schema)["default"]
        given = _widest(setting, door, param, usual)
        without = {k: v for k, v in given.items() if k != name}
        reuses: tuple[Reuse, ...] = (answer_that_will_do(setting, door), "")  # something may have changed between the two
        for again in reuses if setting.exclusive else (*reuses, *reuses[1:] * OTHERS):
            out: Seen = yield ordinary(door, recipe, "valid", f"{name} left out", input=without, reuse=again)
            full: Seen = yield ordinary(
                door, recipe, "valid", f"{name} {usual}, its default", input={**without, name: usual}, reuse=again, made=out.subject
            )
            if not (out.success and full.success and out.fits and full.fits):
                yield untested(contract, _why_not(out, full))
                return
            told, wanted = said(setting, out), said(setting, full)
            if told == wanted:
                yield kept(contract)
                return
        if not setting.exclusive:
            last: Seen = yield ordinary(door, recipe, "valid", f"{name} left out once more", input=without, made=out.subject)
            if said(setting, last) != told:
                yield Judgement(contract, Verdict.NOT_CLAIMED, OTHERS_CHANGE)
                return
        yield broken(contract, f"what {name} {usual} is answered", differing(told, wanted))

    return run


def _why_not(*several: Seen) -> str:
    """Why two answers cannot be compared."""
    failed = next((seen for seen in several if not seen.success), None)
    if failed is not None:
        return f"a call to compare with was answered {failed.outcome}"
    return "an answer to compare with does not satisfy its schema"


def _widest(setting: Setting, door: Door, param: Param, usual: Any) -> dict[str, Any]:
    """The ordinary arguments where they have the default; else with every other number that has a default at its greatest."""
    given = recipe_of(setting.model, door.action).input
    if given.get(str(param.name)) == usual:
        return dict(given)
    least = next((known for name, known, _ in edges(setting, door) if name == "minimal"), given)  # as others send it, too
    needed = {str(p.name): least[str(p.name)] for p in door.params if p.required and str(p.name) in least}
    return {**needed, **{str(p.name): high(p.schema, setting.model.schemas) for p in door.params if p is not param and _ranged(setting, p)}}


def _ranged(setting: Setting, param: Param) -> bool:
    schema = setting.named(param.schema)
    return _told(setting, param) and bool({"number", "integer"} & set(types_of(schema))) and "maximum" in schema
