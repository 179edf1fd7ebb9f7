"""The comparison with other MCP servers counts what is lost, and sees what a careless server does."""

from __future__ import annotations

import datetime
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from evaluation.bench.peers import calling, figures, listing, subjects
from evaluation.bench.peers.__main__ import measure
from evaluation.bench.peers.calling import place_arguments
from evaluation.bench.peers.document import EIGHT, cut, operations, read
from evaluation.bench.peers.keywords import Ask, asks, find_kept
from evaluation.bench.peers.page import PARTS, page
from evaluation.bench.peers.subjects import Subject, catalogue
from evaluation.bench.stdio import Command

ROOT = Path(__file__).parents[2]
CARELESS = """
import json, os, sys, urllib.parse, urllib.request

print("hello from the server", flush=True)
for line in sys.stdin:
    message = json.loads(line)
    params = message.get("params", {})
    if message["method"] == "tools/list":
        schema = {"type": "object",
                  "properties": {name: {"type": "number"} for name in ("lat", "lng", "radius_km", "limit")}}
        result = {"tools": [{"name": name, "inputSchema": schema} for name in sys.argv[1:]]}
    elif message["method"] == "tools/call":
        url = os.environ["URL"] + "/api/v1/lots/search?" + urllib.parse.urlencode(params["arguments"])
        try:
            with urllib.request.urlopen(urllib.request.Request(
                    url, headers={"Authorization": "Bearer " + os.environ["KEY"]})) as found:
                said = "found " + found.read().decode()
        except OSError as error:
            said = "oh no"
        result = {"content": [{"type": "text", "text": said}]}
    else:
        result = {"protocolVersion": "2025-11-25", "capabilities": {"tools": {}},
                  "serverInfo": {"name": "careless", "version": "1"}}
    if "id" in message:
        print(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result}), flush=True)
"""


@pytest.fixture(scope="module", autouse=True)
def in_the_checkout() -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        yield


def cells(subject: Subject) -> dict[str, str]:
    document = read()
    found, tool = measure(subject, operations(document), document, subprocess.DEVNULL)
    assert tool["name"]
    return found


@pytest.mark.matrix
def test_our_server_keeps_what_the_page_says_it_keeps(tmp_path: Path) -> None:
    found = cells(catalogue(tmp_path))
    assert set(found) == {key for *_, rows in PARTS for key in rows} - set(figures.ROWS)
    for key in ("input", "output_asks", "descriptions", "titles", "closed", "hints", "read_only", "confirm"):
        good, _, all = found[key].split()
        assert good == all != "0", f"{key}: {found[key]}"
    assert (found["unknown_query"], found["unknown_body"], found["wrong"], found["wrong_said"]) == (
        "refused",
        "refused",
        "6 of 6",
        "6 of 6",
    )
    assert (found["error"], found["error_says"]) == ("yes", "status, code, request id")
    assert (found["structured"], found["valid"], found["text"]) == ("as the API's", "yes", "yes")
    assert found["wait"].startswith("the lots, after 2 requests")
    assert found["idempotency"] == "sent, another for each call, kept on the retry"
    assert (found["key"], found["open"], found["passed"], found["noise"]) == ("sent", "not sent", "no", "0")


@pytest.mark.matrix
def test_a_careless_server_is_seen_to_be_careless(tmp_path: Path) -> None:
    script = tmp_path / "careless.py"
    script.write_text(CARELESS, encoding="utf-8")

    def stdio(url: str, key: str) -> Command:
        return Command([sys.executable, str(script), *EIGHT], {"URL": url, "KEY": key})

    found = cells(Subject("careless", "none", stdio=stdio))
    for key in (
        "titles",
        "descriptions",
        "closed",
        "hints",
        "output",
        "output_asks",
        "confirm",
        "scopes",
        "wrong",
    ):
        assert found[key].startswith("0 of "), f"{key}: {found[key]}"
    kept_, _, all = found["input"].split()
    assert 0 < int(kept_) < int(all)
    assert (found["unknown_query"], found["error"], found["error_says"]) == ("sent on", "no", "none of them")
    assert (found["structured"], found["valid"], found["text"], found["idempotency"]) == (
        "none",
        "–",
        "no",
        "none sent",
    )
    assert found["wait"] == "a result without `isError`, after 1 request"
    assert found["broken"].startswith("a result without `isError` after 1 request")
    assert (found["open"], found["noise"], found["passed"]) == ("sent", "1", "serves no HTTP")


def test_the_cut_document_has_the_eight_operations_and_what_they_use() -> None:
    document = read()
    assert {operation.id for operation in operations(document)} == set(EIGHT)
    assert cut(document) == document
    assert "Webhook" not in document["components"]["schemas"]
    (open,) = (operation.id for operation in operations(document) if operation.open)
    assert open == "getHealth"


