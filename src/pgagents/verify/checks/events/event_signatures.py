"""Every delivery is signed with the webhook's secret, over the exact bytes of its body, and maybe its time.

The signature is computed again with the secret that the registration returned. A signed time must be that of
the delivery, within the tolerance.
"""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from pgagents.catalogue.model.credential import SignatureScheme, schemes
from pgagents.report.contract import Contract, Rank, Verdict
from pgagents.verify.events import Heard, unheard
from pgagents.verify.promise import Check, Judgement, judge_broken, judge_kept, judge_untested, promise_at
from pgagents.verify.setting import Setting
from pgagents.verify.wire.encode import find_secret_problem, make_content, make_mac
from pgagents.verify.wire.receiver import Delivery

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
    rank=Rank.WRONG,
)


# -- the signature of a delivery, in any format


MOST_SHOWN = 80


@dataclass(frozen=True, slots=True)
class ReadSignature:
    """The signatures of a delivery, the signed time (empty if there is none), and the message's id."""

    given: tuple[str, ...]
    time: str
    id: str


def read_signature(scheme: SignatureScheme, header: str, delivery: Delivery) -> ReadSignature | str:
    """Return a delivery's signature; if its headers are malformed, return what is wrong with them."""
    value = delivery.header(header)
    whole = re.fullmatch(scheme.form, (value or "").strip())
    given = tuple(re.findall(scheme.pick, (value or "").strip()))
    if value is None or whole is None or not given:
        return f"{header}: {(value or 'is missing')[:MOST_SHOWN]}"
    time = whole.groupdict().get("time", "")
    if scheme.time_header:
        time = (delivery.header(scheme.time_header) or "").strip()
        if not re.fullmatch(r"\d{1,12}", time):
            return f"{scheme.time_header}: {(time or 'is missing')[:MOST_SHOWN]}"
    id = delivery.header(scheme.id_header) if scheme.id_header else ""
    return ReadSignature(given, time, id) if id is not None else f"{scheme.id_header}: is missing"


def is_signed(scheme: SignatureScheme, secret: str, body: bytes, read: ReadSignature) -> bool:
    """True if one of the signatures is valid for this body."""
    return _fits(scheme, secret, make_content(scheme, body, read.time, read.id), read)


def _fits(scheme: SignatureScheme, secret: str, signed: bytes, read: ReadSignature) -> bool:
    expected = make_mac(scheme, secret, signed)
    return any(hmac.compare_digest(expected, value) for value in read.given if value.isascii())


def find_slip(scheme: SignatureScheme, secret: str, body: bytes, read: ReadSignature) -> str:
    """Return the common mistake that explains an invalid signature; empty if no known mistake does."""
    if scheme.timed and _fits(scheme, secret, body, read):
        return "it signs the body without the time, so an old delivery can be sent again for ever"
    try:
        data = json.loads(body)
    except ValueError:
        data = None
    spelt = (
        json.dumps(data),
        json.dumps(data, ensure_ascii=False),
        json.dumps(data, separators=(",", ":")),
        json.dumps(data, sort_keys=True),
    )
    if any(is_signed(scheme, secret, text.encode(), read) for text in spelt):
        return "it signs the body written anew, not the bytes that were sent"
    if is_signed(scheme, "", body, read):
        return "it is made with an empty secret"
    return "it does not fit the bytes that were sent and the secret that the registration returned"
