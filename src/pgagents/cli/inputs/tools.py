"""Read the tools of a running MCP server in place of a catalogue: the link, the list, and a model to
verify.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pgagents.catalogue.model.model import Model
    from pgagents.importer.catalogue import Imported
    from pgagents.verify.plan.options import Options
    from pgagents.verify.wire.mcp_link import Link, ToolListing

_FRAME = """pgagents: 1
api: {id: mcp, title: An MCP server, version: 1.0.0, server: "https://mcp.invalid", contact: mcp@mcp.invalid,
  for_people: Tools, for_models: Tools}
security: []
errors:
  codes: {refused: {status: 400, meaning: Refused}, failed: {status: 500, meaning: Failed}}
  framework: {invalid: refused, crashed: failed}
schemas: {}
actions: {none: {title: None, description: Nothing., effect: read, output: {200: {description: Nothing}}}}
surfaces: {mcp: {actions: all}}
"""
"""A minimal catalogue. Its action only serves to load it, and is removed from the model."""
MOST_NAME = 40
"""Characters of a server's command that name it in findings."""


@contextmanager
def open_server(
    url: str | None, command: str | None, *, cacert: Path | None = None, options: Options | None = None
) -> Iterator[Link]:
    """Yield the open link to a server, with the list of its tools. Raises PgagentsError and SetupError."""
    from pgagents.base.errors import SetupError, printable
    from pgagents.cli.inputs.companions import mask, open_foreign
    from pgagents.verify.run.timing import SHORTEST_S

    until = None
    if options is not None and options.max_time_s is not None:
        until = time.monotonic() + options.max_time_s

    def find_seconds_left() -> float | None:
        return None if until is None else max(SHORTEST_S, until - time.monotonic())

    with open_foreign(url, command, cacert=cacert) as link:
        link.find_seconds_left = find_seconds_left
        if not link.open():
            raise SetupError(printable(mask(link.problem)), _help(url))
        with open_foreign(url, command, cacert=cacert) as other:
            other.find_seconds_left = find_seconds_left
            survey(link, other, options)
        yield link


def survey(link: Link, other: Link, options: Options | None = None) -> None:
    """Read a server's tools over an open link, and begin a session on the other link.

    Raises PgagentsError if a name among the options is not a tool.
    """
    from pgagents.verify.wire.mcp_link import introduce, read_listing

    listing = read_listing(link)
    if options is not None:
        allowed = _find_tools(listing, "--allow", options.allow)
        reads, acts = (
            _find_tools(listing, flag, given)
            for flag, given in (("--reads", options.reads), ("--acts", options.acts))
        )
        if both := sorted(reads & acts):
            from pgagents.base.errors import PgagentsError

            raise PgagentsError(f"{both[0]} fits both --reads and --acts", "name it in one of them")
        listing = replace(listing, allowed=allowed, reads=reads, acts=acts)
    link.listing = listing
    link.introduction = introduce(other)


def _help(url: str | None) -> str:
    if url is None:
        return (
            "does the command start a server that speaks MCP over stdin and stdout? try it alone; of your "
            "environment it gets PATH, HOME and the like, and what --pass-env NAME names"
        )
    return "is it the server's MCP endpoint, such as https://…/mcp, and does it need PGAGENTS_MCP_TOKEN?"


def _find_tools(listing: ToolListing, flag: str, patterns: tuple[str, ...]) -> frozenset[str]:
    """Return the names that fit the patterns. Raises PgagentsError for a pattern that fits none."""
    from pgagents.base.errors import PgagentsError
    from pgagents.base.text import brief, did_you_mean, fits

    known = [name for _, name, _ in listing.named]
    found: set[str] = set()
    for pattern in patterns:
        fitting = [pattern] if pattern in known else [name for name in known if fits(pattern, (name,))]
        if not fitting:
            raise PgagentsError(
                f"{flag} {brief(pattern, 80)}: the server lists no such tool", did_you_mean(pattern, known)
            )
        found.update(fitting)
    return frozenset(found)


def import_server(place: str) -> Imported:
    """Return a catalogue of a server's tools. `place` is a URL, or the command that starts the server.

    Examples are taken from the tools' own schemas; no tool is called. Raises PgagentsError and SetupError.
    """
    from pgagents.cli.inputs.companions import check_address
    from pgagents.importer.tools import Server, import_tools

    url, command = (place, None) if place.startswith(("https://", "http://")) else (None, place)
    check_address(url, command, "--mcp")
    with open_server(url, command) as link:
        assert link.listing is not None
        if link.listing.unread:
            from pgagents.base.errors import SetupError

            raise SetupError(f"tools/list cannot be read: {link.listing.unread}", "see `pgagents verify`")
        info = find_info(link)
        words = link.told.get("instructions")
        server = Server(
            str(info.get("name") or "MCP server"),
            str(info.get("version") or ""),
            words if isinstance(words, str) else "",
            f"{link.url}{link.path}" if link.url else "",
        )
        return import_tools(server, link.listing.tools, _find_examples(link.listing))


def find_info(link: Link) -> Mapping[str, Any]:
    """Return the server's name and version, in either era of the protocol."""
    return link.named if isinstance(link.named, Mapping) else {}


def _find_examples(listing: ToolListing) -> dict[str, Mapping[str, Any]]:
    """Return arguments by tool, for tools whose schemas contain examples."""
    from pgagents.verify.tools import ToolArguments

    found = {}
    for _, name, tool in listing.named:
        with suppress(ValueError, KeyError, TypeError, AttributeError):
            if (example := ToolArguments(tool["inputSchema"]).find_example()) is not None:
                found[name] = example
    return found


def render_listing(listing: ToolListing) -> str:
    """Return the list as text. Findings refer to the lines of this text."""
    return json.dumps({"tools": list(listing.tools)}, ensure_ascii=False, indent=2) + "\n"


def _name_command(command: str) -> str:
    """Return a short name of a command, because each finding repeats it: paths without their folders."""
    from pgagents.base.text import brief

    words = [word.rstrip("/").rpartition("/")[2] or word for word in command.split()]
    return brief(" ".join(words), MOST_NAME)


def make_model(link: Link) -> Model:
    """Return a model without actions, whose source is the server's list of tools."""
    from pgagents.catalogue.load import load_text
    from pgagents.cli.inputs.document import name_of
    from pgagents.importer.places import open_source

    assert link.listing is not None
    framed = load_text(_FRAME, "tools/list")
    name = f"tools/list of {name_of(link.url) if link.url else _name_command(link.command)}"
    data = {"tools": list(link.listing.tools)}
    source = open_source(render_listing(link.listing), name, data, {("tools",): ("tools",)})
    sha256 = hashlib.sha256(source.text.encode()).hexdigest()
    return replace(framed, actions=(), surfaces={}, source=source, sha256=sha256)
