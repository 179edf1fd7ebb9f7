"""The MCP server as an ASGI application, for any ASGI server: `uvicorn pgagents.mcp.asgi:app`.

It keeps no state between requests, so that several processes can run behind an ordinary load balancer. `app`
is configured by environment variables, which docs/howto/host-mcp.md lists. `create_app` is for programs that
configure it themselves.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pgagents.base.errors import InputError, PgagentsError
from pgagents.catalogue.load import find_catalogue
from pgagents.catalogue.model.model import Model
from pgagents.client.client import Client
from pgagents.client.environment import api_key, api_url
from pgagents.client.send import Sender
from pgagents.mcp.hosting import make_hosted_app
from pgagents.mcp.http import let_streams_end
from pgagents.mcp.settings import PREFIX, Settings, read_settings, write_json_lines

if TYPE_CHECKING:
    from starlette.types import ASGIApp


def create_app(model: Model, settings: Settings, *, url: str | None = None, key: Any = None) -> ASGIApp:
    """Return the application for a catalogue's model.

    `url` is the API's, and `key` the operator's secret or a mapping of schemes to secrets. By default both
    come from the variables that the catalogue names. Raises PgagentsError for settings that would let callers
    act as other users.
    """
    settings.check()
    base = api_url(model, url)
    sender = Sender(base, cacert=settings.cacert)
    keys = key if key is not None else api_key(model)
    client = Client(model, sender, keys, reach=sender.make_other, servers=model.find_addresses(base, {}))
    return make_hosted_app(model, client, sender, settings)


def create_from_environment() -> ASGIApp:
    """Return the application that environment variables describe. Raises PgagentsError and InputError."""
    settings = read_settings(os.environ)
    named = os.environ.get(f"{PREFIX}CATALOGUE")
    model = find_catalogue(Path(named) if named else None)
    if model is None:
        raise PgagentsError(
            f"no catalogue here: {Path.cwd()} has neither catalogue/*.yaml nor pgagents.yaml",
            f"name its file in {PREFIX}CATALOGUE",
        )
    return create_app(model, settings)


def __getattr__(name: str) -> Any:
    """Return `app`, which is made at its first use. Importing this module needs no settings."""
    if name != "app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    write_json_lines()
    let_streams_end()
    try:
        made = create_from_environment()
    except (PgagentsError, InputError) as error:
        raise SystemExit(_describe(error)) from None
    globals()["app"] = made
    return made


def _describe(error: PgagentsError | InputError) -> str:
    if isinstance(error, InputError):
        first = error.diagnostics[0]
        return f"pgagents: {first.span}: {first.message}"
    return f"pgagents: {error.message}" + (f"\n  {error.help}" if error.help else "")
