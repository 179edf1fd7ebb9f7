"""The effect of a change on plugins in stores, by the rules of the stores' scans.

A store that scans keeps the tool definitions that it has approved. Each changed or new tool waits for its own
review, and a removed one disappears with the next scan. Until then models call by the approved definitions.
Other stores keep only the package, and read its tools from the server.
https://developers.openai.com/plugins/deploy/submission.md, read 2026-11-21.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pgagents.base.places import Pointer, plain
from pgagents.catalogue.model.listing import Listing
from pgagents.catalogue.model.model import Model
from pgagents.diff.change import Change, Severity, in_order
from pgagents.diff.inclusion import decide_inclusion

SCANNING = frozenset(("openai",))
"""The stores that keep approved tool definitions."""
FILE = "mcp/tools.json"
CAREFUL = {"readOnlyHint": False, "destructiveHint": True, "idempotentHint": False, "openWorldHint": True}
"""The value of each hint for which a host demands more confirmation."""
REQUIRED_HINTS = ("readOnlyHint", "destructiveHint", "openWorldHint")
"""The hints that a scan demands of each tool, https://developers.openai.com/plugins/build/mcp-server,
read 2026-11-21.
"""
Tools = Mapping[str, Mapping[str, Any]]
Outcome = Literal["kept", "held", "delisted"]
"""A listing works as approved, fails until a review, or loses a tool or all of its users."""
OUTCOMES: Mapping[str, Outcome] = {
    "listing-removed": "delisted",
    "listing-name": "held",
    "listing-server": "held",
    "listing-version": "held",
    "listing-tool-removed": "delisted",
    "listing-tool-hint-missing": "delisted",
    "listing-tool-hint": "held",
    "listing-tool-input": "held",
    "listing-tool-output": "held",
    "listing-tool-review": "kept",
    "listing-tool-added": "kept",
}
"""The outcome of each change of this module, by its id."""


@dataclass(frozen=True, slots=True)
class Package:
    """A package as a store knows it without its tools.

    `server` is the URL of its MCP server, and empty without one.
    """

    name: str
    server: str


def compare_listings(old: Model, new: Model) -> list[Change]:
    """Return the effects of the change on each listing of the old edition, the most severe first."""
    return in_order(_compare(old, new))


def list_listings(model: Model) -> dict[str, Listing]:
    """Return the listings of a catalogue by their surface."""
    return {name: s.listing for name, s in model.surfaces.items() if s.listing is not None}


def _compare(old: Model, new: Model) -> Iterator[Change]:
    after = list_listings(new)
    then, now = _list_tools(old), _list_tools(new)
    for store, was in list_listings(old).items():
        listing = after.get(store)
        if listing is None:
            message = "nothing is listed there any more: users of the plugin lose it"
            at = ("surfaces", store, "listing")
            yield Change("breaking", "listing-removed", store, message, (store,), at)
            continue
        yield from _compare_packages(store, old, new, was, listing)
        places = _place_finder(old), _place_finder(new)
        yield from compare_tools(store, then, now, *places)


def compare_tools(
    store: str,
    then: Tools,
    now: Tools,
    find_old: Callable[[str], Pointer | None],
    find_new: Callable[[str], Pointer | None],
) -> Iterator[Change]:
    """Yield what becomes of approved tools at a store that keeps their definitions; nothing at another one.

    `then` are the approved definitions by name, and `now` those that the server lists. The functions return
    the place of a tool in its own edition.
    """
    if store not in SCANNING:
        return
    for name, tool in then.items():
        yield from _compare_tool(store, name, tool, now.get(name), find_old(name), find_new(name))
    for name in now:
        if name not in then:
            message = "it is new, and waits for a review of its own"
            yield Change("addition", "listing-tool-added", name, message, (store,), None, find_new(name))


def _list_tools(model: Model) -> Tools:
    from pgagents.generate.build import document

    if "mcp" not in model.surfaces:
        return {}
    return {tool["name"]: tool for tool in plain(document(model, FILE, traced=False).data["tools"])}


def _compare_packages(store: str, old: Model, new: Model, was: Listing, now: Listing) -> Iterator[Change]:
    """Yield changes of the package: its name, its server, and other files under the same version."""

    def change(severity: Severity, id: str, message: str, *at: str | int) -> Change:
        return Change(severity, id, store, message, (store,), at, at)

    listing = ("surfaces", store, "listing")
    before, after = old.mcp_server, new.mcp_server
    urls = [str(server.url) if server is not None else "" for server in (before, after)]
    yield from compare_packages(store, Package(str(was.id), urls[0]), Package(str(now.id), urls[1]))
    if (was.id, was.version) == (now.id, now.version) and _pack(old, store, was) != _pack(new, store, now):
        message = (
            f"the package changed, and its version is still {now.version}: a store takes it as a new one"
        )
        yield change("may break", "listing-version", message, *listing)


def compare_packages(store: str, was: Package, now: Package) -> Iterator[Change]:
    """Yield the changes of a package's name and of its server, with their places in a catalogue."""

    def change(id: str, message: str, *at: str | int) -> Change:
        return Change("breaking", id, store, message, (store,), at, at)

    if was.name != now.name:
        message = (
            f"the package is named {now.name} now, was {was.name}: another plugin, which is reviewed anew"
        )
        yield change("listing-name", message, "surfaces", store, "listing")
    if was.server != now.server:
        who = (
            "only the store's support can change that" if store in SCANNING else "installed ones call the old"
        )
        message = (
            f"the MCP server is at {now.server or 'no address'} now, was {was.server or 'nowhere'}: {who}"
        )
        yield change("listing-server", message, "surfaces", "mcp", "server")


