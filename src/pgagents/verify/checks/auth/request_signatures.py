"""A signed call is accepted only with a valid signature of its exact bytes and a recent time.

Each `signed` action is called with right and wrong signatures. Wrong ones have another secret, body or time,
sign no time or the JSON written anew (Stripe's guide warns of bodies that a framework parsed), or are too
old. Right ones must be accepted, wrong ones refused with the declared code. A time in the future is not
tried: libraries of Stripe refuse old ones alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from pgagents.catalogue.model.credential import schemes
from pgagents.report.contract import Rank
from pgagents.verify.judgement import conclude
from pgagents.verify.promise import Attempt, Case, Trial, make_check
from pgagents.verify.setting import Setting
from pgagents.verify.wire.call import Intent, Raw, Signature
from pgagents.verify.wire.encode import add_spaces
from pgagents.verify.wire.endpoint import Endpoint

_TIMED = ("untimed", "redated", "old")
"""Wrong signatures that only exist in formats with a signed time, unlike GitHub's."""
PAST_S = 60.0
"""Seconds beyond the tolerance: clocks may differ by 60 s, as Spring Security lets them."""


@dataclass(frozen=True, slots=True)
class _Signing:
    """A signature and its expected result. `right` is true if the call must be accepted.

    `spaced` adds unusual spaces to the body.
    """

    signature: Signature
    what: str
    spaced: bool = False
    right: bool = False


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield a case for each signed action and each right or wrong signature."""
    del roles
    for endpoint in setting.endpoints:
        if endpoint.dispatcher is not None or endpoint.action.signed is None:
            continue
        origin = (*endpoint.action.origin, "signed")
        for detail, signing in _list_signings(endpoint).items():
            says = f"{endpoint.action.name} {signing.what} is {'accepted' if signing.right else 'refused'}"
            yield Case(endpoint, says, origin, Attempt(partial(_try, signing=signing), writes=True), detail)


def _list_signings(endpoint: Endpoint) -> dict[str, _Signing]:
    signed = endpoint.action.signed
    role, seconds = str(signed.role), signed.tolerance_s
    signings = {
        "forged": _Signing(Signature(role, slip="secret"), "signed with another secret"),
        "altered": _Signing(Signature(role, slip="body"), "with the signature of another body"),
        "bytes": _Signing(
            Signature(role, slip="bytes"),
            "with the signature of its JSON written anew, not of its bytes",
            spaced=True,
        ),
        "spaced": _Signing(
            Signature(role), "signed as it is, with spaces that no serializer writes", spaced=True, right=True
        ),
        "untimed": _Signing(Signature(role, slip="untimed"), "with a signature that leaves out the time"),
        "redated": _Signing(
            Signature(role, after_s=-PAST_S, slip="time"), "with the signature of another time than it states"
        ),
        "old": _Signing(Signature(role, after_s=-seconds - PAST_S), f"signed more than {seconds} s ago"),
    }
    if not schemes()[signed.scheme].timed:
        return {detail: signing for detail, signing in signings.items() if detail not in _TIMED}
    if seconds > 2 * PAST_S:
        in_time = Signature(role, after_s=PAST_S - seconds)
        signings["in_time"] = _Signing(in_time, f"signed less than {seconds} s ago", right=True)
    return signings


def _list_headers(endpoint: Endpoint, signature: Signature) -> dict[str, Any]:
    """Return the arguments that are the headers of a signature."""
    signed = endpoint.action.signed
    parts = {
        signed.header: signature,
        signed.time: replace(signature, part="time"),
        signed.id: replace(signature, part="id"),
    }
    return {str(name): value for name, value in parts.items() if name is not None}


def _try(trial: Trial, signing: _Signing) -> None:
    """Send a call that is valid apart from its signature."""
    endpoint, model, why = trial.endpoint, trial.model, f"a call {signing.what}"
    arguments = {
        **trial.template.input,
        **_list_headers(endpoint, signing.signature),
    }
    raw = Raw(edit=add_spaces) if signing.spaced else Raw()
    intent: Intent = "valid" if signing.right else "auth"
    exchange = trial.ask(trial.call(intent, why, input=arguments, role="", raw=raw))
    if signing.right:
        conclude(trial.accepted(exchange, why))
    else:
        code = model.codes[endpoint.action.signed.otherwise or model.errors.framework.invalid]
        conclude(trial.refused(exchange, [code], why))


CHECK = make_check("request_signatures", __doc__, cases, stage=5, rank=Rank.EXPOSED)
