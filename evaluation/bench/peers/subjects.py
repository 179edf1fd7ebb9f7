"""The servers that are compared: how each is installed into a folder of its own, and how its README says
it is started.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import venv
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evaluation.bench.mcp import RUN, ours
from evaluation.bench.stdio import Command

INSTALL_S = 600
PLACE = re.compile(r"/|\w\.[a-z]{2,}\b")  # a path, or a host
NAMES = [
    "search_parking", "check_availability", "create_session", "list_sessions", "get_session", "end_session",
    "release_hold", "get_health",
]  # fmt: skip
Stdio = Callable[[str, str], Command]
Http = Callable[[str, str, int], Command]


@dataclass(frozen=True, slots=True)
class Subject:
    """One server: `stdio(url, key)` and `http(url, key, port)` start it; `missing` says why it is not
    there.
    """

    name: str
    package: str
    version: str = ""
    how: str = ""
    stdio: Stdio | None = None
    http: Http | None = None
    missing: str = ""


def subjects(document: Path, folder: Path) -> Iterator[Subject]:
    """Ours twice, then the peers, each installed where it is not yet."""
    yield catalogue(folder)
    yield import_document(document, folder)
    for name, package, make in PEERS:
        home = folder / name
        home.mkdir(parents=True, exist_ok=True)
        try:
            yield make(name, package, document, home)
        except (OSError, subprocess.SubprocessError, ValueError) as error:
            yield Subject(name, package, missing=_why(error))


def catalogue(folder: Path) -> Subject:
    """Ours from the catalogue that the document was generated from, its MCP surface narrowed to the eight
    actions. Test cases of stores are left out, because they call tools that are not among these.
    """
    lines = Path("catalogue/park_graph.yaml").read_text(encoding="utf-8").split("\n")
    begins = lines.index("  mcp:")
    chosen = next(number for number in range(begins, len(lines)) if lines[number].startswith("    actions:"))
    lines[chosen] = f"    actions: [{', '.join(NAMES)}]"
    cases = lines.index("    cases:")
    end = next(n for n in range(cases + 1, len(lines)) if lines[n] and not lines[n].startswith("     "))
    del lines[cases:end]
    home = folder / "pgagents"
    home.mkdir(parents=True, exist_ok=True)
    path = home / "park_graph.yaml"
    path.write_text("\n".join(lines), encoding="utf-8")
    how = "`pgagents mcp CATALOGUE`, from Park Graph's own catalogue, its surface narrowed to these actions"
    return _ours("pgagents, catalogue", path, how)


def import_document(document: Path, folder: Path) -> Subject:
    """Import the document with `pgagents import`, add the surface that the import leaves open, and return
    it as a subject.
    """
    home = folder / "pgagents-import"
    home.mkdir(parents=True, exist_ok=True)
    path = home / "catalogue.yaml"
    _run([sys.executable, "-c", RUN, "import", "--full", str(document), "--out", str(path), "--force"], home)
    surface = (
        "  mcp:\n    server: parkgraph-mcp\n"
        "    env: {key: PARKGRAPH_API_KEY, url: PARKGRAPH_API_URL}\n    actions: all\n"
    )
    path.write_text(path.read_text(encoding="utf-8") + surface, encoding="utf-8")
    how = (
        "`pgagents import` of the document, four lines for `surfaces.mcp` added, nothing else; "
        "`pgagents mcp CATALOGUE`"
    )
    return _ours("pgagents, imported", path, how)


def _ours(name: str, path: Path, how: str) -> Subject:
    def http(url: str, key: str, port: int) -> Command:
        from evaluation.bench.peers.callers_token import TOKEN

        over = ours(url, key, str(path))
        return Command(
            [*over.words, "--http", "--port", str(port)], {**over.env, "PGAGENTS_MCP_TOKEN": TOKEN}
        )

    version = _run([sys.executable, "-c", RUN, "--version"], path.parent).split()[-1]
    return Subject(name, "pgagents", version, how, lambda url, key: ours(url, key, str(path)), http)


FASTMCP = '''"""As https://gofastmcp.com/integrations/openapi shows it."""
import json, os, sys
import httpx2
from fastmcp import FastMCP

