"""Simulate m365-spec-parser's checks of servers: the first of each list, by the rules of the URL standard.

https://url.spec.whatwg.org/, read 2026-11-21.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import AddressValueError, IPv6Address
from typing import Any
from urllib.parse import unquote

from pgagents.lint.importers.messages import ImporterMessage
from pgagents.source.source import Pointer

METHODS = ("get", "post", "put", "patch", "delete")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_SPECIAL = ("http", "https", "ws", "wss", "ftp")
_FORBIDDEN = re.compile(r"[\x00-\x20#/:<>?@\[\\\]^|%\x7f]")
_NUMBER = re.compile(r"[0-9]+|0[xX][0-9A-Fa-f]*")


def servers(data: dict[str, Any], paths: dict[str, Any]) -> Iterator[ImporterMessage]:
    """Yield messages about the document's servers, then about those of its paths and operations."""
    found = False
    for at, written in _lists(data, paths):
        if isinstance(written, list) and written:
            found = True
            if trouble := _trouble(written[0]):
                yield ImporterMessage(trouble, _text(trouble, written[0]), (*at, 0))
            yield from _plain(written, at)
    if not found:
        yield ImporterMessage(
            "no-server-information", "no server is named", ("servers",) if "servers" in data else ()
        )


def of_operation(data: dict[str, Any], item: dict[str, Any], operation: dict[str, Any]) -> str | None:
    """Return the parser's error name for an operation's server, or None."""
    for holder in (operation, item, data):
        written = holder.get("servers")
        if isinstance(written, list) and written and written[0]:
            return _trouble(written[0])
    return "no-server-information"


def protocol(url: str) -> str | None:
    """Return the scheme of an absolute URL, or None for a relative or invalid one."""
    text = re.sub(r"[\t\n\r]", "", url.strip("".join(map(chr, range(33)))))
    match = _SCHEME.match(text)
    if match is None:
        return None
    scheme = match.group(1).lower()
    return scheme if scheme not in _SPECIAL or _has_host(text[match.end() :]) else None


def _lists(data: dict[str, Any], paths: dict[str, Any]) -> Iterator[tuple[Pointer, Any]]:
    yield ("servers",), data.get("servers")
    for path, item in paths.items():
        if not isinstance(item, dict):
            continue
        yield ("paths", path, "servers"), item.get("servers")
        for method in METHODS:
            if isinstance(operation := item.get(method), dict):
                yield ("paths", path, method, "servers"), operation.get("servers")


def _trouble(server: Any) -> str | None:
    url = server.get("url") if isinstance(server, dict) else None
    scheme = protocol(url) if isinstance(url, str) else None
    if scheme is None:
        return "relative-server-url-not-supported"
    return None if scheme in ("http", "https") else "url-protocol-not-supported"


def _text(trouble: str, server: Any) -> str:
    url = str(server.get("url") if isinstance(server, dict) else server)
    if trouble == "url-protocol-not-supported":
        return f"`{protocol(url)}` is neither https nor http"
    return f"`{url[:120]}` is no absolute URL"


def _plain(written: list[Any], at: Pointer) -> Iterator[ImporterMessage]:
    for n, server in enumerate(written):
        url = server.get("url") if isinstance(server, dict) else None
        if isinstance(url, str) and protocol(url) == "http":
            yield ImporterMessage("plain-server", f"`{url[:120]}` is not https", (*at, n))


def _has_host(rest: str) -> bool:
    """True if the text after `https:` begins with a host and, if present, a numeric port."""
    authority = re.split(r"[/\\?#]", rest.lstrip("/\\"), maxsplit=1)[0].rpartition("@")[2]
    match = re.fullmatch(r"(\[[^\]]*\]|[^:]*)(?::([0-9]*))?", authority)
    if match is None or (match.group(2) and int(match.group(2)) > 65535):
        return False
    return _is_host(match.group(1))


def _is_host(host: str) -> bool:
    if host.startswith("["):
        try:
            IPv6Address(host[1:-1])
        except AddressValueError:
            return False
        return True
    name = unquote(host)
    last = name.removesuffix(".").rpartition(".")[2]
    if not name or _FORBIDDEN.search(name):
        return False
    return not _NUMBER.fullmatch(last) or _is_ipv4(name.removesuffix("."))


def _is_ipv4(host: str) -> bool:
    parts = host.split(".")
    if len(parts) > 4 or not all(_NUMBER.fullmatch(part) for part in parts):
        return False
    try:
        numbers = [
            int(p, 16) if p[:2].lower() == "0x" and p[2:] else int(p, 8) if p[:1] == "0" and p[1:] else int(p)
            for p in parts
        ]
    except ValueError:
        return False
    return all(n < 256 for n in numbers[:-1]) and numbers[-1] < 256 ** (5 - len(numbers))
