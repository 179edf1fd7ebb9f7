"""Bound the sessions of clients up to 2025-11-25, so that a few callers cannot take them all.

A caller who opens more than its share ends the one of its own that was idle longest. Where all sessions are
taken, the one of all that was idle longest is ended. Its client opens another after a 404, as the protocol
asks.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADER = b"mcp-session-id"


@dataclass(slots=True)
class _Session:
    """One open session: its caller, the request that opened it, and how many of its requests are served."""

    caller: str
    opened_by: Scope
    served: int = 0


class Sessions:
    """Pass requests on, and end idle sessions so that there are never more than `most`.

    `most_each` bounds the sessions of one caller who signed in; `signed_in` is true if all callers must.
    """

    def __init__(self, app: ASGIApp, most: int, most_each: int, *, signed_in: bool) -> None:
        self._app, self._most, self._most_each, self._signed_in = app, most, most_each, signed_in
        self._open: OrderedDict[bytes, _Session] = OrderedDict()
        """The open sessions by their id; the one that was idle longest comes first."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        headers = dict(scope.get("headers", ()))
        if HEADER in headers:
            await self._use(headers[HEADER], scope, receive, send)
        elif scope["type"] == "http" and self._may_open(scope, headers):
            await self._make_room(_find_caller(scope))
            await self._app(scope, receive, self._note_opened(scope, send))
        else:
            await self._app(scope, receive, send)

    def _may_open(self, scope: Scope, headers: dict[bytes, bytes]) -> bool:
        """True if a request may open a session. Later clients have none, and strangers get none."""
        from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS

        version = headers.get(b"mcp-protocol-version", b"").decode("latin-1")
        known = not version or version in HANDSHAKE_PROTOCOL_VERSIONS
        return scope["method"] == "POST" and known and (not self._signed_in or bool(_find_caller(scope)))

    async def _use(self, id: bytes, scope: Scope, receive: Receive, send: Send) -> None:
        session = self._open.get(id)
        if session is None:
            await self._app(scope, receive, send)
            return
        session.served += 1
        try:
            await self._app(scope, receive, self._note_ended(id, scope, send))
        finally:
            session.served -= 1
            if id in self._open:
                self._open.move_to_end(id)

    def _note_opened(self, scope: Scope, send: Send) -> Send:
        """Return a `send` that remembers the session that an answer opens."""

        async def note(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] < 400:
                id = dict(message.get("headers", ())).get(HEADER)
                if id is not None:
                    self._open[id] = _Session(_find_caller(scope), scope)
            await send(message)

        return note

    def _note_ended(self, id: bytes, scope: Scope, send: Send) -> Send:
        """Return a `send` that forgets a session which is over."""

        async def note(message: Message) -> None:
            if message["type"] == "http.response.start" and (
                message["status"] == 404 or (scope["method"] == "DELETE" and message["status"] < 300)
            ):
                self._open.pop(id, None)
            await send(message)

        return note

    async def _make_room(self, caller: str) -> None:
        """End the session that was idle longest if there are too many: of this caller, or of all."""
        own = [id for id, session in self._open.items() if session.caller == caller]
        if caller and len(own) >= self._most_each:
            await self._end_idle(own)
        if len(self._open) >= self._most:
            await self._end_idle(list(self._open))

    async def _end_idle(self, ids: list[bytes]) -> None:
        idle = next((id for id in ids if not self._open[id].served), None)
        if idle is None:
            return  # all of them are being used; the SDK refuses one more with 503
        session = self._open.pop(idle)
        kept = [pair for pair in session.opened_by["headers"] if pair[0] in (b"host", b"authorization")]
        ending = {**session.opened_by, "method": "DELETE", "headers": [*kept, (HEADER, idle)]}
        ending["headers"].append((b"accept", b"application/json, text/event-stream"))
        await self._app(ending, _receive_nothing, _drop)


def _find_caller(scope: Scope) -> str:
    """Return who signed in; empty if nobody did."""
    token: Any = getattr(scope.get("user"), "access_token", None)
    return f"{token.client_id} {token.subject}" if token is not None else ""


async def _receive_nothing() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}


async def _drop(_message: Message) -> None:
    """Take an answer that nobody waits for."""
