"""Present a key: correctly, and in the forms that must be refused."""

from __future__ import annotations

import re
from dataclasses import replace
from urllib.parse import quote

from pgagents.http import Request
from pgagents.model.model import Model
from pgagents.verify.wire.call import Twist

QUERY_NAMES = ("access_token", "api_key", "apikey", "key", "token")
"""Usual names of a key in the query.

RFC 6750 (2.3) defines the first and says why keys should not stand there.
"""
_HEX = re.compile(r"[0-9A-Fa-f-]*")
"""A key of hexadecimal digits may be compared without case."""


def make_authorization(key: str, twist: Twist, model: Model) -> str | None:
    """Return the Authorization header for a key, presented correctly or with a twist; None if there is
    none.
    """
    if twist in ("none", "query"):
        return None
    if twist == "garbage":
        prefix = next(iter(model.auth.schemes[model.auth.default].prefixes), "")
        return f"Bearer {prefix}pgv000000000000000000000000"
    if twist == "lower":
        return f"bearer {key}"
    if twist in ("flip", "case", "longer", "shorter"):
        return f"Bearer {_near(key, twist, model)}"
    if twist == "basic":
        return f"Basic {key}"
    return key if twist == "bare" else f"Bearer {key}"


def in_query(request: Request, key: str) -> Request:
    """Return the request with a key in its query, under every usual name that the query does not have
    already.
    """
    taken = {name for name, _ in request.query}
    more = "&".join(f"{name}={quote(key, safe='')}" for name in QUERY_NAMES if name not in taken)
    return replace(request, target=f"{request.target}{'&' if '?' in request.target else '?'}{more}")


def _near(key: str, twist: Twist, model: Model) -> str:
    """Return a key that nearly equals this one."""
    if twist == "longer":
        return key + "A"
    if twist == "shorter":
        return key[:-1]
    prefix = next((p for p in model.auth.schemes[model.auth.default].prefixes if key.startswith(p)), "")
    own = key[len(prefix) :]
    if twist == "case" and own.swapcase() != own and not _HEX.fullmatch(own):
        return prefix + own.swapcase()
    return f"{key[:-1]}{'A' if key[-1] not in 'Aa' else 'B'}"
