"""Decide whether a webhook may be sent to an address: over https, public, never in this machine's network.

Each target is checked twice: when it is registered, and when something is sent, by the address of the
connection.
"""

from __future__ import annotations

import ipaddress
import re
import socket
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

Ip = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str], Sequence[str]]
"""A function that returns the addresses of a host's name as texts; empty if it has none."""
NOT_PUBLIC = "must be a public address"
LOOKUP_S = 1.0
_QUIET_S = 60.0
_LOCAL_NAMES = (".localhost", ".local", ".internal", ".home.arpa", ".localdomain")
_NAME = re.compile(r"(?=.{1,253}\Z)[a-z0-9_]([a-z0-9_-]{0,62})?(\.[a-z0-9_]([a-z0-9_-]{0,62})?)*")
_NUMBER = re.compile(r"0x[0-9a-f]*|[0-9]+")
_SPECIAL = [ipaddress.ip_network(n) for n in ("192.0.0.0/24", "192.88.99.0/24", "2001::/23", "3fff::/20")]
"""Networks for protocols and documentation (IANA's special-purpose registries).

Not every version of Python knows all of them.
"""
_GLOBAL_V6 = ipaddress.IPv6Network("2000::/3")


@dataclass(frozen=True, slots=True)
class WebhookTarget:
    """A URL in parts.

    `host` is a name, or an address without brackets. `path` includes the query. `authority` is the Host
    header's value.
    """

    host: str
    port: int
    path: str
    authority: str


def read(url: str) -> WebhookTarget | str:
    """Return the target of a URL, or why it is refused. Nothing is looked up."""
    if not url.isascii() or re.search(r"[\x00-\x20\x7f\\]", url):
        return "must be an https address in ASCII without spaces or backslashes"
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        return "must be an https address"
    if parts.scheme != "https" or not host:
        return "must be an https address"
    if "@" in parts.netloc or "%" in parts.netloc:
        return "must be an https address without a user name or escapes in its host"
    if port == 0:
        return "must have a port from 1 to 65535"
    host = host.removesuffix(".")
    literal = address_of(host)
    if literal is None and (not _NAME.fullmatch(host) or _NUMBER.fullmatch(host.rpartition(".")[2])):
        return "must have a host that is a name or an address"
    shown = f"[{host}]" if ":" in host else host
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return WebhookTarget(host, port or 443, path, shown if port in (None, 443) else f"{shown}:{port}")


def problem(url: str, *, allow_loopback: bool, resolve: Resolve) -> str:
    """Return why a URL may not be registered; empty if it may. A name that does not resolve is accepted."""
    target = read(url)
    if isinstance(target, str):
        return target
    if isinstance(found := addresses(target.host, allow_loopback=allow_loopback, resolve=resolve), str):
        return found
    return ""


def addresses(host: str, *, allow_loopback: bool, resolve: Resolve) -> Sequence[Ip] | str:
    """Return the addresses of a host if all are allowed, else the reason for a refusal.

    The result is empty if the name does not resolve.
    """
    literal = address_of(host)
    if literal is not None:
        return [literal] if fit(literal, allow_loopback=allow_loopback) else NOT_PUBLIC
    loopback_name = host == "localhost" or host.endswith(".localhost")
    if (host == "localhost" or host.endswith(_LOCAL_NAMES)) and not (allow_loopback and loopback_name):
        return NOT_PUBLIC
    if is_reserved(host):
        return []
    found = [a for text in resolve(host) if (a := address_of(text.partition("%")[0])) is not None]
    return found if all(fit(a, allow_loopback=allow_loopback) for a in found) else NOT_PUBLIC


def is_reserved(host: str) -> bool:
    """Return whether a name is reserved for examples (RFC 2606). Such names are not looked up."""
    return host.endswith((".example", ".invalid")) or f".{host}".endswith(
        (".example.com", ".example.net", ".example.org")
    )


def fit(address: Ip, *, allow_loopback: bool) -> bool:
    """Return whether an address is allowed, including an IPv4 address inside it (mapped, 6to4, NAT64,
    compatible).
    """
    inner = _inside(address)
    if allow_loopback and inner.is_loopback:
        return True
    if isinstance(address, ipaddress.IPv6Address) and inner is address and address not in _GLOBAL_V6:
        return False
    if any(a in network for a in (address, inner) for network in _SPECIAL if a.version == network.version):
        return False
    return (
        inner.is_global
        and not inner.is_multicast
        and not inner.is_reserved
        and (inner is not address or address.is_global)
    )


def address_of(host: str) -> Ip | None:
    """Return the address that a host is, even in short, octal or hexadecimal form; None for a name."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        pass
    parts = host.split(".")
    if len(parts) > 4 or not all(_NUMBER.fullmatch(p) for p in parts):
        return None
    try:
        numbers = [
            int(p[2:] or "0", 16) if p.startswith("0x") else int(p, 8 if p.startswith("0") else 10)
            for p in parts
        ]
    except ValueError:
        return None
    if any(n > 255 for n in numbers[:-1]) or numbers[-1] >= 256 ** (5 - len(numbers)):
        return None
    return ipaddress.IPv4Address(numbers[-1] + sum(n << (24 - 8 * i) for i, n in enumerate(numbers[:-1])))


def _inside(address: Ip) -> Ip:
    """Return the IPv4 address inside an IPv6 address; any other address unchanged."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    found = address.ipv4_mapped or address.sixtofour
    if found is None and (int(address) >> 32 in (0, 0x64FF9B << 64)) and int(address) > 1:
        found = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return found or address


class SystemResolver:
    """Look up names with the system's resolver, in bounded time.

    After one look-up that takes too long, no name is looked up for a minute, and all count as not resolving.
    """

    def __init__(self) -> None:
        self._quiet_until = 0.0

    def __call__(self, host: str) -> Sequence[str]:
        """Return the addresses of a name; empty where there are none or the answer takes too long."""
        if time.monotonic() < self._quiet_until:
            return []
        found: list[str] = []
        thread = threading.Thread(target=_look_up, args=(host, found), daemon=True)
        thread.start()
        thread.join(LOOKUP_S)
        if thread.is_alive():
            self._quiet_until = time.monotonic() + _QUIET_S
            return []
        return found


def _look_up(host: str, found: list[str]) -> None:
    try:
        told = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return
    found += dict.fromkeys(str(entry[4][0]) for entry in told)
