"""Faults that mix up ids or projects, or reveal secrets and other projects' data."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from typing import Any
from urllib.parse import quote, unquote

from faults.helpers import error_at, find_any_secret
from pgagents.base.http import Handler, Request, Response, Silence
from pgagents.sandbox.answers import framework_code
from pgagents.sandbox.call import AcceptedCall, Domain, Refusal
from pgagents.sandbox.fault_declaration import Context, fault
from pgagents.sandbox.fault_helpers import data_of, objects, successful
from pgagents.sandbox.keys import find_text


@fault("no_leaks").edit_answers
def error_echoes_key(context: Context, request: Request, answer: Response) -> Response:
    """A 401 repeats the refused key."""
    data = data_of(answer)
    credential = context.model.credential
    header = find_text(credential, request) if credential is not None else None
    if answer.status != 401 or data is None or not header:
        return answer
    return answer.with_json(error_at(data, context.model.errors.message_at, f"The key {header} is not known"))


_TRACE = (
    'Traceback (most recent call last):\n  File "/srv/api/app.py", line 218, in search\nValueError: '
    "could not convert"
)


@fault("no_leaks").edit_answers
def error_leaks_trace(context: Context, _request: Request, answer: Response) -> Response:
    """The error for a refused argument contains the server's stack trace."""
    invalid = framework_code(context.model, "invalid").status
    data = data_of(answer)
    if answer.status != invalid or data is None:
        return answer
    return answer.with_json(error_at(data, context.model.errors.message_at, _TRACE))


@fault(
    "id_comparison", also={"invalid_input": "an id with such a letter is one that its pattern does not match"}
).edit_requests
def ids_normalised(_context: Context, request: Request) -> Request:
    """Ids in a path are normalised (NFKC) before they are looked up, so one with full-width letters finds
    an instance.
    """
    path, mark, query = request.target.partition("?")
    if not any(lead in path.upper() for lead in ("%EF%BC", "%EF%BD")):
        return request
    parts = [quote(unicodedata.normalize("NFKC", unquote(part)), safe="") for part in path.split("/")]
    return replace(request, target="/".join(parts) + mark + query)


