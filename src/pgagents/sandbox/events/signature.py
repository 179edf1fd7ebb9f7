"""Signatures of webhooks, made and checked: `t=SECONDS,v1=HEX`, the HMAC-SHA256 of `SECONDS.BODY`."""

from __future__ import annotations

import hashlib
import hmac
import re

LIVES_S = 300.0


def sign(secret: str, body: bytes, now: float) -> str:
    """Return the signature header's value for these bytes at this time (epoch seconds)."""
    return f"t={int(now)},v1={_mac(secret, str(int(now)), body)}"


def fault(header: str, body: bytes, secret: str, now: float, tolerance_s: float = LIVES_S) -> str:
    """Return why a header does not sign this body; empty where it does. Compares in constant time."""
    parts = [part.strip().partition("=")[::2] for part in header.split(",")]
    times = [value for name, value in parts if name == "t"]
    given = [value for name, value in parts if name == "v1"]
    if len(times) != 1 or not re.fullmatch(r"[0-9]{1,12}", times[0]) or not given:
        return "the header is not of the form t=SECONDS,v1=HEX"
    expected = _mac(secret, times[0], body).encode()
    fits = [hmac.compare_digest(expected, value.encode("utf-8", "replace")) for value in given]
    if not any(fits):
        return "the signature does not fit the body and the secret"
    age_s = now - int(times[0])
    if abs(age_s) > tolerance_s:
        when = f"{age_s:,.0f} s old" if age_s > 0 else f"{-age_s:,.0f} s in the future"
        return f"the signature fits, but it is {when}; at most {tolerance_s:,.0f} s are allowed"
    return ""


def _mac(secret: str, seconds: str, body: bytes) -> str:
    return hmac.new(secret.encode(), seconds.encode() + b"." + body, hashlib.sha256).hexdigest()
