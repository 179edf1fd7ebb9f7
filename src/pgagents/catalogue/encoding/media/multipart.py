"""Bodies of the type `multipart/form-data` (RFC 7578): fields as in a form, and files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any
from urllib.parse import unquote

from pgagents.base.http import text_of
from pgagents.catalogue.encoding.medium import Body, Given, Medium, name_of, parse_url
from pgagents.catalogue.encoding.request import pairs
from pgagents.catalogue.model.action import Action

TYPE = "multipart/form-data"


def _write(action: Action, given: Sequence[Given], more: Mapping[str, Any]) -> Body:
    parts = list(_parts(given, more))
    boundary = "pgv" + sha256(b"".join(parts)).hexdigest()[:32]
    data = b"".join(b"--%s\r\n%s\r\n" % (boundary.encode(), part) for part in parts)
    return Body(f"{action.content_type}; boundary={boundary}", data + b"--%s--\r\n" % boundary.encode())


def _parts(given: Sequence[Given], more: Mapping[str, Any]) -> Iterator[bytes]:
    for param, value in given:
        file = parse_url(value) if param.file is not None else None
        if file is None:
            for name, text in pairs(param, value):
                yield _part(unquote(name), unquote(text).encode("utf-8", "replace"))
            continue
        named = f'; filename="{_quote(name_of(file, param.wire))}"\r\nContent-Type: {file.media}'
        yield _part(param.wire, file.data, named)
    for name, value in more.items():
        yield _part(name, text_of(value).encode("utf-8", "replace"))


def _part(name: str, data: bytes, more: str = "") -> bytes:
    head = f'Content-Disposition: form-data; name="{_quote(name)}"{more}\r\n\r\n'
    return head.encode("utf-8", "replace") + data


def _quote(text: str) -> str:
    """Escape a name as browsers do (WHATWG, multipart/form-data)."""
    return text.replace("\r", "%0D").replace("\n", "%0A").replace('"', "%22")


def _cut(body: bytes) -> bytes:
    """Return the body without its end."""
    return body[: body.rfind(b"\r\n--")]


BROKEN = (("truncated", "a multipart body without its end is refused", _cut),)

MEDIUM = Medium(
    "multipart", lambda media: media == TYPE, _write, files=True, broken=BROKEN, says="a form with files"
)
