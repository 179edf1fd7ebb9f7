"""An instance with an expiry time exists until that time and no longer.

It is used 10 s before and 10 s after by the operator's clock. Afterwards every action treats it as missing,
and the capacity that it occupied (`takes`) is free again, which an exclusive run alone can count. A call that
is refused for another reason shows nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from pgagents.base.cel.functions import epoch
from pgagents.catalogue.model.action import ActionCall, Param
from pgagents.catalogue.model.answers import Code
from pgagents.catalogue.model.resource import Resource
from pgagents.report.contract import Rank, Verdict
from pgagents.verify.answers.observation import read_counter
from pgagents.verify.fixtures.instance import at_path
from pgagents.verify.fixtures.request_template import time_passes
from pgagents.verify.judgement import conclude
from pgagents.verify.plan.selection import others_too
from pgagents.verify.promise import Attempt, Case, Trial, make_check
from pgagents.verify.setting import Setting
from pgagents.verify.wire.asking import ask
from pgagents.verify.wire.call import Call
from pgagents.verify.wire.endpoint import OPERATOR, Endpoint
from pgagents.verify.wire.exchange import Exchange

MARGIN_S = 10.0
"""Seconds between an instance's expiry and the calls before and after it, because clocks that NTP sets differ
by less.
"""


@dataclass(frozen=True, slots=True)
class _Expiry:
    """An expiring resource with the calls that make and end an instance, and the error code for a missing
    one.
    """

    resource: Resource
    maker: Endpoint | None
    making: ActionCall
    ender: Endpoint
    ending: ActionCall
    missing: Code

    def end(self, body: Mapping[str, Any], when: str) -> Call:
        """Return the call that ends an instance: its answer shows if the instance exists."""
        why = f"a {self.resource.name} {when}"
        return Call(self.ender, self.ending.input, "explore", why, subject=self.resource, made=body)


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield for each expiring resource that an instance exists shortly before its expiry, and afterwards is
    gone, cannot be used, and has freed its capacity.

    One probe makes two instances, and ends one just before its expiry, the other after.
    """
    del roles
    settled = None
    if setting.model.clock is None:
        settled = Verdict.NOT_APPLICABLE, "the API has no clock that an operator could move"
    for expiry in _list_expiring(setting):
        resource, member = expiry.resource, expiry.resource.expires_by
        users, reader = list(_users(setting, resource)), _find_reader(setting, resource)
        counted = reader is not None and setting.exclusive
        attempt = Attempt(
            together=partial(_try, expiry=expiry),
            cost=6 + len(users) + 2 * counted,
            role=OPERATOR,
            writes=True,
            endpoints=(expiry.ender,),
        )
        several: list[tuple[str, Endpoint, str, Param | None]] = [
            ("lives", expiry.ender, f"a {resource.name} is still there {MARGIN_S:g} s before its", None),
            ("ends", expiry.ender, f"a {resource.name} is gone {MARGIN_S:g} s after its", None),
        ]
        for user, named in users:
            unused = f"{user.action.name} takes no {resource.name} {MARGIN_S:g} s after its"
            several.append(("unused", user, unused, named))
        for detail, endpoint, says, param in several:
            yield Case(
                endpoint,
                f"{says} {member}",
                (*resource.origin, "expires_by"),
                attempt,
                f"{detail}/{resource.name}",
                resource.cite,
                settled,
                about=(detail, param),
            )
        if reader is not None:
            assert resource.takes is not None
            taken = f"the {resource.takes.counter} that a {resource.name} took"
            yield Case(
                reader,
                f"{taken} is free {MARGIN_S:g} s after its {member}",
                (*resource.origin, "takes"),
                attempt,
                f"returns/{resource.name}",
                resource.cite,
                settled or (None if counted else (Verdict.NOT_SELECTED, others_too(setting, "counts"))),
                about=("returns", None),
            )


def _list_expiring(setting: Setting) -> Iterator[_Expiry]:
    """Yield resources that can be made and ended. The answer of the call that ends one shows if it exists."""
    for resource in setting.model.resources.values():
        made_by, undone_by = resource.made_by, resource.undone_by
        if not resource.expires_by or made_by is None or undone_by is None:
            continue
        # without an error for what is missing, its end by itself cannot be told from another refusal
        missing, ender = resource.missing_in(undone_by.action), setting.find_lead(str(undone_by.action.name))
        if missing is not None and ender is not None:
            maker = setting.find_lead(str(made_by.action.name))
            yield _Expiry(resource, maker, made_by, ender, undone_by, missing)


def _users(setting: Setting, resource: Resource) -> Iterator[tuple[Endpoint, Param]]:
    """Yield writes with an optional argument that is the id of such an instance, and that argument."""
    for endpoint in setting.endpoints:
        named = next((p for p in endpoint.params if p.refers_to == resource.name and not p.required), None)
        if named is not None and endpoint.leads and endpoint.action.effect == "write":
            yield endpoint, named


def _find_reader(setting: Setting, resource: Resource) -> Endpoint | None:
    """Return the endpoint that reads the capacity which an instance occupies, by its place; or None."""
    takes = resource.takes
    endpoint = setting.find_lead(str(takes.read_by.name)) if takes is not None else None
    if takes is None or endpoint is None:
        return None
    return endpoint if any(p.refers_to == takes.of for p in endpoint.params) else None


