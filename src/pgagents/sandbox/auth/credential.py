"""Recognise a credential in a request, and write one into a request that a fault lets pass.

This is the sandbox's own reading of the catalogue's scheme. It shares no code with the checks that judge it.
"""

from __future__ import annotations

import base64
import binascii

from pgagents.http import Request
from pgagents.model.credential import Credential
from pgagents.model.model import Model


def has_credential(model: Model, request: Request) -> bool:
    """Return whether a request has the credential's header, whatever it holds."""
    return model.credential is not None and request.header(model.credential.header) is not None


def find_secret(model: Model, request: Request) -> str | None:
    """Return the secret that a request presents in the catalogue's form; None where it presents none."""
    credential = model.credential
    given = request.header(credential.header) if credential is not None else None
    if credential is None or given is None:
        return None
    presented = _unwrap(credential, given)
    if presented is None or not credential.encoded:
        return presented or None
    return _decode(presented)


def find_any_secret(model: Model, request: Request) -> str:
    """Return what stands in the credential's header after any word, for servers that do not look at it."""
    given = request.header(model.credential.header) if model.credential is not None else None
    last = (given or "").rpartition(" ")[2]
    return (_decode(last) or last) if model.credential is not None and model.credential.encoded else last


def with_secret(model: Model, request: Request, secret: str) -> Request:
    """Return the request with a secret in the catalogue's form, in place of any other."""
    credential = model.credential
    if credential is None:
        return request
    shown = base64.b64encode(secret.encode()).decode("ascii") if credential.encoded else secret
    return request.with_header(credential.header, f"{credential.lead}{shown}{credential.tail}")


def challenge(credential: Credential) -> str | None:
    """Return WWW-Authenticate for a call without a valid secret; None for a key that is no HTTP scheme."""
    return f'{credential.word} realm="API"' if credential.any_case else None


def _unwrap(credential: Credential, given: str) -> str | None:
    """Return what stands between the texts around a secret; None where they are others."""
    if credential.any_case:
        scheme, _, rest = given.partition(" ")
        return rest.strip(" ") if scheme.lower() == credential.word.lower() else None
    if not (given.startswith(credential.lead) and given.endswith(credential.tail)):
        return None
    return given[len(credential.lead) : len(given) - len(credential.tail)]


def _decode(presented: str) -> str | None:
    """Return `user:password` of its Base64; None where it is none."""
    try:
        plain = base64.b64decode(presented, validate=True).decode()
    except (binascii.Error, ValueError):
        return None
    return plain if ":" in plain else None
