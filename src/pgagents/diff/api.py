"""Compare two editions of everything except actions where the values decide how bad a change is.

`language.py` says which key each of these functions compares, and rates the other keys itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import Any

from pgagents.base.cel.expression import Expression
from pgagents.base.cel.rewrite import normal
from pgagents.base.jsonschema.direction import find_written_name
from pgagents.base.jsonschema.schema import REF
from pgagents.base.text import brief
from pgagents.catalogue.model.listing import Case, Cases
from pgagents.diff.actions import compare_schemas
from pgagents.diff.auth import match_credentials
from pgagents.diff.change import Change, Severity, Sides
from pgagents.diff.inclusion import decide_inclusion
from pgagents.diff.schemas import form


def compare_request_headers(s: Sides) -> Iterator[Change]:
    """Yield the change of the constant headers that every call sends."""
    if s.a.request_headers != s.b.request_headers:
        now = ", ".join(f"{k}: {v}" for k, v in s.b.request_headers.items()) or "none"
        message = f"every call has other constant headers now: {brief(now, 120)}"
        yield s.change("breaking", "request-headers", message, "request_headers")


def compare_servers(s: Sides) -> Iterator[Change]:
    """Yield the changes of the server's variables, and of the other servers."""
    old, new = s.old, s.new
    if old.server != new.server and s.a.server == s.b.server:
        yield s.change("may break", "server", "the variables of the API's server changed", "server")
    for there in s.members(old.servers, new.servers, "servers"):
        name, was, now = there.name, there.a, there.b
        if was is None:
            yield there.change("addition", "server", f"there is a server {name}")
        elif now is None:
            yield there.change("breaking", "server", f"the server {name} is gone")
        elif now.url != was.url:
            yield there.change("breaking", "server", f"the server {name} is at {now.url} now, was {was.url}")
        elif now != was:
            yield there.change("may break", "server", f"the server {name} changed")


def compare_hosted_files(s: Sides) -> Iterator[Change]:
    """Yield the files that are hosted elsewhere, not any more, or newly."""
    for file, path in s.a.hosted.items():
        if s.b.hosted.get(file) != path:
            yield s.change("breaking", "hosted", f"{file} is not hosted at {path} any more", "hosted", file)
    if added := sorted(set(s.b.hosted) - set(s.a.hosted)):
        yield s.change("addition", "hosted", f"hosted too: {', '.join(added)}", "hosted")


def match_buckets(s: Sides) -> Iterator[Sides]:
    """Yield the buckets of both editions by their names."""
    return s.members(s.old.buckets, s.new.buckets, "buckets")


def compare_rates(s: Sides) -> Iterator[Change]:
    """Yield the change of the requests that a bucket allows."""
    was, now = s.a, s.b
    rate = f"{now.requests} requests per {now.per_s:g} s"
    fewer = now.requests < was.requests or now.requests / now.per_s < was.requests / was.per_s
    if fewer or now.of != was.of:
        before = f"{was.requests} per {was.per_s:g} s and {was.of}"
        yield s.change("breaking", "limit", f"{s.name}: {rate} and {now.of} now, were {before}")
    elif (now.requests, now.per_s) != (was.requests, was.per_s):
        yield s.change("addition", "limit", f"{s.name}: {rate} now")


def compare_conditions(s: Sides) -> Iterator[Change]:
    """Yield the change of which calls draw from a bucket."""
    before, after = ([bucket.when and normal(bucket.when.tree)] for bucket in (s.a, s.b))
    if before != after:
        yield s.change("may break", "limit", f"other calls draw from {s.name} now")


def compare_refills(s: Sides) -> Iterator[Change]:
    """Yield the change of how calls come back."""
    if s.a.refill != s.b.refill:
        at_once = f"all together at the end of a window of {s.b.per_s:g} s"
        how = "evenly" if s.b.refill == "even" else at_once
        yield s.change("may break", "limit", f"calls of {s.name} come back {how} now")


def compare_largest_bodies(s: Sides) -> Iterator[Change]:
    """Yield the change of the size of all bodies."""
    old, new = s.a.max_body_bytes, s.b.max_body_bytes
    if old != new:
        less = new is not None and (old is None or new < old)
        message = f"bodies have at most {new} bytes now"
        yield s.change("breaking" if less else "addition", "body-size", message, "max_body_bytes")


