"""No file of ours makes anybody install or run a package that its author did not declare.

Whoever publishes such a name gets to run code beside the user's key.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from lengths import share
from loading import load_once, read_once
from offering import hosted, park, shop, write
from pgagents.base.reading import parse
from pgagents.catalogue.model.model import Model
from pgagents.generate.build import build
from pgagents.generate.render import Artifact

ROOT = Path(__file__).parents[2]
CATALOGUES: dict[str, Callable[[], Model]] = {
    "park_graph": park,
    "shop": shop,
    "hosted": hosted,
    **{
        path.stem: partial(read_once, path)
        for path in [*(ROOT / "tests/catalogues").glob("*.yaml"), ROOT / "tests/cases/base.yaml"]
        if path.stem != "shop"
    },
}
BARE = re.compile(
    r"(?<![\w.-])(?:npx|uvx|bunx|pipx|pip3?\s+install|docker\s+(?:run|pull)|uv\s+(?:tool|pip)|"
    r"(?:npm|pnpm|yarn)\s+(?:i|install|exec|add|dlx)|brew|gem\s+install|cargo\s+install|go\s+install)"
    r"(?![\w-])"
)
INSTALLS = re.compile(BARE.pattern + r"[^`\n]*")
"""A command that fetches a package by its name and runs or installs it, up to the line's end."""
OURS = "a folder: this checkout, or a copy of it beside the user's files"
REQUIRED = "our own requirements, which pyproject.toml or package.json name"
REAL = "a package that its authors published under this name, and that the sentence is about"
YOURS = "the user's own requirements"
IMAGE = "the image that the sentence before tells to build"
PROSE = "a sentence about the commands"
SAID = {
    "uv tool install '../pgagents[mcp": OURS,
    "uv tool install '../pgagents[mcp,sandbox": OURS,
    "uv tool install 'PATH[{','.join(lacking)}]', with the folder of your clone for PATH": OURS,
    "uv tool install": PROSE,
    "uvx's, and goes when its cache is cleaned": PROSE,
    "uvx --from ../pgagents pgagents verify --openapi /openapi.json --start 'uvicorn app:app --port {port}' "
    "--allow-writes": OURS,
    "pip install '.[mcp": OURS,
    "pip install '.[mcp]'        # in a checkout of pgagents": OURS,
    "pip install '.[sandbox": OURS,
    "pip install --no-cache-dir '/pgagents[mcp]' && useradd --create-home app": OURS,
    "pip install ./pgagents": OURS,
    'pip install --quiet --disable-pip-version-check "$PGAGENTS_INSTALL': OURS,
    'pip install --quiet --disable-pip-version-check "$SOURCE': OURS,
    'pip install --no-cache-dir "$(echo /wheel/*.whl)[sandbox,mcp': OURS,
    "uv pip install --quiet --compile-bytecode --python $(VENV": OURS,
    "uv pip install --quiet --python $(VENV)-lowest --resolution lowest-direct --editable '.[dev": OURS,
    "pip install --quiet --requirement $(FASTMCP)/requirements.txt": REQUIRED,
    "npm install --no-audit --no-fund --no-package-lock --loglevel=error": REQUIRED,
    "npm install --no-audit --no-fund --no-package-lock --ignore-scripts --loglevel=error": REQUIRED,
    "pip install {' '.join(repr(line) for line in wanted": REQUIRED,
    "pip install '{name}{bounds": REQUIRED,
    "pip install pytest schemathesis": REAL,
    "pip install fastapi uvicorn": REAL,
    "pip install -r requirements.txt # your app": YOURS,
    "uvx mcp-server-time": REAL,
    "npx @modelcontextprotocol/inspector --cli pgagents mcp park-graph --method skills/list --verify": REAL,
    "npx @modelcontextprotocol/inspector --cli node server.js --method tools/list > tools.json": REAL,
    "npx swagger2openapi swagger.json -o openapi.json": REAL,
    "pip install --quiet build twine": REAL,
    'docker run --rm --user "$(id -u)" --volume "$PWD:/work" --env PGAGENTS_TOKEN pgagents verify '
    "--url https://staging.example.com --report report.xml": IMAGE,
    'docker run --rm --volume "$PWD:/work" --env PGAGENTS_TOKEN pgagents verify '
    "--url https://staging.example.com": IMAGE,
    'docker run --rm pgagents --version)" = "pgagents, version ${TAG#v': IMAGE,
    'docker run --rm --entrypoint id pgagents --user)" != 0': IMAGE,
    "brew broadcast build": PROSE,  # verbs of names, in base/verbs.py
    "npx, uvx and docker are scripts on Windows, which only a shell starts": PROSE,
    "npx, uvx or docker.": PROSE,
    "npx -y ID-mcp": PROSE,
    "npx that start the bridge to a hosted server, for hosts that only start processes.": PROSE,
    'npx", "pypi": "uvx", "oci": "docker': PROSE,
    'npx", "arguments": _bridge(model, server': PROSE,
    'npx", "args": arguments, "env": Node(secrets, origin=server.origin': PROSE,
}
"""The commands in our texts. Each has the reason why no invented name is in it."""
BRIDGES = {"mcp-remote@0.15.1": "it forwards to the hosted server, for hosts that only start processes"}
"""Packages that a generated document starts although no catalogue names them."""


