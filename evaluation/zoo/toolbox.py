"""Start the MCP servers of the zoo, and see whether the files that they work on are the same afterwards."""

from __future__ import annotations

import hashlib
import shlex
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from evaluation.zoo.zoo import HERE, Place, install_packages

TOOLS = tuple(sorted(p.stem for p in (HERE / "tools").glob("*.py") if p.stem != "__init__"))


@dataclass(frozen=True, slots=True)
class ToolServer:
    """Everything that is particular to an MCP server. `fill` puts files into the folder that it works on."""

    name: str
    version: str
    packages: tuple[str, ...]
    command: Callable[[Place, Path], Sequence[str]]
    fill: Callable[[Path], None]
    npm: bool = False


@dataclass(frozen=True, slots=True)
class Tools:
    """An MCP server that can be started: its command in one text, and its folder."""

    server: ToolServer
    command: str
    folder: Path

    def look(self) -> dict[str, str]:
        """Return a hash of each file; git's own notes on what it has looked at are left out."""
        files = (path for path in sorted(self.folder.rglob("*")) if path.is_file() and path.name != "index")
        return {str(p.relative_to(self.folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def load_tools(name: str) -> ToolServer:
    """Return the MCP server of a name."""
    server = import_module(f"evaluation.zoo.tools.{name}").SERVER
    assert isinstance(server, ToolServer)
    return server


@contextmanager
def tools(server: ToolServer) -> Iterator[Tools]:
    """Install an MCP server and fill its folder, which goes at the end."""
    environment = install_packages(server.name, server.packages, npm=server.npm)
    with tempfile.TemporaryDirectory(prefix=f"zoo-{server.name}-") as name:
        folder = Path(name, "files")
        folder.mkdir()
        server.fill(folder)
        command = server.command(Place(environment, Path(name), 0), folder)
        yield Tools(server, shlex.join(command), folder)
