"""Unique values are taken as long as an instance has them, for others alone, and free afterwards.

An instance is made. Then the create is sent again with the same values in these members, under the same
parent, and otherwise as usual. Only a refusal with the declared code keeps the contract. What was only
accepted (202) may not be there yet (RFC 9110, 15.3.3). After the first instance is removed, the same call
makes another one. If it is refused, that is odd, because rows that `SoftDeletes` of Laravel hides keep their
values. Where the catalogue says `stays_taken`, it is refused as before. Where `overlaps` names the times for
which the values are taken, what begins within them is refused, and what begins when they end is made. A
change that sends an instance its own values is not a conflict (Logto 2398).

A document seldom says which members are unique. Where its create may be refused with a 409, a change gives
an instance a text of another one. If that is done, and the create is refused for this text alone, two
instances have what no create lets them have: that is odd.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

from pgagents.base.cel.functions import epoch
from pgagents.catalogue.model.action import Param
from pgagents.catalogue.model.resource import Resource, Unique
from pgagents.report.contract import Rank
from pgagents.verify.cases.instance_changes import make_one, names_instance
from pgagents.verify.fixtures.factory import ACCEPTED
from pgagents.verify.fixtures.instance import at_path
from pgagents.verify.judgement import Judgement, Untested, conclude, demand
from pgagents.verify.promise import Attempt, Case, Trial, make_check
from pgagents.verify.setting import Setting
from pgagents.verify.values.schema_values import types_of
from pgagents.verify.wire.asking import ask
from pgagents.verify.wire.call import Call, Intent
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import CONFLICT, Exchange

FAILED = 500
"""From this status on, an answer does not say whether the call was carried out."""
CHANGES = 5
"""The stage of calls that change an instance, after those that make some."""


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield cases for each set of unique members.

    They are about each endpoint that makes the resource, and about each one that can change these members.
    """
    del roles
    yield from _list_creates(setting)
    yield from _list_changes(setting)
    yield from _list_undeclared(setting)


def _list_creates(setting: Setting) -> Iterator[Case]:
    for resource in setting.model.resources.values():
        made_by, undone_by = resource.made_by, resource.undone_by
        undoer = setting.find_lead(str(undone_by.action.name)) if undone_by is not None else None
        for unique in resource.unique if made_by is not None else ():
            assert made_by is not None
            detail, cite = f"{resource.name}/{'+'.join(unique.members)}", unique.cite or resource.cite
            names = " and ".join(unique.members)
            for endpoint in setting.list_calling(made_by.action):
                remover = undoer if endpoint.leads else None  # a removal frees values for all surfaces
                run = partial(_make_twice, resource=resource, unique=unique, remover=remover)
                attempt = Attempt(together=run, cost=2 if remover is None else 4, writes=True)
                says = f"{endpoint.action.name} makes no second {resource.name} with the same {names}"
                yield Case(endpoint, says, unique.origin, attempt, detail, cite)
                if remover is not None:
                    may = "stays taken" if unique.stays_taken else "may be used again"
                    says = f"{names} of a removed {resource.name} {may}"
                    after = "stays-taken" if unique.stays_taken else "freed"
                    advice = not unique.stays_taken
                    yield Case(
                        endpoint, says, unique.origin, attempt, f"{after}/{detail}", cite, advice=advice
                    )
                if unique.overlaps and endpoint.leads:
                    beside = partial(_make_beside, resource=resource, unique=unique)
                    attempt = Attempt(together=beside, cost=3, writes=True)
                    says = f"no second {resource.name} with the same {names} begins within the time of one"
                    yield Case(endpoint, says, unique.origin, attempt, f"overlap/{detail}", cite)
                    says = f"a {resource.name} with the same {names} may begin when another ends"
                    yield Case(endpoint, says, unique.origin, attempt, f"next/{detail}", cite)


