"""The tools of an MCP server: contracts about them, their arguments, and how a server lists them.

The checks in `verify/tool_checks` judge a server that no catalogue describes. The pages and the
comparison with an entry also serve the checks of a catalogue's own server.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from pgagents.base.http import json_bytes
from pgagents.base.jsonschema.schema import foreign_validator
from pgagents.base.jsonschema.walk import rewrite
from pgagents.base.places import Pointer
from pgagents.generate.targets.mcp.tools import is_wrapper
from pgagents.report.contract import Verdict
from pgagents.report.reason import Reason, allow, as_read
from pgagents.verify.judgement import Judgement, conclude
from pgagents.verify.promise import Attempt, Case, Trial
from pgagents.verify.setting import Setting
from pgagents.verify.values.invalid_values import MISSING, violations
from pgagents.verify.values.schema_values import low, types_of
from pgagents.verify.wire.asking import ask
from pgagents.verify.wire.call import Call, Raw
from pgagents.verify.wire.endpoint import MCP
from pgagents.verify.wire.exchange import Exchange
from pgagents.verify.wire.mcp_link import ListWalk
from pgagents.verify.wire.mcp_messages import result_of

TOOLS = ("MCP 2025-11-25, server/tools",)
MOST_NAME = 100


@dataclass(frozen=True, slots=True)
class ListedTool:
    """A tool that the server lists. `number` is its place in the list, and `definition` its entry there.

    `withheld` is the verdict, with its reason, on what only a call can show, if the tool may not be called.
    """

    number: int
    name: str
    definition: Mapping[str, Any]
    withheld: tuple[Verdict, str] | None

    def case(
        self,
        detail: str,
        says: str,
        attempt: Attempt | None,
        *,
        part: str = "",
        advice: bool = False,
        calls: bool = True,
        about: Any = None,
        further: Sequence[Attempt] = (),
        settled: tuple[Verdict, str] | None = None,
    ) -> Case:
        """Return a case about the tool. `part` is the member of the definition that promises it, and `calls`
        is False if it shows without a call. `settled` counts only for a tool that may be called.
        """
        origin: Pointer = ("tools", self.number, part) if part in self.definition else ("tools", self.number)
        settled = self.withheld if calls and self.withheld is not None else settled
        place = f"{quote(self.name[:MOST_NAME], safe='') or '-'}@{MCP}"  # a name may hold any character
        return Case(None, says, origin, attempt, detail, TOOLS, settled, about, place, advice, further)

    @property
    def arguments(self) -> ToolArguments | None:
        """The maker of its arguments; None if no value can be judged by its input schema."""
        try:
            return ToolArguments(self.definition["inputSchema"])
        except (ValueError, KeyError, TypeError, AttributeError):
            return None


def list_tools(setting: Setting) -> Iterator[ListedTool]:
    """Yield the tools of a server that no catalogue describes; none if there is a catalogue."""
    listing = setting.listing
    for number, name, definition in listing.named if listing is not None else ():
        assert listing is not None
        withheld = None
        if not listing.may_call(definition):
            why = listing.object_to(definition)
            options = allow(name), *([as_read(name)] if name not in listing.acts else ())
            reads = f"; {options[1]} says that it reads" if options[1:] else ""
            said = f"it may write, {why}: {options[0]} would call it{reads}"
            withheld = Verdict.NOT_SELECTED, Reason(said, options)
        yield ListedTool(number, name, definition, withheld)


def server_case(
    detail: str,
    says: str,
    attempt: Attempt,
    *,
    cite: Sequence[str] = TOOLS,
    advice: bool = False,
    settled: tuple[Verdict, str] | None = None,
    about: Any = None,
) -> Case:
    """Return a case about the server as a whole."""
    return Case(None, says, ("tools",), attempt, detail, cite, settled, about, f"@{MCP}", advice)


def judge_without_calls(probe: str) -> Attempt:
    """Return an attempt that sends nothing: what it judges was read before the run.

    The cases' `about` is `(expected, problem, values)`, as `Trial.judge` takes them.
    """
    return Attempt(together=_judge_each, stage=1, cost=0, role="", probe=f"{probe}@{MCP}")


def _judge_each(trials: Sequence[Trial]) -> None:
    for trial in trials:
        expected, problem, values = trial.case.about
        conclude(trial.judge(expected, problem, **values))


def judge_busy(exchange: Exchange, trials: Sequence[Trial]) -> Iterator[Judgement]:
    """Leave the contracts of a call untested that the server put off."""
    for trial in trials:
        yield trial.untested(f"the server was busy: {exchange.outcome}")


def send_message(method: str, params: Mapping[str, Any] | None, why: str) -> Call:
    """Return a call that sends one message of the protocol."""
    message = {"method": method} if params is None else {"method": method, "params": params}
    return Call(None, {}, "document", why, surface=MCP, raw=Raw(method="POST", body=json_bytes(message)))


def call_tool(name: str, arguments: Mapping[str, Any], why: str) -> Call:
    """Return a call of a tool."""
    return send_message("tools/call", {"name": name, "arguments": arguments}, why)


# -- arguments for a tool, from its input schema.
#
# A value comes from the schema's `examples`, `default`, `const` and `enum`, or from an example quoted in
# the description. Otherwise it is the least that the schema allows.


MOST_NODES, MOST_WRONG, MOST_CHOSEN = 3_000, 10, 200
UNKNOWN = "pgv_unknown"
_QUOTED = re.compile(r"(?:e\.g\.|for example|such as|examples?:)[^'\"`]{0,20}(['\"`])(.{1,80}?)\1", re.I)
_KEYWORDS = ("required", "type", "enum", "const", "minimum", "maximum", "exclusiveMinimum",
             "exclusiveMaximum",
             "minLength", "maxLength", "pattern", "minItems", "maxItems", "uniqueItems")  # fmt: skip
_WRONG: Mapping[str, Any] = {
    "string": {"pgv": 1}, "number": {"pgv": 1}, "integer": {"pgv": 1}, "boolean": {"pgv": 1},
    "array": {"pgv": 1}, "object": "pgv",
}  # fmt: skip
"""A value for each type that has another type, and that no lenient reader can convert."""


@dataclass(frozen=True, slots=True)
class BrokenArguments:
    """Arguments that break one keyword of the schema, and a description of the problem."""

    arguments: Mapping[str, Any]
    says: str
    keyword: str


class ToolArguments:
    """Makes the arguments of one tool. Raises ValueError for a schema by which no value can be judged."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self._test = foreign_validator(schema)
        self._flat = inline_references(schema)
        members = self._flat.get("properties")
        self._members: Mapping[str, Any] = members if isinstance(members, Mapping) else {}
        wanted = self._flat.get("required")
        self._required = [n for n in wanted if isinstance(n, str)] if isinstance(wanted, list) else []

    def make_ordinary(self) -> Mapping[str, Any] | None:
        """Return valid arguments, required ones only; None if no valid values were found."""
        values = {name: self._value(name) for name in self._required}
        if self._test.is_valid(values):
            return values
        try:
            values = {**low(self._flat, {}), **values}
        except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError):
            return None
        return values if self._test.is_valid(values) else None

    def make_whole(self) -> Mapping[str, Any] | None:
        """Return valid arguments with every member of the schema; None if these are the ordinary ones."""
        values = {name: self._value(name) for name in self._members}
        return values if values != self.make_ordinary() and self._test.is_valid(values) else None

    def list_chosen(self) -> list[Mapping[str, Any]]:
        """Return the ordinary arguments, varied by each value of each enum."""
        base = self.make_ordinary() or {}
        members = ((name, part) for name, part in self._members.items() if isinstance(part, Mapping))
        chosen: list[Mapping[str, Any]] = []
        for name, part in members:
            chosen += [{**base, name: value} for value in _listed(part.get("enum"))]
        return chosen[:MOST_CHOSEN]

    def list_wrong(self) -> list[BrokenArguments]:
        """Return arguments that each break one keyword. Unknown members are not among them."""
        base = self.make_ordinary()
        if base is None:
            return []
        by_key: dict[tuple[str, str], BrokenArguments] = {}
        for wrong in self._violations(base):
            key = wrong.keyword, wrong.says.split("`")[1] if "`" in wrong.says else ""
            if key not in by_key and not self._test.is_valid(wrong.arguments):
                by_key[key] = wrong
        ordered = sorted(by_key.values(), key=lambda wrong: _KEYWORDS.index(wrong.keyword))
        return ordered[:MOST_WRONG]

    def make_unknown(self) -> Mapping[str, Any] | None:
        """Return arguments with a member that the schema refuses; None if the schema accepts any member."""
        base = self.make_ordinary()
        arguments = None if base is None else {**base, UNKNOWN: "1"}
        return arguments if arguments is not None and not self._test.is_valid(arguments) else None

    def find_example(self) -> Mapping[str, Any] | None:
        """Return the required arguments with values that the schema itself gives; None if a value must be
        invented.
        """
        values = {name: self._find_given(name) for name in self._required}
        sound = all(value is not None for value in values.values()) and self._test.is_valid(values)
        return values if sound else None

    def _find_given(self, name: str) -> Any:
        """Return a value that the schema gives for an argument; None if it gives none."""
        schema = self._members.get(name)
        if not isinstance(schema, Mapping):
            return None
        candidates = _listed(schema.get("examples")) + [
            schema[k] for k in ("const", "default") if k in schema
        ]
        candidates += [*_listed(schema.get("enum"))[:1], *_quotes(schema.get("description"))]
        return next((v for v in candidates if v is not None and _fits(schema, v)), None)

    def _value(self, name: str) -> Any:
        schema = self._members.get(name)
        if not isinstance(schema, Mapping):
            return "1"
        if (example := self._find_given(name)) is not None:
            return example
        if schema.get("format") in ("uri", "url"):
            return "https://example.com/"
        try:
            return low(schema, {})
        except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError):
            return "1"

    def _violations(self, base: Mapping[str, Any]) -> Iterator[BrokenArguments]:
        for name, schema in self._members.items():
            if not isinstance(schema, Mapping):
                continue
            if name in self._required:
                rest = {k: v for k, v in base.items() if k != name}
                yield BrokenArguments(rest, f"without the required `{name}`", "required")
            kinds = types_of(schema)
            if len(kinds) == 1 and kinds[0] in _WRONG:
                yield BrokenArguments(
                    {**base, name: _WRONG[kinds[0]]}, f"with `{name}` of another type", "type"
                )
            try:
                broken = [
                    v for v in violations(schema, {}, required=False) if v.priority == 1 and not v.unmade
                ]
            except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError):
                continue
            for violation in broken:
                keyword, value = violation.keyword, violation.value
                if keyword in _KEYWORDS[2:] and not violation.path and value is not MISSING:
                    says = f"with a `{name}` that {violation.says}"
                    yield BrokenArguments({**base, name: value}, says, keyword)


