"""Where the API is and which key it takes, for the commands that call it: from the environment, never an argument."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pgagents.model.model import Model


def api_url(model: Model, given: str | None) -> str:
    """The address: as given, else the catalogue's variable's, else the catalogue's server. Raises PgagentsError where it is none."""
    from pgagents.cli.inputs.urls import base_url
    from pgagents.client.variables import variable

    name = variable(model, "url")
    if given is not None:
        return base_url(given)
    return base_url(os.environ[name], name) if os.environ.get(name) else str(model.api.server)


def api_key(model: Model, *first: str) -> str:
    """The key: of the first of these variables that is set, else of the catalogue's; empty where none is."""
    from pgagents.cli.inputs.api_keys import header_safe
    from pgagents.client.variables import variable

    name = next((name for name in (*first, variable(model, "key")) if os.environ.get(name)), None)
    return header_safe(os.environ[name], name) if name else ""