@fault("id_comparison").replace_actions
def ids_of_what_is_common(context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """The id of a new instance is derived from the one that it refers to, so two instances get the same
    id.
    """
    resources = [
        r
        for r in context.model.resources.values()
        if r.made_by and not (r.state or r.undone_by or r.read_by or r.moves)
    ]
    makers = {str(r.made_by.action.name): r for r in resources if r.made_by}
    found, resource = inner(call), makers.get(str(call.action.name))
    of = next((call.input[str(p.name)] for p in call.action.params if p.refers_to), None)
    if resource is not None and of is not None and not isinstance(found, Refusal):
        for body in found.values():
            body[resource.id] = f"of-{of}"[:64]
    return found


@fault("links_resolve", odd=True).handle_requests
def link_dead(context: Context, handler: Handler, request: Request) -> Response | Silence:
    """The pages that answers link to do not exist."""
    site = context.front.site
    page = site.page(request.path)
    if page is not None and page.values:
        return Response(
            framework_code(context.model, "unknown_path").status,
            (("Content-Type", "text/html; charset=utf-8"),),
            b"<!doctype html><title>Not found</title>",
        )
    return handler(request)


@fault("links_resolve").handle_requests
def link_tells_secret(context: Context, handler: Handler, request: Request) -> Response | Silence:
    """The page that a new instance links to contains its payment secret."""
    told: list[str] = context.memory.setdefault("told", [])
    found = handler(request)
    if not isinstance(found, Response) or not successful(found):
        return found
    for item in objects(data_of(found)):
        told.extend(v for k, v in item.items() if k in context.model.secrets and isinstance(v, str))
    if (found.header("content-type") or "").startswith("text/html"):
        return Response(found.status, found.headers, found.body + "\n".join(told).encode())
    return found


LIVES_S = 30.0


@fault(
    "project_isolation",
    also={
        "read_after_write": "another project's instances are in the list",
        "mode_isolation": "a live key gets the list that the test key had",
    },
).edit_answers
def list_cached_for_all(context: Context, request: Request, answer: Response) -> Response:
    """Lists that belong to a project are cached by their URL for callers of every project, until a write."""
    lists = {str(c.action.name) for r in context.model.resources.values() if r.tenant for c in r.listed_by}
    kept: dict[str, tuple[float, bytes]] = context.memory.setdefault("kept", {})
    action, now = context.reader.action(request), context.front.clock.now()
    if action is not None and action.effect == "write":
        kept.clear()
    if action is None or request.method != "GET" or action.name not in lists or answer.status != 200:
        return answer
    until, body = kept.get(request.target, (0.0, b""))
    if now < until:
        return Response(answer.status, answer.headers, body)
    kept[request.target] = (now + LIVES_S, answer.body)
    return answer


@fault("read_after_write", also={"project_isolation": "a list names what it should not"}).replace_actions
def list_leaks(context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """The second project gets the lists of the first."""
    lists = {str(c.action.name) for r in context.model.resources.values() for c in r.listed_by}
    other = call.key is not None and call.key.project == "second" and str(call.action.name) in lists
    return inner(replace(call, key=replace(call.key, project="main")) if other and call.key else call)


@fault(
    "absent_id",
    also={
        "honours_manifest": "what another project was let end is no longer found",
        "project_isolation": "what another project moved is in its answer",
    },
).replace_actions
def other_tenant_moves(context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """A project may write to another project's instances."""
    found = (r.missing_in(call.action) for r in context.model.resources.values())
    missing = {code.name for code in found if code is not None}
    result = inner(call)
    if not isinstance(result, Refusal) or result.code not in missing or call.action.effect == "read":
        return result
    return _find_in_projects(context, inner, call, result)


def _find_in_projects(context: Context, inner: Domain, call: AcceptedCall, refusal: Refusal) -> Any:
    """Return the answer of the first project that does not refuse the call, or else the refusal."""
    for project in sorted({r.project for r in context.model.auth.roles.values()} | {"main"}):
        again = inner(replace(call, key=replace(call.key, project=project))) if call.key else refusal
        if not isinstance(again, Refusal):
            return again
    return refusal


@fault(
    "absent_id", also={"project_isolation": "the answer shows an instance of another project"}
).replace_actions
def other_tenant_reads(context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """A project may read another project's instances."""
    result = inner(call)
    if not isinstance(result, Refusal) or call.action.effect != "read":
        return result
    return _find_in_projects(context, inner, call, result)


@fault("no_leaks").edit_data
def secret_in_answer(context: Context, request: Request, data: Any) -> Any:
    """Successful answers contain the caller's key in an undeclared member."""
    token = find_any_secret(context.model, request)
    return None if not isinstance(data, dict) or not token else {**data, "debug_key": token}


@fault(
    "absent_id", also={"project_isolation": "the answer shows an instance of another project"}
).edit_answers
def instance_cached_for_all(context: Context, request: Request, answer: Response) -> Response:
    """Instances are cached by id and returned to callers of every project, until a write."""
    own = {r.name for r in context.model.resources.values() if r.tenant}
    kept: dict[str, tuple[float, bytes]] = context.memory.setdefault("kept", {})
    action, now = context.reader.action(request), context.front.clock.now()
    if action is not None and action.effect == "write":
        kept.clear()
    if (
        action is None
        or request.method != "GET"
        or not any(p.place == "path" and p.refers_to in own for p in action.params)
    ):
        return answer
    until, body = kept.get(request.path, (0.0, b""))
    if answer.status == 200:
        kept[request.path] = (now + LIVES_S, answer.body)
    return answer if answer.status != 404 or until <= now else Response(200, answer.headers, body)


@fault(
    "absent_id", also={"id_comparison": "one part of the id names an instance"}, needs=("id-of-several",)
).replace_actions
def first_part_of_the_id_ignored(context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """The first member of an id is not looked at, so any value of it finds an instance."""
    firsts: dict[tuple[str, str, Any], Any] = context.memory.setdefault("firsts", {})
    tenant = call.key.tenant if call.key else ""
    for resource in (r for r in context.model.resources.values() if len(r.ids) > 1):
        by_member = {p.refers_member: p.name for p in call.action.params if p.refers_to == resource.name}
        first, last = (by_member.get(resource.ids[i]) for i in (0, -1))
        if first is None or last is None:
            continue
        result = inner(call)
        key = (resource.name, tenant, call.input.get(last))
        if not isinstance(result, Refusal):
            firsts[key] = call.input.get(first)
        elif key in firsts:
            return inner(replace(call, input={**call.input, first: firsts[key]}))
        return result
    return inner(call)