def compare_limit_statuses(s: Sides) -> Iterator[Change]:
    """Yield the change of the statuses of calls over a limit."""
    if set(s.a.status) != set(s.b.status):
        statuses = ", ".join(map(str, sorted(s.b.status)))
        yield s.change("breaking", "limit-status", f"calls over a limit get {statuses} now", "status")


def match_codes(s: Sides) -> Iterator[Sides]:
    """Yield the error codes of both editions by their names."""
    return s.members(s.old.codes, s.new.codes, "codes")


_OF_CODES = {
    "code_at": "the place of",
    "message_at": "the place of the message of",
    "content_type": "the type of",
}


def compare_codes_in_answers(s: Sides) -> Iterator[Change]:
    """Yield changes of the members that identify an error, unless a change of all errors explains them."""
    code, now = s.a, s.b
    if code.shown and now.shown and code.shown != now.shown:
        message = f"{s.name} is {now.shown} in answers now, was {code.shown}"
        yield s.change("breaking", "code-value", message)
    for key, words in _OF_CODES.items():
        before, after = getattr(code, key), getattr(now, key)
        common = (getattr(s.old.errors, key) or "", getattr(s.new.errors, key) or "")
        if before and before != after and (before, after or "") != common:
            yield s.change("breaking", "code-value", f"{words} {s.name} is {after} now, was {before}")


def compare_codes_of_all(s: Sides) -> Iterator[Change]:
    """Yield the codes that not every call answers any more."""
    for name in s.a.always:
        if name not in s.b.always:
            yield s.change(
                "addition", "error-removed", f"{name} is not answered everywhere any more", "always"
            )


def match_framework(s: Sides) -> Iterator[Sides]:
    """Yield the refusals of the framework in both editions."""
    yield s.part(s.a.framework, s.b.framework, "framework")


def compare_error_bodies(s: Sides) -> Iterator[Change]:
    """Yield the changes of the bodies of errors, and of their names."""
    envelopes = {c.envelope for c in s.old.codes.values()} | {s.a.envelope}
    for name in sorted(envelopes & set(s.new.schemas)):
        yield from _compare_bodies(s, name, f"error body {name}")
    if s.a.envelope != s.b.envelope:
        message = f"the envelope is {s.b.envelope} now, was {s.a.envelope}"
        yield s.change("may break", "error-form", message, "envelope")


def _compare_bodies(s: Sides, name: str, what: str) -> Iterator[Change]:
    """Yield the changes of a named schema that every answer of a kind has."""
    schema = {"$ref": REF + name}
    old = "schemas", name
    for found in compare_schemas(s.old, s.new, schema, schema, "readers", what):
        if found.id != "text":
            new = found.new or old
            yield Change(found.severity, found.id, s.subject, found.said, (), old, new, found.example)


def match_headers(s: Sides) -> Iterator[Sides]:
    """Yield the headers that answers of both editions have, by their names."""
    old, new = ({h.name: h for h in one.headers} for one in (s.old, s.new))
    return s.members(old, new, "headers")


def compare_header_values(s: Sides) -> Iterator[Change]:
    """Yield the change of the answers that a header comes on, or of its value."""
    header, after = s.a, s.b
    if set(header.on) - set(after.on) and "all" not in after.on:
        message = f"header {s.name} comes on {', '.join(map(str, after.on))} only"
        yield s.change("breaking", "header-removed", message)
    elif header.const != after.const:
        message = f"header {s.name} is {after.const} now, was {header.const}"
        yield s.change("breaking", "header-value", message)
    elif decide_inclusion(after.schema, s.new.schemas, header.schema, s.old.schemas).verdict != "yes":
        yield s.change("breaking", "header-value", f"header {s.name} may be what it could not be before")


def compare_points(s: Sides) -> Iterator[Change]:
    """Yield the changes of how the API behaves. To fix what was open harms nobody."""
    for key in type(s.a).model_fields:
        was, now = getattr(s.a, key), getattr(s.b, key)
        if was != now:
            severity: Severity = "addition" if was == "any" else "may break"
            yield s.change(severity, "point", f"{key} is {now} now, was {was}", key)


def compare_schema_texts(s: Sides) -> Iterator[Change]:
    """Yield named schemas that differ only in their texts."""
    old, new = s.old.schemas, s.new.schemas
    written = {*map(find_written_name, new)}
    for name in dict.fromkeys(map(find_written_name, old)):
        if name in written and old[name] != new[name] and form(old[name]) == form(new[name]):
            yield s.change("wording", "schema-text", f"a text of {name} changed", "schemas", name)


