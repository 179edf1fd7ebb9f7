"""The server to verify, from the command line and the server description."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pgagents.cli.inputs.env import Env, read_env
from pgagents.cli.inputs.urls import base_url, plain_twin

if TYPE_CHECKING:
    from pgagents.model.model import Model


@dataclass(frozen=True, slots=True)
class Target:
    """A server's addresses, with its catalogue, in which `env` has the server's values."""

    model: Model
    url: str
    plain_url: str
    cacert: Path | None
    env: Env


def check(url: str | None, plain_url: str | None, description: Path | None) -> None:
    """Check the URLs of the command line before the catalogue is read. Raises UsageError and
    PgagentsError.
    """
    if url is None and description is None:
        raise click.UsageError("Missing option '--url', or '--env FILE' with a file that has a `url`.")
    if url is not None:
        plain_twin(base_url(url), plain_url)


def target(
    model: Model, url: str | None, plain_url: str | None, cacert: Path | None, description: Path | None
) -> Target:
    """Return the server to verify; the command line overrides the description.

    Raises UsageError, PgagentsError and InputError.
    """
    env = Env() if description is None else _read(model, description)
    base = base_url(url) if url is not None else env.url
    if not base:
        raise click.UsageError(f"Missing option '--url': {description} has no `url`. Give it there or here.")
    twin = plain_twin(base, plain_url or env.plain_url or None)
    return Target(replace(model, env={**model.env, **env.values}), base, twin, cacert or env.cacert, env)


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
        key_headers=[c.header for c in model.credentials.values() if c.header],
        only=only,
    )


def _list_further(model: Model) -> list[str]:
    """Return the names of the roles' keys for further schemes."""
    return [f"{role}.{scheme}" for role in model.auth.roles for scheme in list(model.credentials)[1:]]
