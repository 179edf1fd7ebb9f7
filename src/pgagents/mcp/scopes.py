"""Checks the scopes of a caller's token against the catalogue's OAuth section."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

from pgagents.client.answer import Problem
from pgagents.model.action import Action
from pgagents.model.model import Model

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send


def lacking(model: Model, action: Action, held: set[str]) -> str | None:
    """Return the first scope that the action needs and the token lacks; None if it has all."""
    needs = model.code_flow.needs if model.code_flow else {}
    return next(
        (scope for scope, actions in needs.items() if action.name in actions and scope not in held), None
    )


def scope_check(model: Model) -> Callable[[Action], Problem | None]:
    """Return a function that checks whether the current caller may call an action."""
    from mcp.server.auth.middleware.auth_context import get_access_token

    def check_scope(action: Action) -> Problem | None:
        token = get_access_token()
        lacks = lacking(model, action, set(token.scopes) if token else set())
        if lacks is None:
            return None
        return Problem(
            "insufficient_scope",
            f"this needs the scope `{lacks}`, which the sign-in did not give",
            scope=lacks,
            sent=False,
        )

    return check_scope


class StepUp:
    """Refuse a tool call whose token lacks a scope with 403, so that the client can ask its user (RFC 6750,
    3.1).

    Since 2026-07-28 a header names the tool of a call. An older call is passed to the server, whose result
    has the same error.
    """

    def __init__(self, app: ASGIApp, model: Model, named: dict[str, Action], metadata_url: str) -> None:
        self._app, self._model, self._named, self._metadata_url = app, model, named, metadata_url

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, or refuse it with 403."""
        headers = dict(scope.get("headers", ()))
        name = (
            headers.get(b"mcp-name", b"").decode("latin-1")
            if headers.get(b"mcp-method") == b"tools/call"
            else ""
        )
        token = getattr(scope.get("user"), "access_token", None)
        held = list(token.scopes) if token is not None else []
        lacks = (
            lacking(self._model, self._named[name], set(held))
            if token is not None and name in self._named
            else None
        )
        if lacks is None:
            await self._app(scope, receive, send)
            return
        said = f"{name} needs the scope {lacks}"
        wanted = " ".join([*held, lacks])
        challenge = (
            f'Bearer error="insufficient_scope", scope="{wanted}", '
            f'resource_metadata="{self._metadata_url}", error_description="{said}"'
        )
        body = json.dumps({"error": "insufficient_scope", "error_description": said}).encode()
        sent = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        sent.append((b"www-authenticate", challenge.encode("ascii", "replace")))
        await send({"type": "http.response.start", "status": 403, "headers": sent})
        await send({"type": "http.response.body", "body": body})