def match_surfaces(s: Sides) -> Iterator[Sides]:
    """Yield the surfaces of both editions by their names."""
    return _on_surfaces(s, s.old.surfaces, s.new.surfaces)


def match_dispatchers(s: Sides) -> Iterator[Sides]:
    """Yield the dispatchers of both editions, without those whose surface is gone or new."""
    old, new = ({d.surface: d for d in one.dispatchers} for one in (s.old, s.new))
    kept = {name: d for name, d in old.items() if name in s.new.surfaces}
    return _on_surfaces(s, kept, {name: d for name, d in new.items() if name in kept})


def _on_surfaces(s: Sides, old: Any, new: Any) -> Iterator[Sides]:
    for there in s.members(old, new, "surfaces"):
        yield Sides(s.old, s.new, there.a, there.b, there.name, there.at, (there.name,), there.name, s)


def compare_mcp_servers(s: Sides) -> Iterator[Change]:
    """Yield the changes of an MCP server: its name, URL, transport, package, key and version."""
    was, now = s.a.mcp_server, s.b.mcp_server
    if was is None or now is None:
        return
    renamed = match_credentials(s.old, s.new)
    for key in ("name", "url", "transport", "registry", "package"):
        before, after = getattr(was, key), getattr(now, key)
        if before != after:
            message = f"its server's {key} is {after or 'gone'} now" + (f", was {before}" if before else "")
            yield s.change("breaking" if before else "addition", "surface-setting", message)
    if tuple(tuple(renamed.get(name, name) for name in way) for way in was.security) != now.security:
        open_now = not now.security or () in now.security
        yield s.change(
            "addition" if open_now else "breaking",
            "surface-setting",
            "its server takes no key any more" if open_now else "its server takes another key now",
        )
    if (was.says_version or now.says_version) and was.package_version != now.package_version:
        message = f"its server's version is {now.package_version} now, was {was.package_version}"
        yield s.change("wording", "surface-setting", message)


_NOT_SHOWN = frozenset(("id", "version", "store", "origin", "starters", "name"))
"""Fields of a listing that are compared elsewhere, or that people do not see."""


def compare_store_listings(s: Sides) -> Iterator[Change]:
    """Yield the changes of a store's listing.

    A package with another name is another plugin for everybody who installed it.
    """
    was, now = s.a.listing, s.b.listing
    if was is None or now is None:
        if was is not now:
            message = "no store lists it any more" if now is None else "a store lists it now"
            yield s.change("may break", "surface-setting", message)
        return
    if was.id != now.id:
        message = f"its package is named {now.id} now, was {was.id}"
        yield s.change("may break", "surface-setting", message)
    changed = [f.name for f in fields(was) if getattr(was, f.name) != getattr(now, f.name)]
    shown = [key.replace("_", " ") for key in changed if key not in _NOT_SHOWN]
    if shown:
        message = f"a store shows another {', '.join(shown)} of its plugin"
        yield s.change("wording", "surface-text", message)


def compare_cases(s: Sides) -> Iterator[Change]:
    """Yield the changes of test cases. Only reviewers read them."""
    cases: tuple[Cases | None, ...] = s.a.cases, s.b.cases
    before, after = ({case.name: _describe_case(case) for case in one or ()} for one in cases)
    names = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
    if names:
        message = f"a store's reviewer tries other test cases: {', '.join(names)}"
        yield s.change("wording", "surface-text", message)


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


def compare_dispatcher_statuses(s: Sides) -> Iterator[Change]:
    """Yield the change of the statuses that a dispatcher answers."""
    if set(s.a.responses) != set(s.b.responses):
        yield s.change("may break", "dispatcher", "it answers other statuses")


def match_events(s: Sides) -> Iterator[Sides]:
    """Yield the types of events of both editions by their names."""
    return s.members(s.a.events, s.b.events, "events")


def compare_event_bodies(s: Sides) -> Iterator[Change]:
    """Yield the changes of what is delivered: the name of its envelope, and its schemas."""
    old, new = s.a, s.b
    if old.envelope != new.envelope:
        message = f"deliveries are {new.envelope} now, were {old.envelope}"
        yield s.change("breaking", "event-data", message, "envelope")
    used = {old.envelope, *(event.data for event in old.events.values() if event.data)}
    for name in sorted(used & set(s.new.schemas)):
        yield from _compare_bodies(s, name, f"event body {name}")