def sources() -> Iterator[Path]:
    """Every text of ours that a user reads or copies, or that becomes a message or a document."""
    for folder in (
        "generated",
        "docs",
        "ci",
        "templates",
        "src",
        "schemas",
        ".github",
        "evaluation/bench",
        "catalogue",
    ):
        yield from (path for path in (ROOT / folder).rglob("*") if path.is_file())
    names = "README.md ARCHITECTURE.md CONTRIBUTING.md action.yml Dockerfile Makefile .pre-commit-hooks.yaml"
    yield from (ROOT / name for name in names.split())


def installs(text: str) -> list[str]:
    """Every command of a text that names what it installs, without the signs around it."""
    said = [match[0].rstrip(" \"',;)}]\\") for match in INSTALLS.finditer(text)]
    return [one for one in said if not BARE.fullmatch(one)]


def test_each_command_that_installs_something_has_a_reason() -> None:
    found: dict[str, list[str]] = {}
    for path in sources():
        if "__pycache__" not in path.parts and path.suffix != ".png":
            for command in installs(path.read_text(encoding="utf-8")):
                found.setdefault(command, []).append(str(path.relative_to(ROOT)))
    assert {command: paths for command, paths in found.items() if command not in SAID} == {}
    assert [command for command in SAID if command not in found] == []


@pytest.mark.parametrize(
    ("text", "commands"),
    [
        ("      - run: pip install pgagents\n", ["pip install pgagents"]),
        ('"command": "npx", "args": ["-y", "a-mcp"]', ['npx", "args": ["-y", "a-mcp']),
        ("start it with `npx -y example-mcp` here", ["npx -y example-mcp"]),
        ("$ docker run -it somebody/image", ["docker run -it somebody/image"]),
        ("pipx install pgagents; brew install pgagents", ["pipx install pgagents; brew install pgagents"]),
        ("a brew-house and gpipx have none", []),
    ],
)
def test_a_command_that_installs_is_seen_in_prose_json_and_pipelines(text: str, commands: list[str]) -> None:
    assert installs(text) == commands


# what is built of a catalogue


def local(model: Model) -> Model:
    """The catalogue without the server that it names."""
    data: Any = parse(model.source.text).data
    data["surfaces"].setdefault("mcp", {}).pop("server", None)
    data["api"].get("hosted", {}).clear()
    return load_once(write(data), model.source.file)


def relative(model: Model) -> str:
    """The catalogue's path in its project."""
    path = Path(model.source.file)
    return "/".join(path.parts[-2:] if path.parent.name == "catalogue" else path.parts[-1:])


def started(artifact: Artifact) -> Iterator[list[str]]:
    """Every command line by which a host starts a program, from a JSON document or the launcher's text."""
    text = artifact.data.decode("utf-8")
    if artifact.path.endswith(".js"):
        command, given = re.findall(r"^const (?:command|given) = (.+);$", text, re.M)
        yield [json.loads(command), *json.loads(given)]
    elif artifact.path.endswith(".json"):
        waiting = [json.loads(text)]
        while waiting:
            part = waiting.pop()
            if isinstance(part, dict) and isinstance(part.get("command"), str):
                yield [part["command"], *part.get("args", [])]
            if isinstance(part, dict) and {"registryType", "identifier"} <= part.keys():
                yield [part.get("runtimeHint", ""), part["identifier"]]
            waiting += part.values() if isinstance(part, dict) else part if isinstance(part, list) else []


def packages(model: Model) -> list[tuple[str, list[str]]]:
    """The command lines of all documents of a catalogue, by document."""
    texts = (".js", ".json")
    files = [one for one in build(model).files if one.path.endswith(texts)]
    return [(one.path, line) for one in files for line in started(one)]


@pytest.mark.parametrize("name", share(sorted(CATALOGUES), 4))
def test_a_catalogue_that_names_its_server_has_that_one_started(name: str) -> None:
    model = CATALOGUES[name]()
    declared = model.surfaces["mcp"].mcp_server if "mcp" in model.surfaces else None
    for path, line in packages(model):
        assert declared is not None
        named = {str(declared.package), *BRIDGES}
        assert named & set(line) or line[0] in {"node", "pgagents"}, (path, line)
        assert line[0] != "pgagents" or not declared.package, (path, line)


@pytest.mark.parametrize("name", share(sorted(CATALOGUES), 4))
def test_without_a_named_server_everything_starts_pgagents_from_this_folder(name: str) -> None:
    model = local(CATALOGUES[name]())
    lines = packages(model)
    assert lines
    for path, line in lines:
        assert line[:2] == ["pgagents", "mcp"], (path, line)
        assert line[2].removeprefix("${workspaceFolder}/") == relative(model), (path, line)
    files = {one.path for one in build(model).files}
    assert not files & {"mcp/server.json", "mcpb/manifest.json", "mcpb/server/index.js"}
