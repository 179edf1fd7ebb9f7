"""Faults of request bodies that are not plain JSON, and of lists and objects that are sent as text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from pgagents.http import Request
from pgagents.model.action import Param
from pgagents.sandbox.call import AcceptedCall, Domain
from pgagents.sandbox.injection.fault_registry import Context, fault


@fault("framework", needs=("form-body",)).edit_requests
def form_type_prefix(context: Context, request: Request) -> Request:
    """A body is read as a form if the name of its type begins like a form's."""
    action = context.reader.action(request)
    written = request.header("content-type") or ""
    if action is None or not written.startswith(action.content_type):
        return request
    return request.with_header("Content-Type", action.content_type)


@fault("framework", needs=("form-body",)).edit_requests
def form_charset_refused(_context: Context, request: Request) -> Request:
    """A form whose type has a charset is refused."""
    kind = request.header("content-type") or ""
    odd = "x-www-form-urlencoded;" in kind
    return request.with_header("Content-Type", "application/octet-stream") if odd else request


@fault("law", "response_schema", needs=("form-body",)).replace_actions
def form_numbers_kept_as_text(_context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """Numbers of a form are stored as the texts that arrived."""
    return inner(_changed(call, lambda p, v: str(v) if p.as_text and type(v) in (int, float) else v))


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


@fault("law", "invalid_input", needs=("query-object",)).edit_requests
def query_brackets_ignored(_context: Context, request: Request) -> Request:
    """Parameters with brackets in their names are ignored."""
    path, mark, query = request.target.partition("?")
    kept = [part for part in query.split("&") if "%5B" not in part.partition("=")[0]]
    return replace(request, target=f"{path}{mark}{'&'.join(kept)}")


def _changed(call: AcceptedCall, change: Callable[[Param, Any], Any]) -> AcceptedCall:
    """Return the call with each argument changed by a function of the argument and its value."""
    found = dict(call.input)
    for param in call.action.params:
        if str(param.name) in found:
            found[str(param.name)] = change(param, found[str(param.name)])
    return replace(call, input=found)
