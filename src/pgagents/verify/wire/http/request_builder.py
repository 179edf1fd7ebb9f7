"""Build requests in the form of httpcore."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pgagents.http import PLAIN_TARGET, Request

if TYPE_CHECKING:
    import httpcore

CONNECT_S = 10.0
DEFAULT_PORTS = {"http": 80, "https": 443}


class RequestBuilder:
    """Builds the requests to one server. `base` is its URL, `headers` go with every request."""

    def __init__(self, base: str, headers: Mapping[str, str], timeout_s: float) -> None:
        self._base, self._headers = base, dict(headers)
        timeouts = dict.fromkeys(("read", "write", "pool"), timeout_s)
        self._extensions = {"timeout": {"connect": min(CONNECT_S, timeout_s), **timeouts}}

    @cached_property
    def _target(self) -> tuple[bytes, bytes, int | None, list[tuple[bytes, bytes]]]:
        """The base URL's scheme, host and port, and the headers of every request.

        Raises ValueError if the URL is invalid.
        """
        parts = urlsplit(self._base)
        host, port = _host(parts.hostname or ""), parts.port
        if port == DEFAULT_PORTS.get(parts.scheme):
            port = None
        named = (f"[{host}]" if ":" in host else host) + (f":{port}" if port is not None else "")
        headers = {"Host": named, "User-Agent": "pgagents", **self._headers}
        return (
            parts.scheme.encode("ascii"),
            host.encode("ascii"),
            port,
            [_header(*pair) for pair in headers.items()],
        )

    @property
    def address(self) -> tuple[str, int]:
        """Host and port of the server. Raises ValueError if the URL is invalid."""
        scheme, host, port, _ = self._target
        return host.decode("ascii"), port or DEFAULT_PORTS[scheme.decode("ascii")]

    @cached_property
    def _prefix(self) -> str:
        """The path of the base URL."""
        return "".join(self._base.split("://", 1)[1].partition("/")[1:])

    def build(self, request: Request) -> httpcore.Request:
        """Return the request in httpcore's form. Raises ValueError if it cannot be sent."""
        import httpcore

        scheme, host, port, headers = self._target
        sent = [_header(*pair) for pair in request.headers]
        if request.header("User-Agent") is not None:  # send only one; the caller's own wins
            kept = {name.lower() for name in self._headers}
            headers = headers if "user-agent" in kept else [h for h in headers if h[0] != b"User-Agent"]
            sent = sent if "user-agent" not in kept else [h for h in sent if h[0].lower() != b"user-agent"]
        headers = headers + sent
        if request.body or request.method in ("POST", "PUT", "PATCH"):
            headers.append((b"Content-Length", b"%d" % len(request.body)))
        url = httpcore.URL(
            scheme=scheme, host=host, port=port, target=self._raw(self._prefix + request.target)
        )
        built = httpcore.Request(request.method, url, content=request.body, extensions=self._extensions)
        built.headers = headers  # the constructor would validate each header again
        return built

    def _raw(self, target: str) -> bytes:
        """Return the path and query as bytes."""
        if PLAIN_TARGET.fullmatch(target):
            return target.encode("ascii")
        import httpx

        try:
            return (
                httpx.URL(self._base).copy_with(raw_path=target.encode("ascii", "backslashreplace")).raw_path
            )
        except httpx.InvalidURL as error:
            raise ValueError(str(error)) from None


def _host(name: str) -> str:
    """Return the host name in ASCII. Raises ValueError if it is invalid."""
    if not name:
        raise ValueError("the address has no host")
    if name.isascii():
        return name
    import httpx

    try:
        return httpx.URL(scheme="http", host=name).raw_host.decode("ascii")
    except httpx.InvalidURL as error:
        raise ValueError(str(error)) from None


def _header(name: str, value: str) -> tuple[bytes, bytes]:
    return name.encode("latin-1"), value.encode("utf-8")
