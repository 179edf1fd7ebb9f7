"""Compare the surfaces of two editions, their MCP servers and their dispatchers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any

from pgagents.cel.expression import Expression
from pgagents.diff.auth.schemes import match_credentials
from pgagents.diff.change import Change, Severity, whole
from pgagents.model.model import Model
from pgagents.model.stores.cases import Case, Cases
from pgagents.model.stores.listing import Listing
from pgagents.model.surface import Dispatcher, McpServer, Surface

_COMPARED = frozenset((
    "name", "actions", "omit", "narrow", "title", "description", "human_name", "instructions", "starters",
    "namespace",
    "server", "env", "auth",
    "published_spec", "dispatcher", "cite", "origin", "mcp_server", "listing", "cases",
))  # fmt: skip
"""Fields of a surface that are compared one by one. A change of any other has a general message."""


_NO_TEXTS = frozenset(("id", "version", "store", "origin", "starters", "name"))
"""Fields of a listing that are compared elsewhere, or that people do not see."""


def compare_surfaces(old: Model, new: Model) -> Iterator[Change]:
    """Yield the changes of whole surfaces: their actions, texts and MCP servers."""
    renamed = match_credentials(old, new)
    for name, was in old.surfaces.items():
        now = new.surfaces.get(name)
        if now is None:
            yield whole(
                "breaking",
                "surface-removed",
                f"nothing is offered on {name} any more",
                "surfaces",
                name,
                where=(name,),
                subject=name,
            )
            continue
        yield from _compare_surface(name, was, now, renamed)
    for name in new.surfaces.keys() - old.surfaces.keys():
        yield whole("addition", "surface-added", "is new", "surfaces", name, where=(name,), subject=name)


def _compare_surface(name: str, was: Surface, now: Surface, renamed: Mapping[str, str]) -> Iterator[Change]:
    """Yield the changes of one surface: its texts, its MCP server, its listing, and its settings."""
    for key in ("title", "description", "human_name", "instructions", "starters"):
        if getattr(was, key) != getattr(now, key):
            message = f"its {key.replace('human_', '')} changed, so an assistant may choose it at other times"
            yield whole("wording", "surface-text", message, "surfaces", name, where=(name,), subject=name)
    yield from _compare_mcp_servers(name, was.mcp_server, now.mcp_server, renamed)
    yield from _compare_listings(name, was.listing, now.listing)
    yield from _compare_cases(name, was.cases, now.cases)
    for key in ("namespace", "env", "auth", "published_spec", "dispatcher"):
        if getattr(was, key) != getattr(now, key):
            yield whole(
                "breaking",
                "surface-setting",
                f"its {key} is {getattr(now, key)!s} now",
                "surfaces",
                name,
                where=(name,),
                subject=name,
            )
    for field in fields(was):
        if field.name not in _COMPARED and getattr(was, field.name) != getattr(now, field.name):
            yield whole(
                "may break",
                "surface-setting",
                f"its {field.name} changed",
                "surfaces",
                name,
                where=(name,),
                subject=name,
            )


def _compare_listings(surface: str, was: Listing | None, now: Listing | None) -> Iterator[Change]:
    """Yield the changes of a store's listing.

    A package with another name is another plugin for everybody who installed it.
    """

    def change(severity: Severity, id: str, message: str) -> Change:
        return whole(severity, id, message, "surfaces", surface, where=(surface,), subject=surface)

    if was is None or now is None:
        if was is not now:
            message = "no store lists it any more" if now is None else "a store lists it now"
            yield change("may break", "surface-setting", message)
        return
    if was.id != now.id:
        yield change("may break", "surface-setting", f"its package is named {now.id} now, was {was.id}")
    changed = [f.name for f in fields(was) if getattr(was, f.name) != getattr(now, f.name)]
    shown = [key.replace("_", " ") for key in changed if key not in _NO_TEXTS]
    if shown:
        yield change("wording", "surface-text", f"a store shows another {', '.join(shown)} of its plugin")


def _compare_cases(surface: str, was: Cases | None, now: Cases | None) -> Iterator[Change]:
    """Yield the changes of test cases. Only reviewers read them."""
    before, after = ({case.name: _describe_case(case) for case in cases or ()} for cases in (was, now))
    names = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
    if names:
        message = f"a store's reviewer tries other test cases: {', '.join(names)}"
        yield whole(
            "wording", "surface-text", message, "surfaces", surface, where=(surface,), subject=surface
        )


def _describe_case(case: Case) -> tuple[Any, ...]:
    """Return the content of a case as names and texts, which can be compared between editions."""
    calls = [
        (call.name, str(call.action.name), [(k, _format_value(v)) for k, v in call.arguments.items()])
        for call in case.calls
    ]
    code, tool = case.code.name if case.code else "", str(case.action.name) if case.action else ""
    texts = (case.kind, case.prompt, case.description, case.outcome, case.draft)
    return (*texts, calls, [_format_value(one) for one in case.expect], case.words, code, tool)


def _format_value(value: Any) -> str:
    """Return an argument as text; an expression by its normal form."""
    if isinstance(value, Expression):
        return f"={value.canonical}"
    if isinstance(value, dict):
        return str([(name, _format_value(inner)) for name, inner in value.items()])
    return str([_format_value(inner) for inner in value]) if isinstance(value, list) else repr(value)


def _compare_mcp_servers(
    surface: str, was: McpServer | None, now: McpServer | None, renamed: Mapping[str, str]
) -> Iterator[Change]:
    """Yield the changes of an MCP server: its name, URL, transport, package, key and version.

    `renamed` has the new names of renamed schemes by their old ones.
    """
    if was is None or now is None:
        return

    def change(severity: Severity, message: str) -> Change:
        return whole(
            severity, "surface-setting", message, "surfaces", surface, where=(surface,), subject=surface
        )

    for key in ("name", "url", "transport", "registry", "package"):
        before, after = getattr(was, key), getattr(now, key)
        if before != after:
            message = f"its server's {key} is {after or 'gone'} now" + (f", was {before}" if before else "")
            yield change("breaking" if before else "addition", message)
    if tuple(tuple(renamed.get(name, name) for name in way) for way in was.security) != now.security:
        open_now = not now.security or () in now.security
        yield change(
            "addition" if open_now else "breaking",
            "its server takes no key any more" if open_now else "its server takes another key now",
        )
    if (was.says_version or now.says_version) and was.version != now.version:
        yield change("wording", f"its server's version is {now.version} now, was {was.version}")


def compare_dispatchers(old: Model, new: Model) -> Iterator[Change]:
    """Yield the changes for a caller of a dispatcher."""
    now = {d.surface: d for d in new.dispatchers}
    for was in old.dispatchers:
        after: Dispatcher | None = now.get(was.surface)
        if after is None:
            continue  # the surface was removed, or is no dispatcher any more
        for key in ("method", "path", "selector", "arguments", "json_rpc", "scope", "operation_id"):
            if getattr(was, key) != getattr(after, key):
                message = f"its {key} is {getattr(after, key)} now, was {getattr(was, key)}"
                yield whole(
                    "breaking",
                    "dispatcher",
                    message,
                    "surfaces",
                    was.surface,
                    where=(was.surface,),
                    subject=was.surface,
                )
        if set(was.responses) != set(after.responses):
            yield whole(
                "may break",
                "dispatcher",
                "it answers other statuses",
                "surfaces",
                was.surface,
                where=(was.surface,),
                subject=was.surface,
            )
    lost = {d.surface for d in old.dispatchers} - now.keys()
    for name in sorted(lost & new.surfaces.keys()):
        yield whole(
            "breaking",
            "dispatcher",
            "it is no dispatcher any more",
            "surfaces",
            name,
            where=(name,),
            subject=name,
        )
