"""An idempotency key has one effect: repeated calls change nothing more, even if they are sent at the same
time, and neither does a repeated call of an MCP tool that takes the key.

The key with another body is refused, as by Stripe. Another action may or may not use it, as `per_action`
says. Another project may, and so may another API key, where the catalogue says `of: key`.

What a header of this name does, a document alone does not say: a second effect is odd, unless it declares
the header of an answer that is given again, as Stripe's `Idempotent-Replayed`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from typing import Any

from pgagents.base.text import plain_word
from pgagents.catalogue.model.resource import Move
from pgagents.report.contract import Rank
from pgagents.verify.answers.replay import (
    OTHER_ANSWER,
    explain_key_expiry,
    is_key_conflict,
    judge_replay,
    makes_instance,
    same_instance,
    undo_call,
    undo_first_call,
    void,
)
from pgagents.verify.cases.argument_values import around_names, free_text
from pgagents.verify.cases.boundary import boundary_values
from pgagents.verify.fixtures.instance import at_path
from pgagents.verify.fixtures.request_template import find_refusal, template_of
from pgagents.verify.fixtures.target import target_of
from pgagents.verify.judgement import Judgement, Untested, conclude
from pgagents.verify.promise import Attempt, Case, Trial, make_check
from pgagents.verify.setting import Setting
from pgagents.verify.values.made_up import Choice, make_up
from pgagents.verify.values.schema_values import high, low, types_of
from pgagents.verify.wire.call import Call, Concurrent, UniqueValue
from pgagents.verify.wire.endpoint import MCP, Endpoint
from pgagents.verify.wire.exchange import CONFLICT, Exchange

REPLAY, RACE, MISMATCH = "replay", "race", "mismatch"
OTHER_PROJECT, OTHER_ACTION, OTHER_KEY = "other_project", "other_action", "other_key"
_OTHER = Choice(date(2000, 1, 1), mark="pgv-other")
"""Chooses a value of an argument where its bounds have one only."""
REPLAYED = re.compile(r"idempoten.*replay|replay.*idempoten")
"""Plain names of headers of an answer that is given again."""
_PLACES = {OTHER_KEY: "of", OTHER_ACTION: "per_action"}
"""The key of the catalogue's `idempotency` that says a promise; the others are an action's own."""


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield the cases of each endpoint with a key: replay and race.

    Where it is possible, yield cases about another body, project, action and API key, too. One probe tries
    all for which the caller gave the identities: the first call, which makes something, is one for all.
    """
    for endpoint in setting.endpoints:
        if not endpoint.action.idempotency:
            continue
        says = dict(_list_promises(setting, endpoint))
        needs = {OTHER_PROJECT: "second", OTHER_KEY: _find_other_key_role(setting, endpoint) or ""}
        lacking = {detail: role for detail, role in needs.items() if detail in says and role not in roles}
        attempt = Attempt(
            together=_use_key_again,
            cost=len(says) - len(lacking) + 1,
            writes=True,
            shows=(f"valid_calls/low/{endpoint.place}", f"valid_calls/values/{endpoint.place}"),
        )
        origin = (*endpoint.action.origin, "idempotency")
        for detail, text in says.items():
            role = lacking.get(detail)
            alone = Attempt(together=_use_key_again, cost=5, role=role, writes=True) if role else None
            at = ("idempotency", _PLACES[detail]) if detail in _PLACES else origin
            yield Case(endpoint, text, at, alone or attempt, detail)
    for endpoint in setting.tools:
        if setting.model.surfaces[MCP].key_param(endpoint.action) is not None:
            says_tool = f"the tool of {endpoint.action.name}, repeated with its key, has no second effect"
            origin = (*endpoint.action.origin, "idempotency")
            yield Case(
                endpoint, says_tool, origin, Attempt(_repeat_through_tool, cost=2, writes=True), REPLAY
            )


def _list_promises(setting: Setting, endpoint: Endpoint) -> Iterator[tuple[str, str]]:
    """Yield the detail and the sentence of each promise of an endpoint."""
    name = endpoint.action.name
    yield REPLAY, f"{name} repeated with its idempotency key has no second effect"
    yield RACE, f"{name} twice at the same time with one idempotency key has one effect"
    if _find_changeable_argument(setting, endpoint) is not None:
        yield MISMATCH, f"{name} refuses a used idempotency key with another body"
    if _suits_other_project(setting, endpoint):
        yield OTHER_PROJECT, f"an idempotency key of {name} belongs to one project"
    per_action = setting.model.idempotency.per_action
    if per_action is not None and _find_other_action(setting, endpoint) is not None:
        told = "free for" if per_action else "refused to"
        yield OTHER_ACTION, f"an idempotency key that {name} has used is {told} another action"
    if _find_other_key_role(setting, endpoint) is not None:
        yield OTHER_KEY, f"an idempotency key of {name} belongs to one API key"


