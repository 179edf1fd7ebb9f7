"""Refuse calls that a key may not make: by its role, by its plan's scopes, or by those of its token."""

from __future__ import annotations

from pgagents.http import Response
from pgagents.model.model import Model
from pgagents.sandbox.asked import ParsedRequest
from pgagents.sandbox.auth.challenge import add_challenge
from pgagents.sandbox.keys import Key
from pgagents.sandbox.oauth import scopes
from pgagents.sandbox.writing.refusals import refuse


def refuse_forbidden(
    model: Model,
    asked: ParsedRequest,
    key: Key | None,
    needs: tuple[tuple[str, ...], ...],
    base: str,
    request_id: str,
) -> Response | None:
    """Return the refusal of a call that its key may not make, or None.

    `needs` are the alternatives of the call's credentials, `base` is the URL of the sandbox.
    """
    guarded = asked.endpoint is not None and asked.endpoint.operator and model.credential is not None
    if guarded and (key is None or not key.operator):
        return refuse(model, "no_scope", "Only the operator's key may do this", request_id)
    for scope in (
        asked.dispatcher.scope if asked.dispatcher else None,
        asked.action.scope if asked.action else None,
    ):
        if scope is not None and key is not None and scope not in key.scopes:
            said = f"The key's plan does not include {scope}"
            return refuse(model, "no_scope", said, request_id, scope=scope)
    lacks = scopes.lacking(model, asked.action, key)
    if lacks is None:
        return None
    said = f"The token was not granted {lacks}" if lacks else "No token may do this"
    refused = refuse(model, "no_scope", said, request_id, scope=lacks or None)
    return add_challenge(model, refused, needs, base, "insufficient_scope", lacks)
