"""The MCP server, on the official SDK's low-level server: it lists tools, prompts and an overview, and
calls.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pgagents.base.text import brief, did_you_mean, is_example
from pgagents.catalogue.model.action import Action
from pgagents.catalogue.model.model import Model
from pgagents.catalogue.model.resource import Workflow
from pgagents.client.answer import Answer, Problem
from pgagents.client.attempts import Backoff
from pgagents.client.client import Client
from pgagents.mcp.search import SEARCH, Call, ToolSearch
from pgagents.mcp.skills import (
    EXTENSION,
    MARKDOWN,
    SETTINGS,
    Skills,
    declare_in_handshake,
    make_params,
    make_result,
)
from pgagents.mcp.tools import Tool, make_error_result, result_of, surface, tools

if TYPE_CHECKING:
    from mcp.server.context import ServerRequestContext
    from mcp.server.lowlevel import Server
    from mcp_types import (
        CallToolRequestParams,
        CallToolResult,
        GetPromptRequestParams,
        GetPromptResult,
        ListPromptsResult,
        ListResourcesResult,
        ListResourceTemplatesResult,
        ListToolsResult,
        PaginatedRequestParams,
        ReadResourceRequestParams,
        ReadResourceResult,
    )


Context = "ServerRequestContext[Any, Any]"
Allowed = Callable[[Action], Problem | None]
"""A function that returns why the current caller may not call an action; None if the caller may."""

FRESH_MS = 300_000
"""Milliseconds for which clients may cache lists. Lists change only with a new version of the catalogue."""
FRESH = {"ttlMs": FRESH_MS, "cacheScope": "public"}
"""The same for results of the extension of skills, which the SDK does not know."""
SLOW_S = 1.0
"""Seconds between progress reports of a slow call that asked for them."""

RULES = (
    "Before a tool that asks for it, ask the user. An error has a code, and a request id if the API has one."
)

_log = logging.getLogger(__name__)


def make_server(
    model: Model,
    client: Client,
    *,
    close: Callable[[], Awaitable[None]] | None = None,
    allowed: Allowed | None = None,
    handler: RequestHandler | None = None,
    searching: bool = False,
) -> Server[Any]:
    """Return a server of the catalogue's `mcp` surface.

    `client` makes the calls, and `close` is awaited when the server stops. `handler` replaces the one that is
    made from the other arguments. With `searching`, models find the tools that are not listed.
    """
    from mcp.server.caching import CacheHint
    from mcp.server.lowlevel import Server
    from mcp_types import Icon, PaginatedRequestParams, ReadResourceRequestParams

    projections = handler or RequestHandler(model, client, allowed, searching=searching)
    offered, server = surface(model), model.mcp_server
    assert server is not None
    hint = CacheHint(ttl_ms=FRESH_MS, scope="public")

    @asynccontextmanager
    async def lifespan(_: Server[Any]) -> AsyncIterator[dict[str, Any]]:
        try:
            yield {}
        finally:
            if close is not None:
                await close()

    told, page = str(model.api.for_models).strip(), str(model.api.docs or model.api.server)
    made = Server[Any](
        str(server.name),
        version=str(server.named_version or server.version),
        title=str(offered.title or model.api.title),
        description=str(model.api.for_people),
        instructions=f"{told if told.endswith(('.', '!', '?')) else f'{told}.'} {RULES}",
        website_url=None if is_example(page) else page,
        icons=[Icon(src=str(model.api.logo))] if model.api.logo else None,
        cache_hints={
            "tools/list": hint,
            "prompts/list": hint,
            "resources/list": hint,
            "resources/read": hint,
            "resources/templates/list": hint,
            "server/discover": hint,
        },
        lifespan=lifespan,
        get_tool_input_schema=projections.input_schema,
        on_list_tools=projections.list_tools,
        on_call_tool=projections.call_tool,
        on_list_resources=projections.list_resources,
        on_list_resource_templates=projections.list_resource_templates,
        on_read_resource=projections.read_resource,
        on_list_prompts=projections.list_prompts,
        on_get_prompt=projections.get_prompt,
    )
    made.add_request_handler("skills/list", PaginatedRequestParams, projections.list_skills)
    made.add_request_handler("skills/get", ReadResourceRequestParams, projections.get_skill)
    made.add_request_handler("resources/directory/read", make_params(), projections.read_folder)
    made.extensions[EXTENSION] = dict(SETTINGS)
    declare_in_handshake(made)
    return made


class RequestHandler:
    """Answer requests independently of each other. No state of a caller is kept."""

    def __init__(
        self, model: Model, client: Client, allowed: Allowed | None = None, *, searching: bool = False
    ) -> None:
        from mcp_types import ListToolsResult

        self._model, self._client, self._allowed = model, client, allowed
        self._search = ToolSearch(model) if searching else None
        self._surface = surface(self._search.model if self._search is not None else model)
        self.tools: dict[str, Tool] = tools(model)
        self.prompts: dict[str, Prompt] = prompts(model, self.tools)
        self.skills = Skills(model)
        self.uri = f"{model.api.id.replace('_', '-')}://overview"
        self._listed = ListToolsResult.model_validate(
            {"tools": [*(tool.listed for tool in self.tools.values()), *self._list_searching()]}
        )

    def _list_searching(self) -> list[dict[str, Any]]:
        return list(self._search.listed.values()) if self._search is not None else []

    def input_schema(self, name: str) -> dict[str, Any] | None:
        """Return a tool's input schema, for the SDK; None for an unknown tool.

        The SDK compares `Mcp-Param-*` headers with it. `client/arguments.py` refuses invalid arguments.
        """
        if self._search is not None and name in self._search.listed:
            return dict(self._search.listed[name]["inputSchema"])
        return self.tools[name].listed["inputSchema"] if name in self.tools else None

    async def list_tools(
        self, _context: ServerRequestContext[Any, Any], params: PaginatedRequestParams | None
    ) -> ListToolsResult:
        """Return all tools, on one page."""
        _refuse_cursor(params)
        return self._listed

    async def call_tool(
        self, context: ServerRequestContext[Any, Any], params: CallToolRequestParams
    ) -> CallToolResult:
        """Call a tool.

        Raises MCPError for an unknown one, as the specification requires. Every other failure is a result.
        """
        from mcp.shared.exceptions import MCPError
        from mcp_types import INVALID_PARAMS

        tool = self.tools.get(params.name)
        if self._search is not None and params.name in self._search.listed:
            given, caller = params.arguments or {}, self.name_caller(context)
            if params.name == SEARCH:
                return self._search.search(given, caller, self._allowed)
            call = self._search.take(params.name, given, caller)
            if not isinstance(call, Call):
                return call
            tool = call.tool
            shown = {"name": tool.listed["name"], "arguments": call.arguments}
            params = params.model_copy(update=shown)
        if tool is None:
            help = did_you_mean(params.name, self.tools)
            raise MCPError(
                INVALID_PARAMS, f"Unknown tool: {brief(params.name)}" + (f"; {help}" if help else "")
            )
        try:
            return result_of(tool, await self.answer(context, tool, params))
        except Exception:  # the caller learns only that something failed, and the operator all details
            _log.exception("tool %s failed", tool.action.name)
            return make_error_result(
                Problem(
                    "internal",
                    "this server failed while calling the API; its log has the details",
                    sent=False,
                )
            )

    async def answer(
        self, context: ServerRequestContext[Any, Any], tool: Tool, params: CallToolRequestParams
    ) -> Answer:
        """Return the API's answer to a tool's call, or a refusal if the caller may not make it."""
        problem = self._allowed(tool.action) if self._allowed is not None else None
        client = problem or await self.find_client(context)
        if isinstance(client, Problem):
            return Answer(tool.action.name, None, None, client)
        return await self._call(context, client, params)

    async def find_client(self, _context: ServerRequestContext[Any, Any]) -> Client | Problem:
        """Return the client for a request's calls, or why there is none."""
        return self._client

    def name_caller(self, _context: ServerRequestContext[Any, Any]) -> str:
        """Return a name of who calls; equal calls of two callers are two."""
        return ""

    async def _call(
        self, context: ServerRequestContext[Any, Any], client: Client, params: CallToolRequestParams
    ) -> Answer:
        progress = Progress(context)
        ticking = asyncio.create_task(progress.tick())
        try:
            # the host has asked the user before: it sees the tool's hints and its question
            return await client.tool(
                self._surface,
                params.name,
                params.arguments or {},
                confirmed=True,
                told=progress.waits,
                caller=self.name_caller(context),
            )
        finally:
            ticking.cancel()

    async def list_resources(
        self, _context: ServerRequestContext[Any, Any], params: PaginatedRequestParams | None
    ) -> ListResourcesResult:
        """Return the overview and the file of each skill."""
        _refuse_cursor(params)
        from mcp_types import ListResourcesResult, Resource

        title, about = (
            f"{self._model.api.title} at a glance",
            "What the API is for, its tools, errors and limits.",
        )
        found = Resource(name="overview", uri=self.uri, title=title, description=about, mime_type=MARKDOWN)
        files = [skill.describe_file() for skill in self.skills.by_uri.values()]
        return ListResourcesResult(resources=[found, *files])

    async def list_resource_templates(
        self, _context: ServerRequestContext[Any, Any], params: PaginatedRequestParams | None
    ) -> ListResourceTemplatesResult:
        """Return an empty list, because some clients request it although the server declares none."""
        _refuse_cursor(params)
        from mcp_types import ListResourceTemplatesResult

        return ListResourceTemplatesResult(resource_templates=[])

    async def read_resource(
        self, _context: ServerRequestContext[Any, Any], params: ReadResourceRequestParams
    ) -> ReadResourceResult:
        """Return the text of the overview or of a skill. Raises MCPError for any other resource."""
        from mcp.shared.exceptions import MCPError
        from mcp_types import INVALID_PARAMS, ReadResourceResult, TextResourceContents

        uri = str(params.uri)
        if uri == self.uri:
            text = overview(self._model, self.tools)
            content = TextResourceContents(uri=uri, mime_type=MARKDOWN, text=text)
        elif skill := self.skills.by_uri.get(uri):
            content = skill.read_file()
        else:
            raise MCPError(INVALID_PARAMS, f"Unknown resource: {brief(uri)}", {"uri": uri[:200]})
        return ReadResourceResult(contents=[content])

    async def list_skills(
        self, _context: ServerRequestContext[Any, Any], params: PaginatedRequestParams
    ) -> dict[str, Any]:
        """Return the entries of the skills, on one page."""
        _refuse_cursor(params)
        return make_result(skills=self.skills.list_entries(), **FRESH)

    async def get_skill(
        self, _context: ServerRequestContext[Any, Any], params: ReadResourceRequestParams
    ) -> dict[str, Any]:
        """Return the entry of one skill, on the list or not. Raises MCPError for an unknown one."""
        from mcp.shared.exceptions import MCPError
        from mcp_types import INVALID_PARAMS

        skill = self.skills.by_uri.get(params.uri)
        if skill is None:
            raise MCPError(INVALID_PARAMS, f"No skill is served at {brief(params.uri)}")
        return make_result(skill=skill.entry, **FRESH)

    async def read_folder(self, _context: ServerRequestContext[Any, Any], params: Any) -> dict[str, Any]:
        """Return the file of a skill's folder. Raises MCPError for an address that is not a folder."""
        from mcp.shared.exceptions import MCPError
        from mcp_types import INVALID_PARAMS

        _refuse_cursor(params)
        skill = self.skills.find_in(params.uri)
        if skill is None:
            raise MCPError(INVALID_PARAMS, f"{brief(params.uri)} is not a folder of a skill")
        file = skill.describe_file()
        return make_result(resources=[file.model_dump(by_alias=True, mode="json", exclude_none=True)])

    async def list_prompts(
        self, _context: ServerRequestContext[Any, Any], params: PaginatedRequestParams | None
    ) -> ListPromptsResult:
        """Return all prompts, on one page."""
        _refuse_cursor(params)
        from mcp_types import ListPromptsResult, PromptArgument
        from mcp_types import Prompt as Listed

        made = []
        for prompt in self.prompts.values():
            argument = PromptArgument(
                name=DETAILS,
                description="What is to be done, and all that is known of it",
                required=prompt.needs,
            )
            made.append(
                Listed(
                    name=prompt.name, title=prompt.title, description=prompt.description, arguments=[argument]
                )
            )
        return ListPromptsResult(prompts=made)

    async def get_prompt(
        self, _context: ServerRequestContext[Any, Any], params: GetPromptRequestParams
    ) -> GetPromptResult:
        """Return a prompt with its details.

        Raises MCPError for an unknown one, and for missing required `details`.
        """
        from mcp.shared.exceptions import MCPError
        from mcp_types import INVALID_PARAMS, GetPromptResult, PromptMessage, TextContent

        prompt = self.prompts.get(params.name)
        if prompt is None:
            raise MCPError(INVALID_PARAMS, f"Unknown prompt: {brief(params.name)}")
        details = (params.arguments or {}).get(DETAILS, "").strip()
        if prompt.needs and not details:
            raise MCPError(INVALID_PARAMS, f"Prompt {prompt.name} needs the argument `{DETAILS}`")
        said = PromptMessage(role="user", content=TextContent(type="text", text=prompt.fill(details)))
        return GetPromptResult(description=prompt.description, messages=[said])


