"""The examples of arguments in vendors' lists of tools: each is the catalogue's, and fits the schema beside
it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest

from loading import read_once
from offering import OFFERING
from pgagents.base.places import plain
from pgagents.catalogue.model.model import Model
from pgagents.generate.build import build
from pgagents.generate.examples import MOST
from pgagents.verify.tools import find_difference
from sandboxes import ROOT

MODELS = {**OFFERING, "library": lambda: read_once(ROOT / "tests/catalogues/library.yaml")}
KEYWORD = {
    "openai/tools.chat.json": "examples",
    "openai/tools.responses.json": "examples",
    "xai/tools.chat.json": "examples",
    "xai/tools.responses.json": "examples",
    "gemini/functions.jsonschema.json": "examples",
    "gemini/functions.json": "example",
    "mcp/tools.json": "examples",
}
WITHOUT = ("openai/tools.chat.strict.json", "openai/tools.responses.strict.json", "perplexity/tools.json")


def files(name: str) -> dict[str, Any]:
    """Return the generated lists of tools by path."""
    wanted = {*KEYWORD, *WITHOUT, "anthropic/tools.json", "anthropic/tools.strict.json"}
    return {a.path: json.loads(a.data) for a in build(MODELS[name]()).files if a.path in wanted}


def parameters(tool: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a tool's arguments, wherever the vendor has it."""
    inner = tool.get("function", tool)
    names = ("parameters", "parametersJsonSchema", "input_schema", "inputSchema")
    return next((inner[name] for name in names if name in inner), {})


def list_properties(document: Any) -> Iterator[dict[str, Any]]:
    """Yield the schema of each argument of each tool."""
    listed = (
        document if isinstance(document, list) else document.get("functionDeclarations") or document["tools"]
    )
    for tool in listed:
        yield from parameters(tool).get("properties", {}).values()


def shown(model: Model) -> list[Any]:
    """Return every argument and set of arguments of the catalogue's examples of success."""
    inputs = [plain(e.input) for action in model.actions for e in action.examples if e.status < 300]
    return [*inputs, *(value for one in inputs for value in one.values())]


@pytest.mark.parametrize("name", MODELS)
def test_each_example_fits_the_schema_beside_it(name: str) -> None:
    model, documents = MODELS[name](), files(name)
    known = shown(model)
    for path in ("anthropic/tools.json", "anthropic/tools.strict.json"):
        for tool in documents[path]:
            examples = tool.get("input_examples", [])
            assert len(examples) <= MOST
            for example in examples:
                jsonschema.validate(example, tool["input_schema"])
                assert all(value in known for value in example.values())
    for path, keyword in KEYWORD.items():
        for schema in list_properties(documents[path]):
            if keyword == "example":
                assert "examples" not in schema
                continue
            for value in schema.get(keyword, ()):
                jsonschema.validate(value, schema)
                assert value in known
    for path in WITHOUT:
        assert not any({"example", "examples"} & set(schema) for schema in list_properties(documents[path]))


def test_forms_that_a_schema_leaves_open_are_shown() -> None:
    documents = files("park_graph")
    tools = {tool["name"]: tool for tool in documents["anthropic/tools.json"]}
    assert [e["vehicles"][0]["plate"] for e in tools["dispatch_av_fleet"]["input_examples"]] == ["AV-1234"]
    assert "input_examples" not in tools["get_rates"], "one id is not a form"
    bill = next(t for t in documents["mcp/tools.json"]["tools"] if t["name"] == "get_fleet_billing")
    assert bill["inputSchema"]["properties"]["from"]["examples"] == ["2026-04-01T00:00:00Z"]
    assert "examples" not in bill["inputSchema"]["properties"]["fleet_id"]
    gemini = documents["gemini/functions.json"]["functionDeclarations"]
    bill = next(f for f in gemini if f["name"] == "get_fleet_billing")
    assert bill["parameters"]["properties"]["from"]["example"] == "2026-04-01T00:00:00Z"


def test_a_server_may_list_its_tools_without_examples() -> None:
    argument = {"type": "string", "format": "date", "examples": ["2026-01-01"]}
    plainly = {"type": "string", "format": "date"}
    written = {"inputSchema": {"properties": {"day": argument, "examples": plainly}}}
    listed = {"inputSchema": {"properties": {"day": plainly, "examples": plainly}}}
    assert find_difference(written, listed) == ""
    assert find_difference(written, {"inputSchema": {"properties": {"day": plainly}}}) != "", "an argument"
    assert find_difference(listed, written) != "", "examples that the file does not have"
