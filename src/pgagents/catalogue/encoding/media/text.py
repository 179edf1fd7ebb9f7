"""Bodies that are one text, such as `text/plain` or `text/csv`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pgagents.base.http import text_of
from pgagents.catalogue.encoding.medium import Body, Given, Medium
from pgagents.catalogue.model.action import Action


def _write(action: Action, given: Sequence[Given], _more: Mapping[str, Any]) -> Body:
    text = "".join(text_of(value) for _, value in given)
    return Body(f"{action.content_type}; charset=utf-8", text.encode("utf-8", "replace"))


MEDIUM = Medium("text", lambda media: media.startswith("text/"), _write, members=False, says="a text")
