"""The product has one version: every manifest copies it, and lint names both lines of another one."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from pgagents.catalogue.load import load_text
from pgagents.catalogue.model.model import Model
from pgagents.generate.build import Built, build
from pgagents.lint.run import apply_fixes, lint
from verifying import ROOT

PLACES = {
    "agent_plugin/plugin.json": ("version",),
    "agentcore/openapi.json": ("info", "version"),
    "arazzo/workflows.arazzo.json": ("info", "version"),
    "claude_plugin/.claude-plugin/marketplace.json": ("plugins", 0, "version"),
    "claude_plugin/.claude-plugin/plugin.json": ("version",),
    "copilot/app/manifest.json": ("version",),
    "copilot/openapi-3.0.yaml": ("info", "version"),
    "gemini_cli/gemini-extension.json": ("version",),
    "mcp/server-card.json": ("version",),
    "mcp/server.json": ("version",),
    "cowork/manifest.json": ("version",),
    "power_platform/apiDefinition.swagger.json": ("info", "version"),
    "mcpb/manifest.json": ("version",),
    "openai/openapi.json": ("info", "version"),
    "openapi/openapi.json": ("info", "version"),
    "web/ai-catalog.json": ("entries", 0, "version"),
    "web/ard.json": ("entries", 0, "version"),
}
"""Every place of the product's version. `schema_version`, `manifestVersion` and the like are a format's."""
LIBRARY = ROOT / "tests" / "catalogues" / "library.yaml"
SERVER = 'server: {package: "pypi:lending-desk-mcp", url: "https://api.lending.example/v1/mcp", security: []}'
LISTING = ("      version: 1.2.0\n", "      version: 9.1.0\n")


def load(*edits: tuple[str, str], file: Path = LIBRARY) -> Model:
    text = file.read_text(encoding="utf-8")
    for old, new in edits:
        assert old in text, old
        text = text.replace(old, new, 1)
    return load_text(text, str(file))


def read_versions(built: Built) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for artifact in built.artifacts():
        if artifact.path in PLACES:
            here: Any = yaml.safe_load(artifact.data)
            for step in PLACES[artifact.path]:
                here = here[step]
            found[artifact.path] = here
    return found


@pytest.mark.parametrize(
    "file",
    [
        ROOT / "catalogue/park_graph.yaml",
        *(ROOT / f"tests/catalogues/{n}.yaml" for n in ("library", "later")),
    ],
    ids=lambda path: path.stem,
)
def test_every_manifest_has_the_version_of_the_product(file: Path) -> None:
    model = load(file=file)
    found = read_versions(build(model))
    assert len(found) >= 6
    assert set(found.values()) == {model.api.version}


def test_every_version_of_a_document_is_compared() -> None:
    """A member `version` of a new document is a place of PLACES, or a format's own version."""
    formats = {"hosting.json", "tools.json", "declarativeAgent.json", "clients.json"}
    for artifact in build(load()).artifacts():
        data = json.loads(artifact.data) if artifact.path.endswith(".json") else None
        if isinstance(data, dict) and ("version" in data or "version" in data.get("info", {})):
            assert artifact.path in PLACES or Path(artifact.path).name in formats, artifact.path


def test_another_version_of_a_listing_is_an_error_with_both_lines() -> None:
    model = load(LISTING)
    (found,) = (d for d in lint(model).found if d.id == "catalogue/other-version")
    assert found.severity == "error"
    product = model.source.locate(("api", "version"))
    assert product.position in found.message
    assert found.span.line != product.line
    assert "9.1.0" in found.message
    fixed, count = apply_fixes(model.source)
    assert count == 1
    assert "9.1.0" not in fixed.text


@pytest.mark.parametrize("server", ["url: https://mcp.lending.example/mcp", "package: 'oci:desk:1'"])
def test_a_server_of_another_version_is_an_error(server: str) -> None:
    """An image has its own tag, and a hosted server is the product."""
    edits = [(SERVER, f"server: {{{server}, version: 9.1.0}}")]
    if "url" in server:
        edits.append(("env: {key: LENDING_KEY, url: LENDING_URL}", "env: null"))
    found = [d.message for d in lint(load(*edits)).found if d.id == "catalogue/other-version"]
    assert len(found) == 1
    assert "the MCP server has" in found[0]


def test_a_package_may_be_released_apart() -> None:
    model = load((SERVER, SERVER.replace("url:", "version: 9.1.0, url:")))
    assert [d.id for d in lint(model).found if d.severity == "error"] == []
    built = build(model)
    server = json.loads(next(a.data for a in built.artifacts() if a.path == "mcp/server.json"))
    assert (server["version"], server["packages"][0]["version"]) == (model.api.version, "9.1.0")
    assert set(read_versions(built).values()) == {model.api.version}


@pytest.mark.parametrize("version", ["1.3.0-beta.1", "0.9.0", "2026.123456.1"])
def test_where_three_numbers_are_needed_one_line_says_so(version: str) -> None:
    model = load(("  version: 1.2.0\n", f"  version: {version}\n"))
    built = build(model)
    errors = {d.id: d for d in built.diagnostics if d.severity == "error"}
    assert set(errors) == {"copilot/app/version", "cowork/manifest/version"}
    for error in errors.values():
        assert error.span.line == model.source.locate(("api", "version")).line
        assert re.search(r"three numbers.*`" + re.escape(version), error.message)
    paths = {artifact.path for artifact in built.artifacts()}
    assert "copilot/app/manifest.json" not in paths
    assert {"copilot/ai-plugin.json", "mcpb/manifest.json", "agent_plugin/plugin.json"} <= paths
