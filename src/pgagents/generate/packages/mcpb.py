"""The MCP bundle that Claude Desktop installs: manifest, launcher and icon in one zip.

It is not signed: Claude Desktop refuses signed bundles (github modelcontextprotocol/mcpb#278, read
2026-11-21).
"""

from __future__ import annotations

from collections.abc import Mapping

from pgagents.catalogue.model.model import Model
from pgagents.generate.package import pack_files
from pgagents.generate.target import DECLARED_SERVER

PART = ("surfaces.anthropic.listing", DECLARED_SERVER)
"""The parts of the catalogue that the package requires. A server that only this project starts cannot be
installed elsewhere."""
OUTPUT = "mcpb/server.mcpb"
_FOLDER = "mcpb/"
NEEDS = ("mcpb/manifest.json", "mcpb/server/index.js", "mcpb/icon.png")
"""The generated files in the package. Their first folder is left out."""


def references(_model: Model) -> tuple[str, ...]:
    """Return nothing, because the bundle contains no id from a portal."""
    return ()


def pack(_model: Model, files: Mapping[str, bytes], _ids: Mapping[str, str]) -> bytes:
    """Return the zip. `files` are the generated files by path."""
    return pack_files({path.removeprefix(_FOLDER): files[path] for path in NEEDS})
