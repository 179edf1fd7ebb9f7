"""Read and check the signature of a delivery, in any format."""

from __future__ import annotations

import hmac
import json
import re
from dataclasses import dataclass

from pgagents.model.signature import SignatureScheme
from pgagents.verify.wire.receiver import Delivery
from pgagents.verify.wire.signature import make_content, make_mac

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
