"""A refusal of an argument names the argument, spelt as the catalogue spells it."""

from __future__ import annotations

from collections.abc import Iterator

from pgagents.model.contract import Contract, Verdict
from pgagents.verify.cases.invalid import negatives_of
from pgagents.verify.check.check import Judgement, broken, kept, promise
from pgagents.verify.check.memory import Memory, Setting
from pgagents.verify.wire.endpoint import Door
from pgagents.verify.wire.exchange import Seen, got

RANK = 5
NAME = "names_field"


def promises(setting: Setting) -> Iterator[Contract]:
    """One for each argument (and member of one) that a call can break."""
    if setting.model.errors.field_at is None:
        return
    for door in setting.doors:
        for field in dict.fromkeys(n.field for n in negatives_of(setting, door)):
            says = f"refusing {field}, {door.action.name} names it at {setting.model.errors.field_at}"
            yield promise(NAME, field, door, says, ("errors", "field_at"), door.action.cite)


def watch(seen: Seen, memory: Memory) -> Iterator[Judgement]:
    """Judge refusals of calls that break one argument."""
    field, at = seen.call.field, memory.model.errors.field_at
    door = seen.call.door
    if not field or at is None or door is None:
        return
    if seen.call.intent == "invalid" and (reason := _missing(seen, door, memory)):
        yield Judgement(f"{NAME}/{field}/{seen.place}", Verdict.NOT_CLAIMED, reason)
    if seen.code != memory.model.errors.framework.invalid or seen.spoilt_by("error_envelope"):
        return
    contract = f"{NAME}/{field}/{seen.place}"
    param = door.action.param(field)
    said = got(seen.body, at)
    if said == field or (param is not None and said == param.wire):
        yield kept(contract)
    else:
        yield broken(contract, f"{at} is {field}", f"{at} is {said}" if said is not None else f"no {at}")


def _missing(seen: Seen, door: Door, memory: Memory) -> str:
    """Why a refusal need not name the argument: it says that there is nothing with that id."""
    param = door.action.param(seen.call.field)
    resource = memory.model.resources.get(param.refers_to or "") if param is not None else None
    missing = resource is not None and resource.missing is not None and seen.code == resource.missing.name
    return "a wrong id is answered as one that is missing" if missing else ""
