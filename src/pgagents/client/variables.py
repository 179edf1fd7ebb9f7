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
