"""Legal variations of how a server reads request bodies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from urllib.parse import unquote

from pgagents.base.http import Request, json_bytes, read_json
from pgagents.sandbox.fault_declaration import Context, variation


@variation().edit_requests
def json_besides_forms(context: Context, request: Request) -> Request:
    """A JSON object is accepted beside a declared form."""
    action = context.reader.action(request)
    kind = request.media_type
    if action is None or kind != "application/json" or action.content_type == kind:
        return request
    return context.reader.with_arguments(request, context.reader.arguments(request))


@variation().edit_requests
def whole_body_named_too(context: Context, request: Request) -> Request:
    """A list that is the whole body is also accepted as the one member of an object."""
    action = context.reader.action(request)
    whole = next((p for p in action.params if p.place == "whole_body"), None) if action else None
    if whole is None or whole.as_text:
        return request
    value = read_json(request.body).value
    lists = isinstance(value, dict) and list(value) == [whole.wire] and isinstance(value[whole.wire], list)
    return replace(request, body=json_bytes(value[whole.wire])) if lists else request


@variation().edit_requests
def lists_split_decoded(context: Context, request: Request) -> Request:
    """A list that is one text is decoded before it is split, so that an encoded comma separates too."""
    action = context.reader.action(request)
    joined = {p.wire for p in action.params if p.style == "form" and not p.explode} if action else set()
    return _edit_query(
        request, lambda name, value: (name, unquote(value)) if unquote(name) in joined else (name, value)
    )


@variation().edit_requests
def dots_besides_brackets(context: Context, request: Request) -> Request:
    """`made.after=3` means the same as `made[after]=3`."""
    action = context.reader.action(request)
    deep = {p.wire for p in action.params if p.style == "deepObject"} if action else set()

    def edit(name: str, value: str) -> tuple[str, str]:
        first, dot, rest = name.partition(".")
        return (f"{first}[{rest}]", value) if dot and first in deep else (name, value)

    return _edit_query(request, edit)


def _edit_query(request: Request, edit: Callable[[str, str], tuple[str, str]]) -> Request:
    """Return the request with each pair of its query changed by a function of encoded name and value."""
    path, mark, query = request.target.partition("?")
    pairs = [part.partition("=") for part in query.split("&") if part]
    written = "&".join("=".join(edit(name, value)) for name, _, value in pairs)
    return replace(request, target=f"{path}{mark}{written}")
