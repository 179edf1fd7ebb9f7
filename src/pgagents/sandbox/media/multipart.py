"""Read bodies of the type `multipart/form-data`.

A file becomes a data URL, as arguments have it.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from pgagents.base.http import Request
from pgagents.sandbox.bodies import BAD_BODY, WRONG_TYPE, Content, Field, Pair, Unreadable, find

MAX_PARTS = 1_000
_NAME = re.compile(r';\s*name="([^"]*)"')
_FILENAME = re.compile(r';\s*filename="')
_BOUNDARY = re.compile(r'boundary="?([^";,\s]{1,70})"?')


def read(request: Request, fields: Sequence[Field], content_type: str) -> Content:
    """Return the values of the body's fields and files. Raises Unreadable if the body is malformed or has
    another media type.
    """
    boundary = _BOUNDARY.search(request.header("content-type") or "")
    if request.media_type != content_type:
        raise Unreadable(f"the body must be {content_type}", kind=WRONG_TYPE)
    if boundary is None:
        raise Unreadable("the type of the body lacks its boundary", kind=BAD_BODY)
    pairs: list[Pair] = []
    files: dict[str, str] = {}
    for head, data in _split(request.body, boundary[1].encode()):
        name = _NAME.search(head)
        if name is None:
            raise Unreadable("a part of the body has no name", kind=BAD_BODY)
        if _FILENAME.search(head):
            kind = re.search(r"(?im)^content-type:\s*([^;\s]+)", head)
            media = kind[1].lower() if kind else "application/octet-stream"
            if name[1] in files:
                raise Unreadable(f"{name[1]} stands twice", name[1])
            files[name[1]] = f"data:{media};base64,{b64encode(data).decode()}"
            continue
        try:
            pairs.append(Pair(name[1].replace("%22", '"'), quote(data.decode("utf-8"), safe="")))
        except UnicodeDecodeError:
            raise Unreadable(f"{name[1]} is not UTF-8", kind=BAD_BODY) from None
    used: set[str] = set()
    found: dict[str, Any] = {}
    for field in fields:
        value = files.get(field.wire) if field.wire in files else find(field, pairs, used)
        if value is not None:
            found[field.wire] = value
    known = {field.wire for field in fields}
    unknown = [p.name for p in pairs if p.name not in used] + [name for name in files if name not in known]
    return Content(found, tuple(dict.fromkeys(unknown)))


def _split(body: bytes, boundary: bytes) -> list[tuple[str, bytes]]:
    """Return head and content of each part."""
    mark = b"--" + boundary
    pieces = (b"\r\n" + body).split(b"\r\n" + mark)
    if len(pieces) < 2 or not pieces[-1].startswith(b"--"):
        raise Unreadable("the body ends before its last boundary", kind=BAD_BODY)
    found: list[tuple[str, bytes]] = []
    for piece in pieces[1:-1]:
        head, gap, data = piece.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        if not gap or len(found) >= MAX_PARTS:
            raise Unreadable("a part of the body cannot be read", kind=BAD_BODY)
        found.append((head.decode("utf-8", "replace"), data))
    return found
