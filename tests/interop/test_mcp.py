"""The official MCP SDK takes the tools: its types, its rule for names, its server and client in both eras
of the protocol.
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

pytestmark = pytest.mark.interop

NEEDS = "needs mcp (the `interop` extra)"


def _document(folder: Path) -> Any:
    return json.loads((folder / "mcp/tools.json").read_text(encoding="utf-8"))


def _listed(document: Any, mode: str) -> Any:
    """Return what the SDK's client hears from the SDK's server that lists the file."""
    pytest.importorskip("mcp", reason=NEEDS)
    from mcp import Client, types
    from mcp.server.lowlevel import Server

    result = types.ListToolsResult.model_validate(document)

    async def tools(_context: Any, _params: Any) -> Any:
        return result

    async def talk() -> Any:
        async with Client(Server("test", version="1", on_list_tools=tools), mode=mode) as client:
            return await client.list_tools()

    return asyncio.run(talk())


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_the_sdk_lists_the_file_as_it_is(offered: Path, mode: str) -> None:
    document = _document(offered)
    heard = _listed(document, mode).model_dump(mode="json", by_alias=True, exclude_none=True)["tools"]
    assert heard == document["tools"]


def test_the_sdk_refuses_a_tool_whose_input_is_no_object(offered: Path) -> None:
    pytest.importorskip("mcp", reason=NEEDS)
    document = _document(offered)
    document["tools"][0]["inputSchema"] = {"type": "array"}
    with pytest.raises(Exception, match=r"(?i)object|invalid|error"):
        _listed(document, "legacy")


def test_names_are_those_that_the_sdk_takes(offered: Path) -> None:
    names = pytest.importorskip("mcp.shared.tool_name_validation", reason=NEEDS)
    for tool in _document(offered)["tools"]:
        assert names.validate_tool_name(tool["name"]).is_valid
    assert not names.validate_tool_name("a b").is_valid


def test_schemas_are_json_schema(offered: Path) -> None:
    assert _document(offered)["tools"]
    for tool in _document(offered)["tools"]:
        for schema in (tool["inputSchema"], tool.get("outputSchema", {})):
            jsonschema.Draft202012Validator.check_schema(schema)