def _list_changes(setting: Setting) -> Iterator[Case]:
    """Yield a case for each endpoint that can change unique members of an instance, and may find the new
    values taken. One surface is enough: the others have the same code behind them.
    """
    for resource in setting.model.resources.values():
        for unique in resource.unique if resource.made_by is not None else ():
            names = " and ".join(unique.members)
            for endpoint in setting.list_naming(resource.name):
                sent = {str(p.name) for p in endpoint.params if p.place == "body"}
                if (
                    endpoint.leads
                    and endpoint.on_rest
                    and set(unique.members) <= sent
                    and unique.otherwise in endpoint.action.errors
                    and any(p.place == "path" and p.refers_to == resource.name for p in endpoint.params)
                    # a condition may be refused first (RFC 9110, 13.2.1)
                    and not any(p.required and p.name == endpoint.action.if_match for p in endpoint.params)
                ):
                    run = partial(_send_own, resource=resource, unique=unique)
                    attempt = Attempt(run, stage=CHANGES, writes=True)
                    says = f"{endpoint.action.name} takes the {names} that the {resource.name} has already"
                    detail = f"own/{resource.name}/{'+'.join(unique.members)}"
                    yield Case(endpoint, says, unique.origin, attempt, detail, unique.cite or resource.cite)


def _list_undeclared(setting: Setting) -> Iterator[Case]:
    """Yield a case for each change of an inferred kind that takes texts of a create which may conflict."""
    for resource in setting.model.resources.values():
        made_by, undone_by = resource.made_by, resource.undone_by
        maker = setting.find_lead(str(made_by.action.name)) if made_by is not None else None
        remover = setting.find_lead(str(undone_by.action.name)) if undone_by is not None else None
        timed = any(unique.overlaps for unique in resource.unique)
        if not resource.inferred or timed or maker is None or remover is None:
            continue
        if not resource.removed_for_good or all(code.status != CONFLICT for code in maker.action.errors):
            continue
        texts = {str(p.name) for p in maker.params if _is_text(setting, p)}
        for endpoint in setting.list_naming(resource.name):
            names = [str(p.name) for p in endpoint.params if str(p.name) in texts and _is_text(setting, p)]
            if names and names_instance(endpoint, resource) and endpoint.method in ("PATCH", "PUT"):
                name, run = endpoint.action.name, partial(_take_over, resource, maker, remover, names)
                attempt = Attempt(run, stage=CHANGES, cost=4, writes=True, endpoints=(maker, remover))
                says = f"{name} takes no text of another {resource.name} that its create refuses"
                origin = (*resource.origin, "made_by")
                yield Case(endpoint, says, origin, attempt, f"change/{resource.name}", advice=True)


def _is_text(setting: Setting, param: Param) -> bool:
    schema = setting.resolve_schema(param.schema)
    plain = "string" in types_of(schema) and not {"enum", "const"} & schema.keys()
    return plain and param.place == "body" and param.refers_to is None


def _take_over(
    resource: Resource, maker: Endpoint, remover: Endpoint, names: Sequence[str], trial: Trial
) -> None:
    """Give an instance each text of another one that differs between them."""
    made_by, undone_by = resource.made_by, resource.undone_by
    assert made_by is not None
    assert undone_by is not None

    def make(given: Mapping[str, Any], why: str) -> tuple[Exchange, Any]:
        answer = demand(ask(Call(maker, given, "explore", why)))
        return answer, at_path(made_by, answer) if answer.success else None

    def remove(body: Mapping[str, Any]) -> Exchange:
        why = f"a {resource.name} is removed, so that its texts are free"
        return demand(ask(Call(remover, undone_by.input, "clean", why, subject=resource, made=body)))

    why = f"a {resource.name} with texts of its own"
    (first, kept), (second, changed) = (make_one(resource, maker, why, owns=False) for _ in range(2))
    tried = False
    for name in names:
        text, shown = first.input.get(name), kept.get(name)
        if not text or _fold(text) in (None, _fold(second.input.get(name))) or _fold(shown) != _fold(text):
            continue  # two may have the same one, or a server writes it in another way
        needed = {n: changed.get(n, v) for n, v in trial.template.list_needed(trial.action).items()}
        given = {**needed, name: text, **resource.values_for(trial.endpoint.params, changed)}
        why = f"a {resource.name} gets the {name} of another one"
        answer = demand(trial.ask(trial.call("explore", why, input=given, made=changed, subject=resource)))
        tried = True
        if not answer.success or not isinstance(answer.body, Mapping) or answer.body.get(name) != shown:
            continue
        third, free = make_one(resource, maker, f"a third {resource.name}", owns=False)
        if not (removed := remove(free)).success:
            raise Untested(f"the {resource.name} could not be removed: {removed.outcome}")
        _, again = make(third.input, f"a {resource.name} with the texts of a removed one")
        if not isinstance(again, Mapping) or not remove(again).success:
            continue  # a row that is only hidden keeps its texts
        refused, more = make({**third.input, name: text}, f"a {resource.name} with the {name} of two others")
        if isinstance(more, Mapping):
            remove(more)
        elif refused.status == CONFLICT:
            expected = f"a {CONFLICT}, as {maker.method} {maker.path} answers to the {name} of another one"
            trial.ask(trial.call("explore", why, input=given, made=changed, subject=resource))
            conclude(trial.broken(expected, f"a second {resource.name} has this {name}"))
            return
    if not tried:
        raise Untested(f"no {' or '.join(names)} of a {resource.name} came back as it was sent", excused=True)
    conclude(trial.kept())


