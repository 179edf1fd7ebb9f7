"""Find the server to verify, from the command line and the server description."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pgagents.cli.inputs.env.env import Env, read_env
from pgagents.cli.inputs.urls import plain_twin
from pgagents.client.environment import base_url
from pgagents.errors import PgagentsError
from pgagents.text.nearest import did_you_mean
from pgagents.tls import CertificateFiles

if TYPE_CHECKING:
    from pgagents.model.model import Model


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


def check(url: str | None, plain_url: str | None, description: Path | None) -> None:
    """Check the URLs of the command line before the catalogue is read. Raises UsageError and
    PgagentsError.
    """
    if url is None and description is None:
        raise click.UsageError("Missing option '--url', or '--env FILE' with a file that has a `url`.")
    if url is not None:
        plain_twin(base_url(url), plain_url)


def target(
    model: Model,
    url: str | None,
    plain_url: str | None,
    cacert: Path | None,
    description: Path | None,
    servers: Sequence[str] = (),
    certificate: tuple[Path | None, Path | None] = (None, None),
) -> Target:
    """Return the server to verify. The command line replaces values of the description.

    Raises UsageError, PgagentsError and InputError.
    """
    env = Env() if description is None else _read(model, description)
    base = base_url(url) if url is not None else env.url
    if not base:
        raise click.UsageError(f"Missing option '--url': {description} has no `url`. Give it there or here.")
    twin = plain_twin(base, plain_url or env.plain_url or None)
    others = find_servers(model, base, servers, env)
    model = replace(model, env={**model.env, **env.values})
    shown = find_certificate(model, certificate, env, base)
    return Target(model, base, twin, cacert or env.cacert, env, others, shown)


def find_certificate(
    model: Model, given: tuple[Path | None, Path | None], env: Env, url: str
) -> CertificateFiles | None:
    """Return the client certificate to present, from the command line or else from the description.

    Raises PgagentsError if the API requires one over TLS and there is none, or for a key without a
    certificate.
    """
    cert, key = given if given[0] is not None else (env.cert, given[1] or env.cert_key)
    if cert is not None:
        return CertificateFiles(str(cert), str(key) if key is not None else "")
    if key is not None:
        raise PgagentsError("--cert-key without --cert", "give the certificate of the key, as --cert FILE")
    if model.certificate is not None and url.startswith("https://"):
        issued = f"; it is issued at {model.certificate.issue_at}" if model.certificate.issue_at else ""
        raise PgagentsError(
            f"the API asks for a client certificate (`{model.certificate.name}`)",
            f"give it with --cert FILE, and its key with --cert-key FILE{issued}",
        )
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
