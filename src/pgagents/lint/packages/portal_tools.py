"""Check the tools of a server, and the file for the submission's form."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from pgagents.base.jsonschema.walk import children
from pgagents.base.places import Pointer
from pgagents.lint.packages import fields
from pgagents.lint.packages.fields import Hit, split_url, table
from pgagents.lint.tools.tool_judge import Tool, tools

HINTS = ("readOnlyHint", "openWorldHint", "destructiveHint")
_MANY = 100
_MOST_DEPTH = 20
_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
_INPUTS: Sequence[tuple[str, frozenset[tuple[str, ...]]]] = (
    (
        "rule-raw-location",
        frozenset(
            (
                *((one,) for one in ("lat", "lng", "lon", "latitude", "longitude", "coordinates", "gps")),
                *((one,) for one in ("city", "geolocation", "address")),
                ("user", "location"),
                ("current", "location"),
                ("street", "address"),
                ("postal", "code"),
                ("zip", "code"),
            )
        ),
    ),
    (
        "rule-restricted-data",
        frozenset(
            (
                *((one,) for one in ("password", "passcode", "cvv", "cvc", "ssn", "otp")),
                ("card", "number"),
                ("credit", "card"),
                ("api", "key"),
                ("access", "token"),
                ("passport", "number"),
                ("medical", "record"),
            )
        ),
    ),
    (
        "rule-conversation",
        frozenset(
            (
                ("transcript",),
                ("conversation", "history"),
                ("chat", "history"),
                ("message", "history"),
            )
        ),
    ),
)
"""Words at the end of argument names, by the rule about them."""
_OUTPUTS = frozenset(
    (("session", "id"), ("trace", "id"), ("request", "id"), ("correlation", "id"), ("span", "id"))
)
_PROMOTION = re.compile(r"(^|[_.-])(best|official|pick_me|number_one|top_rated)([_.-]|$)", re.I)
_EXECUTOR = re.compile(r"(^|[_.-])(call|run|execute|invoke)_?(tool|action|operation|endpoint|api)?s?$", re.I)
_CHOOSERS = frozenset(("tool", "toolname", "action", "actionname", "operation", "operationid", "endpoint"))


def _split(name: str) -> tuple[str, ...]:
    return tuple(word.lower() for word in _WORDS.findall(name))


def _ends(name: str, wanted: frozenset[tuple[str, ...]]) -> bool:
    words = _split(name)
    if words[-1:] == ("address",) and len(words) > 1:
        return words[-2:] in wanted  # an e-mail address is not a place
    return words[-2:] in wanted or words[-1:] in wanted


def is_location(name: str) -> bool:
    """True for the name of an argument for a place or coordinates."""
    return _ends(name, _INPUTS[0][1])


def check_tools(data: Any, file: str) -> Iterator[Hit]:
    """Yield findings that a review makes about a server's list of tools."""
    listed = list(tools(data))
    seen: set[str] = set()
    for tool in listed:
        yield from _check_tool(tool, file)
        if isinstance(tool.name, str) and tool.name in seen:
            yield Hit("rule-tool-name", file, (*tool.at, "name"), f"`{tool.shown}` is listed twice")
        elif isinstance(tool.name, str):
            seen.add(tool.name)
    if len(listed) > _MANY:
        yield Hit("rule-many-tools", file, detail=f"there are {len(listed)}")
    yield from _check_frames(data, file)