def _pack(model: Model, store: str, listing: Listing) -> dict[str, bytes]:
    from pgagents.generate.package import ARCHIVES, pack_archive

    return pack_archive(model, ARCHIVES[store], listing)[1]


def _compare_tool(
    store: str,
    name: str,
    was: Mapping[str, Any],
    now: Mapping[str, Any] | None,
    then: Pointer | None,
    there: Pointer | None,
) -> Iterator[Change]:
    """Yield the state of an approved tool until its new definition is approved.

    `then` and `there` are its places in the old and the new edition.
    """

    def change(
        severity: Severity, id: str, message: str, *, example: str = "", safety: bool = False
    ) -> Change:
        return Change(severity, id, name, message, (store,), then, there, example, safety)

    if now is None:
        message = "it is gone with the next scan, and chats that use it fail until then"
        yield Change("breaking", "listing-tool-removed", name, message, (store,), then)
        return
    if was == now:
        return
    yield from _compare_hints(was, now, change)
    sent = close_arguments(leave_out_dialect(was["inputSchema"]))
    taken = decide_inclusion(sent, {}, leave_out_dialect(now["inputSchema"]), {})
    if taken.verdict != "yes":
        how = "refuses" if taken.verdict == "no" else "may refuse"
        message = f"the server {how} calls by the approved input schema, by which models call until a review"
        severity: Severity = "breaking" if taken.verdict == "no" else "may break"
        yield change(severity, "listing-tool-input", message, example=taken.example)
    if "outputSchema" in was:
        given = decide_inclusion(
            leave_out_dialect(now.get("outputSchema", {})), {}, leave_out_dialect(was["outputSchema"]), {}
        )
        if given.verdict != "yes":
            how = "gives" if given.verdict == "no" else "may give"
            message = f"the server {how} results that the approved output schema does not allow"
            severity = "breaking" if given.verdict == "no" else "may break"
            yield change(severity, "listing-tool-output", message, example=given.example)
    yield change("addition", "listing-tool-review", "its new definition waits for a review of its own")


_BY_DIALECT = frozenset(("additionalItems", "prefixItems", "dependencies", "$recursiveRef", "$dynamicRef"))
_OPEN = frozenset(("additionalProperties", "patternProperties", "unevaluatedProperties", "$ref"))
_JOINING = frozenset(("allOf", "anyOf", "oneOf", "if", "not"))


def close_arguments(schema: Any) -> Any:
    """Return an approved input schema of only the arguments that it names, as a model sends no others.

    A part that joins several schemas, or says which other members it takes, stays as it is.
    """
    if not isinstance(schema, Mapping) or schema.keys() & _JOINING:
        return schema
    closed = dict(schema)
    members = schema.get("properties")
    if isinstance(members, Mapping):
        closed["properties"] = {name: close_arguments(part) for name, part in members.items()}
    if isinstance(schema.get("items"), Mapping):
        closed["items"] = close_arguments(schema["items"])
    if schema.get("type") == "object" and not schema.keys() & _OPEN:
        closed["additionalProperties"] = False
    return closed


def leave_out_dialect(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a schema without `$schema`, if it means the same in each dialect."""
    waiting: list[Any] = [schema] if "$schema" in schema else []
    while waiting:
        node = waiting.pop()
        if isinstance(node, Mapping):
            if node.keys() & _BY_DIALECT or isinstance(node.get("items"), list):
                return schema
            waiting += node.values()
        elif isinstance(node, list):
            waiting += node
    return {key: part for key, part in schema.items() if key != "$schema"}


def _compare_hints(was: Mapping[str, Any], now: Mapping[str, Any], change: Any) -> Iterator[Change]:
    """Yield each hint whose new value demands more care. Until a review, hosts use the approved value.

    A hint that was missing had the careful value: https://modelcontextprotocol.io, ToolAnnotations.
    A scan that finds a required hint no more drops the tool without a word.
    https://github.com/grafana/mcp-grafana/issues/1009, 2026-07-23.
    """
    before, after = was.get("annotations", {}), now.get("annotations", {})
    for hint, careful in CAREFUL.items():
        if hint in REQUIRED_HINTS and hint in before and hint not in after:
            message = f"{hint} is missing now, and a scan takes no tool without it"
            yield change("breaking", "listing-tool-hint-missing", message)
        elif before.get(hint, careful) != careful and after.get(hint) == careful:
            message = f"{hint} is {str(careful).lower()} now, and hosts read the approved hint until a review"
            yield change("breaking", "listing-tool-hint", message, safety=True)


def _place_finder(model: Model) -> Callable[[str], Pointer | None]:
    """Return a function that finds the place of a tool's action in a catalogue."""
    from pgagents.generate.actions import index_actions

    actions = index_actions(model.surfaces["mcp"]) if "mcp" in model.surfaces else {}

    def find(name: str) -> Pointer | None:
        action = actions.get(name)
        return action.origin if action is not None else None

    return find


def describe_listings(old: Model, changes: list[Change]) -> str:
    """Return in one line which accepted listings a change breaks."""
    broken = {s for c in changes if c.severity == "breaking" for s in c.surfaces}
    doubtful = {s for c in changes if c.severity == "may break" for s in c.surfaces} - broken
    parts = []
    for store in list_listings(old):
        how = "breaks" if store in broken else "may break" if store in doubtful else "stays as it is accepted"
        parts.append(f"{store}: {how}")
    return f"accepted listings: {', '.join(parts)}" if parts else "the old edition has no listing"
