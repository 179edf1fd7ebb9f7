"""An idempotency key is remembered as long as the catalogue says: shortly before that a repeated call still makes nothing anew."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from pgagents.model.contract import Contract, Verdict
from pgagents.verify.answers.replay import ended, replayed
from pgagents.verify.cases.invalid import ordinary, time_passes
from pgagents.verify.check.check import Conversation, Probe, promise, untested
from pgagents.verify.check.memory import Setting
from pgagents.verify.fixtures.request_template import recipe_of
from pgagents.verify.wire.call import Fresh
from pgagents.verify.wire.endpoint import OPERATOR, Door
from pgagents.verify.wire.exchange import Seen

NAME = "remembers_keys"
MARGIN_S = 60.0
"""So much before its end a key is tried again. That it is forgotten afterwards is nobody's promise."""
PHASE = 9


def promises(setting: Setting) -> Iterator[Contract]:
    """One, for the first action that makes a thing and takes a key."""
    door = _door(setting)
    if door is not None:
        lives_s = setting.model.idempotency.lives_s
        says = f"a key of {door.action.name} is remembered {lives_s:,} s: repeated {MARGIN_S:g} s before, the call has no second effect"
        yield promise(NAME, "", door, says, ("idempotency", "lives_s"), door.action.cite)


def settled(setting: Setting, contract: Contract) -> tuple[Verdict, str] | None:
    """Time passes at once only by the operator's clock."""
    del contract
    return None if setting.model.clock is not None else (Verdict.NOT_CLAIMED, "the API has no clock that an operator could move")


def _door(setting: Setting) -> Door | None:
    told = setting.model.idempotency
    if told is None or (told.lives_s or 0) <= 2 * MARGIN_S:
        return None
    makers = (d for d in setting.doors if d.on_rest and d.action.idempotency)
    return next((d for d in makers if (r := recipe_of(setting.model, d.action)).makes is not None and r.subject is None), None)


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """A call with a key, time, and the call again."""
    del roles
    door = _door(setting)
    if door is not None and setting.model.clock is not None:
        contract = f"{NAME}/{door.place}"
        yield Probe(contract, PHASE, (contract,), 4, _run(setting, door, contract), (door,), OPERATOR, True)


def _run(setting: Setting, door: Door, contract: str) -> Callable[[], Conversation]:
    lives_s = setting.model.idempotency.lives_s

    def run() -> Conversation:
        recipe = recipe_of(setting.model, door.action)
        name = str(door.action.idempotency)
        given = {**recipe.input, name: Fresh(once=True)}
        first: Seen = yield ordinary(door, recipe, "valid", "a call whose key is to be remembered", input=given, fresh=True)
        if first.success:
            yield from ended(setting, door, first)
        wait = time_passes(setting, lives_s - MARGIN_S)
        assert wait is not None, "without a clock nothing is selected"
        passed: Seen = yield wait
        if not first.success or not passed.success:
            yield untested(contract, f"the first call was answered {first.outcome}, the clock {passed.outcome}")
            return
        again = {k: first.input[k] for k in given if k in first.input}
        why = "the same call shortly before its key is forgotten"
        second: Seen = yield ordinary(door, recipe, "replay", why, input=again, made=first.subject)
        if second.sent_at - first.sent_at < lives_s - 2 * MARGIN_S:
            yield untested(contract, f"the operator's clock was moved by {second.sent_at - first.sent_at:,.0f} s only")
            return
        yield from replayed(setting, door, contract, first, second)

    return run