def _refuse_cursor(params: PaginatedRequestParams | None) -> None:
    """Refuse a cursor, because no list has a second page. An empty one is taken for none.

    Raises MCPError.
    """
    from mcp.shared.exceptions import MCPError
    from mcp_types import INVALID_PARAMS

    if params is not None and params.cursor:
        raise MCPError(INVALID_PARAMS, f"Unknown cursor: {brief(params.cursor)}; every list has one page")


class Progress:
    """Report the progress of a call with increasing numbers.

    The SDK drops reports that the caller did not request.
    """

    def __init__(self, context: ServerRequestContext[Any, Any]) -> None:
        self._session = context.session
        self._began = asyncio.get_running_loop().time()
        self._told = 0.0

    async def tick(self) -> None:
        """Report the elapsed seconds until cancelled."""
        while True:
            await asyncio.sleep(SLOW_S)
            await self._report("waiting for the API")

    async def waits(self, wait: Backoff) -> None:
        """Report that the call will be repeated."""
        await self._report(wait.why)

    async def _report(self, message: str) -> None:
        self._told = max(self._told + 0.001, round(asyncio.get_running_loop().time() - self._began, 3))
        await self._session.report_progress(self._told, None, message)


# -- the overview


def overview(model: Model, tools: dict[str, Tool]) -> str:
    """Return the overview in Markdown, in the catalogue's words."""
    return "\n".join([*_api(model), *_tools(tools), *_errors(model, tools), *_limits(model, tools)]) + "\n"


