"""Refuses calls to which the condition of an error code applies."""

from __future__ import annotations

from pgagents.cel.expression import ExpressionError
from pgagents.cel.scope import Scope
from pgagents.sandbox.call import AcceptedCall, Refusal


def refuse_by_condition(call: AcceptedCall) -> Refusal | None:
    """Return the refusal whose condition the call's arguments meet; None if no condition is met."""
    for code in call.action.errors:
        if code.when is None:
            continue
        try:
            applies = Scope({"input": dict(call.input)}).holds(code.when)
        except ExpressionError:
            continue  # it reads an argument that was not given
        if applies:
            return Refusal(code.name, str(code.meaning))
    return None
