"""The library with its hosted MCP server: what agents look for is served, and agrees with the live server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hosted_tools import hosted_tools
from pgagents.base.http import Request, Response
from pgagents.cli.main import main
from pgagents.verify.wire.send import Client
from verifying import ROOT

LIBRARY = ROOT / "tests" / "catalogues" / "library.yaml"
PLACES = {
    "/.well-known/ai-catalog.json": "application/ai-catalog+json",
    "/.well-known/ard.json": "application/ai-catalog+json",
    "/.well-known/api-catalog": "application/linkset+json",
    "/.well-known/agent-skills/index.json": "application/json",
    "/.well-known/agent-skills/lending-desk/SKILL.md": "text/markdown",
    "/mcp/server-card": "application/mcp-server-card+json",
    "/llms.txt": "text/plain",
}
METADATA = "/.well-known/oauth-protected-resource/mcp"


def get(base: str, path: str, cacert: Path) -> Response:
    answer = Client(base, cacert=str(cacert))(Request("GET", path))
    assert isinstance(answer, Response), answer
    return answer


def test_what_agents_look_for_is_served_and_true(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with hosted_tools(LIBRARY, tmp_path) as at:
        for path, kind in PLACES.items():
            answer = get(at.url, path, at.cacert)
            assert (answer.status, (answer.header("content-type") or "").split(";")[0]) == (200, kind), path
        server = at.mcp_url.removesuffix("/mcp")
        metadata: Any = json.loads(get(server, METADATA, at.cacert).body)
        assert metadata["resource"] == at.mcp_url
        words = ["--url", at.url, "--cacert", str(at.cacert), "--report", "r.json"]
        monkeypatch.chdir(tmp_path)
        assert main(["verify", str(LIBRARY), "--discovery", *words]) == 0
    report = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))
    verdicts = {
        result["contract"]: result["verdict"]
        for result in report["results"]
        if result["verdict"] not in ("not_selected", "not_applicable")
    }
    hosted = [verdict for id, verdict in verdicts.items() if id.startswith("hosted_document/")]
    assert len(hosted) == 9
    assert set(hosted) == {"kept"}
    assert [id for id, verdict in verdicts.items() if verdict not in ("kept", "untested")] == []
