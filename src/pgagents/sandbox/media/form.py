"""Read bodies of the type `application/x-www-form-urlencoded`."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import unquote_to_bytes

from pgagents.base.http import Request
from pgagents.sandbox.bodies import (
    BAD_BODY,
    WRONG_TYPE,
    Content,
    Field,
    Unreadable,
    find,
    is_type,
    parse_pairs,
)


def read(request: Request, fields: Sequence[Field], content_type: str) -> Content:
    """Return the values of the form's fields. Raises Unreadable for another media type, or for bytes that are
    not UTF-8.
    """
    if not is_type(request.header("content-type"), content_type):
        raise Unreadable(f"the body must be {content_type} in UTF-8", kind=WRONG_TYPE)
    try:
        text = request.body.decode("utf-8")
        unquote_to_bytes(text.replace("+", " ")).decode("utf-8")
    except UnicodeDecodeError as error:
        raise Unreadable(f"byte {error.start} is not UTF-8", kind=BAD_BODY) from None
    pairs, used = parse_pairs(text), set[str]()
    found = {field.wire: find(field, pairs, used) for field in fields}
    unknown = dict.fromkeys(pair.name for pair in pairs if pair.name not in used)
    return Content({wire: value for wire, value in found.items() if value is not None}, tuple(unknown))
