"""`import --mcp` makes a catalogue of a server's tools that builds, and that the server keeps."""

from __future__ import annotations

import json
import sys
import time
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from pgagents.base.errors import PgagentsError
from pgagents.base.http import Silence
from pgagents.catalogue.load import load_text
from pgagents.cli.main import main
from pgagents.generate.build import build
from pgagents.importer.tools import Server, import_tools
from pgagents.report.contract import Verdict
from pgagents.verify.plan.options import Identities, Options
from pgagents.verify.run.run import verify
from pgagents.verify.tools import find_other_meaning
from pgagents.verify.wire.mcp_link import Link
from test_verify_tools import adding
from tool_server import TOOLS, ToolServer

SERVER = f"{sys.executable} {Path(__file__).parents[1] / 'tool_server.py'}"
WEATHER = Server("weather", "1.0.0")
CHECK = "hint_read_only"
CITY = {"type": "string", "minLength": 2, "description": "A city"}


def test_round_trip_builds_and_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["import", "--mcp", SERVER]) == 0
    assert "3 actions of 3 operations" in capfd.readouterr().out
    assert main(["build"]) == 0
    assert main(["build", "--check"]) == 0
    assert main(["verify", "catalogue/weather.yaml", "--mcp-stdio", SERVER, "-v"]) == 0
    shown = capfd.readouterr().out
    assert "no finding" in shown
    assert "mcp tools" in shown
    assert main(["import", "--mcp", SERVER]) == 2
    assert "catalogue/weather.yaml is there already" in capfd.readouterr().err


def test_changed_server_breaks_the_catalogue(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["import", "--mcp", SERVER]) == 0
    path = Path("catalogue/weather.yaml")
    text = path.read_text()
    assert "maximum: 9" in text
    path.write_text(text.replace("maximum: 9", "maximum: 12"))
    assert main(["verify", str(path), "--mcp-stdio", SERVER, "--only", "mcp_tools/"]) == 1
    assert "mcp_tools/listed/get_forecast@mcp" in capfd.readouterr().out


def imported(*changes: tuple[int, dict[str, Any]]) -> Any:
    tools = deepcopy(list(TOOLS))
    for number, members in changes:
        tools[number].update(members)
    return import_tools(WEATHER, tools, {"get_forecast": {"city": "Rome"}})


def test_hints_names_and_schemas_are_carried() -> None:
    made = imported((1, {"name": "list-cities"})).data["actions"]
    assert made["get_forecast"]["effect"] == "read"
    assert made["get_forecast"]["examples"] == {"first": {"input": {"city": "Rome"}}}
    assert made["get_forecast"]["input"]["city"]["required"] is True
    assert "unknown" not in made["get_forecast"]
    assert made["get_forecast"]["output"][200]["required"] == ["city", "degrees"]
    assert made["list_cities"]["texts"] == {"mcp": {"name": "list-cities"}}
    assert made["list_cities"]["unknown"] == "ignored"
    assert made["delete_city"]["effect"] == "write"
    assert made["delete_city"]["destructive"] is True


def test_references_in_a_tool_become_named_schemas() -> None:
    schema = {"type": "object", "properties": {"city": {"$ref": "#/$defs/City"}}, "$defs": {"City": CITY}}
    made = imported((2, {"inputSchema": schema})).data
    assert made["actions"]["delete_city"]["input"]["city"] == {"$ref": "City"}
    assert made["schemas"]["City"]["minLength"] == 2


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        (None, "none of an object"),
        ({"type": "string"}, "none of an object"),
        ({"type": "object", "anyOf": [{"required": ["a"]}]}, "`anyOf`"),
        ({"type": "object", "properties": {"a b": {}}, "required": ["a b"]}, "not a name of an argument"),
    ],
)
def test_tool_that_cannot_be_said_is_left_out_with_a_note(schema: Any, said: str) -> None:
    made = imported((2, {"inputSchema": schema}))
    assert "delete_city" not in made.data["actions"]
    assert made.left_out == 1
    assert any(said in str(note) for note in made.notes)


@pytest.mark.parametrize("tools", [[], ["x"], [{"name": 5}], [{"name": "a"}]])
def test_server_without_any_usable_tool_is_one_message(tools: list[Any]) -> None:
    with pytest.raises(PgagentsError, match="no operation"):
        import_tools(WEATHER, tools, {})