def _fold(text: Any) -> str | None:
    """Return a text in one of the forms in which servers keep it, as codes in capitals or without blanks."""
    return text.strip().casefold() if isinstance(text, str) else None


def _make_first(endpoint: Endpoint, resource: Resource, unique: Unique) -> tuple[Exchange, Mapping[str, Any]]:
    """Make an instance whose values nothing else has; return its call, and its body."""
    names = " and ".join(unique.members)
    why = f"a {resource.name} whose {names} nothing else has"
    first, body = make_one(resource, endpoint, why, renews=False, owns=False)
    # NULLs of SQL are never the same
    if any(body.get(name) is None for name in unique.members):
        raise Untested(f"no answer shows {names}: {first.outcome}")
    if first.status == ACCEPTED:
        raise Untested(f"a first {resource.name} is only accepted: {first.outcome}")
    return first, body


def _repeat(first: Exchange, body: Mapping[str, Any], resource: Resource, unique: Unique) -> dict[str, Any]:
    """Return the arguments of a create with the values, containers and times of an earlier one."""
    assert resource.made_by is not None
    assert first.call.endpoint is not None
    containers = {str(p.name) for p in first.call.endpoint.params if p.place == "path" and p.refers_to}
    same = {name: first.input[name] for name in (*containers, *unique.overlaps) if name in first.input}
    # as it was sent: an answer masks a card's number (PCI DSS 4, 3.4.1)
    same |= {name: first.input.get(name, body[name]) for name in unique.members}
    return {**resource.made_by.input, **same}


def _make_twice(
    trials: Sequence[Trial], resource: Resource, unique: Unique, remover: Endpoint | None
) -> None:
    """Make two instances with the same values. If there is a remover, remove the first, and try again."""
    names, endpoint = " and ".join(unique.members), trials[0].endpoint
    first, body = _make_first(endpoint, resource, unique)
    arguments = _repeat(first, body, resource, unique)
    why = f"a second {resource.name} with the same {names}"
    second = ask(Call(endpoint, arguments, "illegal", why))
    conclude(trials[0].refused(second, [unique.otherwise], why))
    if remover is None:
        return
    assert resource.undone_by is not None
    after = trials[1]
    if not _is_refused(second):  # the second one may be there, and have the values
        conclude(after.untested(f"a second {resource.name} with the values may be there: {second.outcome}"))
        return
    why = f"a {resource.name} whose values are sent again afterwards"
    removed = ask(Call(remover, resource.undone_by.input, "valid", why, subject=resource, made=body))
    if not removed.success or removed.status == ACCEPTED:
        conclude(after.untested(f"it was not removed, or not yet: {removed.outcome}"))
        return
    why = f"a {resource.name} with the values of a removed one"
    third = ask(Call(endpoint, arguments, "illegal" if unique.stays_taken else "explore", why))
    if unique.stays_taken:
        conclude(after.refused(third, [unique.otherwise], why))
    else:
        expected = f"another {resource.name} is made; `stays_taken: true` says that the values stay taken"
        conclude(_judge_free(after, third, unique, expected))