client = httpx2.AsyncClient(
    base_url=os.environ["API_URL"], headers={"Authorization": "Bearer " + os.environ["API_TOKEN"]}
)
mcp = FastMCP.from_openapi(openapi_spec=json.load(open(sys.argv[1])), client=client, name="Park Graph")
if __name__ == "__main__":
    if len(sys.argv) > 2:
        mcp.run(transport="http", host="127.0.0.1", port=int(sys.argv[2]))
    else:
        mcp.run()
'''


def fastmcp(name: str, package: str, document: Path, home: Path) -> Subject:
    """PyPI fastmcp: `FastMCP.from_openapi` with the key on the HTTP client."""
    python = _pip(home, package)
    script = home / "server.py"
    script.write_text(FASTMCP, encoding="utf-8")

    def command(url: str, key: str, *port: str) -> Command:
        return Command([str(python), str(script), str(document), *port], {"API_URL": url, "API_TOKEN": key})

    how = (
        "`FastMCP.from_openapi(spec, client)`, the key as a "
        "header of the client; no route maps, no customising"
    )
    return Subject(
        name,
        package,
        _version(python, "fastmcp"),
        how,
        command,
        lambda url, key, port: command(url, key, str(port)),
    )


def openapi_mcp_generator(name: str, package: str, document: Path, home: Path) -> Subject:
    """npm openapi-mcp-generator: generates a TypeScript project, which is built and started."""
    modules = _npm(home, package)
    tool = str(modules / ".bin" / "openapi-mcp-generator")
    for transport in ("stdio", "streamable-http"):
        project = home / transport
        _run(
            [tool, "--input", str(document), "--output", str(project), "--transport", transport, "--force"],
            home,
        )
        if not (project / "node_modules").exists():
            _run(["npm", "install", *QUIET], project)
        _run(["npm", "run", "build"], project)

    def command(url: str, key: str, transport: str, more: Mapping[str, str]) -> Command:
        env = {"API_BASE_URL": url, "BEARER_TOKEN_BEARERAUTH": key, **more}
        words = ["node", str(home / transport / "build" / "index.js")]
        return Command(words if transport == "stdio" else [*words, "--transport=streamable-http"], env)

    return Subject(
        name,
        package,
        _npm_version(modules, "openapi-mcp-generator"),
        "`openapi-mcp-generator --input … --output …`, `npm install`, `npm run build`, `node build/index.js`",
        lambda url, key: command(url, key, "stdio", {}),
        lambda url, key, port: command(url, key, "streamable-http", {"PORT": str(port)}),
    )


def openapi_mcp_server(name: str, package: str, document: Path, home: Path) -> Subject:
    """npm @ivotoby/openapi-mcp-server, by its environment variables."""
    modules = _npm(home, package)
    words = ["node", str(_npm_bin(modules, "@ivotoby/openapi-mcp-server"))]

    def command(url: str, key: str, more: Mapping[str, str]) -> Command:
        env = {
            "API_BASE_URL": url,
            "OPENAPI_SPEC_PATH": str(document),
            "API_HEADERS": f"Authorization:Bearer {key}",
            **more,
        }
        return Command(words, env)

    return Subject(
        name,
        package,
        _npm_version(modules, "@ivotoby/openapi-mcp-server"),
        "`API_BASE_URL`, `OPENAPI_SPEC_PATH`, `API_HEADERS`; tools mode `all`, the default",
        lambda url, key: command(url, key, {}),
        lambda url, key, port: command(url, key, {"TRANSPORT_TYPE": "http", "HTTP_PORT": str(port)}),
    )


def mcp_openapi_proxy(name: str, package: str, document: Path, home: Path) -> Subject:
    """PyPI mcp-openapi-proxy in its default mode, by its environment variables."""
    python = _pip(home, package)
    words = [str(python.parent / "mcp-openapi-proxy")]

    def command(url: str, key: str, more: Mapping[str, str]) -> Command:
        return Command(
            words, {"OPENAPI_SPEC_URL": document.as_uri(), "SERVER_URL_OVERRIDE": url, "API_KEY": key, **more}
        )

    return Subject(
        name,
        package,
        _version(python, "mcp-openapi-proxy"),
        "`OPENAPI_SPEC_URL`, `SERVER_URL_OVERRIDE`, `API_KEY`; low-level mode, the default",
        lambda url, key: command(url, key, {}),
        lambda url, key, port: command(url, key, {"MCP_TRANSPORT": "streamable-http", "MCP_PORT": str(port)}),
    )


def awslabs(name: str, package: str, document: Path, home: Path) -> Subject:
    """PyPI awslabs.openapi-mcp-server, by its options; it speaks over stdio only."""
    python = _pip(home, package)
    words = [
        str(python.parent / "awslabs.openapi-mcp-server"),
        "--api-name",
        "parkgraph",
        "--spec-path",
        str(document),
    ]
    words += [
        "--auth-type",
        "bearer",
        "--allow-insecure-http",
        "--allow-private-networks",
        "--allowed-spec-dirs",
        str(document.parent),
    ]

    def command(url: str, key: str) -> Command:
        return Command([*words, "--api-url", url], {"AUTH_TOKEN": key, "LOG_LEVEL": "ERROR"})

    how = (
        "`--spec-path`, `--api-url`, `--auth-type bearer`, `AUTH_TOKEN`; plain http and this machine "
        "allowed by its options"
    )
    return Subject(name, package, _version(python, "awslabs.openapi-mcp-server"), how, command)


PEERS: tuple[tuple[str, str, Callable[[str, str, Path, Path], Subject]], ...] = (
    ("FastMCP", "fastmcp>=4,<5", fastmcp),
    ("openapi-mcp-generator", "openapi-mcp-generator@^4.0.1", openapi_mcp_generator),
    ("openapi-mcp-server", "@ivotoby/openapi-mcp-server@^1.16.1", openapi_mcp_server),
    ("mcp-openapi-proxy", "mcp-openapi-proxy>=0.4,<0.5", mcp_openapi_proxy),
    ("awslabs", "awslabs.openapi-mcp-server>=1.1.6,<2", awslabs),
)
QUIET = ["--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts", "--loglevel=error"]


def _pip(home: Path, package: str) -> Path:
    """Its own Python with the package, made where it is not there yet."""
    python = home / "bin" / "python"
    done = home / ".installed"
    if not done.exists() or done.read_text(encoding="utf-8") != package:
        venv.create(home, with_pip=True, clear=True)
        _run([str(python), "-m", "pip", "--disable-pip-version-check", "-q", "install", package], home)
        done.write_text(package, encoding="utf-8")
    return python


def _npm(home: Path, package: str) -> Path:
    """Its own `node_modules` with the package."""
    done = home / ".installed"
    if not done.exists() or done.read_text(encoding="utf-8") != package:
        (home / "package.json").write_text('{"private": true}\n', encoding="utf-8")
        _run(["npm", "install", *QUIET, package], home)
        done.write_text(package, encoding="utf-8")
    return home / "node_modules"


def _version(python: Path, package: str) -> str:
    return _run(
        [str(python), "-c", f"import importlib.metadata as m; print(m.version({package!r}))"], python.parent
    ).strip()


def _npm_version(modules: Path, package: str) -> str:
    return str(_npm_about(modules, package)["version"])


def _npm_bin(modules: Path, package: str) -> Path:
    found = _npm_about(modules, package)["bin"]
    return modules / package / (found if isinstance(found, str) else next(iter(found.values())))


def _npm_about(modules: Path, package: str) -> Any:
    return json.loads((modules / package / "package.json").read_text(encoding="utf-8"))


def _run(words: Sequence[str], folder: Path) -> str:
    env = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    done = subprocess.run(
        words, cwd=folder, env=env, capture_output=True, text=True, timeout=INSTALL_S, check=True
    )
    return done.stdout


def _why(error: Exception) -> str:
    """The last line of what a failed installer said, without paths and hosts."""
    said = (getattr(error, "stderr", "") or str(error)).strip().splitlines()
    last = next((line.strip() for line in reversed(said) if line.strip()), type(error).__name__)
    return " ".join("…" if PLACE.search(word) else word for word in last.split())[:120]
