"""Find an API's URL, keys and headers for commands that call it as one client.

Keys come from the environment or from a server description, never from an argument.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pgagents.client.keys.secret_command import CommandSecrets
    from pgagents.client.send import Sender
    from pgagents.model.model import Model


@dataclass(frozen=True, slots=True)
class Api:
    """An API from a client's view: how to reach it, the secret of each scheme, and commands that renew
    them.
    """

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
    """Return the API of a command line, whose options replace those of the description.

    The first environment variable that is set has the keys; `servers` are addresses as `NAME=URL`. Raises
    PgagentsError and InputError.
    """
    from pgagents.cli.inputs.api_keys import command_secrets
    from pgagents.cli.inputs.target import find_certificate, find_servers, read_client_env
    from pgagents.client.environment import api_key, api_url
    from pgagents.client.send import Sender

    env = read_client_env(model, description)
    secrets = command_secrets(model, env.commands)
    trusted = cacert or env.cacert
    base = api_url(model, url or env.url or None)
    shown = find_certificate(model, certificate, env, base)
    sender = Sender(base, cacert=str(trusted) if trusted else None, headers=env.headers, certificate=shown)
    keys = api_key(model, *first, described=env.identities, secrets=secrets)
    others = find_servers(model, base, servers, env)
    return Api(sender, keys, secrets if env.commands else None, others)