def _make_beside(trials: Sequence[Trial], resource: Resource, unique: Unique) -> None:
    """Make an instance, one with the same values that begins in the middle of its time, and one that begins
    when it ends.
    """
    within, after = trials
    names, endpoint = " and ".join(unique.members), within.endpoint
    first, body = _make_first(endpoint, resource, unique)
    start, end = (_Moment.read(first.input.get(name)) for name in unique.overlaps)
    if start is None or end is None or start.at >= end.at:
        raise Untested(f"{' and '.join(unique.overlaps)} of the create are not the start and end")
    arguments = _repeat(first, body, resource, unique)

    def call(shift: float, intent: Intent, why: str) -> Call:
        moved = {name: one.write(shift) for name, one in zip(unique.overlaps, (start, end), strict=True)}
        return Call(endpoint, {**arguments, **moved}, intent, why)

    why = f"a {resource.name} with the same {names} that begins within the time of another"
    second = ask(call((end.at - start.at) // 2, "illegal", why))
    if _is_refused(second) and not _is_taken(second, unique):  # Cal.com takes what begins at a slot alone
        conclude(within.untested(f"it was refused for another reason: {second.outcome}"))
    else:
        conclude(within.refused(second, [unique.otherwise], why))
    if start.daily:
        conclude(after.not_applicable("whether a day that ends one may begin another is open"))
    elif not _is_refused(second):
        conclude(after.untested(f"a second {resource.name} may be there: {second.outcome}"))
    else:
        why = f"a {resource.name} with the same {names} that begins when another ends"
        third = ask(call(end.at - start.at, "explore", why))
        conclude(_judge_free(after, third, unique, f"another {resource.name} is made"))


@dataclass(frozen=True, slots=True)
class _Moment:
    """A time in seconds: of a day (`daily`), or a text with a zone."""

    at: float
    written: str
    daily: bool = False

    @classmethod
    def read(cls, value: Any) -> _Moment | None:
        """Return the time that a value states; None if it states none."""
        if isinstance(value, str) and not math.isnan(at := epoch(value)):
            return cls(at, value)
        if isinstance(value, str) and not math.isnan(at := epoch(f"{value}T00:00:00Z")):
            return cls(at, value, daily=True)
        return None

    def write(self, shift: float) -> str:
        """Return the time that is later by so many seconds: a day, or a text as in RFC 3339."""
        try:  # rounded up, as it must not begin before an end
            moment = datetime.fromtimestamp(math.ceil(self.at + shift), UTC)
        except (ValueError, OverflowError):  # 9999-12-31 stands for no end, as in periods of SQL Server
            raise Untested(f"no time is so long after {self.written}") from None
        return moment.strftime("%Y-%m-%d" if self.daily else "%Y-%m-%dT%H:%M:%SZ")


def _is_refused(answer: Exchange) -> bool:
    """True if a call surely made nothing. An answer that failed, or none, may come after the act."""
    return answer.refused and answer.status < FAILED


def _send_own(trial: Trial, resource: Resource, unique: Unique) -> None:
    """Send an instance its own values of the unique members."""
    names = " and ".join(unique.members)
    body = trial.ask(trial.refer(resource))
    if any(name not in body for name in unique.members):
        raise Untested(f"no answer shows {names}")
    arguments = {
        **trial.template.list_needed(trial.action),
        **{name: body[name] for name in unique.members},
        **resource.values_for(trial.endpoint.params, body),
    }
    why = f"a {resource.name} with the {names} that it has already"
    answer = trial.ask(trial.call("explore", why, input=arguments, made=body, subject=resource))
    conclude(_judge_free(trial, answer, unique, f"{trial.action.name} is done"))


def _judge_free(trial: Trial, answer: Exchange, unique: Unique, expected: str) -> Judgement:
    """Judge a call with values that no other instance has. Only a refusal that means they are taken breaks
    it.
    """
    if answer.success:
        return trial.kept()
    if _is_taken(answer, unique):
        return trial.broken(expected, answer.outcome)
    return trial.untested(f"it was refused for another reason: {answer.outcome}")


def _is_taken(answer: Exchange, unique: Unique) -> bool:
    """True if a refusal has the declared code; its status counts where none of the codes stands."""
    if answer.code in answer.codes:
        return answer.code == unique.otherwise.name
    return answer.status == unique.otherwise.status


CHECK = make_check("uniqueness", __doc__, cases, stage=3, rank=Rank.WRONG)
