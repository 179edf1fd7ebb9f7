"""The server to verify, as the command line and the target description tell of it."""

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
    """Where a server is and how it is reached; `model` is the catalogue with the `env` that holds there."""

    model: Model
    url: str
    plain_url: str
    cacert: Path | None
    env: Env


def check(url: str | None, plain_url: str | None, description: Path | None) -> None:
    """Whether the command line says where the server is, before the catalogue is read. Raises UsageError, PgagentsError."""
    if url is None and description is None:
        raise click.UsageError("Missing option '--url', or '--env FILE' with a file that has a `url`.")
    if url is not None:
        plain_twin(base_url(url), plain_url)


def target(model: Model, url: str | None, plain_url: str | None, cacert: Path | None, description: Path | None) -> Target:
    """What is said on the command line goes before what the description says. Raises UsageError, PgagentsError and InputError."""
    env = Env() if description is None else read_env(description, roles=model.auth.roles, values=model.env, variables=os.environ)
    base = base_url(url) if url is not None else env.url
    if not base:
        raise click.UsageError(f"Missing option '--url': {description} has no `url`. Give it there or here.")
    twin = plain_twin(base, plain_url or env.plain_url or None)
    return Target(replace(model, env={**model.env, **env.values}), base, twin, cacert or env.cacert, env)
