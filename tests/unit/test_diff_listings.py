"""`pgagents diff --store`: what a change does to plugins that stores have accepted."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from pgagents.catalogue.load import load_text
from pgagents.cli.main import main
from pgagents.diff import listings
from pgagents.diff.listings import OUTCOMES, compare_listings, compare_tools
from pgagents.generate.package import ARCHIVES
from pgagents.submit.approved import MANIFESTS
from pgagents.submit.store import STORES
from verifying import ROOT

LIBRARY = ROOT / "tests" / "catalogues" / "library.yaml"
Edits = tuple[tuple[str, str], ...]
VERSION = ("  version: 1.2.0\n", "  version: 1.2.1\n")
SERVER = (
    'package: "pypi:lending-desk-mcp", url: "https://api.lending.example/v1/mcp"',
    'package: "pypi:lending-desk-mcp", url: "https://mcp.lending.example/mcp"',
)
QUERY = "q: {type: string, minLength: 1, maxLength: 100"


def edit(text: str, *edits: tuple[str, str]) -> str:
    for old, new in edits:
        assert old in text, old
        text = text.replace(old, new)
    return text


def changes(*edits: tuple[str, str], first: Edits = ()) -> list[tuple[str, str, tuple[str, ...]]]:
    old = edit(LIBRARY.read_text(encoding="utf-8"), *first)
    found = compare_listings(load_text(old, "old.yaml"), load_text(edit(old, *edits), "new.yaml"))
    return [(change.severity, change.id, change.surfaces) for change in found]


OPENAI = ("openai",)
SUBTITLE = ("subtitle: Find titles and hold copies", "subtitle: Titles and holds")
REVIEW = ("addition", "listing-tool-review")
CASES: Mapping[str, tuple[Edits, set[tuple[str, str]]]] = {
    "nothing": ((), set()),
    "a larger version": ((VERSION,), set()),
    "a stricter argument": (
        ((QUERY, QUERY.replace("100", "50")), VERSION), {("breaking", "listing-tool-input"), REVIEW},
    ),
    "a wider argument": (((QUERY, QUERY.replace("100", "200")), VERSION), {REVIEW}),
    "a listing's text": ((SUBTITLE,), {("may break", "listing-version")}),
    "a listing's text in a new version": ((SUBTITLE, VERSION), set()),
    "another name": (
        (("      id: lending-desk\n      version", "      id: lending\n      version"),),
        {("breaking", "listing-name")},
    ),
    "another server": ((SERVER, VERSION), {("breaking", "listing-server")}),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_change_of_an_accepted_listing(name: str) -> None:
    edits, expected = CASES[name]
    found = {(severity, id) for severity, id, surfaces in changes(*edits) if surfaces == OPENAI}
    assert found == expected


def test_tools_that_come_and_go_wait_or_break() -> None:
    less = ("mcp:\n    actions: lending", "mcp:\n    actions: [list_titles, get_title, list_copies]")
    text = LIBRARY.read_text(encoding="utf-8")
    begin = text.index("    cases:\n      positive:\n")
    text = text[:begin] + text[text.index("  openai_tools:") :]  # they call the tools that go
    gone = load_text(edit(text, less), "less.yaml")
    whole = load_text(text, "whole.yaml")
    removed = {(c.severity, c.id, c.subject) for c in compare_listings(whole, gone)}
    assert ("breaking", "listing-tool-removed", "get_hold") in removed
    added = {(c.severity, c.id, c.subject) for c in compare_listings(gone, whole)}
    assert ("addition", "listing-tool-added", "get_hold") in added


def test_command_says_which_listing_breaks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    new = tmp_path / "new.yaml"
    new.write_text(edit(LIBRARY.read_text(encoding="utf-8"), (QUERY, QUERY.replace("100", "50")), VERSION))
    assert main(["diff", "--store", str(LIBRARY), str(new)]) == 1
    out = capsys.readouterr().out
    assert "list_titles: the server refuses calls by the approved input schema" in out
    assert "accepted listings: openai: breaks" in out
    assert main(["diff", "--store", str(LIBRARY), str(LIBRARY), "--format", "json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["changes"] == []
    assert "openai: stays as it is accepted" in data["verdict"]


def test_openapi_documents_have_no_listings(capsys: pytest.CaptureFixture[str]) -> None:
    document = str(ROOT / "generated" / "openapi" / "openapi.json")
    assert main(["diff", "--store", document, document]) == 2
    assert "has no listings" in capsys.readouterr().err


def test_every_store_has_its_archive() -> None:
    assert set(STORES) == set(ARCHIVES) == set(MANIFESTS), (
        "a store has a row of STORES in src/pgagents/submit/store.py, one of MANIFESTS in approved.py beside "
        "it, and one of ARCHIVES in src/pgagents/generate/package.py, as `gemini` has"
    )


def test_tool_without_a_required_hint_is_dropped_by_a_scan() -> None:
    hints = {"readOnlyHint": True, "destructiveHint": False, "openWorldHint": False, "idempotentHint": True}
    was = {"name": "find", "inputSchema": {"type": "object"}, "annotations": hints}
    for hint in hints:
        now = {**was, "annotations": {key: value for key, value in hints.items() if key != hint}}
        found = compare_tools("openai", {"find": was}, {"find": now}, lambda _: None, lambda _: None)
        ids = {change.id for change in found}
        assert ("listing-tool-hint-missing" in ids) == (hint != "idempotentHint"), hint


def test_each_change_has_an_outcome() -> None:
    told = set(re.findall(r'"(listing-[a-z-]+)"', inspect.getsource(listings)))
    assert told == set(OUTCOMES)
