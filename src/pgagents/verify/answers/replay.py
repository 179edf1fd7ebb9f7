"""Judge the answers to calls with one idempotency key: a refusal, or the first answer again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pgagents.catalogue.model.model import Model
from pgagents.verify.fixtures.instance import at_path
from pgagents.verify.fixtures.noticing import key_of
from pgagents.verify.judgement import Judgement
from pgagents.verify.promise import Trial
from pgagents.verify.setting import Memory
from pgagents.verify.wire.call import Call
from pgagents.verify.wire.exchange import CONFLICT, Exchange

OTHER_ANSWER = "the answers differ, which is not proof of a second effect"
"""The reason of an action that makes nothing: JSON:API and envelopes have a `meta` for each answer.

`hint_idempotent` reads the instance itself.
"""


def void(exchange: Exchange) -> bool:
    """True if an answer cannot be judged here: there is none, or another check found an error in it."""
    return exchange.void or exchange.unsound


def is_key_conflict(model: Model, exchange: Exchange) -> bool:
    """True if an answer refuses an action's call because its idempotency key was used before."""
    endpoint = exchange.call.endpoint
    assert endpoint is not None, "only actions take keys"
    conflicts = [code.name for code in endpoint.action.errors if code.status == CONFLICT]
    if exchange.code:
        return exchange.code in (*conflicts, model.idempotency.otherwise)
    return exchange.status == CONFLICT


def explain_key_expiry(model: Model, used_at: float, exchange: Exchange) -> str:
    """Return why the server may have forgotten a key that was used at `used_at` (epoch seconds); empty if the
    server must remember it.
    """
    idempotency = model.idempotency
    passed_s = exchange.sent_at - used_at
    if idempotency is None or not idempotency.lives_s or passed_s < idempotency.lives_s:
        return ""
    return f"the key was used {passed_s:,.0f} s before, and is remembered for {idempotency.lives_s:,} s only"


def repeats_key(exchange: Exchange, memory: Memory) -> bool:
    """True if an earlier call had the idempotency key of this one, so that its answer may be that one's."""
    key = key_of(exchange)
    firsts: dict[str, int] = memory.notes.setdefault("replay/keys", {})
    return bool(key) and firsts.setdefault(key, exchange.number) != exchange.number


def judge_replay(trial: Trial, first: Exchange, second: Exchange) -> Iterator[Judgement]:
    """Judge that a repeated call had no second effect, as the catalogue's `behaviour.replay` defines it."""
    if void(second):
        return
    if late := explain_key_expiry(trial.model, first.sent_at, second):
        yield trial.untested(late)
        return
    point = trial.model.behaviour.replay
    conflict = is_key_conflict(trial.model, second)
    same = second.success and same_instance(trial, first, second)
    refused = second.refused and second.status < 500  # Adyen answers 422, error 704
    if conflict if point == "conflict" else same if point == "same" else refused or same:
        yield trial.kept()
    elif second.success and point != "conflict" and not makes_instance(trial):
        yield trial.untested(OTHER_ANSWER)
    else:
        expected = {"conflict": f"{CONFLICT}", "same": "the first answer again"}.get(
            point, "a refusal, or the first answer again"
        )
        new = " with something new" if second.success and not same else ""
        yield trial.broken(expected, f"{second.outcome}{new}")


def undo_first_call(trial: Trial, first: Exchange) -> None:
    """Undo a call with an idempotency key before the key is used again.

    This is done only if used keys are refused and are remembered for a limited time. It frees the instance's
    capacity, such as a lot's, so that only the key can be the reason for a later refusal.
    """
    idempotency = trial.model.idempotency
    forgets = idempotency is not None and idempotency.lives_s
    if forgets and trial.model.behaviour.replay == "conflict" and trial.endpoint.leads:
        undo_call(trial, first)


def undo_call(trial: Trial, first: Exchange) -> None:
    """Remove what a call of the trial's action made, with the key that made it; nothing if it made none."""
    makes, role = trial.template.makes, first.call.role
    undo = makes.undone_by if makes is not None else None
    ending = trial.setting.find_lead(str(undo.action.name)) if undo is not None else None
    body = at_path(makes.made_by, first) if makes is not None and makes.made_by and makes.made_by.at else None
    if undo is not None and ending is not None and isinstance(body, Mapping) and first.success:
        why = "the end of what an idempotency key made"
        # a hold may have ended by itself meanwhile
        trial.ask(Call(ending, undo.input, "clean", why, role=role, owner=role, subject=makes, made=body))


def same_instance(trial: Trial, first: Exchange, second: Exchange) -> bool:
    """True if both answers to the trial's action hold the same instance.

    Instances are compared by id where the action makes a resource; else the whole bodies are compared.
    """
    makes = trial.template.makes
    if makes is None or not makes_instance(trial):
        return bool(first.body == second.body)
    before, after = at_path(makes.made_by, first), at_path(makes.made_by, second)
    return makes.id_of(before) is not None and makes.id_of(before) == makes.id_of(after)


def makes_instance(trial: Trial) -> bool:
    """True if the answer to the trial's action holds an instance that it made."""
    makes = trial.template.makes
    return makes is not None and makes.made_by is not None and makes.made_by.at is not None
