"""Make the signature of a body, `t=SECONDS,v1=HEX`, correct or wrong in one way."""

from __future__ import annotations

import hmac
import json
from hashlib import sha256

from pgagents.verify.wire.call import Signature

NOBODYS = "whsec_pgv000000000000000000000000"
"""A secret that belongs to nobody."""


def header_of(asked: Signature, secret: str, body: bytes, now: float) -> str:
    """Return the header's value for a body sent at `now` (epoch seconds)."""
    at = str(int(now + asked.after_s))
    told = str(int(now)) if asked.slip == "time" else at
    signed = at.encode() + b"." + _make_signed_bytes(asked, body)
    if asked.slip == "untimed":
        signed = body
    if asked.slip == "secret":  # the right signature is there too, under a scheme that is not promised
        return f"t={told},v0={_mac(secret, signed)},v1={_mac(NOBODYS, signed)}"
    return f"t={told},v1={_mac(secret, signed)}"


def _mac(secret: str, signed: bytes) -> str:
    return hmac.new(secret.encode(), signed, sha256).hexdigest()


def _make_signed_bytes(asked: Signature, body: bytes) -> bytes:
    if asked.slip == "body":
        return body + b" "
    return compact(body) if asked.slip == "bytes" else body


def compact(body: bytes) -> bytes:
    """Return the same JSON without spaces."""
    return json.dumps(json.loads(body), separators=(",", ":"), ensure_ascii=False).encode()


def add_spaces(body: bytes) -> bytes:
    """Return the same JSON with spaces that no serializer writes."""
    return body.replace(b"{", b"{ ", 1) + b"\n"


def with_more(body: bytes) -> bytes:
    """Return the same JSON object with two unknown members."""
    return body.replace(
        b"{", b'{"pgv_unknown":{"pgv":null},"livemode":false' + (b"" if body[1:2] == b"}" else b","), 1
    )
