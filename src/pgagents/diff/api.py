"""Compares all but the actions of two editions: address, keys, limits, errors, headers, surfaces, events."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any

from pgagents.cel.rewrite import normal
from pgagents.diff.auth.code_flow import compare_code_flows
from pgagents.diff.change import Change, Severity
from pgagents.diff.inclusion import decide_inclusion
from pgagents.diff.named import form
from pgagents.diff.schemas import compare_schemas
from pgagents.jsonschema.schema import REF
from pgagents.model.action import Code
from pgagents.model.credential import Credential, TokenExchange
from pgagents.model.model import Dispatcher, McpServer, Model
from pgagents.source.source import Pointer
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
"""Sections that are compared in detail, or that only name what others use."""
_OURS = frozenset(("env", "resources", "workflows", "sandbox", "excluded", "operator"))
"""Sections that only tests read, not agents."""

_OF_CODES = {
    "code_at": "the place of",
    "message_at": "the place of the message of",
    "content_type": "the type of",
}
_OF_ERRORS = (*_OF_CODES, "request_id_at", "field_at", "field_of_several", "scope_at", "when")


def changes(old: Model, new: Model) -> Iterator[Change]:
    """Yield every change outside the actions."""
    yield from _api(old, new)
    yield from _auth(old, new)
    yield from _limits(old, new)
    yield from _errors(old, new)
    yield from _headers(old, new)
    yield from _points(old, new)
    yield from _surfaces(old, new)
    yield from _dispatchers(old, new)
    yield from _events(old, new)
    yield from _texts(old, new)
    yield from _rest(old, new)


def _whole(
    severity: Severity,
    id: str,
    message: str,
    *at: str | int,
    safety: bool = False,
    where: tuple[str, ...] = (),
    subject: str = "",
) -> Change:
    pointer: Pointer = tuple(at)
    return Change(severity, id, subject or str(at[0]), message, where, pointer, pointer, safety=safety)


_COMPARED = frozenset((
    "name", "actions", "omit", "narrow", "title", "description", "human_name", "instructions", "starters",
    "namespace",
    "server", "env", "auth",
    "published_spec", "dispatcher", "cite", "origin", "mcp_server",
))  # fmt: skip
"""Fields of a surface that are compared one by one; any other gets a general message."""


def _api(old: Model, new: Model) -> Iterator[Change]:
    if old.api.server != new.api.server:
        yield _whole(
            "breaking", "server", f"the API is at {new.api.server} now, was {old.api.server}", "api", "server"
        )
    if old.api.request_headers != new.api.request_headers:
        now = ", ".join(f"{k}: {v}" for k, v in new.api.request_headers.items()) or "none"
        message = f"every call has other constant headers now: {brief(now, 120)}"
        yield _whole("breaking", "request-headers", message, "api", "request_headers")
    for key in ("title", "for_people", "for_models", "contact", "logo", "terms", "privacy", "docs"):
        if getattr(old.api, key) != getattr(new.api, key):
            yield _whole(
                "wording",
                f"api-{key.replace('_', '-')}",
                f"{key} is another: {brief(str(getattr(new.api, key)), 80)}",
                "api",
                key,
            )
    if (old.api.id, old.api.other_servers) != (new.api.id, new.api.other_servers):
        yield _whole("may break", "api-id", "the API's id or its other servers changed", "api", "id")
    for file, path in old.api.hosted.items():
        if new.api.hosted.get(file) != path:
            yield _whole(
                "breaking", "hosted", f"{file} is not hosted at {path} any more", "api", "hosted", file
            )
    if set(new.api.hosted) - set(old.api.hosted):
        yield _whole(
            "addition",
            "hosted",
            f"hosted too: {', '.join(sorted(set(new.api.hosted) - set(old.api.hosted)))}",
            "api",
            "hosted",
        )


def _auth(old: Model, new: Model) -> Iterator[Change]:
    a, b = old.auth, new.auth
    if old.credential is not None and new.credential is not None:
        yield from _credential(old.credential, new.credential)
        for name in [n for n in list(old.credentials)[1:] if n in new.credentials]:
            yield from _terms(old.credentials[name], new.credentials[name])
    yield from compare_code_flows(old, new)
    for plan, scopes in a.plans.items():
        lost = [s for s in scopes if s not in b.plans.get(plan, ())]
        if lost or plan not in b.plans:
            yield _whole(
                "breaking",
                "plan",
                f"plan {plan} is without {', '.join(lost) or 'anything'} now",
                "auth",
                "plans",
                plan,
            )


def _credential(a: Credential, b: Credential) -> Iterator[Change]:
    """Yield what changes for a caller that has a key; whether a call needs one is told action by action."""
    if a.show() != b.show():
        message = f"calls send `{b.show()}` now, was `{a.show()}`"
        yield _whole("breaking", "auth-scheme", message, "auth", "schemes", b.name)
    elif a.name != b.name:
        yield _whole(
            "wording", "auth-scheme", f"the scheme is called {b.name} now", "auth", "schemes", b.name
        )
    yield from _terms(a, b)


def _terms(a: Credential, b: Credential) -> Iterator[Change]:
    """Yield what else changes for a caller that has a secret: its prefixes, its forms, and its exchange."""
    if a.exchange is not None and b.exchange is not None:
        yield from _exchange(a.exchange, b.exchange, b.name)
    for prefix, mode in a.prefixes.items():
        if b.prefixes.get(prefix) != mode:
            yield _whole(
                "may break",
                "key-prefix",
                f"keys that begin {prefix} do not mean {mode} any more",
                "auth",
                "schemes",
                safety=True,
            )
    for place in sorted(a.also_accepted ^ b.also_accepted):
        gone = place in a.also_accepted
        message = f"a key is {'not accepted there any more' if gone else 'accepted there too'}: {place}"
        yield _whole("breaking" if gone else "addition", "key-form", message, "auth", "schemes", b.name)


def _exchange(a: TokenExchange, b: TokenExchange, name: str) -> Iterator[Change]:
    at = ("auth", "schemes", name, "flows", "client_credentials")
    for key in ("token_url", "audience", "in_body"):
        if getattr(a, key) != getattr(b, key):
            message = f"tokens are asked for with another {key.replace('_', ' ')}: {getattr(b, key)}"
            yield _whole("breaking", "token-request", message, *at)
    for scope in sorted(a.scopes.keys() ^ b.scopes.keys()):
        gone = scope in a.scopes
        message = f"scope {scope} is {'gone' if gone else 'new'}"
        yield _whole("breaking" if gone else "addition", "token-request", message, *at, "scopes")


def _limits(old: Model, new: Model) -> Iterator[Change]:
    a, b = old.limits, new.limits
    for name, was in old.buckets.items():
        now = new.buckets.get(name)
        if now is None:
            yield _whole("addition", "limit", f"bucket {name} is gone", "limits", "buckets", name)
        elif (
            now.requests < was.requests
            or now.requests / now.per_s < was.requests / was.per_s
            or now.of != was.of
        ):
            before = f"{was.requests} per {was.per_s:g} s and {was.of}"
            message = f"{name}: {now.requests} requests per {now.per_s:g} s and {now.of} now, were {before}"
            yield _whole("breaking", "limit", message, "limits", "buckets", name)
        elif (now.requests, now.per_s) != (was.requests, was.per_s):
            yield _whole(
                "addition",
                "limit",
                f"{name}: {now.requests} requests per {now.per_s:g} s now",
                "limits",
                "buckets",
                name,
            )
        if now is not None and (was.when and normal(was.when.tree)) != (now.when and normal(now.when.tree)):
            yield _whole("may break", "limit", f"other calls draw from {name} now", "limits", "buckets", name)
        if now is not None and was.refill != now.refill:
            how = (
                "evenly"
                if now.refill == "even"
                else f"all together at the end of a window of {now.per_s:g} s"
            )
            yield _whole(
                "may break", "limit", f"calls of {name} come back {how} now", "limits", "buckets", name
            )
    for name in new.buckets.keys() - old.buckets.keys():
        yield _whole(
            "breaking",
            "limit",
            f"bucket {name} is new: {new.buckets[name].requests} requests",
            "limits",
            "buckets",
            name,
        )
    if a.max_body_bytes != b.max_body_bytes:
        less = b.max_body_bytes is not None and (
            a.max_body_bytes is None or b.max_body_bytes < a.max_body_bytes
        )
        yield _whole(
            "breaking" if less else "addition",
            "body-size",
            f"bodies have at most {b.max_body_bytes} bytes now",
            "limits",
            "max_body_bytes",
        )
    for key in ("headers", "reset_unit"):
        if getattr(a, key) != getattr(b, key):
            yield _whole(
                "breaking" if getattr(a, key) else "addition",
                "limit-headers",
                f"{key} of the limits changed",
                "limits",
                key,
            )
    if set(a.status) != set(b.status):
        said = ", ".join(map(str, sorted(b.status)))
        yield _whole("breaking", "limit-status", f"calls over a limit get {said} now", "limits", "status")
    for key in ("end_user", "unlimited", "budgets"):
        if getattr(a, key) != getattr(b, key):
            yield _whole("may break", "limits", f"{key} of the limits changed", "limits", key)


def _errors(old: Model, new: Model) -> Iterator[Change]:
    a, b = old.errors, new.errors
    for key in _OF_ERRORS:
        if getattr(a, key) != getattr(b, key):
            yield _whole(
                "breaking" if getattr(a, key) or key == "when" else "addition",
                "error-form",
                f"{key} is {getattr(b, key)} now, was {getattr(a, key)}",
                "errors",
                key,
            )
    for name, code in old.codes.items():
        now = new.codes.get(name)
        if now is None:
            yield _whole("may break", "code-removed", f"error code {name} is gone", "errors", "codes", name)
            continue
        yield from _code_on_the_wire(old, new, code, now)
        if now.status != code.status:
            yield _whole(
                "breaking",
                "code-status",
                f"{name} comes with {now.status} now, was {code.status}",
                "errors",
                "codes",
                name,
            )
    for name in [n for n in a.always if n not in b.always]:
        yield _whole(
            "addition", "error-removed", f"{name} is not answered everywhere any more", "errors", "always"
        )
    for key in type(a.framework).model_fields:
        if getattr(a.framework, key) != getattr(b.framework, key):
            yield _whole(
                "may break",
                "framework",
                f"{key} is answered {getattr(b.framework, key)} now, was {getattr(a.framework, key)}",
                "errors",
                "framework",
                key,
            )
    envelopes = {c.envelope for c in old.codes.values()} | {a.envelope}
    for name in sorted(envelopes & set(new.schemas)):
        yield from _body(old, new, name, f"error body {name}", "errors")
    if a.envelope != b.envelope:
        yield _whole(
            "may break",
            "error-form",
            f"the envelope is {b.envelope} now, was {a.envelope}",
            "errors",
            "envelope",
        )
    if a.edge != b.edge:
        yield _whole("may break", "edge", "what a proxy may answer changed", "errors", "edge")


def _code_on_the_wire(old: Model, new: Model, code: Code, now: Code) -> Iterator[Change]:
    """Yield the changes of what identifies an error, where no change of all errors says it."""
    at = ("errors", "codes", code.name)
    if code.shown and now.shown and code.shown != now.shown:
        said = f"{code.name} is {now.shown} in answers now, was {code.shown}"
        yield _whole("breaking", "code-value", said, *at)
    for key, words in _OF_CODES.items():
        was, is_now = getattr(code, key), getattr(now, key)
        common = (getattr(old.errors, key) or "", getattr(new.errors, key) or "")
        if was and was != is_now and (was, is_now or "") != common:
            yield _whole("breaking", "code-value", f"{words} {code.name} is {is_now} now, was {was}", *at)


def _body(old: Model, new: Model, name: str, what: str, subject: str) -> Iterator[Change]:
    """Yield the changes of a named schema that readers of every answer see."""
    whole = {"$ref": REF + name}
    for found in compare_schemas(old, new, whole, whole, "readers", what):
        if found.id != "text":
            place = found.new or ("schemas", name)
            yield Change(
                found.severity, found.id, subject, found.said, (), ("schemas", name), place, found.example
            )


def _headers(old: Model, new: Model) -> Iterator[Change]:
    then, now = {h.name: h for h in old.headers}, {h.name: h for h in new.headers}
    for name, header in then.items():
        after = now.get(name)
        if after is None:
            yield _whole("breaking", "header-removed", f"header {name} is promised no more", "headers", name)
        elif set(header.on) - set(after.on) and "all" not in after.on:
            yield _whole(
                "breaking",
                "header-removed",
                f"header {name} comes on {', '.join(map(str, after.on))} only",
                "headers",
                name,
            )
        elif header.const != after.const:
            yield _whole(
                "breaking",
                "header-value",
                f"header {name} is {after.const} now, was {header.const}",
                "headers",
                name,
            )
        elif decide_inclusion(after.schema, new.schemas, header.schema, old.schemas).verdict != "yes":
            yield _whole(
                "breaking",
                "header-value",
                f"header {name} may be what it could not be before",
                "headers",
                name,
            )
    for name in now.keys() - then.keys():
        yield _whole("addition", "header-added", f"header {name} is promised now", "headers", name)


def _points(old: Model, new: Model) -> Iterator[Change]:
    for key in type(old.behaviour).model_fields:
        was, now = getattr(old.behaviour, key), getattr(new.behaviour, key)
        if was != now:
            fixed = was == "any"
            yield _whole(
                "addition" if fixed else "may break",
                "point",
                f"{key} is {now} now, was {was}",
                "behaviour",
                key,
            )


def _surfaces(old: Model, new: Model) -> Iterator[Change]:
    for name, was in old.surfaces.items():
        now = new.surfaces.get(name)
        if now is None:
            yield _whole(
                "breaking",
                "surface-removed",
                f"nothing is offered on {name} any more",
                "surfaces",
                name,
                where=(name,),
                subject=name,
            )
            continue
        for key in ("title", "description", "human_name", "instructions", "starters"):
            if getattr(was, key) != getattr(now, key):
                message = (
                    f"its {key.replace('human_', '')} changed, so an assistant may choose it at other times"
                )
                yield _whole(
                    "wording", "surface-text", message, "surfaces", name, where=(name,), subject=name
                )
        yield from _compare_mcp_servers(name, was.mcp_server, now.mcp_server)
        for key in ("namespace", "env", "auth", "published_spec", "dispatcher"):
            if getattr(was, key) != getattr(now, key):
                yield _whole(
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
                yield _whole(
                    "may break",
                    "surface-setting",
                    f"its {field.name} changed",
                    "surfaces",
                    name,
                    where=(name,),
                    subject=name,
                )
    for name in new.surfaces.keys() - old.surfaces.keys():
        yield _whole("addition", "surface-added", "is new", "surfaces", name, where=(name,), subject=name)


def _compare_mcp_servers(surface: str, was: McpServer | None, now: McpServer | None) -> Iterator[Change]:
    """Yield how the way to an MCP server changed: its name, URL, transport, package, key and version."""
    if was is None or now is None:
        return

    def change(severity: Severity, message: str) -> Change:
        return _whole(
            severity, "surface-setting", message, "surfaces", surface, where=(surface,), subject=surface
        )

    for key in ("name", "url", "transport", "registry", "package"):
        before, after = getattr(was, key), getattr(now, key)
        if before != after:
            message = f"its server's {key} is {after or 'gone'} now" + (f", was {before}" if before else "")
            yield change("breaking" if before else "addition", message)
    if was.security != now.security:
        open_now = not now.security or () in now.security
        yield change(
            "addition" if open_now else "breaking",
            "its server takes no key any more" if open_now else "its server takes another key now",
        )
    if (was.says_version or now.says_version) and was.version != now.version:
        yield change("wording", f"its server's version is {now.version} now, was {was.version}")


def _dispatchers(old: Model, new: Model) -> Iterator[Change]:
    now = {d.surface: d for d in new.dispatchers}
    for was in old.dispatchers:
        after: Dispatcher | None = now.get(was.surface)
        if after is None:
            continue  # its surface is gone, or no dispatcher any more
        for key in ("method", "path", "selector", "arguments", "json_rpc", "scope", "operation_id"):
            if getattr(was, key) != getattr(after, key):
                message = f"its {key} is {getattr(after, key)} now, was {getattr(was, key)}"
                yield _whole(
                    "breaking",
                    "dispatcher",
                    message,
                    "surfaces",
                    was.surface,
                    where=(was.surface,),
                    subject=was.surface,
                )
        if set(was.responses) != set(after.responses):
            yield _whole(
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
        yield _whole(
            "breaking",
            "dispatcher",
            "it is no dispatcher any more",
            "surfaces",
            name,
            where=(name,),
            subject=name,
        )


def _events(old: Model, new: Model) -> Iterator[Change]:
    a, b = old.webhooks, new.webhooks
    if a is None or b is None:
        if a is not b:
            said = "events are sent now" if a is None else "no events are sent any more"
            yield _whole("addition" if a is None else "breaking", "events", said, "webhooks")
        return
    if a.signature != b.signature or a.registered_by != b.registered_by:
        yield _whole(
            "breaking",
            "event-signature",
            "events are signed, or registered, another way",
            "webhooks",
            "signature",
        )
    for name, event in a.events.items():
        now = b.events.get(name)
        if now is None:
            yield _whole(
                "breaking", "event-removed", f"event {name} is sent no more", "webhooks", "events", name
            )
        elif event.data != now.data:
            yield _whole(
                "breaking",
                "event-data",
                f"event {name} carries {now.data} now, was {event.data}",
                "webhooks",
                "events",
                name,
            )
    for name in b.events.keys() - a.events.keys():
        yield _whole("addition", "event-added", f"event {name} is sent too", "webhooks", "events", name)
    used = {a.envelope, *(e.data for e in a.events.values() if e.data)}
    if a.envelope != b.envelope:
        yield _whole(
            "breaking",
            "event-data",
            f"deliveries are {b.envelope} now, were {a.envelope}",
            "webhooks",
            "envelope",
        )
    for name in sorted(used & set(new.schemas)):
        yield from _body(old, new, name, f"event body {name}", "webhooks")


def _texts(old: Model, new: Model) -> Iterator[Change]:
    """Yield named schemas that differ only in their texts."""
    for name in old.schemas.keys() & new.schemas.keys():
        if old.schemas[name] != new.schemas[name] and form(old.schemas[name]) == form(new.schemas[name]):
            yield _whole("wording", "schema-text", f"a text of {name} changed", "schemas", name)


def _rest(old: Model, new: Model) -> Iterator[Change]:
    """Yield changed sections that nothing above compares, so that a new section of the language is never
    missed.
    """
    a, b = _sections(old), _sections(new)
    for name in sorted(a.keys() | b.keys()):
        if a.get(name) != b.get(name):
            yield _whole(
                "wording" if name in _OURS else "may break",
                "section",
                f"`{name}` changed" + (" (read by tests alone)" if name in _OURS else ""),
                name,
            )


def _sections(model: Model) -> Mapping[str, Any]:
    data = model.source.data
    return {str(k): v for k, v in data.items() if k not in _HARMLESS} if isinstance(data, Mapping) else {}
