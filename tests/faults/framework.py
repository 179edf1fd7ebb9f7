"""Faults of a web framework's own behaviour: methods, paths, bodies, content types, redirects."""

from __future__ import annotations

import json
import re
from dataclasses import replace

from faults.helpers import error_at
from pgagents.base.http import Request, Response, read_json
from pgagents.sandbox.answers import framework_code
from pgagents.sandbox.fault_declaration import Context, fault
from pgagents.sandbox.fault_helpers import data_of, replace_method
from pgagents.sandbox.routes import fit, too_large


@fault("framework", also={"response_headers": "Allow is a declared header of a 405"}, odd=True).edit_answers
def allow_missing(_context: Context, _request: Request, answer: Response) -> Response:
    """A 405 lacks the Allow header."""
    return answer.with_header("Allow", None)


@fault("framework", odd=True).edit_answers
def allow_names_refused(_context: Context, _request: Request, answer: Response) -> Response:
    """The Allow header of a 405 names the same methods for every path, including the refused one."""
    return answer.with_header("Allow", "GET, POST, PUT, PATCH, DELETE") if answer.header("Allow") else answer


@fault("framework").edit_requests
def charset_by_letter(_context: Context, request: Request) -> Request:
    """A body whose content type contains capitals, such as `charset=UTF-8`, is refused for its content
    type.
    """
    kind = request.header("content-type") or ""
    return (
        request if kind == kind.lower() else request.with_header("Content-Type", "application/octet-stream")
    )


@fault("framework").edit_requests
def charset_refused(_context: Context, request: Request) -> Request:
    """A body with `charset=utf-8` is refused for its content type."""
    kind = request.header("content-type") or ""
    return request.with_header("Content-Type", "application/octet-stream") if ";" in kind else request


@fault("framework").edit_requests
def commas_forgiven(_context: Context, request: Request) -> Request:
    """A trailing comma in a JSON body is accepted."""
    if not request.body or not read_json(request.body).problem:
        return request
    fixed = re.sub(rb",\s*([}\]])", rb"\1", request.body)
    return request if read_json(fixed).problem else replace(request, body=fixed)


@fault("framework", needs=("head-as-get",)).edit_answers
def head_not_found(context: Context, request: Request, answer: Response) -> Response:
    """HEAD is answered as at an unknown path where GET is there."""
    found = request.method == "HEAD" and request.path not in context.model.api.hosted.values()
    return replace(answer, status=404) if found and answer.status in (200, 422) else answer


@fault("framework", also={"oauth_clients": "a form is not read as one"}).edit_requests
def content_type_unchecked(_context: Context, request: Request) -> Request:
    """A body is read as JSON whatever its content type is."""
    return request.with_header("Content-Type", "application/json") if request.body else request


@fault("framework").edit_requests
def duplicate_members_accepted(_context: Context, request: Request) -> Request:
    """A body with a duplicate member is accepted, and the last one counts."""
    if "stands twice" not in read_json(request.body).problem:
        return request
    try:
        return replace(request, body=json.dumps(json.loads(request.body)).encode())
    except ValueError:
        return request


@fault("framework").change_server
def largest_refused(context: Context) -> None:
    """A body of exactly the largest allowed size is refused as too large."""

    def exceeds(request: Request, most: int | None) -> bool:
        return too_large(request, most - 1 if most is not None else None)

    context.front.exceeds = exceeds


@fault("framework", needs=("largest-body",)).change_server
def size_limit_of_all(context: Context) -> None:
    """The size limit of an action is not known; that of all bodies alone is."""
    shared = context.model.limits.max_body_bytes
    context.front.exceeds = lambda request, _most: too_large(request, shared)


@fault("framework").edit_answers
def literal_path_by_method(context: Context, request: Request, answer: Response) -> Response:
    """A literal path with a wrong method is matched as an id of a neighbouring template, and answered with
    404 instead of 405.
    """
    code = framework_code(context.model, "unknown_path")
    templates = [(a.method, str(a.path)) for a in context.model.actions if "{" in a.path]
    taken = any(
        method == request.method and fit(path, request.path) is not None for method, path in templates
    )
    if answer.status != 405 or not taken:
        return answer
    body = error_at(data_of(answer), context.model.errors.code_at, code.name)
    return replace(answer.with_header("Allow", None), status=code.status).with_json(body)


