"""Read bodies that are one text."""

from __future__ import annotations

from collections.abc import Sequence

from pgagents.base.http import Request
from pgagents.sandbox.bodies import BAD_BODY, WRONG_TYPE, Content, Field, Unreadable, is_type


def read(request: Request, fields: Sequence[Field], content_type: str) -> Content:
    """Return the text; no values for an empty body. Raises Unreadable for another media type, or for bytes
    that are not UTF-8.
    """
    if not request.body:
        return Content({})
    if not is_type(request.header("content-type"), content_type):
        raise Unreadable(f"the body must be {content_type} in UTF-8", kind=WRONG_TYPE)
    try:
        return Content({field.wire: request.body.decode("utf-8") for field in fields})
    except UnicodeDecodeError as error:
        raise Unreadable(f"byte {error.start} is not UTF-8", kind=BAD_BODY) from None