def _api(model: Model) -> Iterator[str]:
    yield f"# {model.api.title} {model.api.version}"
    yield ""
    yield str(model.api.for_models)


def _tools(tools: dict[str, Tool]) -> Iterator[str]:
    yield "\n## Tools\n"
    for name, tool in tools.items():
        marks = ["reads"] if tool.action.effect == "read" else ["writes"]
        marks += ["moves money"] if tool.action.costs else []
        marks += ["ask the user first"] if tool.action.confirm_body else []
        yield f"- `{name}` ({', '.join(marks)}): {tool.listed['description']}"


def _errors(model: Model, tools: dict[str, Tool]) -> Iterator[str]:
    codes = {code.name: code for tool in tools.values() for code in (*tool.action.errors, *model.always())}
    yield "\n## Errors\n"
    yield (
        "An error is an object `error` with `code`, `message` and, where the API answered, `status` and "
        "`request_id`.\n"
    )
    for code in sorted(codes.values(), key=lambda c: (c.status, c.name)):
        said = f"- `{code.shown or code.name}` ({code.status})"
        yield f"{said}: {code.meaning}" if code.meaning else said


def _limits(model: Model, tools: dict[str, Tool]) -> Iterator[str]:
    used = [
        model.buckets[name] for name in dict.fromkeys(tool.action.bucket for tool in tools.values()) if name
    ]
    if used:
        yield "\n## Limits\n"
    for bucket in used:
        per = "a minute" if bucket.per_s == 60 else f"in {bucket.per_s:g} s"
        per = per if bucket.refill == "even" else f"in each window of {bucket.per_s:g} s"
        yield f"- {bucket.description or bucket.name}: {bucket.requests} {per}"
    if used:
        yield (
            "\nWaiting and repeating after a refusal is done here; a call that comes back with "
            f"{' or '.join(map(str, sorted(model.limit_reader.statuses)))} has waited already."
        )


