"""Form bodies: `application/x-www-form-urlencoded`, pairs as in a query.

Lists are repeated, unless the argument has a `style`. A space is `+`, as in the URL standard.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pgagents.base.http import text_of
from pgagents.catalogue.encoding.medium import Body, Given, Medium
from pgagents.catalogue.encoding.request import encode, join, pairs
from pgagents.catalogue.model.action import Action

TYPE = "application/x-www-form-urlencoded"


def _write(action: Action, given: Sequence[Given], more: Mapping[str, Any]) -> Body:
    written = [pair for param, value in given for pair in pairs(param, value)]
    written += [(encode(name), encode(text_of(value))) for name, value in more.items()]
    return Body(action.content_type, join(written).replace("%20", "+").encode())


MEDIUM = Medium("form", lambda media: media == TYPE, _write, charset=True, says="a form")
