"""Make the signature of a body, correct or with one mistake."""

from __future__ import annotations

import hmac
import json
from base64 import b64decode, b64encode
from hashlib import sha256
from zlib import crc32

from pgagents.model.signature import SignatureScheme
from pgagents.verify.wire.call import Signature

NOBODYS = "whsec_pgv0000000000000000000000000"
"""A secret that was issued to nobody."""


def header_of(asked: Signature, scheme: SignatureScheme, secret: str, body: bytes, now: float) -> str:
    """Return the value of the header for a signature, its time or its id. The body is sent at `now` (epoch
    seconds).
    """
    at = str(int(now + asked.after_s))
    told = str(int(now)) if asked.slip == "time" else at
    id = f"msg_{crc32(body):08x}"
    if asked.part != "header":
        return told if asked.part == "time" else id
    signed = make_content(scheme, _make_signed_bytes(asked, body), at, id)
    if asked.slip == "untimed":
        signed = body
    right = scheme.each.format(mac=make_mac(scheme, secret, signed))
    first = scheme.first.format(time=told)
    if asked.slip != "secret":
        return first + right
    # the right signature is sent too, under a version that is not promised
    wrong = scheme.each.format(mac=make_mac(scheme, NOBODYS, signed))
    other = right.replace("v1", "v0", 1)
    return first + (other + scheme.between + wrong if scheme.between and other != right else wrong)


def make_content(scheme: SignatureScheme, body: bytes, time: str, id: str) -> bytes:
    """Return the bytes that are signed in a format."""
    before, after = scheme.content.split("{body}")
    return before.format(time=time, id=id).encode() + body + after.encode()


def find_secret_problem(scheme: SignatureScheme, secret: str) -> str:
    """Return why a secret cannot sign in a format; empty if it can. The text does not contain the secret."""
    try:
        make_mac(scheme, secret, b"")
    except ValueError:
        return "its part after the first underscore is not base64"
    return ""


def make_mac(scheme: SignatureScheme, secret: str, signed: bytes) -> str:
    """Return the HMAC-SHA256 of these bytes in the format's encoding.

    Raises ValueError if the format needs a secret in base64, and this one is not.
    """
    key = secret.encode()
    if scheme.coded_secret:
        text = secret.split("_", 1)[-1]
        key = b64decode(text.ljust(-(-len(text) // 4) * 4, "="))
    made = hmac.new(key, signed, sha256)
    return b64encode(made.digest()).decode() if scheme.encoding == "base64" else made.hexdigest()


def _make_signed_bytes(asked: Signature, body: bytes) -> bytes:
    if asked.slip == "body":
        return body + b" "
    return compact(body) if asked.slip == "bytes" else body


def compact(body: bytes) -> bytes:
    """Return the same JSON without spaces."""
    return json.dumps(json.loads(body), separators=(",", ":"), ensure_ascii=False).encode()


def add_spaces(body: bytes) -> bytes:
    """Return the same JSON with spaces as no serializer writes them."""
    return body.replace(b"{", b"{ ", 1) + b"\n"


def with_more(body: bytes) -> bytes:
    """Return the same JSON object with two unknown members."""
    return body.replace(
        b"{", b'{"pgv_unknown":{"pgv":null},"livemode":false' + (b"" if body[1:2] == b"}" else b","), 1
    )
