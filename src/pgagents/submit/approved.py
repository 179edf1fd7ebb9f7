"""Read what stores have approved: a folder of generated files as it was, from disk or from a git revision."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from pgagents.base.errors import Diagnostic, InputError, PgagentsError
from pgagents.base.jsonschema.schema import foreign_validator
from pgagents.base.places import Pointer, Source, Span
from pgagents.diff.listings import FILE, Package
from pgagents.lint.document import read

MANIFESTS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "anthropic": ("claude_plugin/.claude-plugin/plugin.json", "claude_plugin/.mcp.json"),
        "gemini": ("gemini_cli/gemini-extension.json", "gemini_cli/gemini-extension.json"),
        "openai": ("agent_plugin/plugin.json", "agent_plugin/mcp.json"),
    }
)
"""By store, the generated file with the package's name, and the one with the address of its MCP server."""
CASES: Mapping[str, str] = MappingProxyType({"openai": "openai/chatgpt-app-submission.json"})
"""By store, the generated file with the test cases that its reviewers try."""
DOCUMENTS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "agentcore": ("agentcore/openapi.json", "AgentCore's gateway"),
        "copilot": ("copilot/openapi-3.0.yaml", "Copilot's API plugin"),
        "gpt": ("openai/openapi.json", "GPTs with these actions"),
    }
)
"""By store that keeps an OpenAPI document, the generated file and the store's title."""
ADDRESSES = ("url", "httpUrl", "serverUrl")
"""The names under which packages write the address of a hosted MCP server."""


@dataclass(frozen=True, slots=True)
class Approved:
    """The files that stores have approved.

    `tools` are the definitions of `mcp/tools.json` by name, and `source` is that file; None if there is none.
    `packages` and `prompts` are by store: the package, and the prompts of its test cases.
    """

    named: str
    tools: Mapping[str, Mapping[str, Any]]
    source: Source | None
    packages: Mapping[str, Package]
    prompts: Mapping[str, tuple[str, ...]]
    documents: Mapping[str, bytes] = field(default_factory=dict)
    """The OpenAPI documents by store."""
    tools_at: Pointer = ("tools",)
    """The place of the list of tools in `source`."""

    def locate(self, name: str, *steps: str | int) -> Span | None:
        """Return the place of a part of a tool's approved definition, or of what holds it; None without a
        file.
        """
        if self.source is None:
            return None
        numbers = {tool.get("name"): n for n, tool in enumerate(_list_tools(self.source, self.tools_at))}
        at: Pointer = (*self.tools_at, numbers[name], *steps) if name in numbers else self.tools_at
        while at and not self.source.has(at):
            at = at[:-1]
        return self.source.locate(at)


def read_approved(fetch: Callable[[str], bytes | None], named: str) -> Approved:
    """Read the files of stores. `fetch` returns the bytes of a generated file by its path, None if there is
    none, and `named` is the folder or revision for messages.

    Raises PgagentsError if no file of a store is there, and InputError with the place of what is wrong in a
    file.
    """

    def open_file(path: str) -> Source | None:
        raw = fetch(path)
        return None if raw is None else _read_object(raw, f"{named}/{path}")

    packages = {}
    for store, (manifest, servers) in MANIFESTS.items():
        source = open_file(manifest)
        if source is not None:
            beside = source if servers == manifest else open_file(servers)
            packages[store] = Package(_read_name(source), _find_address(beside))
    documents = {}
    for store, (path, _) in DOCUMENTS.items():
        raw = fetch(path)
        if raw is not None:
            _read_object(raw, f"{named}/{path}")
            documents[store] = raw
    if not packages and not documents:
        first = ", ".join(path for path, _ in (*MANIFESTS.values(), *DOCUMENTS.values()))
        raise PgagentsError(
            f"{named}: nothing of a store is there ({first})",
            "name the folder that `pgagents build` wrote, or a revision whose generated/ is committed",
        )
    source = open_file(FILE)
    tools = read_tools(source) if source is not None else {}
    prompts = {store: _read_prompts(open_file(path)) for store, path in CASES.items() if store in packages}
    return Approved(named, tools, source, packages, prompts, documents)


