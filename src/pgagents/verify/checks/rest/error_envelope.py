"""Every error body is the catalogue's envelope, the framework's own refusals included."""

from __future__ import annotations

from collections.abc import Iterator

from pgagents.model.contract import Contract
from pgagents.verify.cases.invalid import provokable
from pgagents.verify.check.check import Judgement, broken, kept, promise, promise_at, said_of
from pgagents.verify.check.memory import Memory, Setting
from pgagents.verify.wire.endpoint import framework_places
from pgagents.verify.wire.exchange import UNAVAILABLE, Seen

RANK = 3
NAME = "error_envelope"


def promises(setting: Setting) -> Iterator[Contract]:
    """One for each door and each surface's framework."""
    origin = ("errors", "envelope")
    for door in setting.doors:
        if not provokable(setting, door):
            continue
        yield promise(NAME, "", door, f"every error of {door.action.name} is in the envelope", origin, door.action.cite)
    for place in framework_places(setting.model):
        yield promise_at(NAME, "", place, "what the framework refuses is answered in the envelope", origin)


def watch(seen: Seen, memory: Memory) -> Iterator[Judgement]:
    """Judge every answer from 400."""
    if seen.status < 400 or seen.status == UNAVAILABLE or seen.request.method == "HEAD" or seen.call.intent == "document":
        return
    if seen.call.door is not None and seen.call.intent != "framework" and not provokable(memory.setting, seen.call.door):
        return  # no error of it is promised: documented_status says what came
    contract, said = f"{NAME}/{seen.place}", said_of(seen, memory.model)
    if seen.json.problem and not said:
        return
    if seen.json.problem:
        yield broken(contract, "the error envelope", seen.json.problem)
        return
    declared = memory.model.codes.get(seen.code or "")
    name = declared.envelope if declared else memory.model.errors.envelope
    test = memory.setting.envelope(name)
    if test.is_valid(seen.body):
        yield kept(contract)
    elif said:
        error = next(iter(test.iter_errors(seen.body)))
        where = ".".join(map(str, error.instance_path)) or "the body"
        yield broken(contract, f"a body that is {name}", f"{where}: {error.message[:200]}")
