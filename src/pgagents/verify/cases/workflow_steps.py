"""Run one step of a workflow: choose endpoint and headers, evaluate the input, and judge the status."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from pgagents.base.cel.expression import Expression, Scope
from pgagents.base.cel.syntax import ExpressionError
from pgagents.base.http import text_of
from pgagents.base.text import brief
from pgagents.catalogue.language.basics import FRESH
from pgagents.catalogue.model.resource import Step, Workflow
from pgagents.verify.fixtures.instance import is_double
from pgagents.verify.fixtures.request_template import whole
from pgagents.verify.judgement import allows_either
from pgagents.verify.setting import Setting
from pgagents.verify.wire.call import Raw
from pgagents.verify.wire.endpoint import OPERATOR, Endpoint
from pgagents.verify.wire.exchange import Exchange

_HEADER = re.compile(r"[!-~]([ -~]{0,8190}[!-~])?")
HIDDEN = frozenset((401, 404))
REFUSED = 300
"""The lowest status that is not a success."""
DAY_S = 86_400


def takes_days(workflow: Workflow) -> bool:
    """True if a workflow takes a day or more, or a time that is only known during the run.

    Checks that look back at the last day must run before it, so it has a later stage.
    """
    waits = [step.after_s for step in workflow.steps if step.after_s]
    return (
        any(isinstance(wait, Expression) for wait in waits)
        or sum(wait for wait in waits if not isinstance(wait, Expression)) >= DAY_S
    )


def endpoint_of(setting: Setting, step: Step) -> Endpoint | None:
    """Return the endpoint of a step; None if the target does not offer the step's action."""
    if step.role == OPERATOR or _operators(setting, step):
        return Endpoint(step.action, OPERATOR, None, f"{step.action.name}@{OPERATOR}")
    if any(d.surface == step.via for d in setting.model.dispatchers):
        return setting.endpoint(str(step.action.name), step.via)
    return setting.find_lead(str(step.action.name))


def _operators(setting: Setting, step: Step) -> bool:
    """True if a step calls an action of the operator, whichever role calls it."""
    return any(action is step.action for action in setting.model.operator)


def make_step_headers(setting: Setting, step: Step, scope: Scope) -> Raw:
    """Return the headers of a step (the surface's and its own), with the key that an earlier step made, if
    any.

    Raises ExpressionError.
    """
    surface = setting.model.surfaces.get(step.via)
    headers: list[tuple[str, str | None]] = list(surface.headers.items()) if surface is not None else []
    key = scope.evaluate(step.key) if step.key is not None else None
    own = [(name, _make_header(name, value, scope)) for name, value in step.headers]
    return Raw(headers=(*headers, *own), secret=key if isinstance(key, str) else "")


def _make_header(name: str, value: str | Expression, scope: Scope) -> str:
    """Return a header's value as it is sent. Raises ExpressionError for one that no header can have."""
    found = scope.evaluate(value) if isinstance(value, Expression) else value
    text = text_of(whole(found))
    if isinstance(found, list | Mapping | None) or not _HEADER.fullmatch(text):
        raise ExpressionError(f"the header {name} cannot be {brief(repr(found), 60)}")
    return text


def passes(step: Step, scope: Scope) -> float:
    """Return the seconds to wait before a step. Raises ExpressionError."""
    told = scope.evaluate(step.after_s) if isinstance(step.after_s, Expression) else step.after_s
    return float(told) if is_double(told) and told > 0 else 0.0


def as_told(setting: Setting, step: Step, exchange: Exchange, endpoint: Endpoint | None) -> bool:
    """True if the status is the step's, or another one that the catalogue allows for it.

    An invalid input may get 400 or 422 if the catalogue leaves that open. An operator's endpoint may answer
    anyone else as if it did not exist.
    """
    if (
        exchange.status in HIDDEN
        and step.role != OPERATOR
        and _operators(setting, step)
        and step.status in _find_forbidden_status(setting)
    ):
        return True
    if step.status < REFUSED and endpoint is not None and not endpoint.on_rest:
        return exchange.status == endpoint.success_status
    return exchange.status == step.status or allows_either(setting.model, exchange.status, step.status)


def _find_forbidden_status(setting: Setting) -> set[int]:
    """Return the status of a call whose key lacks a scope, as a set; empty if the catalogue gives none."""
    no_scope = setting.model.errors.framework.no_scope
    return {setting.model.codes[no_scope].status} if no_scope is not None else set()


def about_own(setting: Setting, before: Sequence[Step], step: Step) -> bool:
    """True if a step names only instances that earlier steps made. Then nothing outside the workflow can
    interfere.
    """
    named = [
        (setting.model.resources.get(p.refers_to or ""), step.input.get(str(p.name)))
        for p in step.action.params
    ]
    about = [(resource, value) for resource, value in named if resource is not None and value is not None]
    writes = {other.name for other in before if other.action.effect == "write"}
    return bool(about) and all(
        resource.made_by is not None and isinstance(value, Expression) and value.names & writes
        for resource, value in about
    )


def evaluate_input(value: Any, scope: Scope) -> Any:
    """Return a step's input with its expressions evaluated, except for fresh values, which the run makes as
    it sends the call. Raises ExpressionError.
    """
    if isinstance(value, Expression) and FRESH in value.names:
        return value
    if isinstance(value, Expression):
        return whole(scope.evaluate(value))
    if isinstance(value, Mapping):
        return {k: evaluate_input(v, scope) for k, v in value.items()}
    return [evaluate_input(v, scope) for v in value] if isinstance(value, list) else value
