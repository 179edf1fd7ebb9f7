"""The token endpoint for client credentials, at the catalogue's path."""

from __future__ import annotations

from collections.abc import Mapping

from pgagents.base.http import Request, Response
from pgagents.catalogue.model.model import Model
from pgagents.sandbox import grants
from pgagents.sandbox.setting import Visit


def paths(model: Model) -> Mapping[str, tuple[str, ...]]:
    """Return the token endpoints of the catalogue's schemes, except those that users need too."""
    users = model.code_flow.token if model.code_flow is not None else None
    return {path: ("POST",) for path in grants.list_paths(model) if path != users}


def answer(request: Request, visit: Visit) -> Response:
    """Return an access token, or the error of RFC 6749 (5.2)."""
    return grants.answer(request, visit)
