"""Faults of request bodies that are not plain JSON, and of lists and objects that are sent as text."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from pgagents.base.http import Handler, Request, Response, Silence
from pgagents.catalogue.encoding.media.form import TYPE as FORM_TYPE
from pgagents.catalogue.encoding.medium import JSON
from pgagents.catalogue.model.action import Action, Param
from pgagents.sandbox.call import AcceptedCall, Domain
from pgagents.sandbox.fault_declaration import Context, fault
from pgagents.sandbox.fault_helpers import replace_method


@fault("framework", needs=("form-body",)).edit_requests
def form_type_prefix(context: Context, request: Request) -> Request:
    """A body is read as a form if the name of its type begins like a form's."""
    action = context.reader.action(request)
    written = request.header("content-type") or ""
    if action is None or action.content_type == JSON:
        return request
    listed = next((p.file.media for p in action.params if p.place == "whole_body" and p.file), ())
    like = next((kind for kind in listed or (action.content_type,) if written.startswith(kind)), None)
    _, mark, parameters = written.partition(";")
    return request.with_header("Content-Type", f"{like}{mark}{parameters}") if like else request


@fault("framework", needs=("form-body",)).edit_requests
def form_charset_refused(_context: Context, request: Request) -> Request:
    """A form whose type has a charset is refused."""
    kind = request.header("content-type") or ""
    odd = "x-www-form-urlencoded;" in kind
    return request.with_header("Content-Type", "application/octet-stream") if odd else request


@fault("law", needs=("form-body",)).edit_requests
def plus_is_no_space(_context: Context, request: Request) -> Request:
    """A form's `+` is kept as it is, instead of a space."""
    is_form = (request.header("content-type") or "").startswith(FORM_TYPE)
    return replace(request, body=request.body.replace(b"+", b"%2B")) if is_form else request


