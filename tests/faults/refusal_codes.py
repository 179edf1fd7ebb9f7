"""Faults of the codes by which wrong arguments are refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from faults.helpers import error_at
from pgagents.base.http import Request, Response, json_bytes
from pgagents.catalogue.model.answers import Code
from pgagents.catalogue.model.resource import REFERENCE
from pgagents.sandbox.call import AcceptedCall, Domain, Refusal
from pgagents.sandbox.fault_declaration import Context, fault
from pgagents.sandbox.fault_helpers import data_of


def _with_code(answer: Response, code: Code) -> Response:
    """Return a refusal with another code."""
    body = error_at(data_of(answer), code.code_at, code.value)
    return replace(answer, status=code.status, body=json_bytes(body))


def _code_of(context: Context, answer: Response) -> str:
    told = context.model.error_reader.read(answer.status, data_of(answer)).code
    return told.name if told is not None and answer.status >= 400 else ""


@fault("invalid_input", needs=("codes-of-mistakes",)).edit_answers
def mistakes_refused_alike(context: Context, _request: Request, answer: Response) -> Response:
    """A missing and an unknown argument are refused with the code of a wrong value."""
    framework = context.model.errors.framework
    own = {framework.missing, framework.unknown} - {framework.invalid}
    invalid = context.model.codes[framework.invalid]
    return _with_code(answer, invalid) if _code_of(context, answer) in own else answer


@fault("invalid_input", needs=("code-of-an-argument",)).edit_answers
def own_code_forgotten(context: Context, _request: Request, answer: Response) -> Response:
    """An argument's own error code is that of any invalid argument."""
    params = [p for a in context.model.actions for p in a.params]
    own = {c.name for p in params for keyword, c in p.otherwise.items() if keyword != REFERENCE}
    invalid = context.model.codes[context.model.errors.framework.invalid]
    return _with_code(answer, invalid) if _code_of(context, answer) in own else answer


@fault("absent_id", needs=("missing-by-action",)).edit_answers
def missing_of_another_action(context: Context, _request: Request, answer: Response) -> Response:
    """An action's own code for an id that does not exist is the resource's common one."""
    found = _code_of(context, answer)
    for param in (p for a in context.model.actions for p in a.params):
        own, resource = param.otherwise.get(REFERENCE), context.model.resources.get(param.refers_to or "")
        if own is not None and own.name == found and resource is not None and resource.missing is not None:
            return _with_code(answer, resource.missing)
    return answer


@fault("invalid_input", needs=("refusal-by-action",)).edit_answers
def own_refusal_forgotten(context: Context, _request: Request, answer: Response) -> Response:
    """An action's own code for wrong arguments is the common one."""
    own = {action.otherwise.name for action in context.model.actions if action.otherwise is not None}
    invalid = context.model.codes[context.model.errors.framework.invalid]
    return _with_code(answer, invalid) if _code_of(context, answer) in own else answer


@fault("declared_refusals", needs=("code-with-a-condition",)).replace_actions
def condition_in_other_case(_context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """The texts that a code's condition compares arrive in the other letter case, so it never applies."""
    if not any(code.when is not None for code in call.action.errors):
        return inner(call)
    texts = {k: v.swapcase() for k, v in call.input.items() if isinstance(v, str)}
    shown = inner(call)
    return inner(replace(call, input={**call.input, **texts})) if isinstance(shown, Refusal) else shown


@fault("declared_refusals", needs=("code-with-a-condition",)).edit_answers
def condition_as_invalid(context: Context, _request: Request, answer: Response) -> Response:
    """A call to which a code's condition applies is refused as invalid."""
    own = {code.name for code in context.model.codes.values() if code.when is not None}
    invalid = context.model.codes[context.model.errors.framework.invalid]
    return _with_code(answer, invalid) if _code_of(context, answer) in own else answer
