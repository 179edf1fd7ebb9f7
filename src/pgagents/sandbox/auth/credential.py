"""Recognise credentials in a request, and put one into a request that a fault accepts.

This is the sandbox's own reading of the catalogue's schemes. It shares no code with the checks that judge it.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import replace
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qsl, urlencode

from pgagents.http import Request
from pgagents.model.credential import Credential
from pgagents.model.model import Model


def has_credential(model: Model, request: Request) -> bool:
    """Return whether a request has a value in the place of any credential."""
    return any(find_text(credential, request) is not None for credential in model.credentials.values())


def find_text(credential: Credential, request: Request) -> str | None:
    """Return the text in the credential's place; None if it is missing."""
    if credential.place == "header":
        return request.header(credential.wire)
    if credential.place == "query":
        query = request.target.partition("#")[0].partition("?")[2]
        found = [value for name, value in parse_qsl(query, keep_blank_values=True) if name == credential.wire]
        return found[0] if len(found) == 1 else None
    try:
        cookies = SimpleCookie(request.header("cookie") or "")
    except CookieError:
        return None
    return cookies[credential.wire].value if credential.wire in cookies else None


def find_secret(model: Model, request: Request) -> str | None:
    """Return the first secret of a request in the form of any scheme; None without one."""
    return next((s for c in model.credentials.values() if (s := find_secret_of(c, request))), None)


def find_secret_of(credential: Credential, request: Request) -> str | None:
    """Return the secret of a request in the form of this scheme; None without one."""
    given = find_text(credential, request)
    if given is None:
        return None
    presented = _unwrap(credential, given)
    if presented is None or not credential.encoded:
        return presented or None
    return _decode(presented)


def find_any_secret(model: Model, request: Request) -> str:
    """Return the text in any credential's place without its prefix, for servers that ignore the prefix."""
    for credential in model.credentials.values():
        last = (find_text(credential, request) or "").rpartition(" ")[2]
        if last:
            return (_decode(last) or last) if credential.encoded else last
    return ""


def with_secret(model: Model, request: Request, secret: str, scheme: str = "") -> Request:
    """Return the request with this secret as its only one, in the form of a scheme; by default the first."""
    credential = model.credentials.get(scheme) or model.credential
    if credential is None:
        return request
    shown = base64.b64encode(secret.encode()).decode("ascii") if credential.encoded else secret
    value = f"{credential.lead}{shown}{credential.tail}"
    if credential.place == "header":
        return request.with_header(credential.wire, value)
    if credential.place == "cookie":
        return request.with_header("Cookie", f"{credential.wire}={value}")
    path, _, query = request.target.partition("?")
    kept = [pair for pair in parse_qsl(query, keep_blank_values=True) if pair[0] != credential.wire]
    return replace(request, target=f"{path}?{urlencode([*kept, (credential.wire, value)])}")


def without_text(credential: Credential, request: Request) -> Request:
    """Return the request without the text in the credential's place. Other cookies are removed too."""
    if credential.place != "query":
        return request.with_header(credential.header, None)
    path, _, query = request.target.partition("?")
    kept = [pair for pair in parse_qsl(query, keep_blank_values=True) if pair[0] != credential.wire]
    return replace(request, target=f"{path}?{urlencode(kept)}" if kept else path)


def challenge(credential: Credential) -> str | None:
    """Return WWW-Authenticate for a call without a valid secret; None for a key that is no HTTP scheme."""
    return f'{credential.word} realm="API"' if credential.any_case else None


def _unwrap(credential: Credential, given: str) -> str | None:
    """Return the secret inside a credential's fixed texts; None if the value has other texts."""
    if credential.any_case:
        scheme, _, rest = given.partition(" ")
        return rest.strip(" ") if scheme.lower() == credential.word.lower() else None
    if not (given.startswith(credential.lead) and given.endswith(credential.tail)):
        return None
    return given[len(credential.lead) : len(given) - len(credential.tail)]


def _decode(presented: str) -> str | None:
    """Return `user:password` of its Base64; None if the text is no Base64."""
    try:
        plain = base64.b64decode(presented, validate=True).decode()
    except (binascii.Error, ValueError):
        return None
    return plain if ":" in plain else None
