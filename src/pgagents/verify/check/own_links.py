"""Find where a link of an answer leads on the API itself."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit


def find_own_target(bases: Iterable[str], declared: str, link: str) -> str | None:
    """Return the path and query of an absolute link, without the path of the base URL that it is under.

    The longest base URL of the link's host counts. If that host has a base URL without a path, the path of
    the `declared` server counts there too. A test server often serves at its root what links name under the
    declared path. None for a link to another host, or for a text that is no URL. None too for a path under
    none of the base URLs, which no request can reach.
    """
    try:
        parts = urlsplit(link)
        hosts = [base for base in map(urlsplit, bases) if base.netloc.lower() == parts.netloc.lower()]
        elsewhere = urlsplit(declared).path.rstrip("/")
    except ValueError:
        return None
    path = parts.path or "/"
    above = {base.path.rstrip("/") for base in hosts}
    longest = sorted({*above, elsewhere} if "" in above else above, key=len, reverse=True)
    prefix = next((base for base in longest if f"{path}/".startswith(f"{base}/")), None)
    if prefix is None or parts.scheme not in ("http", "https"):
        return None
    return (path.removeprefix(prefix) or "/") + (f"?{parts.query}" if parts.query else "")
