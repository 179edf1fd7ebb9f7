"""An answer says what it is: a success the media type that its action documents, a JSON answer that it is JSON."""

from __future__ import annotations

from collections.abc import Iterator

from pgagents.model.action import Action
from pgagents.model.contract import Contract
from pgagents.verify.check.check import Judgement, broken, kept, promise, promise_at, said_of
from pgagents.verify.check.memory import Memory, Setting
from pgagents.verify.wire.endpoint import Door, framework_places
from pgagents.verify.wire.exchange import UNAVAILABLE, Seen
from pgagents.verify.wire.media import JSON, fits, is_json

RANK = 3
NAME = "content_type"


def promises(setting: Setting) -> Iterator[Contract]:
    """One for each door and each surface's framework."""
    origin = ("points", "content_type") if setting.model.source.has(("points", "content_type")) else ()
    for door in setting.doors:
        says = f"answers of {door.action.name} are {_listed(door)}"
        yield promise(NAME, "", door, says, origin or door.action.origin, door.action.cite)
    for place in framework_places(setting.model):
        yield promise_at(NAME, "", place, "error answers of the framework are application/json", origin)


def _listed(door: Door) -> str:
    others = _others(door.action) if door.on_rest else []
    return " and ".join([*others, f"errors {JSON}"]) if others else JSON


def _others(action: Action) -> list[str]:
    """The media types of its successes that are no JSON."""
    return list(dict.fromkeys(o.content_type for o in action.outputs if o.schema is not None and not is_json(o.content_type)))


def watch(seen: Seen, memory: Memory) -> Iterator[Judgement]:
    """Judge every answer with a body that is not a document's."""
    response = seen.response
    if response is None or not response.body or seen.status == UNAVAILABLE or seen.call.intent == "document" or seen.sent_on:
        return
    contract = f"{NAME}/{seen.place}"
    text = response.header("Content-Type") or ""
    promised = _promised(seen)
    fixed = memory.model.points.content_type == "json"
    right = _is_json(text, promised, fixed=fixed) if is_json(promised) else fits(text, promised)
    if not right and not said_of(seen, memory.model):
        return
    yield kept(contract) if right else broken(contract, f"Content-Type: {promised}", f"Content-Type: {text or 'none'}")


def _promised(seen: Seen) -> str:
    """The media type that the answer should have."""
    door = seen.call.door
    if seen.output is None or seen.output.schema is None or door is None or not door.on_rest:
        return JSON
    return seen.output.content_type if seen.output.content_type != "*/*" else JSON


def _is_json(text: str, promised: str, *, fixed: bool) -> bool:
    kind, _, rest = text.partition(";")
    kind, charset = kind.strip().lower(), rest.replace(" ", "").replace('"', "").lower()
    right = kind == JSON or fits(text, promised) or (not fixed and kind.startswith("application/") and kind.endswith("+json"))
    return right and charset in ("", "charset=utf-8", "charset=utf8")
