"""The MCP server `filesystem` from npm, on a folder with a few files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from evaluation.zoo.toolbox import ToolServer
from evaluation.zoo.zoo import Place

PACKAGE = "@modelcontextprotocol/server-filesystem"


def start(place: Place, folder: Path) -> Sequence[str]:
    return ["node", str(place.environment / "node_modules" / PACKAGE / "dist/index.js"), str(folder)]


def fill(folder: Path) -> None:
    (folder / "data").mkdir()
    for name in ("notes.md", "report.txt", "data/measured.csv"):
        (folder / name).write_text(f"{name}\n1,2\n")


SERVER = ToolServer("mcp_files", "server-filesystem (npm)", (f"{PACKAGE}@2026.8.31",), start, fill, npm=True)
