"""Names of the environment variables that hold a server's address and its key, as MCP clients' entries write them."""

from __future__ import annotations

from pgagents.model.model import Model


def variable(model: Model, which: str) -> str:
    """The variable for `key` or `url`: what `surfaces.mcp.env` says, else `<API>_API_KEY` and `<API>_API_URL`."""
    surface = model.surfaces.get("mcp")
    named = surface.env.get(which) if surface else None
    return named or f"{model.api.id.upper()}_API_{which.upper()}"
