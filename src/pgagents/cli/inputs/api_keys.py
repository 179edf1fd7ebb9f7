"""Read API keys from environment variables or a prompt.

They are never arguments, because other users of the machine can see these.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from pgagents.client.environment import header_safe
from pgagents.errors import PgagentsError
from pgagents.model.identity import as_variable, choose, find_credential, name_holder
from pgagents.text.nearest import did_you_mean

if TYPE_CHECKING:
    from pgagents.client.keys.secret_command import CommandSecrets, SecretCommand
    from pgagents.model.credential import Credential
    from pgagents.model.model import Model

TOKEN = "PGAGENTS_TOKEN"


def keys(
    model: Model,
    given: tuple[str, ...],
    described: Mapping[str, str],
    *,
    ask: bool,
    secrets: CommandSecrets | None = None,
) -> dict[str, str]:
    """Return each identity's key by role.

    `given` are `ROLE[.SCHEME][=ENVVAR]` of the command line. They replace entries of `described`, a mapping
    of roles to variables, and the commands of `secrets`. The main key defaults to PGAGENTS_TOKEN, and the key
    of a further scheme to PGAGENTS_TOKEN_SCHEME. With `ask`, the user is prompted for a main key that is not
    set. Raises PgagentsError for an unknown role, an unset variable or a failed command.
    """
    variables = dict(described)
    for one in given:
        role, _, name = one.partition("=")
        check_role(model, "--identity", role)
        variables[role] = name or token_variable(role)
    commands = secrets.commands if secrets is not None else {}
    found = {role: secrets.find(role) for role in commands if secrets is not None and role not in variables}
    for role, name in variables.items():
        if not os.environ.get(name):
            raise PgagentsError(
                f"--identity {role}: the environment variable {name} is not set", f"export {name}=… first"
            )
        signs = any(a.signed is not None and a.signed.role == role for a in model.actions)
        found[role] = header_safe(os.environ[name], name, None if signs else find_credential(model, role))
    for scheme, credential in list(model.credentials.items())[1:]:
        holder = name_holder(model, "main", scheme)
        name = token_variable(holder)
        if holder not in found and os.environ.get(name):
            found[holder] = header_safe(os.environ[name], name, credential)
    if "main" not in found and (os.environ.get(TOKEN) or (ask and not _can_call(model, found))):
        found["main"] = _token(model.credential)
    return found


def command_secrets(
    model: Model, commands: Mapping[str, SecretCommand], given: tuple[str, ...] = ()
) -> CommandSecrets:
    """Return the secrets that commands print, without those of identities named on the command line."""
    from pgagents.client.keys.secret_command import CommandSecrets

    own = {one.partition("=")[0] for one in given}
    kept = {role: command for role, command in commands.items() if role not in own}
    signers = {a.signed.role for a in model.actions if a.signed is not None}
    credentials = {role: None if role in signers else find_credential(model, role) for role in kept}
    return CommandSecrets(kept, credentials)


def token_variable(holder: str) -> str:
    """Return the default variable of a role's key: PGAGENTS_TOKEN, PGAGENTS_TOKEN_SECOND for the role
    `second`, PGAGENTS_TOKEN_OTP for the scheme `otp` of `main`.
    """
    own = holder.removeprefix("main.")
    return TOKEN if own == "main" else f"{TOKEN}_{as_variable(own)}"


def _can_call(model: Model, keys: Mapping[str, str]) -> bool:
    """True if the available keys are enough for every action."""
    return all(
        not any(action.security) or choose(model, keys, "main", action.security) for action in model.actions
    )


def check_role(model: Model, flag: str, role: str) -> None:
    """Raise PgagentsError if the catalogue has no such role."""
    name, dot, scheme = role.partition(".")
    if dot and name in model.auth.roles and scheme not in list(model.credentials)[1:]:
        raise PgagentsError(
            f"{flag} {role}: the catalogue has no further scheme `{scheme}`",
            did_you_mean(scheme, list(model.credentials)[1:])
            or f"the key of its first scheme is that of `{name}`",
        )
    if name not in model.auth.roles:
        raise PgagentsError(
            f"{flag} {role}: the catalogue has no such role",
            did_you_mean(name, model.auth.roles) or "it declares none under `auth.roles`",
        )


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
