"""Legal ways to write and sign an event."""

from __future__ import annotations

import json

from pgagents.sandbox.fault_declaration import Context, variation
from pgagents.sandbox.outbox import Delivery


@variation().change_server
def webhook_header_case(context: Context) -> None:
    """The headers that sign an event are in capital letters."""
    make = context.courier.make_headers
    context.courier.make_headers = lambda *given: {
        name.upper(): value for name, value in make(*given).items()
    }


@variation().change_server
def webhook_signed_unasked(context: Context) -> None:
    """Events have a header with a signature, which the catalogue says nothing of."""
    make = context.courier.make_headers
    context.courier.make_headers = lambda *given: {
        "X-Delivery-Signature": "sha256=" + "0" * 64,
        **make(*given),
    }


@variation().change_server
def webhook_secret_rotates(context: Context) -> None:
    """Events have two signatures, of an old and of the present secret, where the format has room for it."""
    make, scheme = context.courier.make_headers, context.courier.scheme

    def twice(secret: str, body: bytes, now: float, id: str) -> dict[str, str]:
        right, old = (make(one, body, now, id) for one in (secret, secret[:-4] + "0000"))
        if scheme is None or not scheme.between:
            return right
        header = context.courier.header.lower()
        name = next(name for name in right if name.lower() == header)
        return {
            **right,
            name: old[name] + scheme.between + right[name][len(scheme.first.format(time=int(now))) :],
        }

    context.courier.make_headers = twice


@variation().change_server
def webhook_two_signatures(context: Context) -> None:
    """Events have two signatures, as during a change of secrets, an additional member, and JSON with
    blanks.
    """
    sign, compose = context.courier.sign, context.courier.compose

    def twice(secret: str, body: bytes, now: float) -> str:
        right = sign(secret, body, now)
        return right.replace(",v1=", f",v1={'0' * 64},v1=", 1)

    def spaced(delivery: Delivery) -> bytes:
        return json.dumps({"api_version": "2026-04", **json.loads(compose(delivery))}, indent=1).encode()

    context.courier.sign, context.courier.compose = twice, spaced
