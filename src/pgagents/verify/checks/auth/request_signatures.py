"""A signed call is accepted only with a valid signature of its exact bytes and a recent time.

Each signed action is called with right and wrong signatures. Wrong ones have another secret, body or time,
sign the JSON written anew or no time, or are too old or too far ahead. Right ones must be accepted, wrong
ones refused with the declared code.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from pgagents.catalogue.model.credential import schemes
from pgagents.report.contract import Contract
from pgagents.verify.fixtures.request_template import ordinary, template_of
from pgagents.verify.promise import Check, Conversation, Probe, judge_accepted, judge_refused, promise
from pgagents.verify.setting import Setting
from pgagents.verify.wire.call import Call, Intent, Raw, Signature
from pgagents.verify.wire.encode import add_spaces, with_more
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange

NAME = "request_signatures"
REFUSED = 300
"""The lowest status that is no success."""
_TIMED = ("untimed", "redated", "old", "ahead")
"""Wrong signatures that only exist in formats with a signed time."""
PAST_S = 60.0
"""Seconds beyond the tolerance, so that small differences between clocks cannot decide."""


def promises(setting: Setting) -> Iterator[Contract]:
    """Yield one contract for each signed action and each right or wrong signature."""
    for endpoint in _list_signed_endpoints(setting):
        for detail, case in _cases(endpoint).items():
            ends = "accepted" if case.right else "refused"
            says = f"{endpoint.action.name} {case.what} is {ends}"
            yield promise(
                NAME, detail, endpoint, says, (*endpoint.action.origin, "signed"), endpoint.action.cite
            )


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """Yield one probe for each contract: one call that is valid apart from its signature."""
    del roles
    for endpoint in _list_signed_endpoints(setting):
        for detail, case in _cases(endpoint).items():
            contract = f"{NAME}/{detail}/{endpoint.place}"
            template = template_of(setting.model, endpoint.action)
            given = {
                **template.input,
                **(_find_refused_example(endpoint) if case.more else {}),
                **_sign(endpoint, case.signature),
            }
            raw = (
                Raw(edit=add_spaces)
                if case.spaced
                else Raw(edit=with_more)
                if case.more and endpoint.action.unknown == "ignored"
                else Raw()
            )
            intent: Intent = "valid" if case.right else "auth"
            call = ordinary(endpoint, template, intent, f"a call {case.what}", input=given, role="", raw=raw)
            yield Probe(
                contract,
                5,
                (contract,),
                1,
                partial(_run, setting, endpoint, call, contract, case),
                (endpoint,),
                "main",
                True,
            )


def _sign(endpoint: Endpoint, signature: Signature) -> dict[str, Any]:
    """Return the arguments that are the headers of a signature."""
    signed = endpoint.action.signed
    parts = {
        signed.header: signature,
        signed.time: replace(signature, part="time"),
        signed.id: replace(signature, part="id"),
    }
    return {str(name): value for name, value in parts.items() if name is not None}


def _find_refused_example(endpoint: Endpoint) -> dict[str, Any]:
    """Return the arguments of a refused example if no example is accepted.

    The reason for its refusal may be the signature alone.
    """
    if any(e.status < REFUSED for e in endpoint.action.examples):
        return {}
    return next((dict(e.input) for e in endpoint.action.examples), {})


def _list_signed_endpoints(setting: Setting) -> Iterator[Endpoint]:
    return (d for d in setting.endpoints if d.dispatcher is None and d.action.signed is not None)


@dataclass(frozen=True, slots=True)
class _Case:
    """A signature and its expected result. `right` is true if the call must be accepted.

    `spaced` adds unusual spaces to the body, and `more` adds members.
    """

    signature: Signature
    what: str
    spaced: bool = False
    more: bool = False
    right: bool = False


def _cases(endpoint: Endpoint) -> dict[str, _Case]:
    signed = endpoint.action.signed
    role, seconds = str(signed.role), signed.tolerance_s
    found = {
        "forged": _Case(Signature(role, slip="secret"), "signed with another secret"),
        "altered": _Case(Signature(role, slip="body"), "with the signature of another body"),
        "bytes": _Case(
            Signature(role, slip="bytes"),
            "with the signature of its JSON written anew, not of its bytes",
            spaced=True,
        ),
        "spaced": _Case(
            Signature(role), "signed as it is, with spaces that no serializer writes", spaced=True, right=True
        ),
        "untimed": _Case(Signature(role, slip="untimed"), "with a signature that leaves out the time"),
        "redated": _Case(
            Signature(role, after_s=-PAST_S, slip="time"), "with the signature of another time than it states"
        ),
        "old": _Case(Signature(role, after_s=-seconds - PAST_S), f"signed more than {seconds} s ago"),
        "ahead": _Case(
            Signature(role, after_s=seconds + PAST_S), f"signed for more than {seconds} s from now"
        ),
    }
    if not schemes()[signed.scheme].timed:
        return {detail: case for detail, case in found.items() if detail not in _TIMED}
    if seconds > 2 * PAST_S:
        found["in_time"] = _Case(
            Signature(role, after_s=PAST_S - seconds),
            f"signed less than {seconds} s ago",
            more=True,
            right=True,
        )
    return found


def _run(setting: Setting, endpoint: Endpoint, call: Call, contract: str, case: _Case) -> Conversation:
    model = setting.model
    code = model.codes[endpoint.action.signed.otherwise or model.errors.framework.invalid]
    exchange: Exchange = yield call
    said = (
        judge_accepted(exchange, contract, call.why)
        if case.right
        else judge_refused(exchange, contract, [code], call.why)
    )
    yield from said


CHECK = Check(
    NAME,
    __doc__,
    promises,
    probes=probes,
)
