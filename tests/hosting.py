"""Serve hosted applications in threads, and call their tools over HTTP alone."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

import httpx

from issuing import RESOURCE, Issuer
from pgagents.mcp.http import bind
from pgagents.mcp.settings import Settings

SEARCH = {"lat": 39.6403, "lng": -106.3742, "radius_km": 1.5, "limit": 5}


@contextmanager
def hosting(*apps: Any) -> Iterator[list[str]]:
    """Serve each application in a thread of its own; yields their base URLs."""
    with ExitStack() as stack:
        urls = []
        for app in apps:
            bound = bind(0, "127.0.0.1")
            stack.enter_context(serving(app, bound))
            urls.append(f"http://127.0.0.1:{bound.getsockname()[1]}")
        yield urls


@contextmanager
def serving(app: Any, bound: Any, context: Any = None, *, force: bool = False) -> Iterator[None]:
    """Serve an application in a thread on a bound socket, over TLS if `context` is an SSL context.

    With `force`, the end does not wait for calls under way, such as an open stream.
    """
    import uvicorn

    config = uvicorn.Config(app, log_config=None, log_level="critical", ws="none")
    config.load()
    config.ssl = context
    running = uvicorn.Server(config)
    thread = threading.Thread(target=running.run, args=([bound],), daemon=True)
    thread.start()
    try:
        until = time.monotonic() + 60
        while not running.started and time.monotonic() < until:
            time.sleep(0.01)
        yield
    finally:
        running.should_exit, running.force_exit = True, force
        thread.join(600)


def settings(issuer: Issuer, **more: Any) -> Settings:
    given = {"public_url": RESOURCE, "issuer": issuer.url, "client": ("me", "secret"), "audience": "the-api"}
    return Settings(**{**given, **more})


def signed(issuer: Issuer, **claims: Any) -> str:
    import jwt

    token = issuer.token(**claims)
    issuer.known[token] = {"active": True, **jwt.decode(token, options={"verify_signature": False})}
    return token


def call_as(
    url: str,
    token: str,
    *,
    timeout: float | httpx.Timeout = 600,
    tool: str = "search_parking",
    arguments: Any = None,
    headers: Mapping[str, str] | None = None,
) -> httpx.Response:
    """Call a tool, by default the search, over HTTP alone, as a client of 2025-11-25."""
    body = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "tools/call",
        "params": {"name": tool, "arguments": arguments or SEARCH},
    }
    sent = {
        "Accept": "application/json, text/event-stream",
        "Authorization": f"Bearer {token}",
        "Host": "mcp.example.com",
        "MCP-Protocol-Version": "2025-11-25",
        **(headers or {}),
    }
    return httpx.post(f"{url}/mcp", json=body, headers=sent, timeout=timeout)


def result_of(answer: httpx.Response) -> dict[str, Any]:
    line = next(line for line in answer.text.splitlines() if line.startswith("data: {"))
    found: dict[str, Any] = json.loads(line.removeprefix("data: "))["result"]
    return found


def code_of(answer: httpx.Response) -> str:
    result = result_of(answer)
    return str(json.loads(result["content"][0]["text"])["error"]["code"]) if result.get("isError") else "ok"
