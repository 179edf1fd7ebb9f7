"""An error code is one of the catalogue's, comes with its one status, and only where it may."""

from __future__ import annotations

from collections.abc import Iterator

from pgagents.model.action import Code
from pgagents.model.contract import Contract
from pgagents.verify.cases.invalid import provokable
from pgagents.verify.check.check import Judgement, broken, kept, promise, promise_at
from pgagents.verify.check.memory import Memory, Setting
from pgagents.verify.wire.endpoint import framework_places
from pgagents.verify.wire.exchange import UNAVAILABLE, Seen

RANK = 4
NAME = "code_status"
UNPROCESSABLE = 422


def promises(setting: Setting) -> Iterator[Contract]:
    """One for each door and each surface's framework."""
    origin = ("errors", "codes")
    for door in setting.doors:
        if not provokable(setting, door):
            continue
        yield promise(NAME, "", door, f"every error code of {door.action.name} comes with its one status", origin, door.action.cite)
    for place in framework_places(setting.model):
        yield promise_at(NAME, "", place, "every error code of the framework comes with its one status", origin)


def watch(seen: Seen, memory: Memory) -> Iterator[Judgement]:
    """Judge every error whose body has a code."""
    if seen.status < 400 or seen.code is None or seen.status == UNAVAILABLE or seen.spoilt_by("documented_status"):
        return
    if seen.call.door is not None and seen.call.intent != "framework" and not provokable(memory.setting, seen.call.door):
        return  # no error of it is promised: documented_status says what came
    contract = f"{NAME}/{seen.place}"
    code = memory.model.codes.get(seen.code)
    door = seen.call.door
    if code is None:
        yield broken(contract, f"one of {', '.join(memory.model.codes)}", seen.outcome)
    elif code.status != seen.status and not _open(code, seen.status, memory):
        yield broken(contract, f"{code.name} with status {code.status}", seen.outcome)
    elif code.only is not None and door is not None and not {str(door.action.name), door.surface} & set(code.only):
        yield broken(contract, f"{code.name} only from {', '.join(code.only)}", seen.outcome)
    else:
        yield kept(contract)


def _open(code: Code, status: int, memory: Memory) -> bool:
    """Whether the catalogue leaves it open which of 400 and 422 a refused input has."""
    framework = memory.model.errors.framework
    refusals = {framework.invalid, framework.bad_body, framework.wrong_type}
    return memory.model.points.refused_status == "any" and code.name in refusals and status in (400, UNPROCESSABLE)