def _use_key_again(trials: Sequence[Trial]) -> None:
    """Send two calls with one key at the same time, repeat the call, and change its body. Then use the key
    for another action, project and API key.
    """
    tried = {trial.case.detail: trial for trial in trials}
    race = tried[RACE]
    pair, key = _send_together(race)
    first = next((answer for answer in pair if answer.success), pair[0])
    if not first.success:
        raise Untested(f"the first call was answered {first.outcome}")
    conclude(_judge_race(race, pair))
    if OTHER_ACTION in tried:
        _try_other_action(tried[OTHER_ACTION], first)
    undo_first_call(race, first)
    _repeat_call(tried[REPLAY], first)
    if MISMATCH in tried:
        _change_body(tried[MISMATCH], first)
    if OTHER_PROJECT in tried:
        _try_other_owner(tried[OTHER_PROJECT], first, key, "second", "another project")
    if OTHER_KEY in tried:
        role = str(_find_other_key_role(race.setting, race.endpoint))
        _try_other_owner(tried[OTHER_KEY], first, key, role, "another API key")


def _send_together(trial: Trial) -> tuple[list[Exchange], Any]:
    """Send two calls with one key at the same time; return both answers and the key.

    Boundary values are tried first. A refusal for another reason may have used up the key, as Stripe keeps
    each answer by its key, so the next try takes a new one.
    """
    pair: list[Exchange] = []
    key: Any = None
    for arguments in _list_inputs(trial):
        key = UniqueValue(once=True)
        keyed = {**arguments, str(trial.action.idempotency): key}
        call = trial.call("valid", "two calls at once with one idempotency key", input=keyed, fresh=True)
        pair = trial.ask(Concurrent((call, call)))
        if pair[0].void or any(answer.success for answer in pair):
            break
    return pair, key


def _list_inputs(trial: Trial) -> list[Mapping[str, Any]]:
    """Return the arguments of the lowest boundary case, then ordinary ones in case it is refused.

    So the call tests the boundary case, too, which saves a call of each action.
    """
    usual = trial.template.input
    cases = boundary_values(trial.setting, trial.endpoint)
    return [*(arguments for name, arguments, _ in cases if name == "low" and arguments != usual), usual]


def _judge_race(trial: Trial, pair: list[Exchange]) -> Iterator[Judgement]:
    """Judge that simultaneous calls had one effect: all successes must return the same instance. One of them
    may be refused, as Stripe answers 409 while the first call runs.
    """
    if any(void(answer) for answer in pair):
        return
    accepted = [answer for answer in pair if answer.success]
    if all(same_instance(trial, accepted[0], answer) for answer in accepted[1:]):
        yield trial.kept()
    elif trial.model.behaviour.replay != "conflict" and not makes_instance(trial):
        yield trial.untested(OTHER_ANSWER)
    else:
        claim = "{count} effects of {calls} calls at the same time"
        expected = "one effect of one idempotency key"
        yield trial.broken(expected, claim, count=len(accepted), calls=len(pair))


def _repeat_call(trial: Trial, first: Exchange) -> None:
    arguments = dict(first.sent)  # a server compares bodies, and a default that is written out is another one
    again = trial.ask(trial.call("replay", "the same call again", input=arguments, made=first.subject))
    told = _declares_replay(trial.endpoint)
    conclude(
        replace(judgement, shown=judgement.shown or told) for judgement in judge_replay(trial, first, again)
    )


def _declares_replay(endpoint: Endpoint) -> bool:
    """True if the document has a header by which answers of this action say that they are given again, as
    Stripe's `Idempotent-Replayed`. So it is the document that says what the key does, and no guess.
    """
    headers = (header for output in endpoint.action.outputs for header in output.headers)
    return any(REPLAYED.search(plain_word(str(header.name))) for header in headers)