def built() -> dict[str, Any]:
    files = build(imported().model, only=["mcp/tools"]).files
    document = json.loads(next(f.data for f in files if f.path == "mcp/tools.json"))
    return {tool["name"]: tool for tool in document["tools"]}


def _optional(tool: dict[str, Any]) -> None:
    tool["inputSchema"]["required"] = []


def _bound(tool: dict[str, Any]) -> None:
    tool["inputSchema"]["properties"]["days"]["maximum"] = 10


def _renamed(tool: dict[str, Any]) -> None:
    tool["inputSchema"]["properties"]["town"] = tool["inputSchema"]["properties"].pop("city")


def _mute(tool: dict[str, Any]) -> None:
    del tool["inputSchema"]["properties"]["city"]["description"]


def _unit(tool: dict[str, Any]) -> None:
    tool["inputSchema"]["properties"]["unit"]["enum"] = ["c", "f", "k"]


CHANGES: dict[str, Any] = {
    "description": lambda tool: tool.update(description="Something else"),
    "title": lambda tool: tool.update(title="Something else"),
    "hint": lambda tool: tool.update(annotations={}),
    "no-output": lambda tool: tool.pop("outputSchema"),
    "no-input": lambda tool: tool.pop("inputSchema"),
    "required": _optional,
    "bound": _bound,
    "renamed": _renamed,
    "words-of-an-argument": _mute,
    "enum": _unit,
}


@pytest.mark.parametrize("change", CHANGES)
def test_change_of_meaning_is_found(change: str) -> None:
    listed = deepcopy(TOOLS[0])
    assert find_other_meaning(built()["get_forecast"], listed) == ""
    CHANGES[change](listed)
    assert find_other_meaning(built()["get_forecast"], listed) != ""


def _with_definitions(tool: dict[str, Any]) -> None:
    schema = tool["inputSchema"]
    schema["$defs"] = {"City": schema["properties"]["city"]}
    schema["properties"]["city"] = {"$ref": "#/$defs/City"}


def _as_alternatives(tool: dict[str, Any]) -> None:
    unit = tool["inputSchema"]["properties"]["unit"]
    unit["anyOf"] = [{"const": value} for value in unit.pop("enum")]


FORMS: dict[str, Any] = {
    "open": lambda tool: tool["inputSchema"].pop("additionalProperties"),
    "draft-7": lambda tool: tool["inputSchema"].update(
        {"$schema": "http://json-schema.org/draft-07/schema#"}
    ),
    "no-title": lambda tool: tool.pop("title"),
    "further-hints": lambda tool: tool["annotations"].update(idempotentHint=False, destructiveHint=True),
    "definitions": _with_definitions,
    "alternatives": _as_alternatives,
}


@pytest.mark.parametrize("form", FORMS)
def test_another_form_of_the_same_meaning_is_none(form: str) -> None:
    listed = deepcopy(TOOLS[0])
    FORMS[form](listed)
    assert find_other_meaning(built()["get_forecast"], listed) == ""


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "Give OPENAPI, or --mcp"),
        (["openapi.json", "--mcp", SERVER], "Give OPENAPI, or --mcp"),
        (["--mcp", SERVER, "--max", "1"], "imports all tools"),
        (["--mcp", ""], "is empty"),
        (["--mcp", "ftp://a"], "cannot start"),
    ],
)
def test_wrong_use_is_one_message(words: list[str], said: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["import", *words]) == 2
    assert said in capfd.readouterr().err


@pytest.mark.parametrize("adds", [True, False])
def test_tool_of_a_catalogue_that_reads_and_writes_is_broken(adds: bool) -> None:
    """The other reading tools show what a call of one changes; a forecast that changes nothing is kept."""
    edits = {"tools_call": adding("get_forecast", to="list_cities")} if adds else {}
    link = Link(ToolServer(**edits), url="http://127.0.0.1:1", path="/mcp")
    model = load_text(imported().text, "weather.yaml")
    report = verify(
        model,
        lambda _: Silence("refused", "there is no API"),
        Identities(),
        Options(only=("hint_read_only/",)),
        clock=time.time,
        sleep=time.sleep,
        wall=lambda: "",
        url="http://127.0.0.1:1",
        mcp=link,
    )
    verdicts = {r.contract.id.split("/")[1]: r.verdict for r in report.results if r.contract.check == CHECK}
    forecast = Verdict.BROKEN if adds else Verdict.KEPT
    assert verdicts == {"get_forecast@mcp": forecast, "list_cities@mcp": Verdict.KEPT}
