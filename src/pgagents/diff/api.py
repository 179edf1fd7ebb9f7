"""Compare everything except actions: address, keys, limits, errors, headers, surfaces, events."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pgagents.diff.auth.code_flow import compare_code_flows
from pgagents.diff.auth.credentials import compare_credentials
from pgagents.diff.change import Change, whole
from pgagents.diff.inclusion import decide_inclusion
from pgagents.diff.named import form
from pgagents.diff.parts.addresses import compare_servers
from pgagents.diff.parts.errors import compare_errors
from pgagents.diff.parts.events import compare_events
from pgagents.diff.parts.limits import compare_limits
from pgagents.diff.parts.surfaces import compare_dispatchers, compare_surfaces
from pgagents.jsonschema.direction import find_written_name
from pgagents.model.model import Model
from pgagents.text.brief import brief

_HARMLESS = frozenset(
    (
        "pgagents",
        "api",
        "security",
        "auth",
        "limits",
        "errors",
        "headers",
        "behaviour",
        "schemas",
        "actions",
        "groups",
        "surfaces",
        "webhooks",
    )
)
"""Sections that are compared in detail elsewhere, or that only name parts of other sections."""
_OURS = frozenset(("env", "resources", "workflows", "sandbox", "excluded", "operator"))
"""Sections that only tests read."""


def changes(old: Model, new: Model) -> Iterator[Change]:
    """Yield every change outside the actions."""
    yield from _api(old, new)
    yield from _auth(old, new)
    yield from compare_limits(old, new)
    yield from compare_errors(old, new)
    yield from _headers(old, new)
    yield from _points(old, new)
    yield from compare_surfaces(old, new)
    yield from compare_dispatchers(old, new)
    yield from compare_events(old, new)
    yield from _texts(old, new)
    yield from _rest(old, new)


def _api(old: Model, new: Model) -> Iterator[Change]:
    if old.api.server != new.api.server:
        yield whole(
            "breaking", "server", f"the API is at {new.api.server} now, was {old.api.server}", "api", "server"
        )
    if old.api.request_headers != new.api.request_headers:
        now = ", ".join(f"{k}: {v}" for k, v in new.api.request_headers.items()) or "none"
        message = f"every call has other constant headers now: {brief(now, 120)}"
        yield whole("breaking", "request-headers", message, "api", "request_headers")
    for key in ("title", "for_people", "for_models", "contact", "logo", "terms", "privacy", "docs"):
        if getattr(old.api, key) != getattr(new.api, key):
            yield whole(
                "wording",
                f"api-{key.replace('_', '-')}",
                f"{key} is another: {brief(str(getattr(new.api, key)), 80)}",
                "api",
                key,
            )
    yield from compare_servers(old, new)
    if (old.api.id, old.api.other_servers) != (new.api.id, new.api.other_servers):
        yield whole("may break", "api-id", "the API's id or its other servers changed", "api", "id")
    for file, path in old.api.hosted.items():
        if new.api.hosted.get(file) != path:
            yield whole(
                "breaking", "hosted", f"{file} is not hosted at {path} any more", "api", "hosted", file
            )
    if set(new.api.hosted) - set(old.api.hosted):
        yield whole(
            "addition",
            "hosted",
            f"hosted too: {', '.join(sorted(set(new.api.hosted) - set(old.api.hosted)))}",
            "api",
            "hosted",
        )


def _auth(old: Model, new: Model) -> Iterator[Change]:
    a, b = old.auth, new.auth
    yield from compare_credentials(old, new)
    yield from compare_code_flows(old, new)
    for plan, scopes in a.plans.items():
        lost = [s for s in scopes if s not in b.plans.get(plan, ())]
        if lost or plan not in b.plans:
            yield whole(
                "breaking",
                "plan",
                f"plan {plan} is without {', '.join(lost) or 'anything'} now",
                "auth",
                "plans",
                plan,
            )


def _headers(old: Model, new: Model) -> Iterator[Change]:
    then, now = {h.name: h for h in old.headers}, {h.name: h for h in new.headers}
    for name, header in then.items():
        after = now.get(name)
        if after is None:
            yield whole("breaking", "header-removed", f"header {name} is promised no more", "headers", name)
        elif set(header.on) - set(after.on) and "all" not in after.on:
            yield whole(
                "breaking",
                "header-removed",
                f"header {name} comes on {', '.join(map(str, after.on))} only",
                "headers",
                name,
            )
        elif header.const != after.const:
            yield whole(
                "breaking",
                "header-value",
                f"header {name} is {after.const} now, was {header.const}",
                "headers",
                name,
            )
        elif decide_inclusion(after.schema, new.schemas, header.schema, old.schemas).verdict != "yes":
            yield whole(
                "breaking",
                "header-value",
                f"header {name} may be what it could not be before",
                "headers",
                name,
            )
    for name in now.keys() - then.keys():
        yield whole("addition", "header-added", f"header {name} is promised now", "headers", name)


def _points(old: Model, new: Model) -> Iterator[Change]:
    for key in type(old.behaviour).model_fields:
        was, now = getattr(old.behaviour, key), getattr(new.behaviour, key)
        if was != now:
            fixed = was == "any"
            yield whole(
                "addition" if fixed else "may break",
                "point",
                f"{key} is {now} now, was {was}",
                "behaviour",
                key,
            )


def _texts(old: Model, new: Model) -> Iterator[Change]:
    """Yield named schemas that differ only in their texts."""
    for name in {*map(find_written_name, old.schemas)} & {*map(find_written_name, new.schemas)}:
        if old.schemas[name] != new.schemas[name] and form(old.schemas[name]) == form(new.schemas[name]):
            yield whole("wording", "schema-text", f"a text of {name} changed", "schemas", name)


def _rest(old: Model, new: Model) -> Iterator[Change]:
    """Yield changed sections that no other comparison reads, so that a new section is never missed."""
    a, b = _sections(old), _sections(new)
    for name in sorted(a.keys() | b.keys()):
        if a.get(name) != b.get(name):
            yield whole(
                "wording" if name in _OURS else "may break",
                "section",
                f"`{name}` changed" + (" (read by tests alone)" if name in _OURS else ""),
                name,
            )


def _sections(model: Model) -> Mapping[str, Any]:
    data = model.source.data
    return {str(k): v for k, v in data.items() if k not in _HARMLESS} if isinstance(data, Mapping) else {}
