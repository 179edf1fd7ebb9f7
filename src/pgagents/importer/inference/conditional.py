"""Infer conditional calls: reads whose answers have an ETag, and writes with If-Match."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pgagents.importer.operations.imported import ImportedAction
from pgagents.importer.reading.note import Notes

NOT_MODIFIED, STALE, REQUIRED = 304, 412, 428
_TAG, _MATCH = "etag", "if-match"


def infer_conditional(every: Sequence[ImportedAction], codes: Mapping[str, Any], notes: Notes) -> None:
    """Add `etag` and `if_match` to the actions whose operations document every part of the mechanism."""
    tagged = [made for made in every if _is_tagged(made)]
    for made in tagged:
        made.action["etag"] = True
        made.action["output"].pop(NOT_MODIFIED, None)
        for output in made.action["output"].values():
            _drop_tag(output)
        notes.infer(("actions", made.name, "etag"), "from its header ETag and its answer 304")
    for made in every if tagged else ():
        name = _find_match(made)
        statuses = {_status_of(codes.get(code)) for code in made.action.get("errors", ())}
        optional = name is not None and not made.action["input"][name].get("required")
        if name is None or STALE not in statuses or (optional and REQUIRED in statuses):
            continue
        made.action["if_match"] = name
        notes.infer(("actions", made.name, "if_match"), "from its header If-Match and its answer 412")


def _is_tagged(made: ImportedAction) -> bool:
    """True for a GET that documents an ETag on each success, and status 304."""
    if made.operation.method != "GET" or made.action.get("effect") != "read":
        return False
    answers = {answer.status: answer for answer in made.operation.answers}
    successes = [answer for status, answer in answers.items() if status.startswith("2")]
    return (
        str(NOT_MODIFIED) in answers
        and bool(successes)
        and all(_TAG in {h.lower() for h in a.whole.at("headers").members()} for a in successes)
    )


def _drop_tag(output: Any) -> None:
    """Remove the ETag header from an output, because `etag` implies it."""
    headers = output.get("headers", {}) if isinstance(output, dict) else {}
    for name in [name for name in headers if name.lower() == _TAG]:
        del headers[name]
    if isinstance(output, dict) and "headers" in output and not headers:
        del output["headers"]


def _find_match(made: ImportedAction) -> str | None:
    """Return the argument of a write that is sent as If-Match; None if there is none."""
    if made.action.get("effect") != "write":
        return None
    return next(
        (n for (wire, at), n in made.wires.items() if at == "header" and wire.lower() == _MATCH), None
    )


def _status_of(code: Any) -> int | None:
    return code if isinstance(code, int) else code.get("status") if isinstance(code, dict) else None
