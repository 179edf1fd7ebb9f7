"""Make and check signatures of webhooks.

`make_headers` and `find_error` handle each format. `sign` and `find_stripe_error` handle `t=SECONDS,v1=HEX`
alone, the format of Park Graph. It has one header, so they need no scheme, and the error says how old the
signature is.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping

from pgagents.model.signature import SignatureScheme

LIVES_S = 300.0
PREFIX = "whsec_"


def sign(secret: str, body: bytes, now: float) -> str:
    """Return the signature header's value for these bytes at this time (epoch seconds)."""
    return f"t={int(now)},v1={_mac(secret, str(int(now)), body)}"


def find_stripe_error(header: str, body: bytes, secret: str, now: float, tolerance_s: float = LIVES_S) -> str:
    """Return why a header does not sign this body; empty if it does. It compares in constant time."""
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


def make_headers(
    scheme: SignatureScheme, header: str, secret: str, body: bytes, now: float, id: str
) -> dict[str, str]:
    """Return the headers that sign a message in a format."""
    seconds = str(int(now))
    value = scheme.first.format(time=seconds) + scheme.each.format(
        mac=_encode(scheme, secret, body, seconds, id)
    )
    found = {header: value}
    if scheme.time_header:
        found[scheme.time_header] = seconds
    if scheme.id_header:
        found[scheme.id_header] = id
    return found


def find_error(
    scheme: SignatureScheme,
    given: Mapping[str, str],
    body: bytes,
    secret: str,
    now: float,
    tolerance_s: float,
) -> str:
    """Describe why a signature does not fit; empty if it does.

    `given` has the signature under `header`, and `time` and `id` if the format has headers for them.
    """
    value = given.get("header", "").strip()
    whole = re.fullmatch(scheme.form, value)
    if whole is None:
        return f"the header is not of the form of {scheme.name}"
    seconds = given.get("time", "") if scheme.time_header else whole.groupdict().get("time", "")
    if scheme.timed and not re.fullmatch(r"[0-9]{1,12}", seconds):
        return "the signed time is missing"
    expected = _encode(scheme, secret, body, seconds, given.get("id", "")).encode()
    if not any(hmac.compare_digest(expected, mac.encode()) for mac in re.findall(scheme.pick, value)):
        return "the signature does not fit the body and the secret"
    if scheme.timed and abs(now - int(seconds)) > tolerance_s:
        return "the signature fits, but its time is too far from now"
    return ""


def _encode(scheme: SignatureScheme, secret: str, body: bytes, seconds: str, id: str) -> str:
    before, _, after = scheme.content.partition("{body}")
    signed = before.format(time=seconds, id=id).encode() + body + after.encode()
    key = secret.encode()
    if scheme.coded_secret:
        coded = secret.removeprefix(PREFIX)
        key = base64.b64decode(coded + "=" * (-len(coded) % 4))
    mac = hmac.new(key, signed, hashlib.sha256)
    return mac.hexdigest() if scheme.encoding == "hex" else base64.b64encode(mac.digest()).decode()
