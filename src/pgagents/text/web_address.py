"""Print web addresses without the secrets in them, and tell why no server can be at one."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

HIDDEN = "…"
MOST_IN_LABEL = 63
"""Longest part of a host's name between two dots, in characters (RFC 1035, 2.3.4)."""
_SCHEME = re.compile(r"https?:/{1,3}|[A-Za-z][A-Za-z0-9+.-]+://", re.I)
"""Matches the beginning of a URL, also of one with too few slashes: `Path` makes one of two."""
_IN_TEXT = re.compile(rf"(?:{_SCHEME.pattern})\S*?(?=[\"'`,.;:)\]]*(?:\s|\Z))", re.I)
_HOST = re.compile(r"(?:\[[^\]]*\]|[^:]*)(?::[0-9]*)?")
_DOT = re.compile("[.\u3002\uff0e\uff61]")
"""Matches the dots of a host's name, also those that IDNA reads as one."""


def hide_secrets(url: str) -> str:
    """Return a URL without its user and password, and without the values of its query.

    A `…` stands for each of them. A text that is no URL, such as a path, is returned unchanged.
    """
    scheme = _SCHEME.match(url)
    if scheme is None:
        return url
    rest = url[scheme.end() :]
    authority = re.split(r"[/?#\\]", rest, maxsplit=1)[0]
    if "@" in authority or not _HOST.fullmatch(authority):
        # a password with a slash, which should be encoded, makes the second kind of authority
        user, at, rest = rest.rpartition("@") if "@" not in authority else _split_user(rest, authority)
        rest = f"{HIDDEN if user else ''}{at}{rest}"
    place, mark, fragment = rest.partition("#")
    path, ask, query = place.partition("?")
    said = _hide_values(fragment) if "=" in fragment else fragment
    return f"{scheme.group()}{path}{ask}{_hide_values(query)}{mark}{said}"


def hide_in_address(given: str) -> str:
    """Return an address that a caller typed without its secrets. Its scheme may be missing."""
    return hide_secrets(given) if "://" in given else hide_secrets(f"http://{given}").removeprefix("http://")


def hide_in_text(text: str) -> str:
    """Return a text whose URLs have no user, no password and no values in their queries."""
    return _IN_TEXT.sub(lambda found: hide_secrets(found.group()), text)


def find_unreachable(url: str) -> str:
    """Return why no request can be sent to the host and port of a URL; empty if one can.

    The reason repeats nothing of the URL, which may hold a password.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return "its host can be none"
    try:
        port = parts.port
    except ValueError:
        port = -1
    if port is not None and not 0 < port < 65536:
        return "Port out of range 1-65535"
    host = parts.hostname or ""
    if not host:
        return "it names no host"
    labels = _DOT.split(host)
    labels = labels[:-1] if len(labels) > 1 and not labels[-1] else labels
    if ":" not in host and not all(0 < len(label) <= MOST_IN_LABEL for label in labels):
        return f"a part of its host's name is empty or longer than {MOST_IN_LABEL} characters"
    return ""


def _split_user(rest: str, authority: str) -> tuple[str, str, str]:
    """Split a URL without its scheme at the `@` behind its user."""
    user, at, host = authority.rpartition("@")
    return user, at, host + rest[len(authority) :]


def _hide_values(query: str) -> str:
    """Return a query with the names of its parameters alone. A parameter without a value is hidden whole."""
    return re.sub(r"[^&;]+", _hide_value, query)


def _hide_value(found: re.Match[str]) -> str:
    name, _, value = found.group().partition("=")
    return f"{name}={HIDDEN}" if value.strip("=") else HIDDEN
