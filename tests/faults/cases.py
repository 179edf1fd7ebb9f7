"""Faults of an MCP server that a store's reviewer meets when trying the test cases."""

from __future__ import annotations

import json
from typing import Any

from faults import of_mcp as mcp
from faults.of_mcp import mcp_fault
from pgagents.base.http import Handler, Request, Response, Silence
from pgagents.catalogue.model.listing import list_cases
from pgagents.sandbox.fault_declaration import Context


@mcp_fault(
    "listing_cases",
    also={
        "law": "an empty list contradicts the members beside it",
        "relation": "a wider search that was tried before finds nothing",
        "surface_equivalence": "REST has what the cache has not",
    },
)
def repeated_search_empty(handler: Handler, context: Context) -> Handler:
    """A search that is made for the second time finds nothing, because its cache is not filled yet."""
    reads = {str(action.name) for action in context.model.actions if action.effect == "read"}
    met: dict[str, int] = {}

    def answer(request: Request) -> Response | Silence:
        found, question = handler(request), mcp.parse_request(request)
        params = question.get("params")
        if (
            not isinstance(found, Response)
            or question.get("method") != "tools/call"
            or not isinstance(params, dict)
        ):
            return found
        key = json.dumps([params.get("name"), params.get("arguments")], sort_keys=True)
        met[key] = met.get(key, 0) + 1
        message = mcp.parse_answer(found)
        result = message.get("result")
        if met[key] != 2 or params.get("name") not in reads or not isinstance(result, dict):
            return found
        return mcp.saying(found, {**message, "result": _empty(result)})

    return answer


def _empty(result: dict[str, Any]) -> dict[str, Any]:
    """Return a result whose object has empty lists; any other result as it is."""
    data = result.get("structuredContent")
    if not isinstance(data, dict) or not any(isinstance(value, list) for value in data.values()):
        return result
    emptied = {name: [] if isinstance(value, list) else value for name, value in data.items()}
    return {**mcp.with_text(result, json.dumps(emptied)), "structuredContent": emptied}


@mcp_fault("listing_cases", also={"mcp_tools": "no tool but the catalogue's is listed"}).edit_tools_list
def denied_task_offered(
    context: Context, _question: dict[str, Any], result: dict[str, Any]
) -> dict[str, Any]:
    """The server also lists a tool for what a test case says that no tool does."""
    words = next((case.words[0] for case in list_cases(context.model) if case.words), "refund")
    schema = {"type": "object", "properties": {}}
    tool = {
        "name": f"do_{words.replace(' ', '_').replace('-', '_')}",
        "title": words.capitalize(),
        "description": f"Do what concerns the {words}.",
        "inputSchema": schema,
        "annotations": {"readOnlyHint": False, "destructiveHint": True, "openWorldHint": False},
    }
    return {**result, "tools": [*result["tools"], tool]}
