"""The signature of a body, `t=SECONDS,v1=HEX`, as it should be or wrong in one way."""

from __future__ import annotations

import hmac
import json
from hashlib import sha256

from pgagents.verify.wire.call import Signature

NOBODYS = "whsec_pgv000000000000000000000000"
"""A secret that is nobody's."""


def header_of(asked: Signature, secret: str, body: bytes, now: float) -> str:
    """The header's value for a body that is sent at that time (epoch seconds)."""
    at = str(int(now + asked.after_s))
    told = str(int(now)) if asked.slip == "time" else at
    signed = at.encode() + b"." + _signed(asked, body)
    if asked.slip == "untimed":
        signed = body
    if asked.slip == "secret":  # the right one stands there, too, as one of a scheme that is not promised
        return f"t={told},v0={_mac(secret, signed)},v1={_mac(NOBODYS, signed)}"
    return f"t={told},v1={_mac(secret, signed)}"


def _mac(secret: str, signed: bytes) -> str:
    return hmac.new(secret.encode(), signed, sha256).hexdigest()


def _signed(asked: Signature, body: bytes) -> bytes:
    if asked.slip == "body":
        return body + b" "
    return compact(body) if asked.slip == "bytes" else body


def compact(body: bytes) -> bytes:
    """The same JSON without spaces."""
    return json.dumps(json.loads(body), separators=(",", ":"), ensure_ascii=False).encode()


def spaced(body: bytes) -> bytes:
    """The same JSON with other spaces, as no serializer writes it."""
    return body.replace(b"{", b"{ ", 1) + b"\n"


def with_more(body: bytes) -> bytes:
    """The same JSON object with two members that nobody knows."""
    return body.replace(b"{", b'{"pgv_unknown":{"pgv":null},"livemode":false' + (b"" if body[1:2] == b"}" else b","), 1)
