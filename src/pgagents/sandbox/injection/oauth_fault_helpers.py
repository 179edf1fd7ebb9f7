"""Helpers that faults of OAuth share: they recognise requests to its endpoints, and change its rows."""

from __future__ import annotations

from urllib.parse import parse_qsl

from pgagents.http import Request
from pgagents.sandbox.injection.fault_declaration import Context


def asks_endpoint(context: Context, request: Request, place: str) -> bool:
    """Return whether a request goes to this endpoint of the OAuth server, named as in the catalogue."""
    oauth = context.model.code_flow
    return oauth is not None and request.path == getattr(oauth, place)


def read_form(context: Context, request: Request, place: str) -> dict[str, str]:
    """Return the form sent to this endpoint of the OAuth server; empty for all other requests."""
    return (
        dict(parse_qsl(request.body.decode("utf-8", "replace")))
        if asks_endpoint(context, request, place)
        else {}
    )


def run_sql(context: Context, sql: str, *values: str | bytes) -> None:
    """Run a statement on the sandbox's database, in a transaction of its own."""
    with context.store.transaction():
        context.store.run(sql, *values)