def _try(trials: Sequence[Trial], expiry: _Expiry) -> None:
    lives, ends, *others = trials
    setting, resource = lives.setting, expiry.resource
    returns = next((trial for trial in others if trial.case.about[0] == "returns"), None)
    instances, made = _make_two((lives, ends), expiry)
    if made is None:
        return
    seconds = (_get_seconds_left(resource, instances[0], made) or 0.0) - MARGIN_S
    passed = ask(_advance(setting, seconds))
    early = ask(expiry.end(instances[0], "shortly before its time"))
    if not passed.success:
        for trial in (lives, ends):
            conclude(trial.untested(f"the clock could not be moved: {passed.outcome}"))
        return
    # a slow server may have let it expire by itself
    took_s = early.answered_at - made.sent_at - seconds
    if took_s >= MARGIN_S:
        for trial in trials:
            conclude(trial.untested(f"the calls took {took_s:.0f} s, and its time was {MARGIN_S:g} s away"))
        return
    if early.code == expiry.missing.name and not early.void:
        expected = f"it is there {MARGIN_S:g} s before its {resource.expires_by}"
        conclude(lives.broken(expected, early.outcome))
    elif early.success or early.is_conflict:  # a conflict is about what is there (RFC 9110, 15.5.10)
        conclude(lives.kept())
    else:
        conclude(lives.untested(f"it was not ended before its time: {early.outcome}"))
    before = read_counter(setting, resource, instances[1]) if returns is not None else None
    passed = ask(_advance(setting, 2 * MARGIN_S))
    after = read_counter(setting, resource, instances[1]) if returns is not None else None
    if passed.success:
        if returns is not None and before is not None and after is not None:
            _judge_counter(returns, resource, before, after)
        for trial in others:
            if trial.case.about[1] is not None:
                _use_expired(trial, expiry, instances[1])
    late = ask(expiry.end(instances[1], "after its time"))
    if passed.success and late.success:
        conclude(ends.broken(f"it is gone {MARGIN_S:g} s after its {resource.expires_by}", late.outcome))
    elif passed.success and (late.code == expiry.missing.name or late.is_conflict) and not late.void:
        conclude(ends.kept())  # a library's hold that is over is no longer one that can be cancelled
    elif passed.success:
        conclude(ends.untested(f"it was not answered as missing: {late.outcome}"))


def _make_two(trials: Sequence[Trial], expiry: _Expiry) -> tuple[list[Mapping[str, Any]], Exchange | None]:
    """Make two instances; return their bodies and the last exchange.

    The exchange is None if one cannot be made or has too little time left. Then the contracts are untested.
    """
    resource, making = expiry.resource, expiry.making
    why = f"a {resource.name} that ends by itself"
    instances: list[Mapping[str, Any]] = []
    made: Exchange | None = None
    for _ in range(2 if expiry.maker is not None else 0):
        made = ask(Call(expiry.maker, making.input, "valid", why, fresh=True))
        assert made is not None
        body = at_path(making, made) if making.at is not None and made.success else None
        left = _get_seconds_left(resource, body, made)
        if not isinstance(body, Mapping) or left is None or left <= 2 * MARGIN_S:
            for trial in trials:
                conclude(trial.untested(f"no {resource.name} with time left was made: {made.outcome}"))
            return instances, None
        instances.append(body)
    return instances, made


def _judge_counter(trial: Trial, resource: Resource, before: int, after: int) -> None:
    """Judge that the capacity of an expired instance is free again."""
    assert resource.takes is not None
    counter = resource.takes.counter
    expected = f"{counter} is more than {before} after the {resource.expires_by} of a {resource.name}"
    conclude(trial.kept() if after > before else trial.broken(expected, f"{counter} {{after}}", after=after))


def _use_expired(trial: Trial, expiry: _Expiry, body: Mapping[str, Any]) -> None:
    """Judge that an action which makes something from an instance refuses an expired one."""
    param: Param = trial.case.about[1]
    why = f"a {expiry.resource.name} after its time"
    known = {str(p.name): body[str(p.name)] for p in trial.endpoint.params if str(p.name) in body}
    id = expiry.resource.value_for(param, body)
    arguments = {**trial.template.input, **known, str(param.name): id}
    answer = trial.ask(trial.call("absent", why, input=arguments, fresh=True, role="main"))
    conclude(trial.refused(answer, [expiry.missing], why))


def _get_seconds_left(resource: Resource, body: Any, exchange: Exchange) -> float | None:
    """Return the seconds until the instance expires; None if its body gives no time."""
    time = epoch(body.get(str(resource.expires_by))) if isinstance(body, Mapping) else math.nan
    return None if math.isnan(time) else time - exchange.sent_at


def _advance(setting: Setting, seconds: float) -> Call:
    call = time_passes(setting, seconds)
    assert call is not None, "without a clock nothing is selected"
    return call


CHECK = make_check("expires_on_time", __doc__, cases, rank=Rank.WRONG)