def test_every_example_of_the_calls_is_wrong_only_where_it_says() -> None:
    import jsonschema

    schemas = {
        operation.id: {**operation.inputs, "additionalProperties": False} for operation in operations(read())
    }
    for what, operation, arguments in calling.WRONG:
        assert len(list(jsonschema.Draft202012Validator(schemas[operation]).iter_errors(arguments))) == 1, (
            what
        )
    for operation, arguments in (("searchParking", calling.HERE), ("createSession", calling.STAY)):
        jsonschema.Draft202012Validator(schemas[operation]).validate(arguments)


WANTED = {
    "properties": {
        "n": {"type": "integer", "minimum": 1, "maximum": 100},
        "s": {"anyOf": [{"type": "string", "pattern": "^a$"}, {"type": "null"}]},
    },
    "required": ["n"],
}


def test_constraints_are_kept_in_another_spelling() -> None:
    inner = {
        "properties": {"n__path": {"$ref": "#/$defs/n"}, "s": {"type": ["string", "null"], "pattern": "^a$"}},
        "required": ["n__path"],
    }
    same = {
        "properties": {"requestBody": inner},
        "$defs": {"n": {"type": "integer", "minimum": 1.0, "maximum": 100.0}},
    }
    wanted = set(asks(WANTED, WANTED))
    assert find_kept(wanted, set(asks(same, same))) == wanted


@pytest.mark.parametrize(
    ("less", "lost"),
    [
        ({"n": {"type": "number", "minimum": 1, "maximum": 100}}, Ask(("n",), "type", "integer")),
        ({"n": {"type": "integer", "minimum": 1}}, Ask(("n",), "maximum", "100")),
        ({"n": {"type": "integer", "minimum": 1, "maximum": 1000}}, Ask(("n",), "maximum", "100")),
        ({"s": {"type": ["string", "null"]}}, Ask(("s",), "pattern", '"^a$"')),
        ({"s": {"type": "string", "pattern": "^a$"}}, Ask(("s",), "type", "null")),
    ],
)
def test_a_lost_constraint_is_named(less: dict[str, Any], lost: Ask) -> None:
    found = {"properties": {**WANTED["properties"], **less}, "required": ["n"]}  # type: ignore[dict-item]  # a mapping of mappings
    wanted = set(asks(WANTED, WANTED))
    assert wanted - find_kept(wanted, set(asks(found, found))) == {lost}


def test_arguments_go_where_a_tool_wants_them() -> None:
    nested = {"properties": {"id__path": {}, "requestBody": {"properties": {"hours": {}}}}}
    assert place_arguments(nested, {"id": 1, "hours": 2, "colour": "red"}) == {
        "id__path": 1,
        "requestBody": {"hours": 2, "colour": "red"},
    }
    assert place_arguments({"properties": {"hours": {}}}, {"hours": 2, "colour": "red"}) == {
        "hours": 2,
        "colour": "red",
    }


def test_the_page_names_every_row_and_how_it_is_measured() -> None:
    written = (ROOT / "docs" / "peers.md").read_text(encoding="utf-8")
    for *_, rows in PARTS:
        for label, how in rows.values():
            assert f"| {label} |" in written
            assert f"- **{label}**: {how}." in written


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (
            FileNotFoundError(2, "No such file or directory", "npm"),
            "[Errno 2] No such file or directory: 'npm'",
        ),
        (
            subprocess.CalledProcessError(
                1, "pip", stderr="x\nERROR: No matching distribution found for fastmcp\n\n"
            ),
            "ERROR: No matching",
        ),
        (
            subprocess.CalledProcessError(
                1, "npm", stderr="npm error request to https://npm.example.org/x failed"
            ),
            "npm error request to … failed",
        ),
        (
            subprocess.CalledProcessError(
                1, "pip", stderr="HTTPSConnectionPool(host='pypi.example.org', port=443)"
            ),
            "… port=443)",
        ),
    ],
)
def test_a_peer_that_cannot_be_installed_is_told_of(
    error: Exception, why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: Any) -> Subject:
        raise error

    monkeypatch.setattr(subjects, "PEERS", (("gone", "gone>=1", fails),))
    monkeypatch.setattr(subjects, "catalogue", lambda *_: Subject("ours", "pgagents"))
    monkeypatch.setattr(subjects, "import_document", lambda *_: Subject("ours, imported", "pgagents"))
    *_, gone = subjects.subjects(tmp_path / "openapi.json", tmp_path)
    assert gone.missing.startswith(why)
    written = page([(gone, {})], operations(read()), "0" * 64, "", datetime.date(2026, 11, 20))
    assert f"| gone | `gone>=1` | – | not installed: {gone.missing} |" in written
    assert "| tools | not installed |" in written


def test_tools_are_matched_by_id_description_or_summary() -> None:
    several = operations(read())
    by_id, by_description, by_summary = several[0], several[1], several[2]
    tools = [
        {"name": "search-parking"},
        {"name": "a", "description": f"{by_description.description}\n(Tags: x)"},
        {"name": "b", "title": by_summary.summary},
    ]
    found = listing.match_tools(tools, several)
    assert [found[one.id]["name"] for one in (by_id, by_description, by_summary)] == [
        "search-parking",
        "a",
        "b",
    ]
    assert len(found) == 3
