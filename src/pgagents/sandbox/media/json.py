"""Read JSON bodies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pgagents.base.http import Request, read_json
from pgagents.sandbox.bodies import BAD_BODY, NO_OBJECT, UTF8, WRONG_TYPE, Content, Field, Unreadable


def read(request: Request, fields: Sequence[Field], content_type: str) -> Content:
    """Return the members of a JSON object."""
    if fields and fields[0].whole:
        return Content({fields[0].wire: read_value(request, content_type)} if request.body else {})
    members = read_object(request, content_type)
    known = {field.wire for field in fields}
    return Content(members, tuple(name for name in members if name not in known))


def read_object(request: Request, content_type: str = "application/json") -> dict[str, Any]:
    """Return the members of a JSON body. Raises Unreadable if it is not a JSON object."""
    value = read_value(request, content_type)
    if not isinstance(value, dict):
        raise Unreadable("the body must be a JSON object", kind=NO_OBJECT)
    return value


def read_value(request: Request, content_type: str) -> Any:
    """Return the value of a JSON body. Raises Unreadable if it is not JSON, or has another media type."""
    if not _is_json(request.header("content-type"), content_type):
        raise Unreadable(f"the body must be {content_type} in UTF-8", kind=WRONG_TYPE)
    parsed = read_json(request.body)
    if parsed.problem:
        raise Unreadable(f"the body cannot be read: {parsed.problem}", kind=BAD_BODY)
    return parsed.value


def _is_json(header: str | None, wanted: str) -> bool:
    """Return whether a Content-Type means JSON of this type in UTF-8, without any other parameter."""
    if header is None:
        return False
    kind, *parameters = (part.strip().lower() for part in header.split(";"))
    allowed = ("", *(f"charset={name}" for name in UTF8))
    return kind == wanted.lower() and all(p.replace('"', "") in allowed for p in parameters)
