"""Decide if a run may write: the caller allows it, or the key's prefix marks a key of test mode.

The address proves nothing: 127.0.0.1 may be a tunnel to production.
"""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

from pgagents.model.model import Model
from pgagents.verify.plan.options import Identities, Options

NO_WRITES = "nothing is written without a test key; --allow-writes would"


def may_write(model: Model, identities: Identities, options: Options) -> bool:
    """Return whether writing actions may be called with the main key."""
    if options.allow_writes:
        return True
    prefixes = model.credential.prefixes if model.credential is not None else {}
    if prefixes:
        key = identities.keys.get("main", "")
        mode = next(
            (m for p, m in sorted(prefixes.items(), key=lambda i: -len(i[0])) if key.startswith(p)), None
        )
        return bool(mode == "test")
    return False


def loopback(url: str) -> bool:
    """Return whether the URL's host is this machine."""
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
