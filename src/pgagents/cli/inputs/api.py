"""Finds an API's URL, keys and headers for the commands that call it as one client. They come from the
environment or a description of the server, never from an argument.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pgagents.cli.inputs.env import Env
    from pgagents.client.secret_command import CommandSecrets
    from pgagents.client.send import Sender
    from pgagents.model.model import Model


@dataclass(frozen=True, slots=True)
class Api:
    """An API as a client calls it: the way to it, the secret of each scheme, and commands that renew them."""

    sender: Sender
    keys: Mapping[str, str] = field(default_factory=dict)
    commands: CommandSecrets | None = None
    servers: Mapping[str, str] = field(default_factory=dict)


def find_api(
    model: Model,
    url: str | None,
    cacert: Path | None,
    description: Path | None,
    *first: str,
    servers: Sequence[str] = (),
    certificate: tuple[Path | None, Path | None] = (None, None),
) -> Api:
    """Return the API of a command line, whose options override the description.

    Keys are in the first of the variables that is set; `servers` are addresses as `NAME=URL`. Raises
    PgagentsError and InputError.
    """
    from pgagents.cli.inputs.api_keys import command_secrets
    from pgagents.cli.inputs.target import find_certificate, find_servers, read_client_env
    from pgagents.client.send import Sender

    env = read_client_env(model, description)
    secrets = command_secrets(model, env.commands)
    trusted = cacert or env.cacert
    base = api_url(model, url or env.url or None)
    shown = find_certificate(model, certificate, env, base)
    sender = Sender(base, cacert=str(trusted) if trusted else None, headers=env.headers, certificate=shown)
    keys = api_key(model, *first, env=env, secrets=secrets)
    others = find_servers(model, base, servers, env)
    return Api(sender, keys, secrets if env.commands else None, others)


def api_url(model: Model, given: str | None) -> str:
    """Return the API's URL: the given one, else from the catalogue's variable, else the catalogue's server.

    Raises PgagentsError for a URL that is invalid.
    """
    from pgagents.cli.inputs.urls import base_url
    from pgagents.client.variables import variable

    name = variable(model, "url")
    if given is not None:
        return base_url(given)
    return base_url(os.environ[name], name) if os.environ.get(name) else str(model.api.server)


def api_key(
    model: Model, *first: str, env: Env | None = None, secrets: CommandSecrets | None = None
) -> dict[str, str]:
    """Return the secret of each scheme: by the description, else from the first variable that is set.

    A scheme without a secret is left out.
    """
    from pgagents.cli.inputs.api_keys import header_safe
    from pgagents.client.variables import variable
    from pgagents.model.identity import name_holder, variable_of_scheme

    found = {}
    described = env.identities if env is not None else {}
    for scheme, credential in model.credentials.items():
        holder = name_holder(model, "main", scheme)
        if secrets is not None and holder in secrets.commands:
            found[scheme] = secrets.find(holder)
            continue
        names = [variable_of_scheme(model, scheme, one) for one in (*first, variable(model, "key"))]
        names = [described[holder]] if holder in described else names
        name = next((name for name in names if os.environ.get(name)), None)
        if name is not None:
            found[scheme] = header_safe(os.environ[name], name, credential)
    return found
