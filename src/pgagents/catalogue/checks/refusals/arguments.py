"""Check the error codes that arguments have of their own."""

from __future__ import annotations

from collections.abc import Mapping

from pgagents.catalogue.checks.checker import Checker
from pgagents.catalogue.language.basics import Param
from pgagents.source.source import Pointer

_CODES: Pointer = ("errors", "codes")
REQUIRED = "required"


def list_codes(param: Param) -> Mapping[str, str]:
    """Return the names of an argument's own codes by keyword; an empty keyword stands for all others."""
    given = param.otherwise
    return {} if given is None else {"": given} if isinstance(given, str) else given


def run(checker: Checker) -> None:
    """Record codes that do not exist or that the action may not answer, and keywords without an effect."""
    for base, actions in checker.blocks():
        for name, action in actions.items():
            allowed = {*action.errors, *checker.written.errors.always}
            for argument, param in action.input.items():
                _argument(checker, (*base, name, "input", argument), param, allowed)
    lives = checker.written.idempotency
    checker.check_reference(("idempotency", "otherwise"), lives.otherwise, _CODES, "error code")


def _argument(checker: Checker, at: Pointer, param: Param, allowed: set[str]) -> None:
    written = checker.at(at)
    for keyword, code in list_codes(param).items():
        place = (*at, "otherwise", keyword) if keyword else (*at, "otherwise")
        if not checker.check_reference(place, code, _CODES, "error code"):
            continue
        if code not in allowed:
            message = f"the action cannot answer `{code}`: it is not among its `errors`"
            checker.fault(place, "error-code", message, f"add `{code}` to the action's `errors`")
        elif keyword and "$ref" not in written and keyword not in written:
            message = f"`{keyword}` does nothing here: the argument has no such keyword"
            checker.fault(place, "idle", message, f"write `{keyword}` beside it, or leave it out")
