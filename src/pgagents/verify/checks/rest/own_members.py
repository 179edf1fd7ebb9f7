"""No client sets a member that only the server sets, by sending it beside a real change or in a create
(mass assignment).

Such a member is `readOnly`, or stands only in answers and has a name such as `role`, `is_admin`, `owner_id`
or `status`. An instance of our own is changed once without it. Then it is sent with another value of its
type, as no argument of the document. A server may refuse or ignore it. A read that shows the sent value is
odd, because no document forbids it. Where the catalogue says `read_only: ignored` or `refused`, another
answer is broken. The former value is sent afterwards, so that the instance can be removed. Members about
money and messages are never sent, nor numbers, which may name somebody's thing, and no state of what is paid,
sent or published.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from pgagents.base.text import plain_word
from pgagents.catalogue.model.action import ActionCall
from pgagents.catalogue.model.resource import Resource
from pgagents.report.contract import Rank
from pgagents.verify.cases.instance_changes import Change, list_settable, names_instance
from pgagents.verify.fixtures.factory import ACCEPTED
from pgagents.verify.fixtures.instance import at_path, find_read, members_of
from pgagents.verify.fixtures.target import is_made_by
from pgagents.verify.judgement import Judgement, Untested, conclude
from pgagents.verify.promise import Attempt, Case, Trial, make_check
from pgagents.verify.setting import Setting
from pgagents.verify.values.schema_values import matches, types_of
from pgagents.verify.wire.call import Call, InstanceRef, Own
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange

RIGHTS = re.compile(
    r"(?:is)?(?:admin|administrator|superuser|staff|owner|verified|approved|moderator|banned|locked|trusted)"
    r"|roles?|permissions?|scopes?|status|state|plan|tier|level"
    r"|(?:owner|user|account|tenant|team|organi[sz]ation|org|created?by|author)(?:id)?"
)
"""Plain names of members by which a client would gain a right, or give a thing to somebody else, as those of
OWASP API6:2019.
"""
OWNERS = re.compile(r"(?:owner|user|account|tenant|team|organi[sz]ation|org|created?by|author)(?:id)?")
"""Those that say whose a thing is. A new instance that is somebody else's could not be removed."""
NEVER = re.compile(
    r"price|amount|balance|credit|cost|fee|paid|pay|charge|invoice|refund|currency|total"
    r"|mail|phone|message|notif|sms|webhook|callback|url|secret|token|password|hash",
    re.I,
)
ENDED = re.compile(r"paid|sent|send|deliver|publish|ship|charg|refund|order|delet|archiv|lock|bann", re.I)
"""Values of a state that may act outside, or after which an instance may not be removed."""
PLAIN = frozenset(("type", "title", "description", "readOnly", "maxLength", "minLength", "examples"))
"""The keywords of a text that is still valid with a character more; a format or a pattern may forbid it."""


@dataclass(frozen=True, slots=True)
class _Own:
    """The members that only the server sets, by name with their schemas, and the call that could set them."""

    change: Change
    members: Mapping[str, Mapping[str, Any]]


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield a case for each create, PUT and PATCH of a resource that shows members of the server's own."""
    del roles
    for resource in setting.model.resources.values():
        found = find_read(setting, resource) if resource.made_by is not None else None
        if found is None or resource.undone_by is None:  # nothing odd of ours may stay
            continue
        shown = _list_own_members(setting, resource, members_of(setting, found[0]))
        said = setting.model.behaviour.read_only != "any"
        kinds = [(said, _split(shown, said, True)), (False, _split(shown, said, False))]
        callers = setting.list_naming(resource.name)
        pairs = [(firm, own, endpoint) for firm, own in kinds if own for endpoint in callers]
        for firm, own, endpoint in pairs:
            creates = is_made_by(resource, endpoint.action)
            members = {n: s for n, s in own.items() if not (creates and OWNERS.fullmatch(plain_word(n)))}
            if not members or not _takes_more(resource, endpoint, creates=creates, firm=firm):
                continue
            change = Change(resource, list_settable(setting, resource, endpoint, found[0]), *found)
            run = partial(_try_create if creates else _try_change, own=_Own(change, members))
            attempt = Attempt(run, cost=6, endpoints=(endpoint, found[1]), writes=True)
            names = " and ".join(members) if len(members) < 3 else f"{len(members)} members of its own"
            says = f"{endpoint.action.name} lets no client set {names}"
            origin = ("behaviour", "read_only") if firm else endpoint.action.origin
            detail = "read_only" if firm else ""
            yield Case(endpoint, says, origin, attempt, detail, advice=not firm)


