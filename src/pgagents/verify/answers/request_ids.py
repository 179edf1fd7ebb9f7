"""The header that holds an answer's own id, and a foreign id that a client may send in it."""

from __future__ import annotations

import re

from pgagents.model.model import Model
from pgagents.verify.check.memory import Setting

FOREIGN = "pgv-trace-1"
"""An id that a client or a proxy may send. A server may keep it beside its own id, but not in its place."""


def header_name(model: Model) -> str | None:
    """Return the declared header that holds the same id as the error envelope, recognised by its name."""
    wanted = _letters((model.errors.request_id_at or "").rpartition(".")[2])
    return next((h.name for h in model.headers if wanted and _letters(h.name).endswith(wanted)), None)


def foreign(setting: Setting) -> tuple[str, str] | None:
    """Return the request id header with an id that its schema does not allow; None if the schema allows
    any.
    """
    name = header_name(setting.model)
    header = next((h for h in setting.model.headers if h.name == name), None)
    if header is None or setting.test(("header", header.name), header.schema).is_valid(FOREIGN):
        return None
    return header.name, FOREIGN


def _letters(text: str) -> str:
    return re.sub(r"[^a-z]", "", text.lower())
