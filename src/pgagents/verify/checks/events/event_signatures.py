"""Every delivery is signed with the webhook's secret, over its time and the exact bytes of its body.

The signature is computed again with the secret that the registration returned. The signed time must be that
of the delivery, within the tolerance.
"""

from __future__ import annotations

from collections.abc import Iterator

from pgagents.model.contract import Contract, Verdict
from pgagents.verify.check.check import Check, Judgement, judge_broken, judge_kept, judge_untested, promise_at
from pgagents.verify.check.memory import Setting
from pgagents.verify.events.deliveries import Heard, fits, signature, slip, unheard

NAME = "event_signatures"
FITS, FRESH = f"{NAME}/fits@rest", f"{NAME}/fresh@rest"


def promises(setting: Setting) -> Iterator[Contract]:
    """Yield two contracts: the signature is valid, and its time is that of the delivery."""
    hooks = setting.model.webhooks
    if hooks is None:
        return
    origin, header = ("webhooks", "signature"), hooks.signature.header
    yield promise_at(
        NAME, "fits", "@rest", f"{header} signs the time and the bytes of each delivery", origin, hooks.cite
    )
    says = f"the time in {header} is that of the delivery, within {hooks.signature.tolerance_s} s"
    yield promise_at(NAME, "fresh", "@rest", says, origin, hooks.cite)


def settle_contract(setting: Setting, contract: Contract) -> tuple[Verdict, str] | None:
    """Deselect the contract unless a receiver listens."""
    del contract
    return unheard(setting)


def hear(heard: Heard, setting: Setting) -> Iterator[Judgement]:
    """Judge each delivery, also repeated ones."""
    signing = setting.model.webhooks.signature
    if not heard.secret:
        yield judge_untested(FITS, "the registration returned no secret")
    for event in heard.events:
        header = event.delivery.header(signing.header)
        read = signature(header or "")
        if read is None:
            yield judge_broken(
                FITS,
                f"{signing.header}: t=SECONDS,v1=HEX",
                f"{signing.header}: {(header or 'is missing')[:80]}",
            )
            continue
        at, given = read
        if not heard.secret:
            continue
        if fits(heard.secret, f"{at}.".encode() + event.delivery.body, given):
            yield judge_kept(FITS)
        else:
            yield judge_broken(
                FITS,
                "v1 is the HMAC-SHA256 of `t.body` with the webhook's secret",
                slip(heard.secret, at, event.delivery, given),
            )
        age_s = event.delivery.at - at
        if abs(age_s) <= signing.tolerance_s:
            yield judge_kept(FRESH)
        else:
            yield judge_broken(
                FRESH,
                f"t is within {signing.tolerance_s} s of the delivery",
                f"t is {age_s:,.0f} s before it",
            )


CHECK = Check(
    NAME,
    __doc__,
    promises,
    hear=hear,
    settled=settle_contract,
)
