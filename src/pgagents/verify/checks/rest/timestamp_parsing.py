"""The same time, written with another offset or with a fraction of a second, gives the same answer.

A server that ignores the offset is wrong by hours, and one with a fixed pattern refuses the form that
JavaScript writes. A period that ends before it begins may be refused, but must not crash the server.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta, timezone
from functools import partial
from typing import Any

from pgagents.base.cel.functions import epoch
from pgagents.catalogue.model.action import Param
from pgagents.report.contract import Contract
from pgagents.verify.answers.normalized import differing, is_alike_when_repeated, normalize_answer
from pgagents.verify.cases.boundary import boundary_value
from pgagents.verify.fixtures.request_template import ordinary, template_of
from pgagents.verify.promise import (
    Check,
    Conversation,
    Probe,
    judge_broken,
    judge_kept,
    judge_untested,
    promise,
)
from pgagents.verify.setting import Setting
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange

NAME = "timestamp_parsing"
WEST = timezone(timedelta(hours=-10))
"""The offset of the last time. A server that ignores it lets a period that ends now end before today's
data.
"""
EAST = timezone(timedelta(hours=5, minutes=30))
"""The offset of the compared times. Its sign must not be decoded to a blank, and its half hour must count."""

SAMPLE = "2026-04-18T16:00:00Z"
"""A time that shows if a schema allows another form. A schema may allow only whole seconds with Z."""


def promises(setting: Setting) -> Iterator[Contract]:
    """Yield one contract for each reading action with times among its arguments."""
    for endpoint, moments, _ in _cases(setting):
        names = " and ".join(str(p.name) for p in moments)
        says = (
            f"{endpoint.action.name} answers the same for {names} written with another offset and a fraction"
        )
        yield promise(NAME, "", endpoint, says, (*moments[0].origin, "format"), endpoint.action.cite)


def _cases(setting: Setting) -> tuple[tuple[Endpoint, list[Param], Mapping[str, Any]], ...]:
    def find() -> Iterator[tuple[Endpoint, list[Param], Mapping[str, Any]]]:
        for endpoint in setting.endpoints:
            moments = [
                p
                for p in endpoint.params
                if p.required
                and setting.resolve_schema(p.schema).get("format") == "date-time"
                and _reformat_time(setting, endpoint, p, SAMPLE, EAST) != SAMPLE
            ]
            if endpoint.leads and endpoint.action.effect == "read" and moments:
                around = boundary_value(setting, endpoint, "around_now")
                yield endpoint, moments, around or template_of(setting.model, endpoint.action).input

    return setting.compute_once(NAME, lambda: tuple(find()))


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """Yield one probe for each contract, before the workflows that move the clock by days.

    A third call has a period that ends before it begins; watchers such as `no_crashes` judge it.
    """
    del roles
    for endpoint, moments, given in _cases(setting):
        contract = f"{NAME}/{endpoint.place}"
        yield Probe(
            contract,
            6,
            (contract,),
            2 + (len(moments) > 1),
            partial(_run, setting, endpoint, moments, given, contract),
            (endpoint,),
            "main",
            False,
        )


def _run(
    setting: Setting, endpoint: Endpoint, moments: list[Param], given: Mapping[str, Any], contract: str
) -> Conversation:
    template = template_of(setting.model, endpoint.action)
    plain: Exchange = yield ordinary(endpoint, template, "valid", "from yesterday to soon", input=given)
    zones = [*[EAST] * (len(moments) - 1), WEST]
    turned = {
        str(p.name): _reformat_time(setting, endpoint, p, plain.input.get(str(p.name)), zone)
        for p, zone in zip(moments, zones, strict=True)
    }
    why = "the same moments with another offset"
    other: Exchange = yield ordinary(
        endpoint, template, "valid", why, input={**given, **turned}, made=plain.subject
    )
    if all(plain.input.get(name) == text for name, text in turned.items()):
        yield judge_untested(contract, "the schema allows these times in one form only")
    elif not (plain.success and plain.fits):
        yield judge_untested(contract, f"no answer to compare with: {plain.outcome}")
    elif not (other.success and other.fits):
        yield judge_broken(contract, f"{plain.outcome}, as for the same moments with Z", other.outcome)
    elif setting.exclusive and normalize_answer(setting, plain) != normalize_answer(setting, other):
        first, second = normalize_answer(setting, plain), normalize_answer(setting, other)
        once_more = ordinary(
            endpoint, template, "valid", "from yesterday to soon once more", input=given, made=plain.subject
        )
        alike = yield from is_alike_when_repeated(
            once_more, partial(normalize_answer, setting), first, second
        )
        if alike:
            yield judge_kept(contract)
        else:
            yield judge_broken(
                contract, "what the same moments with Z are answered", differing(second, first)
            )
    else:
        yield judge_kept(contract)
    names = [str(p.name) for p in moments]
    back = {name: plain.input.get(end) for name, end in zip(names, reversed(names), strict=True)}
    if len(back) > 1:
        yield ordinary(
            endpoint,
            template,
            "explore",
            "from soon to yesterday",
            input={**given, **back},
            made=plain.subject,
        )


def _reformat_time(setting: Setting, endpoint: Endpoint, param: Param, text: Any, zone: timezone) -> Any:
    """Return the same time in another form that the schema allows; the same text if there is none.

    A form with another offset and milliseconds is tried first, then one with either of them.
    """
    if not isinstance(text, str):
        return text
    moment = datetime.fromtimestamp(epoch(text), zone)
    exact = moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"
    whole = () if moment.microsecond else (moment.isoformat(timespec="seconds"),)
    forms = (moment.isoformat(timespec="milliseconds"), *whole, exact)
    test = setting.test_argument(endpoint, param)
    return next((form for form in forms if test.is_valid(form)), text)


CHECK = Check(
    NAME,
    __doc__,
    promises,
    probes=probes,
    overlap="readers",
)