def _fits(schema: Mapping[str, Any], value: Any) -> bool:
    try:
        return bool(foreign_validator(schema).is_valid(value))
    except ValueError:
        return False


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list) else []


def _quotes(description: Any) -> list[str]:
    """Return the examples that a description quotes."""
    return (
        [match[2] for match in _QUOTED.finditer(description[:4_000])] if isinstance(description, str) else []
    )


def inline_references(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema with its own references replaced by their schemas; recursive ones are left open."""
    left = MOST_NODES

    def copy(node: Any, above: frozenset[str]) -> Any:
        nonlocal left
        left -= 1
        if left < 0:
            return {}
        if not isinstance(node, Mapping):
            return node
        ref = node.get("$ref")
        if isinstance(ref, str):
            if ref in above or not ref.startswith("#"):
                return {}
            target = _follow(schema, ref)
            rest = {k: v for k, v in node.items() if k != "$ref"}
            return copy({**target, **rest} if isinstance(target, Mapping) else rest, above | {ref})
        kept = {k: v for k, v in node.items() if k not in ("$defs", "definitions")}
        return rewrite(kept, lambda child: copy(child.schema, above))

    made: dict[str, Any] = copy(schema, frozenset())
    return made


def _follow(schema: Any, ref: str) -> Any:
    for step in ref[1:].split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        schema = schema.get(name) if isinstance(schema, Mapping) else None
    return schema


# -- the pages of `tools/list`


@dataclass(frozen=True, slots=True)
class ReadList:
    """The tools of all pages, and why a list is not whole; all texts are empty if it was read to its end.

    `problem` is a mistake of the server. `unread` says why nothing can be judged: the server could not be
    reached or put the call off, or the list is longer than this client reads. `pages` is the number of pages.
    """

    tools: Sequence[Any]
    problem: str = ""
    unread: str = ""
    pages: int = 1


def ask_page(cursor: str | None, why: str = "the tools that it lists") -> Call:
    """Return the call for one page of the list. A cursor may be empty; None asks for the first page."""
    return send_message("tools/list", None if cursor is None else {"cursor": cursor}, why)


def read_pages(setting: Setting) -> ReadList:
    """Read the pages of the server's list of tools."""
    link = setting.mcp
    assert link is not None
    walk, goes_on = ListWalk(), True
    while goes_on:
        exchange = ask(ask_page(walk.cursor))
        if link.problem and not link.told:
            return ReadList(walk.tools, unread=link.problem, pages=walk.pages)
        if exchange.void:
            return ReadList(walk.tools, unread=exchange.outcome, pages=walk.pages)
        goes_on = walk.take(result_of(exchange.answer), exchange.outcome, link.version)
    return ReadList(walk.tools, walk.problem, walk.limit, walk.pages)


# -- a tool beside its entry in `tools/list`.
#
# A tool of an action that the API offers too must equal the entry. A tool of the MCP server alone must
# only mean the same. Such a server is rarely made from the catalogue, so its schemas have other forms.
# Two schemas mean the same if they allow and refuse the same values. Titles are optional, and so are the
# hints on idempotency and on an open world.


HINTS = {"readOnlyHint": False, "destructiveHint": True}
"""The default values of the hints that follow from an action's effect."""
IDLE = ("destructiveHint", "idempotentHint")
"""The hints that have no meaning for a tool that only reads."""
OPTIONAL = ("idempotentHint", "openWorldHint")
"""The hints that are compared only if the server sends them."""
MOST_SHOWN = 80
SETS = ("required", "enum", "type")
"""Keywords of a schema whose list is a set: its order does not matter."""
MORE = ("_meta", "icons", "execution", "annotations")
"""Members of a tool that a server may extend beyond the generated file."""


def find_other_meaning(built: Mapping[str, Any], listed: Mapping[str, Any]) -> str:
    """Return the JSON pointer of the first part of a listed tool with a different meaning; empty if all
    agree.
    """
    if _words(built.get("description")) != _words(listed.get("description")):
        return "#/description"
    hints = listed.get("annotations")
    hints = hints if isinstance(hints, Mapping) else {}
    titles = [t for t in (listed.get("title"), hints.get("title")) if isinstance(t, str) and t]
    if titles and built.get("title") not in titles:
        return "#/title"
    ours = built["annotations"]
    for hint in (*HINTS, *(name for name in OPTIONAL if name in hints)):
        idle = hint in IDLE and ours.get("readOnlyHint") is True
        if not idle and ours.get(hint) != hints.get(hint, HINTS.get(hint)):
            return f"#/annotations/{hint}"
    promised = "outputSchema" in built and not is_wrapper(built["outputSchema"])
    if promised and not isinstance(listed.get("outputSchema"), Mapping):
        return "#/outputSchema"
    return _find_other_arguments(built["inputSchema"], listed.get("inputSchema"))


def _find_other_arguments(built: Mapping[str, Any], listed: Any) -> str:
    at = "#/inputSchema"
    if not isinstance(listed, Mapping):
        return at
    ours, theirs = _members(built), _members(listed)
    for name in [*ours, *(n for n in theirs if n not in ours)]:
        if name not in ours or name not in theirs:
            return f"{at}/properties/{name}"
        texts = [_words(part.get("description")) for part in (ours[name], theirs[name])]
        if texts[0] != texts[1]:
            return f"{at}/properties/{name}/description"
    try:
        tests = [foreign_validator(_open(schema)) for schema in (built, listed)]
        values = [*_list_values(built), *_list_values(listed)]
    except ValueError:
        return at
    for value in values:
        if tests[0].is_valid(value) != tests[1].is_valid(value):
            return at
    return ""


def _list_values(schema: Mapping[str, Any]) -> Iterator[Any]:
    """Yield arguments that a schema allows, and some that it refuses."""
    maker = ToolArguments(schema)
    yield from (value for value in (maker.make_ordinary(), maker.make_whole()) if value is not None)
    yield from maker.list_chosen()
    yield from (wrong.arguments for wrong in maker.list_wrong())


def _open(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema of arguments without `additionalProperties`, on which servers and SDKs differ."""
    return {key: value for key, value in schema.items() if key != "additionalProperties"}


def _members(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    properties = inline_references(schema).get("properties")
    members = properties.items() if isinstance(properties, Mapping) else ()
    return {str(name): part for name, part in members if isinstance(part, Mapping)}


def _words(text: Any) -> str:
    return " ".join(text.split()) if isinstance(text, str) else ""


def find_difference(expected: Any, listed: Any, path: str = "#", depth: int = 0) -> str:
    """Return the JSON pointer of the first difference between the listed and the built tool; empty if they
    are equal.

    A listed schema may lack examples, which promise nothing.
    """
    if isinstance(expected, Mapping) and isinstance(listed, Mapping):
        open_ended = depth == 1 and path.rpartition("/")[2] in MORE
        for name in [*expected, *(k for k in listed if k not in expected)]:
            at = f"{path}/{str(name).replace('~', '~0').replace('/', '~1')}"
            if name not in expected and (open_ended or (depth == 0 and name in MORE) or name == "$schema"):
                continue
            if name == "examples" and name not in listed and not path.endswith("/properties"):
                continue
            if name not in listed or name not in expected:
                return at
            if where := find_difference(expected[name], listed[name], at, depth + 1):
                return where
        return ""
    if isinstance(expected, list) and isinstance(listed, list):
        if len(expected) != len(listed):
            return path
        if path.rpartition("/")[2] in SETS:
            return "" if sorted(expected, key=repr) == sorted(listed, key=repr) else path
        pairs = enumerate(zip(expected, listed, strict=True))
        return next(
            (where for i, (a, b) in pairs if (where := find_difference(a, b, f"{path}/{i}", depth + 1))), ""
        )
    same = expected == listed and isinstance(expected, bool) == isinstance(listed, bool)
    return "" if same else path


def show_member(tool: Any, pointer: str) -> str:
    """Return the value at a JSON pointer as short text."""
    for step in pointer.split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        if isinstance(tool, Mapping) and name in tool:
            tool = tool[name]
        elif isinstance(tool, list) and name.isdecimal() and int(name) < len(tool):
            tool = tool[int(name)]
        else:
            return "nothing"
    text = json_bytes(tool).decode()
    return text if len(text) <= MOST_SHOWN else text[:MOST_SHOWN] + "…"
