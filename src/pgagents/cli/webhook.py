"""`pgagents webhook`: checks the signatures of events that a receiver got."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pgagents.cli.inputs.catalogue import load
from pgagents.cli.inputs.options import Seconds, catalogue_argument, examples

if TYPE_CHECKING:
    from pgagents.catalogue.model.credential import SignatureScheme
    from pgagents.catalogue.model.model import Model


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
    "headers",
    required=True,
    multiple=True,
    metavar="VALUE",
    help=(
        "The signature header as received: 't=…,v1=…', with or without its name. May be repeated: "
        "the headers with the time and the id, where the format has them, need their names."
    ),
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
    type=Seconds(min=0),
    metavar="S",
    help="Greatest age in seconds. Default: the catalogue's.",
)
def verify(
    catalogue: Path | None, secret_env: str, headers: tuple[str, ...], file: str, tolerance: float | None
) -> int:
    """Check a payload against its signature, offline and in constant time.

    Exit code: 0 the signature fits, 1 it does not or is too old, 2 nothing could be checked.
    """
    import time

    from pgagents.base.errors import PgagentsError
    from pgagents.catalogue.model.credential import schemes
    from pgagents.sandbox.deliver import STRIPE, find_error, find_stripe_error

    signed = _scheme(load(catalogue))
    scheme = schemes()[signed.scheme]
    secret, body = _secret(secret_env), _body(file)
    tolerance_s = signed.tolerance_s if tolerance is None else tolerance
    given = _sort(headers, signed.header, scheme)
    if scheme.name == STRIPE:
        found = find_stripe_error(given["header"], body, secret, time.time(), tolerance_s)
    else:
        try:
            found = find_error(scheme, given, body, secret, time.time(), tolerance_s)
        except ValueError:
            raise PgagentsError(
                f"{secret_env} does not hold a secret of {scheme.name}", "give it as `whsec_` and its Base64"
            ) from None
    click.echo(f"refused: {found}" if found else "the signature fits the body and the secret")
    return 1 if found else 0


def _scheme(model: Model) -> Any:
    """Return the signature settings of the catalogue's events: header, scheme, tolerance."""
    from pgagents.base.errors import PgagentsError

    if model.webhooks is None:
        raise PgagentsError(
            f"{model.api.id} sends no events", "name the catalogue of an API that has `webhooks`"
        )
    if model.webhooks.signature is None:
        raise PgagentsError(
            f"{model.api.id} does not sign its events", "name how, as `webhooks.signature`, in the catalogue"
        )
    return model.webhooks.signature


def _sort(headers: tuple[str, ...], name: str, scheme: SignatureScheme) -> dict[str, str]:
    """Return the values of the headers by their meaning. A header with an unknown name is the signature."""
    parts = {name: "header", scheme.time_header: "time", scheme.id_header: "id"}
    kinds = {key.lower(): part for key, part in parts.items() if key}
    found = {"header": ""}
    for header in headers:
        before, colon, after = header.partition(":")
        kind = kinds.get(before.strip().lower()) if colon else None
        found[kind or "header"] = (after if kind else header).strip()
    return found


def _secret(name: str) -> str:
    from pgagents.base.errors import PgagentsError

    found = os.environ.get(name)
    if not found:
        raise PgagentsError(
            f"the environment variable {name} is not set",
            "put the signing secret into it; create_webhook returned it once",
        )
    return found


def _body(file: str) -> bytes:
    from pgagents.base.errors import PgagentsError

    if file == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(file).read_bytes()
    except OSError as error:
        raise PgagentsError(
            f"cannot read {file}: {error.strerror}", "give the file with the body's exact bytes"
        ) from None