# -- prompts


GENERAL = "do_task"
DETAILS = "details"


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt. `needs` is True if its only argument, `details`, is required."""

    name: str
    title: str
    description: str
    text: str
    needs: bool

    def fill(self, details: str) -> str:
        """Return the text for the model, with the details filled in."""
        return f"{self.text}\n\nWhat is known: {details}" if details else self.text


def prompts(model: Model, tools: dict[str, Tool]) -> dict[str, Prompt]:
    """Return the prompts by name, the general one first."""
    by_action = {
        str(tool.action.name): name for name, tool in reversed(tools.items())
    }  # an action's current name comes first
    rules = (
        "Ask the user for what is missing, and before every tool that says so. Tell the outcome with the "
        "numbers that the tools answer."
    )
    found = {
        GENERAL: Prompt(
            GENERAL,
            f"Do something with {model.api.title}",
            f"{model.api.for_people} Say what is to be done.",
            f"Do the following with the tools of {model.api.title}. {model.api.for_models} {rules}",
            needs=True,
        )
    }
    for workflow in model.workflows:
        usual = not workflow.only_verify and all(
            s.role == "main" and 200 <= s.status < 300 for s in workflow.steps
        )
        if (
            usual
            and workflow.name not in found
            and all(str(s.action.name) in by_action for s in workflow.steps)
        ):
            found[workflow.name] = _of_workflow(model, workflow, by_action, rules)
    return found


def _of_workflow(model: Model, workflow: Workflow, by_action: dict[str, str], rules: str) -> Prompt:
    steps = "\n".join(
        f"{n}. `{by_action[str(s.action.name)]}`: {s.action.title}" for n, s in enumerate(workflow.steps, 1)
    )
    return Prompt(
        workflow.name,
        str(workflow.title),
        str(workflow.description or workflow.title),
        f"{workflow.title}. Do it with the tools of {model.api.title}, in this order:\n{steps}\n\n{rules}",
        needs=False,
    )


# -- the largest message


USUAL = 1_000_000
"""The largest message in bytes, if no tool takes larger files."""


def find_largest_message(model: Model) -> int:
    """Return the largest message in bytes: the usual size, plus room for the largest file of a tool.

    A file is Base64 in a message, which turns three bytes into four.
    """
    params = [param for action in model.actions for param in action.params]
    files = [param.file.max_bytes or 0 for param in params if param.file is not None]
    return USUAL + max(files, default=0) * 4 // 3
