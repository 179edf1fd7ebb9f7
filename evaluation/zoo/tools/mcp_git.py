"""The MCP server `git` from PyPI, on a repository with two commits."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from evaluation.zoo.toolbox import ToolServer
from evaluation.zoo.zoo import Place

AUTHOR = ("-c", "user.name=Ann", "-c", "user.email=ann@example.com")


def start(place: Place, folder: Path) -> Sequence[str]:
    return [place.bin("mcp-server-git"), "--repository", str(folder)]


def fill(folder: Path) -> None:
    git = ["git", "-C", str(folder), *AUTHOR]
    subprocess.run([*git, "init", "-q", "-b", "main"], check=True)
    for number, name in enumerate(("measured.csv", "notes.md")):
        (folder / name).write_text(f"{name}\n{number}\n")
        subprocess.run([*git, "add", name], check=True)
        subprocess.run([*git, "commit", "-q", "-m", f"Add {name}"], check=True)


SERVER = ToolServer("mcp_git", "mcp-server-git (PyPI)", ("mcp-server-git==2026.10.19",), start, fill)
