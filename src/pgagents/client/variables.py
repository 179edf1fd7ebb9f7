"""Names of the environment variables for a server's URL and key, as in MCP clients' configurations."""

from __future__ import annotations

from pgagents.model.model import Model


def variable(model: Model, which: str) -> str:
    """Return the variable of `key` or `url`: by `surfaces.mcp.env`, else `<API>_API_KEY` or
    `<API>_API_URL`.
    """
    surface = model.surfaces.get("mcp")
    named = surface.env.get(which) if surface else None
    return named or f"{model.api.id.upper()}_API_{which.upper()}"


def variable_of_scheme(model: Model, scheme: str, first: str) -> str:
    """Return the variable of a scheme's secret: `first` for the first scheme, else that with the scheme's
    name behind it.
    """
    if model.credential is None or model.credential.name == scheme:
        return first
    return f"{first}_{as_variable(scheme)}"


def as_variable(name: str) -> str:
    """Return a name as a part of an environment variable."""
    return "".join(c if c.isascii() and c.isalnum() else "_" for c in name).upper()
