"""Refuse requests with the catalogue's errors: those of the framework, of arguments and of the domain."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from pgagents.http import Response
from pgagents.model.action import Action
from pgagents.model.answers.error_code import Code
from pgagents.model.model import Model
from pgagents.sandbox import answers
from pgagents.sandbox.asked import ParsedRequest
from pgagents.sandbox.call import Refusal
from pgagents.sandbox.decode import Problem
from pgagents.sandbox.parsing.broken_schema import MISSING

PRECONDITION_REQUIRED = 428
IF_MATCH = "if-match"
_FALLBACK = {
    "unknown_path": 404, "wrong_method": 405, "too_large": 413, "limited": 429, "crashed": 500,
    "no_scope": 403,
    "plaintext": 426, "bad_body": None, "wrong_type": None, "wrong_media": None,
}  # fmt: skip


def framework_code(model: Model, kind: str) -> Code:
    """Return the catalogue's code for a kind of framework error.

    If the catalogue names none, return a code with the usual status, or else the code of invalid arguments.
    """
    framework = model.errors.framework
    usual = {"no_object": framework.bad_body, "wrong_key": framework.no_key}
    name = getattr(framework, kind) or usual.get(kind)
    if name is not None:
        return model.codes[name]
    status = _FALLBACK.get(kind)
    invalid = model.codes[framework.invalid]
    if status is None:
        return invalid
    same = next((c for c in model.codes.values() if c.status == status and c.only is None), None)
    return same or replace(
        invalid, name=kind.upper(), status=status, only=None, cite=(), provoked_by={}, wire=None
    )


def refuse(
    model: Model,
    kind: str,
    message: str,
    request_id: str,
    *,
    field: str | None = None,
    scope: str | None = None,
) -> Response:
    """Return an error of the framework, by its kind."""
    return answers.refusal(model, framework_code(model, kind), message, request_id, field=field, scope=scope)


def refuse_method(model: Model, method: str, allowed: Iterable[str], request_id: str) -> Response:
    """Return the refusal of a method that a path does not have, with those that it has in Allow."""
    refused = refuse(model, "wrong_method", f"{method} is not possible here", request_id)
    return refused.with_header("Allow", ", ".join(allowed))


def refuse_by_domain(model: Model, action: Action, refusal: Refusal, request_id: str) -> Response:
    """Return a refusal of the domain. Raises KeyError if the catalogue does not have its code."""
    code = model.codes.get(refusal.code)
    if code is None:
        raise KeyError(
            f"the domain refused {action.name} with {refusal.code}, which is no code of the catalogue"
        )
    return answers.refusal(model, code, refusal.message, request_id, field=refusal.field, scope=refusal.scope)


def refuse_without_condition(
    model: Model, asked: ParsedRequest, problem: Problem, request_id: str
) -> Response | None:
    """Return the refusal of a write without the required If-Match (RFC 6585, 3); None without a code for
    it.
    """
    action = asked.action
    if action is None or action.if_match is None:
        return None
    if (problem.field or "").lower() not in (action.if_match.lower(), IF_MATCH):
        return None
    code = next((c for c in action.errors if c.status == PRECONDITION_REQUIRED), None)
    return answers.refusal(model, code, problem.message, request_id) if code is not None else None


def refuse_arguments(model: Model, problem: Problem, asked: ParsedRequest, request_id: str) -> Response:
    """Return the refusal of wrong arguments, or of a body that cannot be read."""
    missing = _missing_for(model, problem, asked)
    if missing is not None:
        return answers.refusal(model, missing, problem.message, request_id)
    if problem.keyword and asked.action is not None:
        param = asked.action.param(problem.argument)
        absent = param is not None and param.wire == problem.field and problem.keyword == MISSING
        code = model.refusal_of(asked.action, param, problem.keyword, absent=absent)
        return answers.refusal(model, code, problem.message, request_id, field=problem.field)
    return refuse(model, problem.kind, problem.message, request_id, field=problem.field)


def _missing_for(model: Model, problem: Problem, asked: ParsedRequest) -> Code | None:
    """Return the code for a missing instance, if the action has none for invalid arguments.

    Then a wrong id in the path is answered like an unknown one.
    """
    action = asked.action
    if problem.kind != "invalid" or action is None or model.invalid_in(action) in action.errors:
        return None
    param = next((p for p in action.params if p.wire == problem.field and p.place == "path"), None)
    resource = model.resources.get((param.refers_to or "").partition(".")[0]) if param else None
    missing = resource.missing_for(param) if resource is not None and param is not None else None
    return missing if missing in action.errors else None
