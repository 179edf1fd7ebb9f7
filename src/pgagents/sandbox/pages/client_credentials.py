"""The token endpoint for client credentials, at the catalogue's path."""

from __future__ import annotations

from collections.abc import Mapping

from pgagents.http import Request, Response
from pgagents.model.model import Model
from pgagents.sandbox.hosting.site import Visit
from pgagents.sandbox.oauth import client_tokens


def paths(model: Model) -> Mapping[str, tuple[str, ...]]:
    """Return the token endpoints of the catalogue's schemes, except those that users need too."""
    users = model.code_flow.token if model.code_flow is not None else None
    return {path: ("POST",) for path in client_tokens.list_paths(model) if path != users}


def answer(request: Request, visit: Visit) -> Response:
    """Return an access token, or the error of RFC 6749 (5.2)."""
    return client_tokens.answer(request, visit)
