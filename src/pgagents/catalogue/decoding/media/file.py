"""Files: bytes of any other media type, as one text with a character for each byte.

So `minLength` and `maxLength` count bytes. For some types the beginning and the end of the file are checked.
So an error page, an empty body and half a file do not count as an image.
"""

from __future__ import annotations

from dataclasses import dataclass

from pgagents.base.http import Json, media_type_of
from pgagents.catalogue.decoding.medium import Medium
from pgagents.catalogue.model.answers import Output


@dataclass(frozen=True, slots=True)
class _Form:
    """The possible first bytes of a file, and bytes near its end."""

    begins: tuple[bytes, ...]
    ends: bytes = b""
    within: int = 0
    """Number of bytes that may precede the beginning. Readers of the type skip them."""


_FORMS = {
    "image/png": _Form((b"\x89PNG\r\n\x1a\n",), b"IEND"),
    "image/jpeg": _Form((b"\xff\xd8\xff",), b"\xff\xd9"),
    "image/gif": _Form((b"GIF87a", b"GIF89a"), b";"),
    "image/webp": _Form((b"RIFF",)),
    "application/pdf": _Form((b"%PDF-",), b"%%EOF", within=1024),
    "application/zip": _Form((b"PK\x03\x04", b"PK\x05\x06"), b"PK\x05\x06"),
    "application/gzip": _Form((b"\x1f\x8b",)),
}  # fmt: skip
"""Taken from the registrations of these types. A PDF's header may be anywhere in its first 1024 bytes."""


def _read(body: bytes, content_type: str, output: Output) -> Json:
    declared = media_type_of(output.content_type)
    media = media_type_of(content_type) if "*" in declared else declared
    form = _FORMS.get(media)
    if form is not None and not any(
        body.find(begin, 0, form.within + len(begin)) >= 0 for begin in form.begins
    ):
        return Json(problem=f"it does not begin as {media} does")
    if form is not None and form.ends not in body:
        return Json(problem=f"it does not end as {media} does: it is cut off")
    return Json(body.decode("latin-1"))


MEDIUM = Medium("file", ("*",), _read, "size")
