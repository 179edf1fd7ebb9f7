"""`lint --mcp-stdio` says of a server's tools what MCP clients and each vendor would; it calls no tool."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from pgagents.cli.inputs.tools import make_model, survey
from pgagents.cli.lint import find_broken
from pgagents.cli.main import main
from pgagents.lint.tools.tool_judge import list_judges
from pgagents.lint.tools.verdict import judge_server
from pgagents.verify.wire.mcp_link import Link
from tool_server import ToolServer

SERVER = f"{sys.executable} {Path(__file__).parents[1] / 'tool_server.py'}"
REQUIRES = {"type": "object", "required": ["a"]}
INPUT = '"inputSchema": {'


def lint(change: Any = None, only: str | None = None) -> dict[str, set[tuple[str, str]]]:
    """Return the errors and warnings of each judge, as id and text of the line."""
    server = ToolServer(**({"tools": change} if change else {}))
    link, other = (Link(server, url="http://127.0.0.1:1", path="/mcp") for _ in range(2))
    assert link.open()
    survey(link, other)
    assert server.called == []
    model = make_model(link)
    lines = model.source.text.splitlines()
    return {
        one.judge: {
            (d.id, lines[d.span.line - 1].strip().rstrip(",")) for d in one.found if d.severity != "note"
        }
        for one in judge_server(model.source, find_broken(model, link), only, "")
    }


def cities(**members: Any) -> Any:
    return lambda tools: tools[1].update(members)


def mute(tools: list[dict[str, Any]]) -> None:
    del tools[0]["inputSchema"]["properties"]["city"]["description"]


def test_right_tools_are_taken_by_all_vendors_but_one() -> None:
    """OpenAI's API refuses an object without `properties`, which the protocol allows."""
    found = lint()
    assert found.pop("openai-tools") == {("openai-tools/tools-properties", INPUT)}
    assert found == {name: set() for name in list_judges() if name != "openai-tools"}
    assert set(lint(only="xai-tools")) == {"xai-tools"}


@pytest.mark.parametrize(
    ("change", "judge", "id", "line"),
    [
        (cities(name="list.cities"), "openai-tools", "openai-tools/tools-name", '"name": "list.cities"'),
        (cities(name="list.cities"), "anthropic-tools", "anthropic-tools/name", '"name": "list.cities"'),
        (cities(name="l" * 65), "xai-tools", "xai-tools/name", f'"name": "{"l" * 65}"'),
        (cities(name="a b"), "mcp-tools", "mcp-tools/tool-name-characters", '"name": "a b"'),
        (cities(inputSchema={"type": "list"}), "mcp-tools", "mcp-tools/input-object", INPUT),
        (cities(inputSchema=REQUIRES), "mcp-tools", "tool_schemas/required", INPUT),
        (cities(annotations={"readOnlyHint": 1}), "mcp-tools", "tool_schemas/members", "{"),
        (mute, "mcp-tools", "tool_words/arguments", INPUT),
        (lambda t: t.append(t[1]), "mcp-tools", "mcp-tools/distinct-names", '"name": "list_cities"'),
        (
            lambda t: t[2].update(description=t[1]["description"]),
            "mcp-tools", "tool_words/description", '"description": "List all cities whose weather is known."',
        ),
    ],
)  # fmt: skip
def test_mistake_is_found_at_its_line(change: Any, judge: str, id: str, line: str) -> None:
    assert (id, line) in lint(change)[judge]


def test_one_line_has_one_finding_that_counts() -> None:
    found = lint(cities(inputSchema=None))
    assert sum(len(of) for of in found.values()) == 1


def test_command_lints_a_process(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["lint", "--mcp-stdio", SERVER]) == 1
    shown = capfd.readouterr().out
    assert "3 tools: get_forecast, list_cities, delete_city" in shown
    assert "(openai-tools): 1 error" in shown
    assert "(anthropic-tools): nothing found" in shown
    assert main(["lint", "--mcp-stdio", SERVER, "--for", "anthropic"]) == 0
    assert main(["lint", "--mcp-stdio", SERVER, "--for", "bard"]) == 2
    assert "judges no tools of an MCP server" in capfd.readouterr().err
    assert main(["lint", "--mcp-stdio", SERVER, "--fix"]) == 2
    assert main(["lint", "--mcp-stdio", "false"]) == 3


def test_long_command_is_named_once(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Each finding and each vendor's line has a short name of the server."""
    command = f"{SERVER} --folder {tmp_path} --words {'and-so-on-' * 12}"
    main(["lint", "--mcp-stdio", command])
    shown = capsys.readouterr().out
    assert shown.count(command) == 1
    others = [line for line in shown.splitlines() if command not in line]
    assert max(len(line) for line in others if "tools/list of" in line) < 120
