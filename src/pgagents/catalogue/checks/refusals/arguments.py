"""Check the arguments' own error codes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pgagents.catalogue.checks.checker import Checker
from pgagents.catalogue.language.actions import Action
from pgagents.catalogue.language.basics import Param
from pgagents.catalogue.language.errors import Code
from pgagents.cel.expression import Expression, ExpressionError
from pgagents.cel.reading import paths_in
from pgagents.cel.scope import Scope
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
            _own_code(checker, (*base, name), action, allowed)
            for argument, param in action.input.items():
                _argument(checker, (*base, name, "input", argument), param, allowed)
    for name, code in checker.written.errors.codes.items():
        _condition(checker, name, code)
    lives = checker.written.idempotency
    checker.check_reference(("idempotency", "otherwise"), lives.otherwise, _CODES, "error code")


def _own_code(checker: Checker, at: Pointer, action: Action, allowed: set[str]) -> None:
    """Record an action's own code for wrong arguments, if the action may not answer it or no call can cause
    it.
    """
    place, code = (*at, "otherwise"), action.otherwise
    if code is None or not checker.check_reference(place, code, _CODES, "error code"):
        return
    if not action.input:
        message = "`otherwise` does nothing here: the action has no arguments"
        checker.report(place, "idle", message, "leave it out", at_value=False)
    elif code not in allowed:
        message = f"the action cannot answer `{code}`: it is not among its `errors`"
        checker.report(place, "error-code", message, f"add `{code}` to the action's `errors`")


def _condition(checker: Checker, name: str, code: Code) -> None:
    """Record a condition on an argument that no action with this code has, and examples that it would
    refuse.
    """
    at = (*_CODES, name, "when")
    compiled = checker.expressions.get(at)
    if compiled is None:
        return
    every = {n: a for _, block in checker.blocks() for n, a in block.items()}
    always = name in checker.written.errors.always
    having = {n: a for n, a in every.items() if always or name in a.errors}
    read = {str(path[1]) for path in paths_in(compiled.tree) if path[0] == "input" and len(path) > 1}
    for argument in sorted(read):
        if not any(argument in action.input for action in having.values()):
            message = f"no action that may answer `{name}` has an argument `{argument}`"
            checker.report(at, "unknown-name", message, "name an argument, or add the code to `errors`")
            return
    for action, written in having.items():
        for example, shown in written.examples.items():
            if (shown.status or 200) < 400 and _holds(compiled, shown.input):
                message = f"`{name}` is due for this input, because `{code.when}`"
                place = (*checker.base(action), "examples", example)
                checker.report(
                    place, "example", message, "show another call, or another answer", at_value=False
                )


def _holds(condition: Expression, given: Mapping[str, Any]) -> bool:
    try:
        return Scope({"input": given}).holds(condition)
    except ExpressionError:
        return False


def _argument(checker: Checker, at: Pointer, param: Param, allowed: set[str]) -> None:
    written = checker.at(at)
    for keyword, code in list_codes(param).items():
        place = (*at, "otherwise", keyword) if keyword else (*at, "otherwise")
        if not checker.check_reference(place, code, _CODES, "error code"):
            continue
        if code not in allowed:
            message = f"the action cannot answer `{code}`: it is not among its `errors`"
            checker.report(place, "error-code", message, f"add `{code}` to the action's `errors`")
        elif keyword and "$ref" not in written and keyword not in written:
            message = f"`{keyword}` does nothing here: the argument has no such keyword"
            checker.report(place, "idle", message, f"write `{keyword}` beside it, or leave it out")
