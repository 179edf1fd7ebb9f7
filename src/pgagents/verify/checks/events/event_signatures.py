"""Every delivery is signed with the webhook's secret, over the exact bytes of its body, and maybe its time.

The signature is computed again with the secret that the registration returned, in the scheme of
`webhooks.signature`: GitHub's has no time, and Stripe's and Standard Webhooks' may hold several signatures
while a secret is replaced. A signed time must be that of the delivery, within the tolerance.
"""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from pgagents.catalogue.model.credential import SignatureScheme, schemes
from pgagents.report.contract import Rank
from pgagents.verify.events import Heard, unheard
from pgagents.verify.judgement import Judgement
from pgagents.verify.promise import Case, make_check
from pgagents.verify.setting import Setting
from pgagents.verify.wire.encode import find_secret_problem, make_content, make_mac
from pgagents.verify.wire.receiver import Delivery

FITS, FRESH = "fits", "fresh"
PLACE = "@rest"


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield two cases: the signature is valid, and its time, if it has one, is that of the delivery."""
    del roles
    hooks = setting.model.webhooks
    if hooks is None or hooks.signature is None:
        return
    header, scheme = hooks.signature.header, schemes()[hooks.signature.scheme]
    signs = "the time and the bytes" if scheme.timed else "the bytes"
    says = {FITS: f"{header} signs {signs} of each delivery"}
    if scheme.timed:
        where = scheme.time_header or header
        tolerance_s = hooks.signature.tolerance_s
        says[FRESH] = f"the time in {where} is that of the delivery, within {tolerance_s} s"
    origin, settled = ("webhooks", "signature"), unheard(setting)
    for detail, text in says.items():
        yield Case(None, text, origin, detail=detail, cite=hooks.cite, settled=settled, place=PLACE)


def hear(heard: Heard, setting: Setting) -> Iterator[Judgement]:
    """Judge each delivery, repeated ones included."""
    signing = setting.model.webhooks.signature
    fits, fresh = (CHECK.find_trial(setting, PLACE, detail) for detail in (FITS, FRESH))
    if signing is None or fits is None:
        return
    scheme = schemes()[signing.scheme]
    if not heard.secret:
        yield fits.untested("the registration returned no secret")
    elif problem := find_secret_problem(scheme, heard.secret):
        yield fits.broken(f"the secret of a registration signs as {signing.scheme}", problem)
        heard = replace(heard, secret="")
    for event in heard.events:
        signature = read_signature(scheme, signing.header, event.delivery)
        if isinstance(signature, str):
            yield fits.broken(f"{signing.header}: {scheme.first}{scheme.each}", signature)
            continue
        if not heard.secret:
            continue
        body = event.delivery.body
        if is_signed(scheme, heard.secret, body, signature):
            yield fits.kept()
        else:
            of_time = "v1 is the HMAC-SHA256 of `t.body` with the webhook's secret"
            expected = of_time if scheme.first else f"{scheme.says} with the webhook's secret"
            yield fits.broken(expected, find_slip(scheme, heard.secret, body, signature))
        if fresh is None:
            continue
        age_s = event.delivery.at - int(signature.time)
        if abs(age_s) <= signing.tolerance_s:
            yield fresh.kept()
        else:
            name, side = scheme.time_header or "t", "before" if age_s > 0 else "after"
            expected = f"{name} is within {signing.tolerance_s} s of the delivery"
            yield fresh.broken(expected, f"{name} is {{age_s:,.0f}} s {side} it", age_s=abs(age_s))


CHECK = make_check("event_signatures", __doc__, cases, hear=hear, rank=Rank.WRONG)


# -- the signature of a delivery, in any format


MOST_SHOWN = 80
"""The most characters of a server's text in a sentence."""


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
    """Return the common mistake that explains an invalid signature: Stripe's guide names the body that is
    parsed and written anew, here as Python writes it, and the old delivery that is sent again.
    """
    if scheme.timed and _fits(scheme, secret, body, read):
        return "it signs the body without the time, so an old delivery can be sent again for ever"
    try:
        data = json.loads(body)
    except ValueError:
        data = None
    spelt = (json.dumps(data), json.dumps(data, ensure_ascii=False), json.dumps(data, separators=(",", ":")))
    if any(is_signed(scheme, secret, text.encode(), read) for text in spelt):
        return "it signs the body written anew, not the bytes that were sent"
    if is_signed(scheme, "", body, read):
        return "it is made with an empty secret"
    return "it does not fit the bytes that were sent and the secret that the registration returned"
