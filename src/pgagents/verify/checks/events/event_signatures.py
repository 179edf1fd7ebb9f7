"""Every delivery is signed with the webhook's secret, over the exact bytes of its body, and maybe its time.

The signature is computed again with the secret that the registration returned. A signed time must be that of
the delivery, within the tolerance.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from pgagents.model.contract import Contract, Verdict
from pgagents.model.signature import schemes
from pgagents.verify.check.check import Check, Judgement, judge_broken, judge_kept, judge_untested, promise_at
from pgagents.verify.check.setting import Setting
from pgagents.verify.events.deliveries import Heard, unheard
from pgagents.verify.events.signatures import find_slip, is_signed, read_signature
from pgagents.verify.wire.signature import find_secret_problem

NAME = "event_signatures"
FITS, FRESH = f"{NAME}/fits@rest", f"{NAME}/fresh@rest"


def promises(setting: Setting) -> Iterator[Contract]:
    """Yield two contracts: the signature is valid, and its time is that of the delivery."""
    hooks = setting.model.webhooks
    if hooks is None or hooks.signature is None:
        return
    origin, header = ("webhooks", "signature"), hooks.signature.header
    scheme = schemes()[hooks.signature.scheme]
    signs = "the time and the bytes" if scheme.timed else "the bytes"
    yield promise_at(NAME, "fits", "@rest", f"{header} signs {signs} of each delivery", origin, hooks.cite)
    if not scheme.timed:
        return
    where = scheme.time_header or header
    says = f"the time in {where} is that of the delivery, within {hooks.signature.tolerance_s} s"
    yield promise_at(NAME, "fresh", "@rest", says, origin, hooks.cite)


def settle_contract(setting: Setting, contract: Contract) -> tuple[Verdict, str] | None:
    """Deselect the contract unless a receiver listens."""
    del contract
    return unheard(setting)


def hear(heard: Heard, setting: Setting) -> Iterator[Judgement]:
    """Judge each delivery, repeated ones included."""
    signing = setting.model.webhooks.signature
    if signing is None:
        return
    scheme = schemes()[signing.scheme]
    if not heard.secret:
        yield judge_untested(FITS, "the registration returned no secret")
    elif problem := find_secret_problem(scheme, heard.secret):
        yield judge_broken(FITS, f"the secret of a registration signs as {signing.scheme}", problem)
        heard = replace(heard, secret="")
    for event in heard.events:
        read = read_signature(scheme, signing.header, event.delivery)
        if isinstance(read, str):
            yield judge_broken(FITS, f"{signing.header}: {scheme.first}{scheme.each}", read)
            continue
        if not heard.secret:
            continue
        if is_signed(scheme, heard.secret, event.delivery.body, read):
            yield judge_kept(FITS)
        else:
            expected = "v1 is the HMAC-SHA256 of `t.body` with the webhook's secret"
            yield judge_broken(
                FITS,
                expected if scheme.first else f"{scheme.says} with the webhook's secret",
                find_slip(scheme, heard.secret, event.delivery.body, read),
            )
        if not scheme.timed:
            continue
        age_s = event.delivery.at - int(read.time)
        if abs(age_s) <= signing.tolerance_s:
            yield judge_kept(FRESH)
        else:
            name, side = scheme.time_header or "t", "before" if age_s > 0 else "after"
            yield judge_broken(
                FRESH,
                f"{name} is within {signing.tolerance_s} s of the delivery",
                f"{name} is {abs(age_s):,.0f} s {side} it",
            )


CHECK = Check(
    NAME,
    __doc__,
    promises,
    hear=hear,
    settled=settle_contract,
)
