"""Reach public hosts: without a key, within limits, and never at an address that is not public."""

from __future__ import annotations

import ipaddress
import socket
from functools import lru_cache

from pgagents.http import Handler
from pgagents.submit.public.fetching import MAX_BYTES, TIMEOUT_S


@lru_cache(maxsize=64)
def is_public(host: str) -> bool:
    """True if a name has public addresses, and no others."""
    try:
        found = socket.getaddrinfo(host.strip("[]"), 443, type=socket.SOCK_STREAM)
        addresses = {ipaddress.ip_address(str(one[4][0]).partition("%")[0]) for one in found}
    except (OSError, UnicodeError, ValueError):
        return False
    return bool(addresses) and all(one.is_global for one in addresses)


@lru_cache(maxsize=16)
def reach(base: str) -> Handler:
    """Return a client for a base URL that sends no key and no additional header."""
    from pgagents.verify.wire.send import Client

    return Client(base, max_bytes=MAX_BYTES, timeout_s=TIMEOUT_S)
