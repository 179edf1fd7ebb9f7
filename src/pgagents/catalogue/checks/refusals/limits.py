"""Check the rate limits: their conditions, their headers, and their statuses."""

from __future__ import annotations

from pgagents.catalogue.checks.checker import Checker
from pgagents.catalogue.language import variables
from pgagents.catalogue.language.platform.limits import LimitHeaders
from pgagents.model.answers.limit_reader import find_pattern_problem
from pgagents.source.source import Pointer

_AT: Pointer = ("limits", "headers")
_THREE = ("limit", "remaining", "reset")


def run(checker: Checker) -> None:
    """Record dangling references, headers that do not fit together, and statuses without a code."""
    limits = checker.written.limits
    for name, bucket in limits.buckets.items():
        checker.compile(("limits", "buckets", name, "when"), bucket.when, variables.BUCKET)
    for surface in limits.budgets:
        checker.check_reference(
            ("limits", "budgets", surface), surface, ("surfaces",), "surface", also=["all"]
        )
    if limits.headers is not None:
        _headers(checker, limits.headers)
    if "reset_unit" in limits.model_fields_set and (limits.headers is None or limits.headers.reset is None):
        checker.report(
            ("limits", "reset_unit"),
            "idle",
            "`reset_unit` does nothing: no header `reset` is named",
            "leave it out, or name the header under `limits.headers`",
            at_value=False,
        )
    _statuses(checker)


def _headers(checker: Checker, headers: LimitHeaders) -> None:
    given = [name for name in _THREE if getattr(headers, name) is not None]
    forms = {"/".join(given): bool(given), "ietf": headers.ietf, "usage": headers.usage is not None}
    used = [name for name, there in forms.items() if there]
    if len(used) > 1:
        checker.report(
            _AT,
            "limit-headers",
            f"these are several forms at once: {', '.join(used)}",
            "keep `limit`, `remaining` and `reset`; or `ietf`; or `usage` and `pattern`",
            at_value=False,
        )
    elif given and len(given) < len(_THREE):
        lacking = next(name for name in _THREE if name not in given)
        checker.report(
            _AT,
            "missing-key",
            f"key `{lacking}` is missing in `limits.headers`",
            "`limit`, `remaining` and `reset` belong together",
            at_value=False,
        )
    elif (headers.usage is None) != (headers.pattern is None):
        lacking = "pattern" if headers.pattern is None else "usage"
        checker.report(
            _AT,
            "missing-key",
            f"key `{lacking}` is missing in `limits.headers`",
            "`usage` names the header, `pattern` its form, such as `{used}/{limit}`",
            at_value=False,
        )
    elif headers.pattern is not None and (wrong := find_pattern_problem(headers.pattern)):
        checker.report((*_AT, "pattern"), "limit-headers", f"this pattern says no limit: {wrong}")


def _statuses(checker: Checker) -> None:
    errors, limits = checker.written.errors, checker.written.limits
    if "status" not in limits.model_fields_set:
        return
    known = {code.status for code in errors.codes.values()}
    for index, status in enumerate(limits.status):
        if status not in known:
            checker.report(
                ("limits", "status", index),
                "unknown-name",
                f"no error code has status {status}",
                "add the code under `errors.codes`",
            )
    limited = errors.codes.get(errors.framework.limited or "")
    if limited is not None and limited.status not in limits.status:
        checker.report(
            ("limits", "status"),
            "limit-status",
            f"`errors.framework.limited` has status {limited.status}, which is none of these",
            f"add {limited.status}",
            at_value=False,
        )