@fault("response_schema", needs=("form-body",)).replace_actions
def form_numbers_kept_as_text(_context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """Numbers of a form are stored as the texts that arrived."""

    def keep(param: Param, value: Any) -> Any:
        number = param.as_text and param.in_body and type(value) in (int, float)
        return str(value) if number else value

    return inner(_changed(call, keep))


@fault("law", needs=("form-body", "query-list")).replace_actions
def repeated_fields_overwrite(_context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """A field that is repeated in a form counts once: its last value."""
    return inner(
        _changed(call, lambda p, v: v[-1:] if p.as_text and p.in_body and isinstance(v, list) else v)
    )


@fault("law", needs=("form-nested",)).replace_actions
def nested_items_lost(_context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """A list inside an object in brackets has its last item alone."""

    def last(param: Param, value: Any) -> Any:
        if param.style != "deepObject" or not isinstance(value, dict):
            return value
        return {name: inner[-1:] if isinstance(inner, list) else inner for name, inner in value.items()}

    return inner(_changed(call, last))


@fault("law", needs=("query-list",)).replace_actions
def joined_list_first_alone(_context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """A list that is one text has its first item alone."""
    return inner(
        _changed(call, lambda p, v: v[:1] if isinstance(v, list) and p.style and not p.explode else v)
    )


@fault("invalid_input", needs=("query-object",)).edit_requests
def query_brackets_ignored(_context: Context, request: Request) -> Request:
    """Parameters with brackets in their names are ignored."""
    path, mark, query = request.target.partition("?")
    kept = [part for part in query.split("&") if "%5B" not in part.partition("=")[0]]
    return replace(request, target=f"{path}{mark}{'&'.join(kept)}")


@fault("invalid_input", needs=("query-json",)).edit_requests
def json_query_ignored(_context: Context, request: Request) -> Request:
    """Parameters that hold a JSON object are ignored."""
    path, mark, query = request.target.partition("?")
    kept = [part for part in query.split("&") if not part.partition("=")[2].startswith("%7B")]
    return replace(request, target=f"{path}{mark}{'&'.join(kept)}")


@fault("law", needs=("file-argument",)).replace_actions
def file_truncated(_context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """A file loses what follows its first sixteen bytes."""

    def cut(param: Param, value: Any) -> Any:
        if param.file is None:
            return value
        lead, comma, data = str(value).partition(",")
        kept = base64.b64encode(base64.b64decode(data)[:16]).decode()
        return f"{lead}{comma}{kept}"

    return inner(_changed(call, cut))


@fault("law", needs=("file-of-several-types",)).replace_actions
def file_type_is_the_first(_context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """A file of several possible types is kept as one of the first of them."""

    def keep(param: Param, value: Any) -> Any:
        if param.file is None or not param.file.media:
            return value
        return re.sub(r"^data:[^;,]+", f"data:{param.file.media[0]}", str(value))

    return inner(_changed(call, keep))


@fault("invalid_input", needs=("file-argument",)).change_server
def file_type_unchecked(context: Context) -> None:
    """A file of any type is accepted as a PNG."""
    _edit_decoded(context, lambda text: re.sub(r"^data:[^;,]+", "data:image/png", text))


@fault("invalid_input", needs=("file-argument",)).change_server
def file_size_unchecked(context: Context) -> None:
    """A file that is too large is cut to its first kilobyte."""
    _edit_decoded(context, lambda text: text[:1024] if len(text) > 1024 else text)


@fault("framework", needs=("multipart",)).edit_requests
def multipart_end_forgiven(_context: Context, request: Request) -> Request:
    """A multipart body without its end is read as if it were whole."""
    boundary = re.search(r"boundary=(\w+)", request.header("content-type") or "")
    if boundary is None or request.body.endswith(b"--\r\n"):
        return request
    return replace(request, body=request.body + f"\r\n--{boundary[1]}--\r\n".encode())


@fault("law", needs=("whole-body",)).replace_actions
def whole_body_first_alone(_context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """A body that is a list has its first item alone."""
    return inner(_changed(call, lambda p, v: v[:1] if p.place == "whole_body" and isinstance(v, list) else v))


@fault("law", needs=("text-body",)).replace_actions
def text_body_in_latin_1(_context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """A body of plain text is read as Latin-1."""

    def read(param: Param, value: Any) -> Any:
        whole = param.place == "whole_body" and param.file is None and isinstance(value, str)
        return value.encode().decode("latin-1") if whole else value

    return inner(_changed(call, read))


@fault("merge_patch", needs=("merge-patch",)).replace_actions
def merge_patch_replaces(_context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """A merge patch replaces the whole resource: members that it leaves out are removed."""
    if call.action.content_type != "application/merge-patch+json":
        return inner(call)
    missing = {str(p.name): None for p in call.action.params if p.in_body and not p.required}
    return inner(replace(call, input={**missing, **call.input}))


@fault("merge_patch", needs=("merge-patch",)).replace_actions
def merge_patch_null_ignored(_context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """Null in a merge patch is taken for a member that is left out."""
    if call.action.content_type != "application/merge-patch+json":
        return inner(call)
    return inner(replace(call, input={k: v for k, v in call.input.items() if v is not None}))


@fault("valid_calls", needs=("constant-headers",)).handle_requests
def constant_header_unknown(context: Context, handler: Handler, request: Request) -> Response | Silence:
    """A call with one of the API's constant headers is refused as if its body were wrong."""
    given = any(request.header(name) for name in context.model.api.request_headers)
    return handler(request.with_header("Content-Type", "text/x-pgv")) if given else handler(request)


def _edit_decoded(context: Context, edit: Callable[[str], str]) -> None:
    """Change files before they are validated."""
    decoder = context.front.decoder
    validate = decoder._validate

    def edited(action: Action, plan: Any, found: dict[str, Any]) -> Any:
        for param in action.params:
            if param.file is not None and isinstance(found.get(str(param.name)), str):
                found[str(param.name)] = edit(found[str(param.name)])
        return validate(action, plan, found)

    replace_method(decoder, "_validate", edited)


def _changed(call: AcceptedCall, change: Callable[[Param, Any], Any]) -> AcceptedCall:
    """Return the call with each argument changed by a function of the argument and its value."""
    found = dict(call.input)
    for param in call.action.params:
        if str(param.name) in found:
            found[str(param.name)] = change(param, found[str(param.name)])
    return replace(call, input=found)


@fault("valid_calls", needs=("form-null",)).edit_requests
def empty_field_refused(context: Context, request: Request) -> Request:
    """An empty field of a form is not null, but a text that is too short."""
    action = context.reader.action(request)
    if action is None or not (request.header("content-type") or "").startswith(FORM_TYPE):
        return request
    pairs = request.body.decode("utf-8", "replace").split("&")
    filled = ["".join((pair, "%00" * 400)) if pair.endswith("=") else pair for pair in pairs]
    return replace(request, body="&".join(filled).encode()) if filled != pairs else request
