"""Infer an API's rate limits and idempotency from headers: `X-RateLimit-Remaining`, `Idempotency-Key`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from pgagents.importer.inference.states import find_status
from pgagents.importer.operations.imported import ImportedAction
from pgagents.importer.reading.note import Notes
from pgagents.importer.reading.references import Found, References

LIMITED = 429
_TRIPLE = re.compile(r"((?:x-)?rate-?limit-)(limit|remaining|reset)", re.I)
_EPOCH = re.compile(r"epoch|unix|timestamp|utc|1970", re.I)
_FROM_NOW = re.compile(r"seconds (until|remaining|left|to)|in seconds|number of seconds", re.I)


def infer_limits(
    made: Sequence[ImportedAction], references: References, codes: Mapping[str, Any], notes: Notes
) -> tuple[dict[str, Any], str]:
    """Return the catalogue's `limits`, and the code of a call over a limit; empty if no header shows a limit.

    Headers of successes and of status 429 are considered.
    """
    limited = [name for name, code in codes.items() if find_status(code) == LIMITED]
    code = limited[0] if len(limited) == 1 else ""
    headers = _list_headers(made, references)
    low = {name.lower(): name for name in headers}
    if {"ratelimit", "ratelimit-policy"} <= low.keys():
        section: dict[str, Any] = {"ietf": True}
        shown = [low["ratelimit"], low["ratelimit-policy"]]
    else:
        parts = {m[2].lower(): name for name in headers if (m := _TRIPLE.fullmatch(name)) is not None}
        if not {"limit", "remaining"} <= parts.keys():
            return {}, code
        section = {part: parts[part] for part in ("limit", "remaining", "reset") if part in parts}
        shown = list(section.values())
    notes.infer(("limits",), f"from {' and '.join(shown)}")
    found: dict[str, Any] = {"inferred": True, "headers": section}
    if "reset" in section and _is_from_now(section["reset"], headers[section["reset"]].text("description")):
        found["reset_unit"] = "seconds"
    return found, code


def _list_headers(made: Sequence[ImportedAction], references: References) -> dict[str, Found]:
    """Return the documented headers of successes and of refusals for a limit, by name."""
    found: dict[str, Found] = {}
    for one in made:
        for answer in one.operation.answers:
            if answer.status[:1] == "2" or answer.status == str(LIMITED):
                for name, header in answer.whole.at("headers").members().items():
                    found.setdefault(name, references.follow(header))
    return found


def _is_from_now(name: str, text: str) -> bool:
    """True if a reset header counts seconds from now, as in the IETF's drafts."""
    if _EPOCH.search(text):
        return False
    return bool(_FROM_NOW.search(text)) or not name.lower().startswith("x-")


def infer_idempotency(made: Sequence[ImportedAction], notes: Notes) -> dict[str, Any]:
    """Return the catalogue's `idempotency`; empty if no action has an idempotency key."""
    keyed = [one for one in made if one.action.get("idempotency")]
    if not keyed:
        return {}
    notes.infer(("idempotency",), f"from the header Idempotency-Key of {keyed[0].action['http']}")
    return {"inferred": True}
