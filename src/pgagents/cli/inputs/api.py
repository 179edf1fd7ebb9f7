"""Finds an API's URL and key for the commands that call it; the key comes from the environment, never an
argument.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pgagents.model.model import Model


def api_url(model: Model, given: str | None) -> str:
    """Return the API's URL: the given one, else from the catalogue's variable, else the catalogue's server.

    Raises PgagentsError for a URL that is invalid.
    """
    from pgagents.cli.inputs.urls import base_url
    from pgagents.client.variables import variable

    name = variable(model, "url")
    if given is not None:
        return base_url(given)
    return base_url(os.environ[name], name) if os.environ.get(name) else str(model.api.server)


def api_key(model: Model, *first: str) -> dict[str, str]:
    """Return the secret of each scheme from the first of these variables or the catalogue's that is set.

    A scheme without a secret is left out.
    """
    from pgagents.cli.inputs.api_keys import header_safe
    from pgagents.client.variables import variable
    from pgagents.model.identity import variable_of_scheme

    found = {}
    for scheme, credential in model.credentials.items():
        names = [variable_of_scheme(model, scheme, one) for one in (*first, variable(model, "key"))]
        name = next((name for name in names if os.environ.get(name)), None)
        if name is not None:
            found[scheme] = header_safe(os.environ[name], name, credential)
    return found