def _split(
    members: Mapping[str, Mapping[str, Any]], said: bool, declared: bool
) -> dict[str, Mapping[str, Any]]:
    """Return the `readOnly` members if the catalogue has `said` what becomes of them, or else the others."""
    return {n: s for n, s in members.items() if declared == (said and bool(s.get("readOnly")))}


def _takes_more(resource: Resource, endpoint: Endpoint, *, creates: bool, firm: bool) -> bool:
    """True for a JSON write of an instance where it is `firm` what becomes of more, or open.

    One surface is enough: the others have the same code behind them. A JSON Patch (RFC 6902) has no members.
    """
    action = endpoint.action
    if not endpoint.leads or not endpoint.on_rest or action.effect != "write":
        return False
    changes = action.method in ("PUT", "PATCH") and names_instance(endpoint, resource)
    plain = action.content_type.endswith("json") and "json-patch" not in action.content_type
    in_body = [p for p in action.params if p.in_body]
    whole = any(p.place == "whole_body" for p in in_body)
    takes = firm or action.unknown != "refused"
    return (creates or changes) and plain and bool(in_body) and not whole and takes


def _list_own_members(
    setting: Setting, resource: Resource, shown: Mapping[str, Any]
) -> dict[str, Mapping[str, Any]]:
    """Return the scalar members of a read that no write of an instance takes, by name with their schemas."""
    # a state may be one without return, and a secret is never sent
    hidden = {resource.state, *resource.ids, *setting.model.secrets, *setting.model.private}
    naming = (endpoint.action for endpoint in setting.list_naming(resource.name))
    taken = {plain_word(p.wire) for action in naming if action.effect == "write" for p in action.params}
    own: dict[str, Mapping[str, Any]] = {}
    for name, schema in shown.items():
        resolved = setting.resolve_schema(schema)
        word = plain_word(name)
        if name in hidden or word in taken or NEVER.search(name) or not _has_values(resolved):
            continue
        declared = bool(resolved.get("readOnly") or schema.get("readOnly"))
        if declared or RIGHTS.fullmatch(word):
            own[str(name)] = {**resolved, "readOnly": declared}  # it may stand beside a `$ref`
    return own


def _has_values(schema: Mapping[str, Any]) -> bool:
    """True if another value of the member is known from its schema alone."""
    kinds = set(types_of(schema)) - {"null"}
    plain = "enum" in schema or schema.keys() <= PLAIN
    return "type" in schema and (kinds == {"boolean"} or (kinds == {"string"} and plain))


def _choose_values(own: _Own, shown: Mapping[str, Any]) -> dict[str, Any]:
    """Return another value for each member that has one now."""
    values: dict[str, Any] = {}
    for name, schema in own.members.items():
        for value in _list_others(schema, shown.get(name)):
            if value != shown.get(name) and matches(schema, value):
                values[name] = value
                break
    return values


def _list_others(schema: Mapping[str, Any], value: Any) -> Sequence[Any]:
    if isinstance(value, bool):
        return (not value,)
    if not isinstance(value, str):
        return ()
    if "enum" in schema:
        return [one for one in schema["enum"] if isinstance(one, str) and not ENDED.search(one)]
    return (f"{value}x", value[:-1] or "x")


def _try_change(trial: Trial, own: _Own) -> None:
    """Change an instance without the server's own members, and then with them."""
    change = own.change
    body = trial.ask(trial.refer(change.resource))
    sent = change.list_needed(trial, body)
    if not sent:  # `params.require` of Rails refuses a change without any
        free = [p for p in change.members if not p.required]
        sent = dict(list(change.choose_others(trial, free, body).items())[:1])
    plain = trial.ask(change.send(trial, body, sent, "a change without members of the server's own"))
    before = trial.ask(change.call_read(trial, body))
    if not plain.success or plain.status == ACCEPTED or not before.success:  # 202: not done yet
        raise Untested(f"nothing could be changed: {plain.outcome}, {before.outcome}")

    def call(values: Mapping[str, Any], why: str) -> Call:
        return change.send(trial, body, {**sent, **values}, why)

    shown = change.shown(before)
    values = _choose_values(own, shown)
    if not values:
        raise Untested(f"no other value of {' or '.join(own.members)} is known")
    answer = trial.ask(call(values, f"beside {' and '.join(values)}"))
    if answer.void:
        raise Untested(f"the server put a call off: {answer.outcome}")
    if wrong := _judge_refusal(trial, answer, values):
        conclude(wrong)
    if not answer.success:
        conclude([] if wrong else trial.kept())
        return
    after = trial.ask(change.call_read(trial, body))
    if taken := _find_taken(values, shown, change.shown(after)):
        former = {name: shown.get(name) for name in taken}
        turned_back = trial.ask(call(former, f"{' and '.join(taken)} as before"))
        again = trial.ask(change.call_read(trial, body))
        if turned_back.void or again.void:
            raise Untested(f"{taken[0]} may have it by itself: {turned_back.outcome}, {again.outcome}")
        # a job that moved on meanwhile has the value by itself
        if turned_back.success and change.shown(again).get(taken[0]) == values[taken[0]]:
            raise Untested(f"{taken[0]} has this value also where another one is sent")
        conclude(_judge_taken(trial, own, taken[0]))
        return
    if not after.success:
        raise Untested(f"it was not read afterwards: {after.outcome}")
    conclude(trial.kept())