def _repeat_through_tool(trial: Trial) -> None:
    """Call a tool twice with one idempotency key, as a host repeats a call whose answer it lost."""
    arguments = {**trial.template.input, str(trial.action.idempotency): UniqueValue(once=True)}
    why = "a tool's call with an idempotency key"
    first = trial.ask(trial.call("valid", why, input=arguments, fresh=True, keyed=True))
    if not first.success:
        raise Untested(f"the first call was answered {first.outcome}")
    repeated = dict(first.sent)
    again = trial.ask(
        trial.call("replay", "the same call again", input=repeated, made=first.subject, keyed=True)
    )
    conclude(judge_replay(trial, first, again))


def _change_body(trial: Trial, first: Exchange) -> None:
    """Make the first call again with the same key and another body."""
    name = _find_changeable_argument(trial.setting, trial.endpoint)
    assert name is not None, "else there is no such case"
    other = _choose_other_value(trial, name, first)
    if other is None:
        conclude(trial.untested(f"no other value of {name} is known, and an example would show one"))
        return
    arguments = {**first.sent, name: other}
    why = f"the same key with another {name}"
    again = trial.ask(trial.call("replay", why, input=arguments, made=first.subject))
    if again.refused and again.status < 500 and not _is_mismatch(trial, again):
        # the other value may be what is refused: only a new key tells
        fresh = {**arguments, str(trial.action.idempotency): UniqueValue(once=True)}
        control = trial.ask(
            trial.call("explore", f"a new key with another {name}", input=fresh, made=first.subject)
        )
        if not control.success:
            conclude(trial.untested(f"another {name} with a new key is answered {control.outcome}, too"))
            return
    conclude(_judge_mismatch(trial, first, again, "another body with a used key is refused"))


def _try_other_action(trial: Trial, first: Exchange) -> None:
    """Judge the use of the key for another action, on the instance that was made with it."""
    other, makes = _find_other_action(trial.setting, trial.endpoint), trial.template.makes
    assert other is not None
    assert makes is not None
    made = at_path(makes.made_by, first) if makes.made_by and makes.made_by.at else None
    rest, move = other
    if not isinstance(made, Mapping):
        conclude(trial.untested(f"the answer holds no {makes.name}"))
        return
    key = first.input[str(trial.action.idempotency)]
    arguments = {**move.input, str(rest.action.idempotency): key}
    why = f"a key that {trial.action.name} has used"
    answer = trial.ask(Call(rest, arguments, "replay", why, subject=makes, made=made))
    own = trial.model.codes.get(trial.model.idempotency.otherwise or "")
    refusal = f"{own.status} {own.name}" if own is not None else f"{CONFLICT}"
    expected = f"{refusal}: the key was used by {trial.action.name}"
    if trial.model.idempotency.per_action:
        if _is_mismatch(trial, answer):
            conclude(
                trial.broken(
                    f"each action has idempotency keys of its own, so {rest.action.name} takes it",
                    answer.outcome,
                )
            )
        elif answer.success:
            conclude(trial.kept())
        else:
            conclude(trial.untested(f"refused otherwise: {answer.outcome}"))
        return
    conclude(_judge_mismatch(trial, first, answer, expected))


def _judge_mismatch(trial: Trial, first: Exchange, again: Exchange, expected: str) -> Iterator[Judgement]:
    """Judge that a key which `first` has used is refused to another body or action."""
    if void(again):
        return
    if late := explain_key_expiry(trial.model, first.sent_at, again):
        yield trial.untested(late)
    elif _is_mismatch(trial, again) or (
        trial.model.behaviour.replay == "any" and again.refused and again.status < 500
    ):
        yield trial.kept()
    else:
        yield trial.broken(expected, again.outcome)


def _is_mismatch(trial: Trial, answer: Exchange) -> bool:
    """True if an answer refuses a used idempotency key because its call had other arguments."""
    own = trial.model.codes.get(trial.model.idempotency.otherwise or "")
    if own is None:
        return is_key_conflict(trial.model, answer)
    return answer.code == own.name if answer.code else answer.status == own.status


def _try_other_owner(trial: Trial, first: Exchange, key: Any, role: str, whose: str) -> None:
    """Judge the use of the key with the key of another project, or with another API key."""
    name = str(trial.action.idempotency)
    arguments = {**trial.template.input, name: key}
    why = f"the same idempotency key of {whose}"
    call = partial(trial.call, "valid", role=role, owner=role, fresh=True)
    answer = trial.ask(call(why, input=arguments))
    if void(answer):
        return
    if not answer.success:  # because of the key, or because the place is full, as a lot of Park Graph may be
        same = {n: answer.input[n] for n in arguments if n in answer.input}
        other = trial.ask(call(f"another key of {whose}", input={**same, name: UniqueValue()}))
        undo_call(trial, other)
        if not other.success:
            conclude(trial.untested(f"a new key of {whose} was answered {other.outcome} as well"))
            return
    undo_call(trial, answer)  # a limit of that project's may count it
    if answer.success:
        late = explain_key_expiry(trial.model, first.sent_at, answer)
        conclude(trial.untested(late) if late else trial.kept())
    else:
        conclude(trial.broken(f"{whose}'s use of the same key is accepted", answer.outcome))


