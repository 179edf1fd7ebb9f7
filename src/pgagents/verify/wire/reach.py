"""Explain why an address does not answer: unknown host, closed port, unexpected TLS, or no TLS."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from urllib.parse import urlsplit

from pgagents.http import Handler, Request, Response, Silence

PORTS = {"http": 80, "https": 443}
GREETING_S = 5.0


def why_silent(url: str, silence: Silence, other: Callable[[str], Handler]) -> tuple[str, str]:
    """Return the problem of a server that does not answer, and the next step for the caller.

    `other` returns a handler for another base URL. No key is sent.
    """
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or PORTS[parts.scheme]
    where = f"{host}:{port}"
    if silence.kind == "refused" and not _resolves(host, port):
        return (
            f"there is no host {host} (its name does not resolve)",
            "check the spelling of --url, and whether this machine's DNS can resolve it",
        )
    if parts.scheme == "https" and silence.kind in ("tls", "protocol", "reset"):
        return _no_tls(url, where, silence, other)
    if parts.scheme == "http" and silence.kind in ("protocol", "reset") and _speaks_tls(host, port):
        return (
            f"{where} speaks TLS, and --url begins http://",
            f"is it https? give --url https://{url.partition('://')[2]}",
        )
    if silence.kind == "refused":
        return (
            f"nothing listens at {where}: {_plainly(silence) or 'the connection was refused'}",
            "start the server, or check host and port of --url",
        )
    if silence.kind == "timeout":
        return (
            f"{where} does not answer: {silence.detail or 'no answer in time'}",
            "is the server up, and may this machine reach it (VPN, proxy, firewall)?",
        )
    return (
        (
            f"{where} gives no answer in HTTP: "
            f"{silence.kind}{f', {_plainly(silence)}' if silence.detail else ''}"
        ),
        "is --url the address of an HTTP server?",
    )


def _no_tls(url: str, where: str, silence: Silence, other: Callable[[str], Handler]) -> tuple[str, str]:
    if "certificate" in silence.detail.lower():
        return (
            f"the certificate of {where} is not trusted: {_plainly(silence)}",
            "give the CA that signed it with --cacert FILE, or the host that it names",
        )
    plain = f"http://{url.partition('://')[2]}"
    if isinstance(other(plain)(Request("GET", "/", (("Accept", "*/*"),))), Response):
        return f"{where} speaks plain http, and --url begins https://", f"is it http? give --url {plain}"
    return (
        f"{where} does not speak TLS: {_plainly(silence)}",
        "is --url right, and is the port the one with TLS?",
    )


def _resolves(host: str, port: int) -> bool:
    try:
        return bool(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
    except (OSError, UnicodeError):
        return False


def _speaks_tls(host: str, port: int) -> bool:
    """True if a TLS handshake succeeds. The certificate is not verified, because nothing is sent."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with (
        suppress(OSError),
        socket.create_connection((host, port), GREETING_S) as plain,
        context.wrap_socket(plain, server_hostname=host),
    ):
        return True
    return False


def _plainly(silence: Silence) -> str:
    """Return the system's error message without its number."""
    text = silence.detail.strip()
    return text.partition("] ")[2] or text if text.startswith("[") else text
