"""The header that tells an answer's own id, and one that a client may send of its own accord."""

from __future__ import annotations

import re

from pgagents.model.model import Model
from pgagents.verify.check.memory import Setting

FOREIGN = "pgv-trace-1"
"""An id as a client or a proxy before the API may send it; a server may keep it beside its own, and not in its place."""


def header_name(model: Model) -> str | None:
    """The declared header that holds the same id as the envelope, told by its name."""
    wanted = _letters((model.errors.request_id_at or "").rpartition(".")[2])
    return next((h.name for h in model.headers if wanted and _letters(h.name).endswith(wanted)), None)


def foreign(setting: Setting) -> tuple[str, str] | None:
    """That header with an id that is none of the API's, by the header's own schema; None where the schema takes any."""
    name = header_name(setting.model)
    header = next((h for h in setting.model.headers if h.name == name), None)
    if header is None or setting.test(("header", header.name), header.schema).is_valid(FOREIGN):
        return None
    return header.name, FOREIGN


def _letters(text: str) -> str:
    return re.sub(r"[^a-z]", "", text.lower())