def _check_tool(tool: Tool, file: str) -> Iterator[Hit]:
    hints = tool.members.get("annotations")
    hints = hints if isinstance(hints, dict) else {}
    unset = [hint for hint in HINTS if not isinstance(hints.get(hint), bool)]
    if unset:
        at: Pointer = (*tool.at, "annotations") if hints else tool.at
        detail = f"`{tool.shown}` leaves {', '.join(unset)} unset"
        yield Hit("annotations_required", file, at, detail)
    if not isinstance(tool.description, str) or not tool.description.strip():
        yield Hit("rule-tool-description", file, tool.at, f"`{tool.shown}` has none")
    if isinstance(tool.name, str) and _PROMOTION.search(tool.name):
        yield Hit("rule-tool-name", file, (*tool.at, "name"), f"it is `{tool.shown}`")
    if _is_executor(tool):
        yield Hit("rule-generic-executor", file, (*tool.at, "name"), f"`{tool.shown}` runs others by name")
    for name, at in _arguments(tool.schema, tool.schema_at, 0):
        for code, wanted in _INPUTS:
            if _ends(name, wanted):
                yield Hit(code, file, at, f"`{tool.shown}` asks for `{name[:80]}`")
    answer = tool.members.get("outputSchema")
    if answer is None:
        yield Hit("rule-output-schema", file, tool.at, f"`{tool.shown}` has none")
    for name, at in _arguments(answer, (*tool.at, "outputSchema"), 0):
        if _split(name)[-2:] in _OUTPUTS:
            yield Hit("rule-internal-output", file, at, f"`{tool.shown}` returns `{name[:80]}`")


def _is_executor(tool: Tool) -> bool:
    """True for a tool that calls other tools: its name says so, and it takes the name of another."""
    if not isinstance(tool.name, str) or not _EXECUTOR.search(tool.name):
        return False
    names = [name for name, _ in _arguments(tool.schema, (), _MOST_DEPTH - 1)]
    return any("".join(_split(name)) in _CHOOSERS for name in names)


def _arguments(schema: Any, at: Pointer, depth: int) -> Iterator[tuple[str, Pointer]]:
    """Yield the names of a schema's members, at any depth, with their places."""
    if not isinstance(schema, dict) or depth > _MOST_DEPTH:
        return
    for child in children(schema):
        here = (*at, *child.steps)
        if child.keyword == "properties" and isinstance(child.steps[1], str):
            yield child.steps[1], here
        yield from _arguments(child.schema, here, depth + 1)


def _check_frames(data: Any, file: str) -> Iterator[Hit]:
    """Yield the external domains that a UI resource shows in frames."""
    listed = data.get("resources") if isinstance(data, dict) else None
    for n, resource in enumerate(listed if isinstance(listed, list) else ()):
        at: Pointer = ("resources", n)
        for key in ("_meta", "ui", "csp", "frameDomains"):
            resource = resource.get(key) if isinstance(resource, dict) else None
            at = (*at, key)
        for m, domain in enumerate(resource if isinstance(resource, list) else ()):
            yield Hit("frame_domain_explanation_required", file, (*at, m), f"it is `{str(domain)[:120]}`")


def is_submission(data: Any) -> bool:
    """True for a file with the content of the submission's form."""
    if not isinstance(data, dict):
        return False
    schema = data.get("$schema")
    return (isinstance(schema, str) and "chatgpt-app-submission" in schema) or (
        "schema_version" in data and "tools" in data and "test_cases" in data
    )


def check_submission(data: Any, file: str) -> Iterator[Hit]:
    """Yield the findings about a file with the content of the submission's form."""
    yield from fields.check(table("openai_portal").fields["submission"], data, file)
    offered = data.get("tools")
    names = set(offered) if isinstance(offered, dict) else set()
    cases = data.get("test_cases")
    for n, case in enumerate(cases if isinstance(cases, list) else ()):
        called = case.get("tools_triggered") if isinstance(case, dict) else None
        for name in re.split(r"[,\s]+", called.strip()) if isinstance(called, str) and called.strip() else ():
            if name not in names:
                at = ("test_cases", n, "tools_triggered")
                yield Hit("rule-test-case", file, at, f"`{name[:80]}` is not a tool of this file")


def check_challenge(text: str, file: str) -> Iterator[Hit]:
    """Yield the findings about the file of the domain challenge: one token as plain text."""
    lines = text.strip().splitlines()
    if len(lines) != 1 or len(lines[0].split()) != 1 or lines[0].lstrip()[:1] in '{["<':
        yield Hit("domain_verification_required", file, detail="it is not a single token")
    elif split_url(lines[0]) is not None:
        yield Hit("domain_verification_required", file, detail="it is a URL, not the token")
