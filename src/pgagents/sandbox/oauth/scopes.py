"""Check the scopes of access tokens against the catalogue's table of actions and scopes."""

from __future__ import annotations

from pgagents.model.action import Action
from pgagents.model.model import Model
from pgagents.sandbox.keys import Key


def lacking(model: Model, action: Action | None, key: Key | None) -> str | None:
    """Return the scope that a token lacks for an action; empty if no scope allows the action.

    Return None if the token may call it, and for every API key.
    """
    needs = model.code_flow.needs if model.code_flow else {}
    if action is None or key is None or key.granted is None or not needs:
        return None
    needed = [scope for scope, names in needs.items() if str(action.name) in names]
    return next((scope for scope in needed if scope not in key.granted), None if needed else "")
