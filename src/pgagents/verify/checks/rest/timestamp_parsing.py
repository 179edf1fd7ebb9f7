"""A read answers the same if its required times are written with another offset and a fraction of a second.

A server that ignores the offset is wrong by hours, one with a fixed pattern refuses the form that JavaScript
writes, and one crashed by an offset (Firefly III 11005).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta, timezone
from functools import partial
from typing import Any

from pgagents.base.cel.functions import epoch
from pgagents.catalogue.model.action import Param
from pgagents.report.contract import Rank
from pgagents.verify.answers.normalized import differing, is_alike_when_repeated, normalize_answer
from pgagents.verify.cases.boundary import boundary_value
from pgagents.verify.fixtures.request_template import template_of
from pgagents.verify.judgement import conclude
from pgagents.verify.plan.selection import unless_alone
from pgagents.verify.promise import Attempt, Case, Trial, make_check
from pgagents.verify.setting import Setting
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import BEHIND, Exchange

WEST = timezone(timedelta(hours=-10))
"""The offset of the last time. A server that ignores it lets a period that ends now end before today's
data.
"""
EAST = timezone(timedelta(hours=5, minutes=30))
"""The offset of the compared times. Its sign must not be decoded to a blank, and its half hour must count."""

SAMPLE = "2026-04-18T16:00:00Z"
"""A time that shows if a schema allows another form. A schema may allow only whole seconds with Z."""


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield a case for each reading action with times among its arguments.

    A write would make two things. One surface is enough: the others have the same code behind them. A
    required time surely decides the answer. It is tried before the workflows that move the clock by days.
    """
    del roles
    for endpoint in setting.endpoints:
        times = [
            param
            for param in endpoint.params
            if param.required
            and setting.resolve_schema(param.schema).get("format") == "date-time"
            and _reformat_time(setting, endpoint, param, SAMPLE, EAST) != SAMPLE
        ]
        if not endpoint.leads or endpoint.action.effect != "read" or not times:
            continue
        around = boundary_value(setting, endpoint, "around_now")  # ends now, so that WEST shows
        arguments = around or template_of(setting.model, endpoint.action).input
        names = " and ".join(str(param.name) for param in times)
        says = (
            f"{endpoint.action.name} answers the same for {names} written with another offset and a fraction"
        )
        run = partial(_try, times=times, arguments=arguments)
        yield Case(endpoint, says, (*times[0].origin, "format"), Attempt(run, cost=2))


def _try(trial: Trial, times: list[Param], arguments: Mapping[str, Any]) -> None:
    setting = trial.setting
    plain = trial.ask(trial.call("valid", "from yesterday to soon", input=arguments))
    zones = [*[EAST] * (len(times) - 1), WEST]
    turned = {
        str(param.name): _reformat_time(
            setting, trial.endpoint, param, plain.input.get(str(param.name)), zone
        )
        for param, zone in zip(times, zones, strict=True)
    }
    why = "the same moments with another offset"
    other = trial.ask(trial.call("valid", why, input={**arguments, **turned}, made=plain.subject))
    if all(plain.input.get(name) == text for name, text in turned.items()):
        conclude(trial.untested("these times have no other form that the schema allows"))
    elif not (plain.success and plain.fits):
        conclude(trial.untested(f"no answer to compare with: {plain.outcome}"))
    elif other.void or other.status in BEHIND:
        conclude(trial.untested(f"it says nothing of the time: {other.outcome}"))
    elif not (other.success and other.fits):
        conclude(trial.broken(f"{plain.outcome}, as for the same moments with Z", other.outcome))
    else:
        _compare(trial, plain, other, arguments)


def _compare(trial: Trial, plain: Exchange, other: Exchange, arguments: Mapping[str, Any]) -> None:
    """Judge two answers to a call and to its other form. What changes by itself, as a request id, is none of
    it.
    """
    normalize = partial(normalize_answer, trial.setting)
    first, second = normalize(plain), normalize(other)
    why = "from yesterday to soon once more"
    once_more = trial.call("valid", why, input=arguments, made=plain.subject)
    if first == second:
        empty = not first.items and {*first.members.values()} <= {"[]", "{}"}
        conclude(trial.kept("both answers are empty, so that they show no moment" if empty else ""))
    elif is_alike_when_repeated(once_more, normalize, first, second):
        conclude(trial.kept())
    elif not trial.setting.exclusive:
        conclude(trial.untested(unless_alone(trial.setting, "others may have written between two calls")))
    # a log has the calls themselves
    elif first.items != second.items and normalize(trial.ask(once_more)).items != first.items:
        conclude(trial.untested("the same call is answered something else when it is repeated"))
    else:
        conclude(trial.broken("what the same moments with Z are answered", differing(second, first)))


def _reformat_time(setting: Setting, endpoint: Endpoint, param: Param, text: Any, zone: timezone) -> Any:
    """Return the same time in another form that the schema allows; the same text if there is none.

    A form with another offset and milliseconds is tried first, then one with either of them.
    """
    if not isinstance(text, str):
        return text
    try:
        moment = datetime.fromtimestamp(epoch(text), zone)
    except (ValueError, OverflowError):  # a leap second, or the last day that there is: 9999-12-31
        return text
    finest = "microseconds" if moment.microsecond % 1_000 else "milliseconds"  # cut, it is another moment
    exact = moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec=finest) + "Z"
    whole = () if moment.microsecond else (moment.isoformat(timespec="seconds"),)
    forms = (moment.isoformat(timespec=finest), *whole, exact)
    test = setting.test_argument(endpoint, param)
    return next((form for form in forms if test.is_valid(form)), text)


CHECK = make_check("timestamp_parsing", __doc__, cases, overlap="readers", rank=Rank.WRONG)
