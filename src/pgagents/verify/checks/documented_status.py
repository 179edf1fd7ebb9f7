"""Every answer of an action has a status that the catalogue documents for it."""

from __future__ import annotations

from collections.abc import Iterator

from pgagents.contract import Contract
from pgagents.verify.check import Judgement, broken, kept, promise
from pgagents.verify.door import Door
from pgagents.verify.memory import Memory, Setting
from pgagents.verify.seen import UNAVAILABLE, Seen

RANK = 1
NAME = "documented_status"
TOOLS = True
UNPROCESSABLE = 422


def promises(setting: Setting) -> Iterator[Contract]:
    """One for each door."""
    for door in setting.every_door:
        listed = ", ".join(map(str, sorted(_documented(setting, door))))
        says = f"{door.action.name} answers with a documented status only: {listed}"
        yield promise(NAME, "", door, says, (*door.action.origin, "output"), door.action.cite)


def watch(seen: Seen, memory: Memory) -> Iterator[Judgement]:
    """Judge every whole answer of an action."""
    door = seen.call.door
    if door is None or seen.call.intent == "framework" or seen.response is None or seen.status == UNAVAILABLE:
        return
    allowed = memory.setting.kept((NAME, door.place), lambda: _documented(memory.setting, door))
    if seen.status in allowed:
        yield kept(f"{NAME}/{seen.place}")
    else:
        yield broken(f"{NAME}/{seen.place}", f"one of {', '.join(map(str, sorted(allowed)))}", seen.outcome)


def _documented(setting: Setting, door: Door) -> frozenset[int]:
    codes = [c.status for c in (*door.action.errors, *setting.model.always())]
    if door.form is not None:
        listed = {200, *codes}
    else:
        listed = {200, *(door.dispatcher.responses or codes)} if door.dispatcher else {*(o.status for o in door.action.outputs), *codes}
    invalid = setting.model.codes[setting.model.errors.framework.invalid].status
    if setting.model.points.refused_status == "any" and invalid in listed:
        listed |= {400, UNPROCESSABLE}
    return frozenset(listed)
