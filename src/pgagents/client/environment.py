"""Read an API's URL and keys from environment variables.

They are never arguments, because other users of the machine can see these. MCP clients' configurations name
the same variables.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pgagents.errors import PgagentsError
from pgagents.model.identity import name_holder, variable_of_scheme
from pgagents.text.web_address import find_unreachable, hide_in_address

if TYPE_CHECKING:
    from pgagents.client.keys.secret_command import CommandSecrets
    from pgagents.model.credential import Credential
    from pgagents.model.model import Model

NO_KEY_HAS = "characters that no key has"


def variable(model: Model, which: str) -> str:
    """Return the variable of `key` or `url`: by `surfaces.mcp.env`, else `<API>_API_KEY` or
    `<API>_API_URL`.
    """
    surface = model.surfaces.get("mcp")
    named = surface.env.get(which) if surface else None
    return named or f"{model.api.id.upper()}_API_{which.upper()}"


def api_url(model: Model, given: str | None) -> str:
    """Return the API's URL: the given one, else from the catalogue's variable, else the catalogue's server.

    Raises PgagentsError for a URL that is invalid.
    """
    name = variable(model, "url")
    if given is not None:
        return base_url(given)
    return base_url(os.environ[name], name) if os.environ.get(name) else str(model.api.server)


def api_key(
    model: Model,
    *first: str,
    described: Mapping[str, str] | None = None,
    secrets: CommandSecrets | None = None,
) -> dict[str, str]:
    """Return the secret of each scheme, from the first variable that is set; others are left out.

    `described` maps keys of a server description to their variables, which are tried first. Raises
    PgagentsError for a value that no key can have.
    """
    found, named = {}, described or {}
    for scheme, credential in model.credentials.items():
        holder = name_holder(model, "main", scheme)
        if secrets is not None and holder in secrets.commands:
            found[scheme] = secrets.find(holder)
            continue
        names = [variable_of_scheme(model, scheme, one) for one in (*first, variable(model, "key"))]
        names = [named[holder]] if holder in named else names
        name = next((name for name in names if os.environ.get(name)), None)
        if name is not None:
            found[scheme] = header_safe(os.environ[name], name, credential)
    return found


def base_url(url: str, flag: str = "--url") -> str:
    """Return the URL without trailing slashes; `flag` names its source. Raises PgagentsError for an
    invalid server URL.
    """
    example = f"give it as {'http' if 'plain' in flag else 'https'}://staging.example.com"
    shown = hide_in_address(url)
    if not re.match(r"https?://[^/?#]", url, re.I) or any(c.isspace() or not c.isprintable() for c in url):
        raise PgagentsError(f"{flag} {shown!r} is no http or https URL", example)
    if why := find_unreachable(url):
        raise PgagentsError(f"{flag} {shown!r}: {why}", example)
    parts = urlsplit(url)
    if parts.username is not None or parts.query or parts.fragment:
        raise PgagentsError(
            f"{flag} {shown!r} has more than scheme, host, port and path",
            f"{example}; the key comes from PGAGENTS_TOKEN",
        )
    return url.rstrip("/")


def header_safe(key: str, where: str, credential: Credential | None = None) -> str:
    """Return the key without surrounding blanks.

    Raises PgagentsError, without repeating the key, if it cannot be sent in a header or is not
    `user:password` where that is required.
    """
    key = key.strip()
    if credential is not None:
        problem = credential.find_problem(key)
    else:
        plain = key and key.isascii() and key.isprintable() and " " not in key
        problem = "" if plain else NO_KEY_HAS
    if problem:
        raise PgagentsError(f"{where} holds {problem}", "check for quotes, blanks and line breaks")
    return key
