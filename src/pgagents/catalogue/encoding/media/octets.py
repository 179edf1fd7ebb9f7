"""Bodies that are the bytes of one file: images, sound, archives, and `application/octet-stream`.

If the argument lists several types, the body has the file's own type.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pgagents.base.http import text_of
from pgagents.catalogue.encoding.medium import Body, Given, Medium, list_types, parse_url
from pgagents.catalogue.model.action import Action

_LEADS = ("image/", "audio/", "video/", "font/")
_TYPES = frozenset(
    f"application/{name}" for name in ("octet-stream", "pdf", "zip", "gzip", "x-tar", "wasm")
)  # fmt: skip


def _matches(media: str) -> bool:
    return media.startswith(_LEADS) or media in _TYPES


def _write(action: Action, given: Sequence[Given], _more: Mapping[str, Any]) -> Body:
    for param, value in given:
        file = parse_url(value)
        data = file.data if file is not None else text_of(value).encode("utf-8", "replace")
        several = file is not None and len(list_types(action, param)) > 1
        return Body(file.media if file is not None and several else action.content_type, data)
    return Body(action.content_type, b"")


MEDIUM = Medium("octets", _matches, _write, members=False, files=True, says="bytes")
