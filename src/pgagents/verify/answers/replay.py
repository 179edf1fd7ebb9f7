"""Judge the answers to calls with one idempotency key: a refusal, or the first answer again."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from typing import Any

from pgagents.verify.fixtures.instance import at_path
from pgagents.verify.fixtures.request_template import template_of
from pgagents.verify.promise import CONFLICT, Judgement, judge_broken, judge_kept, judge_untested
from pgagents.verify.setting import Setting
from pgagents.verify.wire.call import Call
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange


def void(exchange: Exchange) -> bool:
    """True if an answer cannot be judged here: there is none, or another check found an error in it."""
    return exchange.void or exchange.unsound


def is_key_conflict(setting: Setting, endpoint: Endpoint, exchange: Exchange) -> bool:
    """True if an answer refuses a call because its idempotency key was used before."""
    conflicts = [c.name for c in endpoint.action.errors if c.status == CONFLICT]
    if exchange.code:
        return exchange.code in (*conflicts, setting.model.idempotency.otherwise)
    return exchange.status == CONFLICT


def is_mismatch(setting: Setting, endpoint: Endpoint, exchange: Exchange) -> bool:
    """True if an answer refuses a used idempotency key because its call had other arguments."""
    own = setting.model.codes.get(setting.model.idempotency.otherwise or "")
    if own is None:
        return is_key_conflict(setting, endpoint, exchange)
    return exchange.code == own.name if exchange.code else exchange.status == own.status


def explain_key_expiry(setting: Setting, used_at: float, exchange: Exchange) -> str:
    """Return why the server may have forgotten a key that was used at `used_at` (epoch seconds); empty if the
    server must remember it.
    """
    told = setting.model.idempotency
    passed = exchange.sent_at - used_at
    if told is None or not told.lives_s or passed < told.lives_s:
        return ""
    return f"the key was used {passed:,.0f} s before, and is remembered for {told.lives_s:,} s only"


def judge_replay(
    setting: Setting, endpoint: Endpoint, contract: str, first: Exchange, second: Exchange
) -> Iterator[Judgement]:
    """Judge that a repeated call had no second effect, as the catalogue's `behaviour.replay` defines it."""
    if void(second):
        return
    if late := explain_key_expiry(setting, first.sent_at, second):
        yield judge_untested(contract, late)
        return
    point = setting.model.behaviour.replay
    conflict = is_key_conflict(setting, endpoint, second)
    same = second.success and same_instance(setting, endpoint, first, second)
    if conflict if point == "conflict" else same if point == "same" else conflict or same:
        yield judge_kept(contract)
    else:
        expected = {"conflict": f"{CONFLICT}", "same": "the first answer again"}.get(
            point, "a conflict, or the first answer again"
        )
        new = " with something new" if second.success and not same else ""
        yield judge_broken(contract, expected, f"{second.outcome}{new}")


def undo_first_call(setting: Setting, endpoint: Endpoint, first: Exchange) -> Generator[Any, Any, None]:
    """Undo a call with an idempotency key before the key is used again.

    This is done only if used keys are refused and are remembered for a limited time. It frees the instance's
    capacity, so that only the key can be the reason for a later refusal.
    """
    told, makes = setting.model.idempotency, template_of(setting.model, endpoint.action).makes
    undo = makes.undone_by if makes is not None else None
    ending = setting.find_lead(str(undo.action.name)) if undo is not None else None
    if told is None or not told.lives_s or setting.model.behaviour.replay != "conflict" or not endpoint.leads:
        return
    body = at_path(makes.made_by, first) if makes is not None and makes.made_by and makes.made_by.at else None
    if undo is not None and ending is not None and isinstance(body, Mapping):
        yield Call(
            ending, undo.input, "valid", "the end of what an idempotency key made", subject=makes, made=body
        )


def same_instance(setting: Setting, endpoint: Endpoint, first: Exchange, second: Exchange) -> bool:
    """True if both answers hold the same instance.

    Instances are compared by id where the action makes a resource; else the whole bodies are compared.
    """
    makes = template_of(setting.model, endpoint.action).makes
    if makes is None or makes.made_by is None or makes.made_by.at is None:
        return bool(first.body == second.body)
    one, two = at_path(makes.made_by, first), at_path(makes.made_by, second)
    return makes.id_of(one) is not None and makes.id_of(one) == makes.id_of(two)


def judge_race(
    setting: Setting, endpoint: Endpoint, contract: str, pair: list[Exchange]
) -> Iterator[Judgement]:
    """Judge that simultaneous calls had one effect: all successes must return the same instance."""
    if any(void(exchange) for exchange in pair):
        return
    accepted = [exchange for exchange in pair if exchange.success]
    if all(same_instance(setting, endpoint, accepted[0], exchange) for exchange in accepted[1:]):
        yield judge_kept(contract)
    else:
        yield judge_broken(
            contract,
            "one effect of one idempotency key",
            "{count} effects of {calls} calls at the same time",
            count=len(accepted),
            calls=len(pair),
        )


def judge_mismatch(
    setting: Setting, endpoint: Endpoint, contract: str, first: Exchange, again: Exchange, expected: str
) -> Iterator[Judgement]:
    """Judge that a key which `first` has used is refused to another body or action. `expected` says so in a
    finding.
    """
    if void(again):
        return
    if late := explain_key_expiry(setting, first.sent_at, again):
        yield judge_untested(contract, late)
    elif is_mismatch(setting, endpoint, again) or (
        setting.model.behaviour.replay == "any" and again.refused and again.status < 500
    ):
        yield judge_kept(contract)
    else:
        yield judge_broken(contract, expected, again.outcome)
