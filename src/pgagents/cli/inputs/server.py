"""Find a server and its keys, from the command line, the environment and the server description."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

from pgagents.base.errors import PgagentsError
from pgagents.base.http import CertificateFiles
from pgagents.base.text import did_you_mean, hide_in_address
from pgagents.catalogue.model.identity import as_variable, choose, find_credential, name_holder
from pgagents.cli.inputs.env import Env, read_env
from pgagents.client.environment import base_url, header_safe

if TYPE_CHECKING:
    from pgagents.catalogue.model.credential import Credential
    from pgagents.catalogue.model.model import Model
    from pgagents.client.environment import CommandSecrets, SecretCommand
    from pgagents.client.send import Sender


@dataclass(frozen=True, slots=True)
class Target:
    """A server's addresses, and the catalogue with this server's values in `env`."""

    model: Model
    url: str
    plain_url: str
    cacert: Path | None
    env: Env
    servers: Mapping[str, str] = field(default_factory=dict)
    """The addresses of the API's other servers by name."""
    certificate: CertificateFiles | None = None


def check(url: str | None, description: Path | None) -> None:
    """Check the URL of the command line before the catalogue is read. Raises UsageError and PgagentsError."""
    if url is None and description is None:
        raise click.UsageError("Missing option '--url', or '--env FILE' with a file that has a `url`.")
    if url is not None:
        base_url(url)


def find_unsent_url(model: Model) -> str | None:
    """Return the catalogue's server if all actions are only tools, so that nothing is sent there. Return None
    for any other catalogue.
    """
    return str(model.api.server) if all(model.is_only_tool(action) for action in model.actions) else None


def target(
    model: Model,
    url: str | None,
    cacert: Path | None,
    description: Path | None,
    servers: Sequence[str] = (),
    certificate: tuple[Path | None, Path | None] = (None, None),
) -> Target:
    """Return the server to verify. The command line replaces values of the description.

    Raises UsageError, PgagentsError and InputError.
    """
    env = Env() if description is None else _read(model, description)
    base = without_base_path(model, base_url(url) if url is not None else env.url)
    if not base:
        raise click.UsageError(f"Missing option '--url': {description} has no `url`. Give it there or here.")
    twin = env.plain_url if base.startswith("https://") else ""
    others = find_servers(model, base, servers, env)
    model = replace(model, env={**model.env, **env.values})
    shown = find_certificate(certificate, env)
    return Target(model, base, twin, cacert or env.cacert, env, others, shown)


def without_base_path(model: Model, url: str) -> str:
    """Return an address without the base path with which every path of the API begins already."""
    path = urlsplit(url).path.rstrip("/")
    paths = [str(action.path) for action in model.actions if action.on_rest]
    doubled = path and paths and all(one.startswith(f"{path}/") or one == path for one in paths)
    return url.rstrip("/").removesuffix(path) if doubled else url


def find_certificate(given: tuple[Path | None, Path | None], env: Env) -> CertificateFiles | None:
    """Return the client certificate to present, from the command line or else from the description.

    Raises PgagentsError for a key without a certificate.
    """
    cert, key = given if given[0] is not None else (env.cert, given[1] or env.cert_key)
    if cert is not None:
        return CertificateFiles(str(cert), str(key) if key is not None else "")
    if key is not None:
        raise PgagentsError("--cert-key without --cert", "give the certificate of the key, as --cert FILE")
    return None


def find_servers(model: Model, base: str, given: Sequence[str], env: Env) -> dict[str, str]:
    """Return the addresses of the API's other servers: from `NAME=URL`, from the description, or from the
    catalogue.

    The catalogue's own are used only if `base` is the catalogue's too. Raises PgagentsError for a server that
    the catalogue does not have.
    """
    found = dict(env.servers)
    for one in given:
        name, _, address = one.partition("=")
        if name not in model.servers:
            known = ", ".join(model.servers) or "none"
            raise PgagentsError(
                f"--server {name}: the catalogue has no such server",
                did_you_mean(name, model.servers) or f"under `api.servers` it has {known}",
            )
        found[name] = base_url(address, f"--server {name}")
    return model.find_addresses(base, found)


def read_client_env(model: Model, description: Path | None) -> Env:
    """Return the server description of a command that calls the API as one client. Raises PgagentsError and
    InputError.
    """
    return Env() if description is None else _read(model, description, only="main")


def _read(model: Model, description: Path, only: str = "") -> Env:
    return read_env(
        description,
        roles=[*model.auth.roles, *_list_further(model)],
        values=model.env,
        variables=os.environ,
        servers=model.servers,
        key_headers=[c.header for c in model.credentials.values() if c.header],
        only=only,
    )


def _list_further(model: Model) -> list[str]:
    """Return the names of keys for roles' further schemes."""
    return [f"{role}.{scheme}" for role in model.auth.roles for scheme in list(model.credentials)[1:]]


# -- the MCP server that a submission proves


