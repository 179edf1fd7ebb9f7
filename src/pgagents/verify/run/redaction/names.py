"""Name the places to mask: members that the catalogue marks, credentials, and secrets of standards."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pgagents.model.credential import AUTHORIZATION, Credential
from pgagents.model.model import Model

OAUTH = frozenset(
    (
        "access_token",
        "refresh_token",
        "id_token",
        "client_secret",
        "code_verifier",
        "client_assertion",
        "device_code",
    )
)
"""Secrets of RFC 6749, 7636, 7523, 8628 and OpenID Connect. They are masked in every run."""
IN_FORMS = frozenset((*OAUTH, "code", "password", "api_key"))
"""Names of secrets in a query or a form. In JSON only OAUTH is: there `code` mostly names an error."""


@dataclass(frozen=True, slots=True)
class SecretNames:
    """The names of places with secrets. `named` are the secret and the private members together."""

    credentials: tuple[Credential, ...]
    leads: Mapping[str, str]
    """The text before the secret in each header with a credential, by the header in lower case."""
    private: frozenset[str]
    named: frozenset[str]
    headers: Mapping[str, str]
    """The members in `named` by their names in lower case, for headers of that name."""
    in_query: frozenset[str]
    """Query parameters with a credential. They are masked by value, as a header with a key is."""
    cookies: frozenset[str]
    """Cookies that are arguments."""
    in_form: re.Pattern[str]
    """Matches a named pair of a query or a form: all before the value, the name, the value."""
    in_text: re.Pattern[str]
    """Matches a named member of a piece of JSON: all before the text, the name, the text, its end."""


def list_secret_names(secrets: Iterable[str], private: Iterable[str], model: Model | None) -> SecretNames:
    """Return the names of `secrets` and `private` members, with those of the model's credentials."""
    credentials = tuple(model.credentials.values()) if model is not None else ()
    leads = {c.header.lower(): _lead(c) for c in reversed(credentials) if c.header}
    members = frozenset(secrets) | OAUTH
    named = members | frozenset(private)
    in_query = frozenset(c.wire for c in credentials if c.place == "query")
    pairs = "|".join(map(re.escape, sorted((named | IN_FORMS) - in_query)))
    keys = "|".join(map(re.escape, sorted(named)))
    params = (p for a in (model.actions if model is not None else ()) for p in a.params)
    return SecretNames(
        credentials,
        leads or {AUTHORIZATION.lower(): "Bearer "},
        frozenset(private) - members,
        named,
        {name.lower(): name for name in named},
        in_query,
        frozenset(p.wire for p in params if p.place == "cookie"),
        re.compile(rf"((?:^|[?&;\s\"'])({pairs})=)([^&;\s\"'#<>]*)", re.I),
        re.compile(rf'("({keys})"\s*:\s*)"((?:[^"\\]|\\.)*)("|$)'),
    )


def _lead(credential: Credential) -> str:
    """Return the text before the secret in its header, such as `Bearer `."""
    return f"{credential.wire}={credential.lead}" if credential.place == "cookie" else credential.lead
