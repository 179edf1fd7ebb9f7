"""No call, however odd, makes the server answer 5xx or not at all.

503 is a server's right at any time; a 5xx that the action documents as something else than a crash (a gateway's) is no crash.
"""

from __future__ import annotations

from collections.abc import Iterator

from pgagents.contract import Contract
from pgagents.verify.check import Judgement, broken, kept, promise, promise_at
from pgagents.verify.door import framework_places
from pgagents.verify.memory import Memory, Setting
from pgagents.verify.seen import UNAVAILABLE, Seen
from pgagents.wire import Silence

RANK = 0
NAME = "never_crashes"
TOOLS = True


def promises(setting: Setting) -> Iterator[Contract]:
    """One for each door, one for each surface's framework."""
    for door in setting.every_door:
        yield promise(NAME, "", door, f"{door.action.name} never answers 5xx and always answers", door.action.origin, door.action.cite)
    for place in framework_places(setting.model):
        yield promise_at(NAME, "", place, "no path, method or body makes the server answer 5xx", ("errors", "framework"))


def watch(seen: Seen, memory: Memory) -> Iterator[Judgement]:
    """Judge every exchange."""
    contract = f"{NAME}/{seen.place}"
    if isinstance(seen.answer, Silence):
        yield broken(contract, "a whole answer", seen.outcome)
    elif seen.status >= 500 and seen.status != UNAVAILABLE and not _documented(seen, memory):
        yield broken(contract, "an answer below 500", seen.outcome)
    elif seen.status != UNAVAILABLE:
        yield kept(contract)


def _documented(seen: Seen, memory: Memory) -> bool:
    door, crashed = seen.call.door, memory.model.errors.framework.crashed
    return door is not None and any(c.status == seen.status and c.name == seen.code and c.name != crashed for c in door.action.errors)
