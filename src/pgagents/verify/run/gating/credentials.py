"""Tell which actions make credentials: tokens, keys, users and invitations, with which somebody can act.

A credential below somebody else's account gives its holder that account's rights, and may outlast the run. So
it is only made below an instance that the run has made itself.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pgagents.jsonschema.schema import resolve
from pgagents.model.action import Action
from pgagents.model.model import Model
from pgagents.text.nouns import singular
from pgagents.verify.fixtures.target import is_made_by

NOUNS = frozenset(("credential", "invitation", "invite", "key", "password", "secret", "token", "user"))
"""The last word of what is made, in the singular."""
MEMBERS = frozenset((
    "access_key", "access_token", "api_key", "apikey", "api_token", "auth_token", "bearer_token",
    "client_secret", "password", "private_key", "refresh_token", "secret", "secret_key", "token",
))  # fmt: skip
"""Members of an answer that hold a credential."""
_METHODS = frozenset(("get", "post", "put", "patch", "delete"))
"""Last words that some frameworks append to an operation's name."""
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


def makes_credential(model: Model, action: Action) -> bool:
    """True if an action makes a credential, by the noun of what it makes, or by a member of its answer."""
    made = [r for r in model.resources.values() if is_made_by(r, action)]
    segments = [part for part in str(action.path).split("/") if part and "{" not in part]
    nouns = [*(r.name for r in made), *segments[-1:], _strip_method(str(action.name))]
    if any(_last_word(noun) in NOUNS for noun in nouns):
        return True
    body = model.schema_at(action, ())
    inner = (resolve(schema, model.schemas) for schema in body.get("properties", {}).values())
    return any(_holds_credential(schema) for schema in (body, *inner))


def _holds_credential(schema: Mapping[str, Any]) -> bool:
    names = schema.get("properties", {})
    return any("_".join(_split(name)) in MEMBERS for name in names)


def _split(name: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(name)]


def _last_word(name: str) -> str:
    words = _split(name)
    return singular(words[-1]) if words else ""


def _strip_method(name: str) -> str:
    words = _split(name)
    return "_".join(words[:-1] if words[-1:] and words[-1] in _METHODS else words)
