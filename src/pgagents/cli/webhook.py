"""`pgagents webhook`: checks the signatures of events that a receiver got."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pgagents.cli.inputs.options import catalogue_argument, examples, load

if TYPE_CHECKING:
    from pgagents.model.model import Model


@click.group(
    short_help="Check a webhook's signature.",
    epilog=examples(
        (
            "a body that came, and the header it came with",
            "pgagents webhook verify --secret-env HOOK_SECRET --header 't=…,v1=…' --file body.json",
        ),
    ),
)
def command() -> None:
    """Check the signatures of webhook events."""


@command.command()
@catalogue_argument
@click.option(
    "--secret-env",
    required=True,
    metavar="NAME",
    help="The environment variable that holds the webhook's signing secret.",
)
@click.option(
    "--header",
    required=True,
    metavar="VALUE",
    help="The signature header as received: 't=…,v1=…', with or without its name.",
)
@click.option(
    "--file",
    default="-",
    show_default=True,
    metavar="BODY",
    help="File with the body's exact bytes; - for standard input.",
)
@click.option(
    "--tolerance",
    type=click.FloatRange(min=0),
    metavar="S",
    help="Greatest age in seconds. Default: the catalogue's.",
)
def verify(catalogue: Path | None, secret_env: str, header: str, file: str, tolerance: float | None) -> int:
    """Check a payload against its signature, offline and in constant time.

    Exit code: 0 the signature fits, 1 it does not or is too old, 2 nothing could be checked.
    """
    import time

    from pgagents.sandbox.events.signature import fault

    signed = _scheme(load(catalogue))
    secret, body = _secret(secret_env), _body(file)
    found = fault(
        _value(header, signed.header),
        body,
        secret,
        time.time(),
        signed.tolerance_s if tolerance is None else tolerance,
    )
    click.echo(f"refused: {found}" if found else "the signature fits the body and the secret")
    return 1 if found else 0


def _scheme(model: Model) -> Any:
    """Return how the catalogue's events are signed: header, scheme, tolerance."""
    from pgagents.errors import PgagentsError

    if model.webhooks is None:
        raise PgagentsError(
            f"{model.api.id} sends no events", "name the catalogue of an API that has `webhooks`"
        )
    return model.webhooks.signature


def _value(header: str, name: str) -> str:
    """Return the header's value, without its name."""
    before, colon, after = header.partition(":")
    return after.strip() if colon and before.strip().lower() == name.lower() else header.strip()


def _secret(name: str) -> str:
    from pgagents.errors import PgagentsError

    found = os.environ.get(name)
    if not found:
        raise PgagentsError(
            f"the environment variable {name} is not set",
            "put the signing secret into it; create_webhook returned it once",
        )
    return found


def _body(file: str) -> bytes:
    from pgagents.errors import PgagentsError

    if file == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(file).read_bytes()
    except OSError as error:
        raise PgagentsError(
            f"cannot read {file}: {error.strerror}", "give the file with the body's exact bytes"
        ) from None