@fault("framework").edit_answers
def method_as_unknown_path(context: Context, _request: Request, answer: Response) -> Response:
    """A wrong method is answered with 404 instead of 405."""
    code = framework_code(context.model, "unknown_path")
    if answer.status != 405:
        return answer
    body = error_at(data_of(answer), context.model.errors.code_at, code.name)
    return replace(answer.with_header("Allow", None), status=code.status).with_json(body)


_FOLLOWING = re.compile(rb',\s*"[^"]*"\s*:\s*(NaN|-?Infinity)')

_MEMBER = re.compile(rb'\{\s*"[^"]*"\s*:\s*(NaN|-?Infinity)\s*,')


@fault("framework").edit_requests
def not_a_number_accepted(_context: Context, request: Request) -> Request:
    """A member of a body that is NaN or Infinity is dropped instead of refused."""
    return (
        replace(request, body=_MEMBER.sub(b"{", _FOLLOWING.sub(b"", request.body)))
        if request.body
        else request
    )


@fault("framework").change_server
def plaintext_answered(context: Context) -> None:
    """Plain HTTP is answered like HTTPS, so keys travel unencrypted."""

    def answer(request: Request) -> Response:
        return context.front(request)

    replace_method(context.front, "plaintext", answer)


@fault("safe_redirects", also={"trailing_slash_writes": "such a path is one that is unknown"}).edit_answers
def redirect_breaks(_context: Context, request: Request, answer: Response) -> Response:
    """A POST to a path with a trailing slash is redirected with 301, which turns it into a GET."""
    if request.method != "POST" or answer.status != 404 or not request.path.endswith("/"):
        return answer
    return Response(301, (*answer.headers, ("Location", request.path.rstrip("/"))))


@fault("framework").change_server
def size_in_characters(context: Context) -> None:
    """The size of a body is counted in characters instead of bytes, so a large body of multi-byte text is
    accepted.
    """

    def exceeds(request: Request, most: int | None) -> bool:
        return most is not None and len(request.body.decode("utf-8", "replace")) > most

    context.front.exceeds = exceeds


@fault("trailing_slash_writes").edit_requests
def slash_ignored_by_writes(context: Context, request: Request) -> Request:
    """A trailing slash is removed from the paths of writes, so they succeed at a path that is not
    documented.
    """
    path, mark, query = request.target.partition("?")
    bare = replace(request, target=path.removesuffix("/") + mark + query)
    asked = context.reader.parse(bare)
    return (
        bare if asked is not None and asked.dispatcher is None and asked.action.effect == "write" else request
    )


@fault(
    "framework",
    also={
        "safe_redirects": "a call is redirected, and a POST would become a GET",
        "trailing_slash_writes": "calls that write are redirected, too",
    },
).edit_answers
def slash_redirects(_context: Context, request: Request, answer: Response) -> Response:
    """A path with a trailing slash is redirected with 301 to the one without."""
    if answer.status != 404 or not request.path.endswith("/") or request.path == "/":
        return answer
    return Response(301, (*answer.headers, ("Location", request.path.rstrip("/"))))


@fault("safe_redirects", "trailing_slash_writes").edit_answers
def slash_redirects_writes(context: Context, request: Request, answer: Response) -> Response:
    """A DELETE to a path with a trailing slash is redirected, while a read there gets 404."""
    bare = replace(request, target=request.path.removesuffix("/"))
    asked = context.reader.parse(bare)
    if (
        answer.status != 404
        or bare.target == request.path
        or asked is None
        or asked.action.method != "DELETE"
    ):
        return answer
    return Response(307, (*answer.headers, ("Location", bare.target)))


@fault("framework", needs=("no-object",)).edit_requests
def null_body_as_malformed(_context: Context, request: Request) -> Request:
    """A body that is null is answered as one that is not JSON, though the API tells them apart."""
    return replace(request, body=b"{") if request.body.strip() == b"null" else request