CHECK = make_check(
    "idempotency",
    __doc__,
    cases,
    stage=4,
    calls_correctly=True,
    self_contained=True,
    tools=True,
    rank=Rank.WRONG,
)


# -- the same key with another body, action, project or API key


def _suits_other_project(setting: Setting, endpoint: Endpoint) -> bool:
    """True if another project can use the key: the call makes an instance, and needs none."""
    template = template_of(setting.model, endpoint.action)
    alone = template.makes is not None and template.subject is None
    return alone and setting.model.auth.roles.get("second") is not None


def _find_other_action(setting: Setting, endpoint: Endpoint) -> tuple[Endpoint, Move] | None:
    """Return another REST action with a key that changes the made instance, with its transition; None without
    one. So the key is the only thing for which it could be refused.
    """
    makes = template_of(setting.model, endpoint.action).makes
    if makes is None or not endpoint.leads or not _suits_other_project(setting, endpoint):
        return None
    for move in makes.moves:
        other = setting.find_lead(str(move.action.name))
        keyed = move.action.idempotency and move.input and makes.initial in move.origin_states
        if other is not None and keyed:
            return other, move
    return None


def _find_other_key_role(setting: Setting, endpoint: Endpoint) -> str | None:
    """Return a role with another API key of the main project, if idempotency keys belong to one API key; else
    None.
    """
    idempotency, roles = setting.model.idempotency, setting.model.auth.roles
    main = roles.get("main")
    of_key = idempotency is not None and idempotency.of == "key"
    if main is None or not of_key or _find_other_action(setting, endpoint) is None:
        return None
    for name, role in roles.items():
        same = (role.plan, role.project, role.mode) == (main.plan, main.project, main.mode)
        if name != "main" and same and not (role.revoked or role.operator or role.group):
            return str(name)
    return None


def _find_changeable_argument(setting: Setting, endpoint: Endpoint) -> str | None:
    """Return an argument that can be changed in a valid call: a number, else an enum, else a free text.

    What a server may rightly refuse is left out: codes of the instance, such as Park Graph's, and what `env`
    gives together, such as a location.
    """
    target = target_of(setting, endpoint.action)
    codes = {str(param.name) for param, _ in target.also} if target is not None else set()
    names: dict[str, str] = {}
    for param in endpoint.params:
        schema = setting.resolve_schema(param.schema)
        name, kinds = str(param.name), set(types_of(schema))
        if param.refers_to or name in (*around_names(setting), *codes, endpoint.action.idempotency):
            continue
        if {"number", "integer"} & kinds:
            names.setdefault("number", name)
        elif param.place == "body" and param.file is None and len(_list_choices(schema)) > 1:
            names.setdefault("choice", name)
        elif param.place == "body" and param.file is None and free_text(setting, param.schema):
            names.setdefault("text", name)
    return next((names[kind] for kind in ("number", "choice", "text") if kind in names), None)


def _list_choices(schema: Mapping[str, Any]) -> list[Any]:
    """Return the texts of an enum; empty for other schemas."""
    return [value for value in schema.get("enum", ()) if isinstance(value, str)]


def _choose_other_value(trial: Trial, name: str, first: Exchange) -> Any:
    """Return a value of an argument that differs from the call's value, which may be the declared default.

    None if no other value is known: of a format such as `uri`, the least and the greatest text are one.
    """
    param = trial.action.param(name)
    assert param is not None
    edges = [choose(param.schema, trial.model.schemas) for choose in (high, low)]
    schema = trial.setting.resolve_schema(param.schema)
    used = first.input.get(name, schema.get("default"))
    values = (*_list_choices(schema), *edges, make_up(name, param.schema, trial.model.schemas, _OTHER))
    others = (value for value in values if value not in (used, None))
    taken = (v for v in others if find_refusal(trial.action, {**first.input, name: v}) is None)
    return next(taken, None)
