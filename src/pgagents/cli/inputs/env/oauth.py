"""The `oauth` part of a server description: a client, and how its user consents on the server's page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pgagents.cli.inputs.env.entries import FIELD_NAME, Entries
from pgagents.source.source import Pointer
from pgagents.text.brief import brief
from pgagents.text.nearest import did_you_mean

if TYPE_CHECKING:
    from pgagents.verify.wire.oauth import OAuthClient


def read_oauth(entries: Entries) -> OAuthClient:
    """Return the client, and the fields with which its user consents."""
    from pgagents.verify.wire.oauth import OAuthClient

    given = entries.mapping("oauth")
    client = _client(entries, ("oauth",), given, ("consent", "refuse", "headers", "other"))
    hidden: list[str] = []
    consent, headers, refuse = (
        _texts(entries, given, key, hidden) for key in ("consent", "headers", "refuse")
    )
    other = given.get("other")
    if other is not None and not isinstance(other, dict):
        entries.report(("oauth", "other"), "type", "`other` is a mapping: client_id, redirect_uri, secret")
        other = None
    told = OAuthClient(*_client(entries, ("oauth", "other"), other, ())) if other is not None else None
    return OAuthClient(*client, consent, headers, tuple(hidden), refuse, told)


def _client(
    entries: Entries, at: Pointer, given: Mapping[Any, Any], more: tuple[str, ...]
) -> tuple[str, str, str]:
    """Return a client's id, redirect URI and secret. `more` are further allowed keys."""
    known = ("client_id", "secret", "redirect_uri", *more)
    for key in given:
        if key not in known:
            entries.report(
                (*at, key),
                "unknown-key",
                f"unknown key `{brief(str(key))}`",
                did_you_mean(str(key), known),
                at_value=False,
            )
    for key in ("client_id", "redirect_uri"):
        if not isinstance(given.get(key), str) or not given[key].isprintable() or not given[key]:
            entries.report(
                (*at, key) if key in given else at, "oauth", f"`{at[-1]}` needs `{key}`: one line of text"
            )
    secret = entries.variable((*at, "secret"), given["secret"]) if given.get("secret") is not None else ""
    return str(given.get("client_id")), str(given.get("redirect_uri")), secret


def _texts(entries: Entries, given: Mapping[Any, Any], key: str, hidden: list[str]) -> dict[str, str]:
    """Return texts by name from a part of `oauth`.

    Values from environment variables are added to `hidden`.
    """
    part = given.get(key) or {}
    if not isinstance(part, dict):
        entries.report(("oauth", key), "type", f"`{key}` is a mapping of names to texts")
        return {}
    found = {}
    for name, value in part.items():
        pointer = ("oauth", key, name)
        if isinstance(value, dict) and list(value) == ["variable"]:
            value = entries.variable((*pointer, "variable"), value["variable"])
            hidden.append(value)
        if (
            not isinstance(value, str)
            or not value.isprintable()
            or (key == "headers" and not FIELD_NAME.match(str(name)))
        ):
            entries.report(
                pointer,
                "oauth",
                "this is one line of text, or `{variable: NAME}`",
                "put a number in quotes",
            )
            continue
        found[str(name)] = value
    return found
