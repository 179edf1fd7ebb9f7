"""`pgagents listing` on a hosted MCP server that was deployed anew, with a sign-in over TLS."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hosted_tools import hosted_tools
from pgagents.catalogue.load import load_text
from pgagents.cli.main import main
from pgagents.generate.build import build
from test_server import sandbox
from test_submit import library, put

RENAMED = (
    ("      free: {type", "      on_shelf: {type"),
    ("input.free", "input.on_shelf"),
    ("title_id: 1, free: true", "title_id: 1, on_shelf: true"),
    ('titles[0].id", free: true', 'titles[0].id", on_shelf: true'),
)
DESCRIBED = (("List all copies of a title,", "Show all copies of a title,"),)


def _approve(folder: Path) -> Path:
    """Write the files of the library as it was approved."""
    for file in build(load_text(library(), "library.yaml")).artifacts():
        path = folder / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.data)
    return folder


@pytest.mark.matrix
@pytest.mark.parametrize(
    ("changes", "code", "outcome"), [(DESCRIBED, 0, "kept"), (RENAMED, 1, "held")], ids=["text", "argument"]
)
def test_new_server_behind_an_approved_listing(
    changes: tuple[tuple[str, str], ...],
    code: int,
    outcome: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    catalogue = tmp_path / "library.yaml"
    put(catalogue, library(*changes))
    approved = _approve(tmp_path / "approved")
    with hosted_tools(catalogue, tmp_path) as at:
        monkeypatch.setenv("PGAGENTS_TOKEN", at.key)
        monkeypatch.setenv("PGAGENTS_MCP_TOKEN", at.token)
        server = ["--url", at.url, "--mcp-url", at.mcp_url, "--cacert", str(at.cacert)]
        words = ["listing", str(approved), str(catalogue), *server, "--allow", "place_hold"]
        assert main([*words, "--json"]) == code
        told = capsys.readouterr()
    data: dict[str, Any] = json.loads(told.out)
    assert data["outcome"] == outcome
    store = next(one for one in data["stores"] if one["store"] == "openai")
    assert store["not_tried"] == []
    assert store["waiting"] == ["list_copies"]
    assert {one["by"] for one in store["reasons"]} <= {"call"}
    for secret in (at.key, at.token):
        assert secret not in told.out + told.err


MOVED = (("    http: GET /titles/{title_id}\n", "    http: GET /books/{title_id}\n"),)
DROPPED = (
    (
        "actions: [list_titles, get_title, place_hold, cancel_hold]",
        "actions: [list_titles, place_hold, cancel_hold]",
    ),
)


@pytest.mark.matrix
@pytest.mark.parametrize(
    ("changes", "store", "outcome", "by"),
    [(MOVED, "gpt", "held", "call"), (DROPPED, "copilot", "kept", ""), (DESCRIBED, "gpt", "kept", "")],
    ids=["path", "offer", "text"],
)
def test_server_behind_an_approved_document(
    changes: tuple[tuple[str, str], ...],
    store: str,
    outcome: str,
    by: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    catalogue = tmp_path / "library.yaml"
    put(catalogue, library(*changes))
    approved = _approve(tmp_path / "approved")
    with sandbox(tmp_path, catalogue=str(catalogue)) as (_, facts):
        monkeypatch.setenv("PGAGENTS_TOKEN", facts["keys"]["test"])
        main(["listing", str(approved), str(catalogue), "--url", facts["url"], "--json"])
    data: dict[str, Any] = json.loads(capsys.readouterr().out)
    found = next(one for one in data["stores"] if one["store"] == store)
    assert found["outcome"] == outcome
    assert {one["by"] for one in found["reasons"]} == ({by} if by else set())
