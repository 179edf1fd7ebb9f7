"""Read bodies that are the bytes of one file. The file becomes a data URL, as arguments have it."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence

from pgagents.base.http import Request
from pgagents.sandbox.bodies import WRONG_TYPE, Content, Field, Unreadable


def read(request: Request, fields: Sequence[Field], content_type: str) -> Content:
    """Return the file; no values for an empty body. Raises Unreadable for another media type."""
    if not request.body:
        return Content({})
    kind = request.media_type
    allowed = next((f.media for f in fields if f.media), (content_type.lower(),))
    if kind not in allowed:
        raise Unreadable(f"the body must be {' or '.join(allowed)}", kind=WRONG_TYPE)
    return Content({field.wire: f"data:{kind};base64,{b64encode(request.body).decode()}" for field in fields})
