"""API keys from environment variables or a prompt, never from an argument, which other users of the
machine can see.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from pgagents.errors import PgagentsError
from pgagents.text.nearest import did_you_mean

if TYPE_CHECKING:
    from pgagents.model.credential import Credential
    from pgagents.model.model import Model

NO_KEY_HAS = "characters that no key has"
TOKEN = "PGAGENTS_TOKEN"


def keys(model: Model, given: tuple[str, ...], described: Mapping[str, str], *, ask: bool) -> dict[str, str]:
    """Return each identity's key by role.

    `given` are `ROLE[=ENVVAR]` of the command line, which override `described`, a mapping of roles to
    variables. The main key defaults to PGAGENTS_TOKEN; with `ask`, the user is prompted where that is not
    set. Raises PgagentsError for an unknown role or an unset variable.
    """
    variables = dict(described)
    for one in given:
        role, _, name = one.partition("=")
        check_role(model, "--identity", role)
        variables[role] = name or (TOKEN if role == "main" else f"{TOKEN}_{role.upper()}")
    found = {}
    for role, name in variables.items():
        if not os.environ.get(name):
            raise PgagentsError(
                f"--identity {role}: the environment variable {name} is not set", f"export {name}=… first"
            )
        signs = any(a.signed is not None and a.signed.role == role for a in model.actions)
        found[role] = header_safe(os.environ[name], name, None if signs else model.credential)
    if "main" not in found and (os.environ.get(TOKEN) or (ask and any(a.key for a in model.actions))):
        found["main"] = _token(model.credential)
    return found


def check_role(model: Model, flag: str, role: str) -> None:
    """Raise PgagentsError where the catalogue has no such role."""
    if role not in model.auth.roles:
        raise PgagentsError(
            f"{flag} {role}: the catalogue has no such role", did_you_mean(role, model.auth.roles)
        )


def header_safe(key: str, where: str, credential: Credential | None = None) -> str:
    """Return the key without surrounding blanks. Raises PgagentsError, without repeating the key, where it
    cannot go in a header, or is no `user:password` where the credential is one.
    """
    key = key.strip()
    if credential is not None:
        fault = credential.find_fault(key)
    else:
        plain = key and key.isascii() and key.isprintable() and " " not in key
        fault = "" if plain else NO_KEY_HAS
    if fault:
        raise PgagentsError(f"{where} holds {fault}", "check for quotes, blanks and line breaks")
    return key


def _token(credential: Credential | None) -> str:
    """Return the main key from the environment, or from a prompt on a terminal."""
    if given := os.environ.get(TOKEN):
        return header_safe(given, TOKEN, credential)
    form = "user:password" if credential is not None and credential.encoded else "…"
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise PgagentsError(
            "there is no key",
            f"export {TOKEN}={form}; it is never an argument, because other users of the machine see those",
        )
    noun = credential.noun if credential is not None else "API key"
    typed: str = click.prompt(f"{noun} (not shown)", hide_input=True, err=True)
    return header_safe(typed, "the key", credential)
