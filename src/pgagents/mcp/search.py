"""Offer the tools that are not listed: one tool finds them, one calls those that read, one those that write.

A large API has more tools than a model chooses well from. The chosen ones are listed as ever; `search_tools`
answers at most five definitions, each with a token that `call_read` and `call_write` ask for, so that what
was not shown, or has changed since, is not called. No state of a caller is kept.
"""

from __future__ import annotations

import hashlib
import json
import re
import sqlite3
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pgagents.base.acting import asks_health
from pgagents.base.http import json_bytes
from pgagents.base.text import brief
from pgagents.catalogue.model.action import Action
from pgagents.catalogue.model.model import Model
from pgagents.client.answer import Problem
from pgagents.lint.texts import matter
from pgagents.mcp.tools import SURFACE, Tool, make_error_result, surface, tools

if TYPE_CHECKING:
    from mcp_types import CallToolResult

SEARCH, READ, WRITE = "search_tools", "call_read", "call_write"
MANY = 60
"""An API with more operations than this is searched, unless somebody says otherwise or lists all of them."""
MOST_FOUND = 5
MOST_QUERY = 1_000
"""The longest query, in characters; a longer one is not a question about a tool."""
MOST_WORDS = 40
TOKEN_LENGTH = 10
_WEIGHTS = {"called": 3, "about": 2, "given": 1}
"""Tables of words, each with how much its rank by BM25 counts."""
_SECRET = re.compile(
    r"(?:^|_)(?:api_?key|password|passwd|passphrase|secret|client_secret|access_token|auth_token|private_key)$"
)
"""Names of arguments that no model shall have to receive."""
_NAME: dict[str, Any] = {"type": "string", "description": "The tool's name, as search_tools showed it"}
_ARGUMENTS: dict[str, Any] = {"type": "object", "description": "Its arguments, as its inputSchema says"}
_TOKEN: dict[str, Any] = {"type": "string", "description": "The token that search_tools showed with it"}
Check = Callable[[Action], Problem | None]


def widen(model: Model) -> Model:
    """Return the model whose `mcp` surface has every action that a model may call.

    What the author lists there by name is all that he offers. Actions with a signed body, that need a secret
    among their arguments, or that ask whether the server is well, are for programs. A key beside the other
    arguments is none of the tool's.
    """
    offered = surface(model)
    if is_author_list(model):
        return model
    listed = {str(action.name) for action in offered.actions}
    more, omit = [], {**offered.omit}
    asked = Counter(str(p.name) for action in model.actions for p in action.params)
    for action in model.actions:
        secrets = [
            p for p in action.params if _SECRET.search(str(p.name).lower()) or str(p.name) in model.secrets
        ]
        # a cookie, or what most operations take, such as Google's `access_token`, is the key and no content
        aside = all(
            not p.required and (p.place == "cookie" or 2 * asked[str(p.name)] > len(model.actions))
            for p in secrets
        )
        well = action.effect == "read" and not action.params and asks_health(action.name, str(action.path))
        if str(action.name) in listed or action.alias_of or action.signed is not None or not aside or well:
            continue
        more.append(action)
        if secrets:
            omit[action.name] = (*omit.get(action.name, ()), *(str(p.name) for p in secrets))
    wide = replace(offered, actions=(*offered.actions, *more), omit=omit)
    return replace(model, surfaces={**model.surfaces, SURFACE: wide})


def is_author_list(model: Model) -> bool:
    """True if the catalogue lists the surface's actions one by one, so that it offers no others."""
    written = (model.source.data.get("surfaces") or {}).get(SURFACE)
    if model.source.is_from_document(("surfaces", SURFACE)):
        return False
    return isinstance(written, Mapping) and isinstance(written.get("actions"), list | tuple)


def is_usual(model: Model) -> bool:
    """True if the tools are searched unless somebody says otherwise."""
    return len(widen(model).surfaces[SURFACE].actions) > max(MANY, len(surface(model).actions))


@dataclass(frozen=True, slots=True)
class Call:
    """A call that was shown before: the tool, and its arguments."""

    tool: Tool
    arguments: dict[str, Any]