def _read_object(raw: bytes, name: str) -> Source:
    """Parse a file within the bounds of foreign documents. Raises InputError."""
    source = read(raw, name)
    if not isinstance(source.data, dict):
        raise _make_error(source, (), "no-object", "the file is not a JSON object")
    return source


def _make_error(source: Source, at: Pointer, id: str, message: str) -> InputError:
    help = "name files as `pgagents build` wrote them"
    return InputError([Diagnostic(source.locate(at), f"listing/{id}", "error", message, help)], source)


def _read_name(source: Source) -> str:
    name = source.data.get("name")
    if not isinstance(name, str) or not name:
        raise _make_error(source, (), "no-name", "the package has no `name`")
    return name


def _find_address(source: Source | None) -> str:
    """Return the address of the first hosted MCP server of a package; empty if it starts a command."""
    servers = source.data.get("mcpServers") if source is not None else None
    for server in servers.values() if isinstance(servers, Mapping) else ():
        for key in ADDRESSES if isinstance(server, Mapping) else ():
            if isinstance(server.get(key), str):
                return str(server[key])
    return ""


def _find_list(source: Source, at: Pointer) -> Any:
    found = source.data
    for step in at:
        found = found.get(step) if isinstance(found, Mapping) else None
    return found


def _list_tools(source: Source, at: Pointer) -> list[Mapping[str, Any]]:
    tools = _find_list(source, at)
    return [tool for tool in tools if isinstance(tool, Mapping)] if isinstance(tools, list) else []


def read_tools(source: Source, at: Pointer = ("tools",)) -> dict[str, Mapping[str, Any]]:
    """Return the tools of the list at a place by name.

    Raises InputError for a tool without a name, or without usable schemas.
    """
    tools = _find_list(source, at)
    if not isinstance(tools, list):
        raise _make_error(source, (), "no-tools", "the file has no list `tools`")
    named: dict[str, Mapping[str, Any]] = {}
    for number, tool in enumerate(tools):
        place: Pointer = (*at, number)
        if not isinstance(tool, Mapping) or not isinstance(tool.get("name"), str):
            raise _make_error(source, place, "tool-name", "the tool has no name")
        if tool["name"] in named:
            raise _make_error(source, place, "tool-twice", f"the tool {tool['name']} stands twice")
        if problem := find_schema_problem(tool):
            raise _make_error(source, place, "tool-schema", f"the tool {tool['name']}: {problem}")
        named[tool["name"]] = tool
    return named


def find_schema_problem(tool: Mapping[str, Any]) -> str:
    """Return why calls and results cannot be judged by a tool's definition; empty if they can."""
    for member in ("inputSchema", "outputSchema"):
        if member not in tool and member == "outputSchema":
            continue
        if not isinstance(tool.get(member), Mapping):
            return f"`{member}` is not a JSON Schema of an object"
        try:
            foreign_validator(tool[member])
        except ValueError as error:
            return f"no value can be judged by its `{member}`: {str(error)[:200]}"
    if not isinstance(tool.get("annotations", {}), Mapping):
        return "`annotations` is not an object"
    return ""


def _read_prompts(source: Source | None) -> tuple[str, ...]:
    """Return the prompts of the test cases of a submission, the positive ones first."""
    lists = [source.data.get(key) for key in ("test_cases", "negative_test_cases")] if source else []
    return tuple(prompt for cases in lists if isinstance(cases, list) for prompt in _list_prompts(cases))


def _list_prompts(cases: list[Any]) -> Iterator[str]:
    for case in cases:
        prompt = case.get("user_prompt") if isinstance(case, Mapping) else None
        if isinstance(prompt, str):
            yield prompt
