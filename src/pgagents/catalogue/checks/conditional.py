"""Check that `etag` and `if_match` have an effect where they are, and that an outdated tag has an error."""

from __future__ import annotations

from pgagents.catalogue.checks.checker import Checker
from pgagents.catalogue.language.actions import Action
from pgagents.source.source import Pointer

NOT_MODIFIED, STALE, REQUIRED = 304, 412, 428


def run(checker: Checker) -> None:
    """Record problems of conditional calls."""
    tagged = any(action.etag for _, actions in checker.blocks() for action in actions.values())
    for base, actions in checker.blocks():
        for name, action in actions.items():
            if action.etag:
                _check_tag(checker, (*base, name), action)
            if action.if_match is not None:
                _check_match(checker, (*base, name), action, tagged=tagged)


def _check_tag(checker: Checker, pointer: Pointer, action: Action) -> None:
    at = (*pointer, "etag")
    if action.effect.value != "read" or not (action.http or "").startswith("GET "):
        help = "write it at the GET that reads the same thing"
        checker.report(at, "etag", "`etag` has no effect here: only a GET can be conditional so", help)
        return
    for status, output in action.output.items():
        for name in output.headers if output is not None else ():
            if name.lower() == "etag":
                place = (*pointer, "output", status, "headers", name)
                message = "`etag: true` says this header already"
                checker.report(place, "etag", message, "remove it", at_value=False)
        if status == NOT_MODIFIED:
            place = (*pointer, "output", status)
            message = "`etag: true` says this answer already"
            checker.report(place, "etag", message, "remove it", at_value=False)


def _check_match(checker: Checker, pointer: Pointer, action: Action, *, tagged: bool) -> None:
    at, name = (*pointer, "if_match"), action.if_match or ""
    if not checker.check_reference(at, name, (*pointer, "input"), "argument"):
        return
    param = action.input.get(name)
    if action.effect.value != "write":
        help = "write `etag: true` for a read"
        checker.report(at, "if-match", "`if_match` has no effect on a read", help)
    elif param is not None and (param.in_ != "header" or (param.wire or name).lower() != "if-match"):
        message = f"`{name}` is not sent as the header If-Match"
        checker.report(at, "if-match", message, f"write `in: header, wire: If-Match` at `input.{name}`")
    elif not tagged:
        help = "write `etag: true` at the action that reads the tag"
        checker.report(at, "if-match", "no read has an ETag, so nobody knows a tag to send", help)
    elif not any(_status(checker, code) == STALE for code in action.errors):
        help = f"add a code with `status: {STALE}` to `errors.codes`, and to the `errors` of this action"
        checker.report(at, "if-match", f"the action has no error with status {STALE} for a stale tag", help)

    elif param is not None and not param.required:
        _check_optional(checker, pointer, action)


def _check_optional(checker: Checker, pointer: Pointer, action: Action) -> None:
    code = next((c for c in action.errors if _status(checker, c) == REQUIRED), None)
    if code is not None:
        message = f"`{code}` (428) refuses a write without If-Match, and `{action.if_match}` is not required"
        help = f"write `required: true` at `input.{action.if_match}`, or take `{code}` from the errors"
        checker.report((*pointer, "if_match"), "if-match", message, help)


def _status(checker: Checker, code: str) -> int | None:
    found = checker.written.errors.codes.get(code)
    return found.status if found is not None else None
