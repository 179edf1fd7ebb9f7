"""How a key is presented: as it should be, and in the forms that must be refused."""

from __future__ import annotations

import re
from dataclasses import replace
from urllib.parse import quote

from pgagents.http import Request
from pgagents.model.model import Model
from pgagents.verify.wire.call import Twist

QUERY_NAMES = ("access_token", "api_key", "apikey", "key", "token")
"""How a key in the query is called: the first by RFC 6750 (2.3), which says too why none should stand there; the others by custom."""
_HEX = re.compile(r"[0-9A-Fa-f-]*")
"""A key whose letters are digits may be read in either case."""


def presented(key: str, twist: Twist, model: Model) -> str | None:
    """The Authorization header for a key, presented as it should be or not."""
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
    """The request with a key in its query, by every usual name that the query does not have already."""
    taken = {name for name, _ in request.query}
    more = "&".join(f"{name}={quote(key, safe='')}" for name in QUERY_NAMES if name not in taken)
    return replace(request, target=f"{request.target}{'&' if '?' in request.target else '?'}{more}")


def _near(key: str, twist: Twist, model: Model) -> str:
    """A key that is nearly this one, and so none."""
    if twist == "longer":
        return key + "A"
    if twist == "shorter":
        return key[:-1]
    prefix = next((p for p in model.auth.schemes[model.auth.default].prefixes if key.startswith(p)), "")
    own = key[len(prefix) :]
    if twist == "case" and own.swapcase() != own and not _HEX.fullmatch(own):
        return prefix + own.swapcase()
    return f"{key[:-1]}{'A' if key[-1] not in 'Aa' else 'B'}"
