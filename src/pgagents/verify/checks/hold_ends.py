"""What says when it ends by itself lives until then, and no longer."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pgagents.contract import Contract, Verdict
from pgagents.expression import epoch
from pgagents.model import Resource
from pgagents.verify.call import Call
from pgagents.verify.check import Conversation, Probe, broken, kept, promise, untested
from pgagents.verify.door import OPERATOR, REST, Door
from pgagents.verify.generate import time_passes
from pgagents.verify.memory import Setting
from pgagents.verify.seen import Seen
from pgagents.verify.world import at_path

NAME = "hold_ends"
MARGIN_S = 10.0
"""So much before and after its time it is looked at: clocks differ by a few seconds."""


def promises(setting: Setting) -> Iterator[Contract]:
    """For each resource with a time of its own: it is there shortly before, and gone shortly after."""
    for resource, door in _expiring(setting):
        member = resource.expires_by
        says = f"a {resource.name} is still there {MARGIN_S:g} s before its {member}"
        yield promise(NAME, f"lives/{resource.name}", door, says, (*resource.origin, "expires_by"), resource.cite)
        says = f"a {resource.name} is gone {MARGIN_S:g} s after its {member}"
        yield promise(NAME, f"ends/{resource.name}", door, says, (*resource.origin, "expires_by"), resource.cite)


def settled(setting: Setting, contract: Contract) -> tuple[Verdict, str] | None:
    """Time passes at once only by the operator's clock."""
    del contract
    return None if setting.model.clock is not None else (Verdict.NOT_CLAIMED, "the API has no clock that an operator could move")


def _expiring(setting: Setting) -> Iterator[tuple[Resource, Door]]:
    """Resources that can be made and ended, and the door that ends one: it tells whether one is there."""
    for resource in setting.model.resources.values():
        if resource.expires_by and resource.made_by and resource.undone_by and resource.missing:
            door = setting.door(str(resource.undone_by.action.name), REST)
            if door is not None:
                yield resource, door


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """Two are made; time passes until just before, and one is ended; then until just after, and the other is."""
    del roles
    for resource, door in _expiring(setting):
        covers = tuple(f"{NAME}/{detail}/{resource.name}/{door.place}" for detail in ("lives", "ends"))
        yield Probe(covers[0], 6, covers, 6, _run(setting, resource, door, covers), (door,), OPERATOR, True)


def _run(setting: Setting, resource: Resource, door: Door, covers: tuple[str, ...]) -> Callable[[], Conversation]:
    lives, ends = covers

    def run() -> Conversation:
        made_by, undone_by, missing = resource.made_by, resource.undone_by, resource.missing
        maker = setting.door(str(made_by.action.name), REST) if made_by else None
        if made_by is None or undone_by is None or missing is None or maker is None:
            return
        things: list[Mapping[str, Any]] = []
        asked: Seen | None = None
        for _ in range(2):
            asked = yield Call(maker, made_by.input, "valid", f"a {resource.name} that ends by itself", fresh=True)
            body = at_path(made_by.at, asked) if made_by.at is not None and asked.success else None
            left = _left_s(resource, body, asked)
            if not isinstance(body, Mapping) or left is None or left <= 2 * MARGIN_S:
                for contract in covers:
                    yield untested(contract, f"no {resource.name} with time left was made: {asked.outcome}")
                return
            things.append(body)
        assert asked is not None
        passed: Seen = yield _advance(setting, (_left_s(resource, things[0], asked) or 0.0) - MARGIN_S)
        early: Seen = yield Call(
            door, undone_by.input, "explore", f"a {resource.name} shortly before its time", subject=resource, made=things[0]
        )
        if passed.success and not early.void:
            gone = early.code == missing.name
            yield broken(lives, f"it is there {MARGIN_S:g} s before its {resource.expires_by}", early.outcome) if gone else kept(lives)
        passed = yield _advance(setting, 2 * MARGIN_S)
        late: Seen = yield Call(door, undone_by.input, "explore", f"a {resource.name} after its time", subject=resource, made=things[1])
        if passed.success and not late.void:
            there = late.success and "documented_status" not in late.spoilt
            yield broken(ends, f"it is gone {MARGIN_S:g} s after its {resource.expires_by}", late.outcome) if there else kept(ends)

    return run


def _left_s(resource: Resource, body: Any, seen: Seen) -> float | None:
    """Seconds until it ends."""
    told = epoch(body.get(str(resource.expires_by))) if isinstance(body, Mapping) else math.nan
    return None if math.isnan(told) else told - seen.sent_at


def _advance(setting: Setting, seconds: float) -> Call:
    call = time_passes(setting, seconds)
    assert call is not None, "without a clock nothing is selected"
    return call