def _try_create(trial: Trial, own: _Own) -> None:
    """Make an instance as usual, and then one with the server's own members."""
    change, made_by = own.change, own.change.resource.made_by
    assert made_by is not None
    # as a create leaves it: a change may move it on
    body = trial.ask(InstanceRef(change.resource.name, fresh=True, new=True))
    before = trial.ask(change.call_read(trial, body))
    shown = change.shown(before)
    values = _choose_values(own, shown)
    if not values:
        raise Untested(f"no other value of {' or '.join(own.members)} is known: {before.outcome}")
    made, new = _make(trial, made_by, values, f"a {change.resource.name} with {' and '.join(values)}")
    if made.void:
        raise Untested(f"the server put a call off: {made.outcome}")
    if wrong := _judge_refusal(trial, made, values):
        conclude(wrong)
        return
    if made.success and new is None:
        raise Untested(f"the answer shows no {change.resource.name}: {made.outcome}")
    if new is None:
        conclude(trial.kept())
        return
    trial.ask(Own(made.number))
    after = trial.ask(change.call_read(trial, new))
    taken = _find_taken(values, shown, change.shown(after))
    if taken and _comes_by_itself(trial, own, body, taken[0], values[taken[0]]):
        raise Untested(f"{taken[0]} has this value also where nobody sends it")
    if taken:
        conclude(_judge_taken(trial, own, taken[0]))
        return
    if not after.success:
        raise Untested(f"it was not read afterwards: {after.outcome}")
    conclude(trial.kept())


def _comes_by_itself(trial: Trial, own: _Own, body: Mapping[str, Any], name: str, value: Any) -> bool:
    """Return True if the instance that was made without the member had this value first, or has it by now.

    It is read, and none is made: the call that a finding shows is the last create.
    """
    # a job is `running` when it is made, and `done` when it is read later (Django REST framework, 2026-11-27)
    answer = trial.ask(own.change.call_read(trial, body))
    if answer.void:
        raise Untested(f"{name} may have this value by itself: {answer.outcome}")
    return value in (body.get(name), own.change.shown(answer).get(name))


def _make(
    trial: Trial, made_by: ActionCall, more: Mapping[str, Any], why: str
) -> tuple[Exchange, Mapping[str, Any] | None]:
    """Return the answer to a create with more members, and what it shows of the instance; None if nothing."""
    arguments = {**trial.template.input, **made_by.input, **more}
    made = trial.ask(trial.call("explore", why, input=arguments, fresh=True, subject=None))
    new = at_path(made_by, made) if made.success else None
    return made, new if isinstance(new, Mapping) else None


def _word(trial: Trial) -> str:
    """Return what the catalogue says of such members: `ignored`, `refused` or `any`."""
    return "any" if trial.case.advice else str(trial.model.behaviour.read_only)


def _judge_refusal(trial: Trial, answer: Exchange, sent: Mapping[str, Any]) -> Judgement | None:
    """Judge that a call with such members is refused, or done, as the catalogue says; None if it is."""
    word, names = _word(trial), " and ".join(sent)
    if word == "ignored" and answer.refused:
        return trial.broken(f"a call with {names} is done, and {names} ignored", answer.outcome)
    if word == "refused" and answer.success:
        return trial.broken(f"a call with {names} is refused", answer.outcome)
    return None


def _find_taken(sent: Mapping[str, Any], before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Return the members that have the sent value now, and had another one."""
    return [
        name for name, value in sent.items() if name in after and after[name] == value != before.get(name)
    ]


def _judge_taken(trial: Trial, own: _Own, name: str) -> Judgement:
    declared = bool(own.members[name].get("readOnly"))
    why = "is readOnly" if declared else "is in no request"
    broken = trial.broken(f"{name}, which {why}, as it was", f"{name} has the value that was sent")
    return broken.at_member(name)


CHECK = make_check("own_members", __doc__, cases, stage=5, rank=Rank.WRONG)
