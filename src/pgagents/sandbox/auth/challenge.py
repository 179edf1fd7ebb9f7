"""Name in a refusal's WWW-Authenticate header how to prove who calls (RFC 9110, 11.6.1)."""

from __future__ import annotations

from collections.abc import Iterable

from pgagents.http import Response
from pgagents.model.model import Model
from pgagents.sandbox.auth.credential import challenge
from pgagents.sandbox.oauth import metadata


def find_challenge(model: Model, alternatives: Iterable[tuple[str, ...]]) -> str | None:
    """Return WWW-Authenticate with the challenges of all HTTP schemes; None if there are none."""
    names = dict.fromkeys(name for one in alternatives for name in one)
    return ", ".join(c for name in names if (c := challenge(model.credentials[name]))) or None


def add_challenge(
    model: Model,
    refused: Response,
    needs: tuple[tuple[str, ...], ...],
    base: str,
    error: str | None,
    scope: str | None = None,
) -> Response:
    """Return the refusal with a challenge: the declared one, or else the scheme's.

    `base` is the URL of the sandbox. `error` and `scope` are for a bearer token that does not suffice.
    """
    declared = next((h.const for h in model.headers if h.name.lower() == "www-authenticate"), None)
    if declared is not None:
        return refused.with_header("WWW-Authenticate", declared)
    names = next((one for one in needs if one), ())
    if [model.credentials[name].word for name in names] != ["Bearer"]:
        return refused.with_header("WWW-Authenticate", find_challenge(model, needs))
    said = metadata.challenge(model.code_flow, base, error=error, scope=scope)
    return refused.with_header("WWW-Authenticate", said)