def find_mcp_url(model: Model, url: str, given: str | None, command: str | None) -> str | None:
    """Return the URL of the MCP server; None if a command starts it.

    Without either, the catalogue's own address is moved to the target's host, if both servers share a host in
    the catalogue. Raises PgagentsError if no address is known.
    """
    if given is not None or command is not None:
        return given
    server = model.mcp_server
    named = str(server.url) if server is not None else ""
    if named and url.rstrip("/") == str(model.api.server).rstrip("/"):
        return named
    mcp, api, there = urlsplit(named), urlsplit(str(model.api.server)), urlsplit(url)
    if named and (mcp.scheme, mcp.netloc) == (api.scheme, api.netloc):
        return f"{there.scheme}://{there.netloc}{mcp.path}"
    raise PgagentsError(
        "a package is proved through its MCP server, and nothing tells where that is",
        "give --mcp-url URL for a hosted server, or --mcp-stdio CMD for one that a command starts",
    )


# -- one client's URL, keys and headers


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
    servers: Sequence[str],
    certificate: tuple[Path | None, Path | None],
) -> Api:
    """Return the API of a command line, whose options replace those of the description.

    The first environment variable that is set has the keys; `servers` are addresses as `NAME=URL`. Raises
    PgagentsError and InputError.
    """
    from pgagents.client.environment import RUN_SERVERS, RUN_URL, api_key, api_url
    from pgagents.client.send import Sender

    env = read_client_env(model, description)
    secrets = command_secrets(model, env.commands)
    trusted = cacert or env.cacert
    base = without_base_path(model, api_url(model, url or env.url or None))
    shown = find_certificate(certificate, env)
    sender = Sender(base, cacert=str(trusted) if trusted else None, headers=env.headers, certificate=shown)
    keys = api_key(model, *first, described=env.identities, secrets=secrets)
    if os.environ.get(RUN_URL):
        named = url or env.url
        if named and named.rstrip("/") != base:
            click.echo(
                f"{hide_in_address(named)} is not called: the run that started this is at {base}", err=True
            )
        known = (
            one for one in os.environ.get(RUN_SERVERS, "").split() if one.partition("=")[0] in model.servers
        )
        servers, env = tuple(known), replace(env, servers={})
    others = find_servers(model, base, servers, env)
    return Api(sender, keys, secrets if env.commands else None, others)


# -- keys from environment variables or a prompt.
#
# They are never arguments, because other users of the machine can see these.


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
    variables = name_variables(model, given, described)
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
    if "second" in variables and found.get("second") == found.get("main"):
        raise PgagentsError(
            f"--identity second: {variables['second']} has the same key as the main one",
            "it is the key of another customer, who may not see what the first one makes",
        )
    return found


def name_variables(model: Model, given: Sequence[str], described: Mapping[str, str]) -> dict[str, str]:
    """Return the environment variable of each key that the command line or a description names, by role."""
    variables = dict(described)
    for one in given:
        written, _, name = one.partition("=")
        variables[check_role(model, written)] = name or token_variable(written)
    return variables


def list_named(given: Sequence[str]) -> list[str]:
    """Return the keys in the variables that `ROLE[.SCHEME][=ENVVAR]` of the command line name."""
    names = (name or token_variable(role) for role, _, name in (one.partition("=") for one in given))
    return [os.environ[name] for name in names if os.environ.get(name)]


def command_secrets(
    model: Model, commands: Mapping[str, SecretCommand], given: tuple[str, ...] = ()
) -> CommandSecrets:
    """Return the secrets that commands print, without those of identities named on the command line."""
    from pgagents.client.environment import CommandSecrets

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


def check_role(model: Model, role: str) -> str:
    """Return the holder of a role's key, which is the role itself for the first scheme.

    Raises PgagentsError if the catalogue has no such role or scheme.
    """
    name, dot, scheme = role.partition(".")
    first, *further = list(model.credentials) or [""]
    if name != "main" and name not in model.auth.roles:
        raise PgagentsError(
            f"--identity {role}: the catalogue has no such role",
            did_you_mean(name, model.auth.roles) or _describe_roles(model),
        )
    if dot and scheme not in (first, *further):
        known = ", ".join(model.credentials) or "none"
        raise PgagentsError(
            f"--identity {role}: the catalogue has no scheme `{scheme}`",
            did_you_mean(scheme, list(model.credentials)) or f"it has {known}",
        )
    return name if dot and scheme == first else role


def _describe_roles(model: Model) -> str:
    if model.source.is_document:
        return "a document has one other identity: --identity second=ENVVAR, the key of another customer"
    from pgagents.importer.overlay.source import OverlaySource

    own = next((r.name for r in model.resources.values() if r.made_by is not None), "")
    if own and model.credential is not None and isinstance(model.source, OverlaySource):
        line = f"`resources: {{{own}: {{tenant: true}}}}`"
        return f"where each customer has rows of its own, say so of what they are: {line}; that adds `second`"
    return "it declares none under `auth.roles`, such as `second: {description: …, project: second}`"


def _token(credential: Credential | None) -> str:
    """Return the main key from the environment, or from a prompt on a terminal."""
    if given := os.environ.get(TOKEN):
        return header_safe(given, TOKEN, credential)
    form = "user:password" if credential is not None and credential.encoded else "…"
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise PgagentsError(
            "there is no key",
            f"export {TOKEN}={form}, or any word if the server asks for none; it is never an argument, "
            "because other users of the machine see those",
        )
    noun = credential.noun if credential is not None else "API key"
    typed: str = click.prompt(f"{noun} (not shown)", hide_input=True, err=True)
    return header_safe(typed, "the key", credential)
