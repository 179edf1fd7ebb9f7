"""Every answer of an action has a status that the catalogue documents for it, one to a body that is no JSON too."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from pgagents.model.contract import Contract
from pgagents.verify.cases.invalid import ordinary
from pgagents.verify.check.check import Conversation, Judgement, Probe, broken, kept, promise
from pgagents.verify.check.memory import Memory, Setting
from pgagents.verify.fixtures.request_template import recipe_of
from pgagents.verify.wire.call import Call, Raw
from pgagents.verify.wire.endpoint import REST, Door
from pgagents.verify.wire.exchange import UNAVAILABLE, Seen

RANK = 1
NAME = "documented_status"
TOOLS = True
REFUSED, UNPROCESSABLE = 400, 422


def promises(setting: Setting) -> Iterator[Contract]:
    """One for each door."""
    for door in setting.every_door:
        listed = ", ".join(map(str, sorted(_documented(setting, door))))
        says = f"{door.action.name} answers with a documented status only: {listed}"
        yield promise(NAME, "", door, says, (*door.action.origin, "output"), door.action.cite)


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """Half a body for each action that takes one, where the catalogue does not say how bad JSON is refused."""
    del roles
    if setting.model.errors.framework.bad_body is not None:
        return
    for door in setting.doors:
        if door.surface == REST and any(p.place == "body" for p in door.params):
            contract, writes = f"{NAME}/{door.place}", door.action.effect == "write"
            call = ordinary(
                door,
                recipe_of(setting.model, door.action),
                "framework",
                "half a JSON body",
                raw=Raw(edit=lambda body: body[: len(body) // 2]),
            )
            yield Probe(f"{NAME}/half/{door.place}", 6, (contract,), 1, _run(setting, call, contract), (door,), "main", writes)


def _run(setting: Setting, call: Call, contract: str) -> Callable[[], Conversation]:
    def run() -> Conversation:
        seen: Seen = yield call
        if call.door is not None and seen.status in (REFUSED, UNPROCESSABLE):
            yield _judged(contract, seen, _documented(setting, call.door))

    return run


def watch(seen: Seen, memory: Memory) -> Iterator[Judgement]:
    """Judge every whole answer of an action."""
    door = seen.call.door
    if door is None or seen.call.intent == "framework" or seen.response is None or seen.status == UNAVAILABLE:
        return
    allowed = memory.setting.kept((NAME, door.place), lambda: _documented(memory.setting, door))
    yield _judged(f"{NAME}/{seen.place}", seen, allowed)


def _judged(contract: str, seen: Seen, allowed: frozenset[int]) -> Judgement:
    if seen.status in allowed:
        return kept(contract)
    return broken(contract, f"one of {', '.join(map(str, sorted(allowed)))}", seen.outcome)


def _documented(setting: Setting, door: Door) -> frozenset[int]:
    codes = [c.status for c in (*door.action.errors, *setting.model.always())]
    if door.form is not None:
        listed = {200, *codes}
    else:
        listed = {200, *(door.dispatcher.responses or codes)} if door.dispatcher else {*(o.status for o in door.action.outputs), *codes}
    points = setting.model.points
    invalid = setting.model.codes[setting.model.errors.framework.invalid].status
    if "refused_status" in points.model_fields_set and points.refused_status == "any" and invalid in listed:
        listed |= {REFUSED, UNPROCESSABLE}  # the author says that it may be either; one who says nothing documents what he lists
    return frozenset(listed)