class ToolSearch:
    """The tools of a model that models may find, and the three tools by which they do."""

    def __init__(self, model: Model) -> None:
        self.model = widen(model)
        self.tools = tools(self.model)
        self._salt = hashlib.sha256(model.source.whole.encode()).hexdigest()
        self.listed = {str(one["name"]): one for one in self._describe()}

    def _describe(self) -> list[dict[str, Any]]:
        title = str(self.model.api.title)
        called = {
            "type": "object",
            "properties": {"name": _NAME, "arguments": _ARGUMENTS, "token": _TOKEN},
            "required": ["name", "arguments", "token"],
            "additionalProperties": False,
        }
        query = {
            "type": "string",
            "minLength": 1,
            "maxLength": MOST_QUERY,
            "description": "What is to be done, in a few words",
        }
        asked = {
            "type": "object",
            "properties": {"query": query},
            "required": ["query"],
            "additionalProperties": False,
        }
        return [
            {
                "name": SEARCH,
                "title": f"Find tools of {title}",
                "description": (
                    f"Find further tools of {title} by what they do: {len(self.tools)} in all. Returns at "
                    f"most {MOST_FOUND} definitions, the best first, each with the token of its call. Call "
                    f"one that reads with {READ}, and one that writes with {WRITE}."
                ),
                "inputSchema": asked,
                "annotations": _hints(reads=True, open_world=False),
            },
            {
                "name": READ,
                "title": f"Call a tool of {title} that reads",
                "description": (
                    f"Call a tool that {SEARCH} showed and that only reads (readOnlyHint). Changes nothing."
                ),
                "inputSchema": called,
                "annotations": _hints(reads=True, open_world=True),
            },
            {
                "name": WRITE,
                "title": f"Call a tool of {title} that writes",
                "description": (
                    f"Call a tool that {SEARCH} showed and that writes. Ask the user first where its "
                    "description says so."
                ),
                "inputSchema": called,
                "annotations": _hints(reads=False, open_world=True),
            },
        ]

    @cached_property
    def _index(self) -> sqlite3.Connection:
        """The words of the tools: of names and titles, of descriptions, and of arguments.

        Each has a table, as a word counts by how rare it is there: `user` is in each argument of some APIs.
        """
        made = sqlite3.connect(":memory:", check_same_thread=False)
        for table in _WEIGHTS:
            made.execute(f"CREATE VIRTUAL TABLE {table} USING fts5(words, tokenize=porter)")
        for number, (name, tool) in enumerate(self.tools.items()):
            members = tool.listed["inputSchema"].get("properties", {})
            said = {
                "called": f"{name} {_say_act(tool.action)}",
                "about": f"{tool.listed['title']} {tool.listed['description']} {tool.action.path or ''}",
                "given": " ".join(f"{key} {one.get('description', '')}" for key, one in members.items()),
            }
            for table, text in said.items():
                made.execute(f"INSERT INTO {table} (rowid, words) VALUES (?, ?)", (number, _words(text)))
        return made

    def find(self, query: str, allowed: Check | None) -> list[Tool]:
        """Return the tools that fit a query and that the caller may call, the best first."""
        words = _words(query).split()[:MOST_WORDS]
        if not words:
            return []
        wanted = " OR ".join(f'"{word}"' for word in words)
        parts = (
            f"SELECT rowid AS tool, {weight} * bm25({table}) AS part FROM {table} WHERE {table} MATCH :wanted"
            for table, weight in _WEIGHTS.items()
        )
        ranked = f"SELECT tool FROM ({' UNION ALL '.join(parts)}) GROUP BY tool ORDER BY sum(part), tool"
        every = list(self.tools.values())
        found = (every[number] for (number,) in self._index.execute(ranked, {"wanted": wanted}))
        able = (one for one in found if allowed is None or allowed(one.action) is None)
        return [tool for _, tool in zip(range(MOST_FOUND), able, strict=False)]

    def make_token(self, tool: Tool, caller: str) -> str:
        """Return the token of a tool's definition for a caller; another definition has another one."""
        written = json.dumps([self._salt, caller, tool.listed], sort_keys=True)
        return hashlib.sha256(written.encode()).hexdigest()[:TOKEN_LENGTH]

    def search(self, arguments: Mapping[str, Any], caller: str, allowed: Check | None) -> CallToolResult:
        """Return the result of `search_tools`."""
        from mcp_types import CallToolResult, TextContent

        query = arguments.get("query")
        if not isinstance(query, str) or arguments.keys() != {"query"} or not query.strip():
            return _refuse("invalid_arguments", f"{SEARCH} takes `query`, a text, and nothing else")
        if len(query) > MOST_QUERY:
            said = f"the query has {len(query):,} characters, and at most {MOST_QUERY:,} are taken"
            return _refuse("invalid_arguments", said)
        found = [
            {**tool.listed, "token": self.make_token(tool, caller)} for tool in self.find(query, allowed)
        ]
        text = json_bytes({"tools": found}).decode()
        if not found:
            text = f"No tool of {len(self.tools)} fits these words; say otherwise what is to be done."
        return CallToolResult(content=[TextContent(type="text", text=text)])

    def take(self, called: str, arguments: Mapping[str, Any], caller: str) -> Call | CallToolResult:
        """Return the call that `call_read` or `call_write` shall make, or why it is not made."""
        name, given, token = (arguments.get(key) for key in ("name", "arguments", "token"))
        right = isinstance(name, str) and isinstance(given, dict) and isinstance(token, str)
        if not right or arguments.keys() != {"name", "arguments", "token"}:
            return _refuse("invalid_arguments", f"{called} takes `name`, `arguments` (an object) and `token`")
        tool = self.tools.get(str(name))
        if tool is None or token != self.make_token(tool, caller):
            said = f"{SEARCH} did not show `{brief(str(name), 80)}` with this token, or it has changed since"
            return _refuse("not_shown", said, "search again, and take the token from there")
        if tool.listed["annotations"]["readOnlyHint"] is not (called == READ):
            does, other = ("writes", WRITE) if called == READ else ("only reads", READ)
            return _refuse("wrong_tool", f"`{name}` {does}, so {called} does not call it", f"use {other}")
        return Call(tool, dict(given or {}))


def _say_act(action: Action) -> str:
    """Return what a call does by its method, path and answer, in words of users; its name may say another."""
    if action.effect == "read":
        schema = action.success.schema
        listing = action.pages is not None or (schema is not None and schema.get("type") == "array")
        return "get list" if listing else "get"
    made = "" if str(action.path or "").endswith("}") else "create"
    return {"PUT": "update", "PATCH": "update", "DELETE": "delete"}.get(action.method, made)


def _hints(*, reads: bool, open_world: bool) -> dict[str, bool]:
    return {
        "readOnlyHint": reads,
        "destructiveHint": not reads,
        "idempotentHint": reads,
        "openWorldHint": open_world,
    }


def _words(text: str) -> str:
    return " ".join(sorted(matter(text[:20_000])))


def _refuse(code: str, message: str, note: str = "") -> CallToolResult:
    return make_error_result(Problem(code, message, note=note, sent=False))
