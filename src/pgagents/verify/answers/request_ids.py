"""Find the header with an answer's request id, and an id that a client may send in it."""

from __future__ import annotations

import re

from pgagents.model.model import Model
from pgagents.verify.check.setting import Setting

FOREIGN = "pgv-trace-1"
"""An id that a client or a proxy may send. A server may return it beside its own id, but not in its place."""


def header_name(model: Model) -> str | None:
    """Return the declared header whose id the error envelope repeats, recognised by its name; None without
    one.
    """
    wanted = _letters((model.errors.request_id_at or "").rpartition(".")[2])
    return next((h.name for h in model.headers if wanted and _letters(h.name).endswith(wanted)), None)


def foreign(setting: Setting) -> tuple[str, str] | None:
    """Return the request id header and an id that the header's schema refuses; None if the schema allows any
    id.
    """
    name = header_name(setting.model)
    header = next((h for h in setting.model.headers if h.name == name), None)
    if header is None or setting.test(("header", header.name), header.schema).is_valid(FOREIGN):
        return None
    return header.name, FOREIGN


def _letters(text: str) -> str:
    return re.sub(r"[^a-z]", "", text.lower())
