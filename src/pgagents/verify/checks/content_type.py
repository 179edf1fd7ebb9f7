"""A JSON answer says that it is JSON."""

from __future__ import annotations

from collections.abc import Iterator

from pgagents.contract import Contract
from pgagents.verify.check import Judgement, broken, kept, promise, promise_at
from pgagents.verify.door import framework_places
from pgagents.verify.memory import Memory, Setting
from pgagents.verify.seen import UNAVAILABLE, Seen

RANK = 3
NAME = "content_type"


def promises(setting: Setting) -> Iterator[Contract]:
    """One for each door and each surface's framework."""
    origin = ("points", "content_type") if setting.model.source.has(("points", "content_type")) else ()
    for door in setting.doors:
        yield promise(NAME, "", door, f"answers of {door.action.name} are application/json", origin or door.action.origin, door.action.cite)
    for place in framework_places(setting.model):
        yield promise_at(NAME, "", place, "error answers of the framework are application/json", origin)


def watch(seen: Seen, memory: Memory) -> Iterator[Judgement]:
    """Judge every answer with a body that is not a document's."""
    response = seen.response
    if response is None or not response.body or seen.status == UNAVAILABLE or seen.call.intent == "document":
        return
    contract = f"{NAME}/{seen.place}"
    text = response.header("Content-Type") or ""
    kind, _, rest = text.partition(";")
    kind, charset = kind.strip().lower(), rest.replace(" ", "").replace('"', "").lower()
    fixed = memory.model.points.content_type == "json"
    right = kind == "application/json" or (not fixed and kind.startswith("application/") and kind.endswith("+json"))
    if right and charset in ("", "charset=utf-8", "charset=utf8"):
        yield kept(contract)
    else:
        yield broken(contract, "Content-Type: application/json", f"Content-Type: {text or 'none'}")
