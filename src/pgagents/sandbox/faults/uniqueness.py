"""A fault that makes a second instance where only one may be."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pgagents.sandbox.call import AcceptedCall, Domain, Refusal
from pgagents.sandbox.injection.fault_registry import Context, fault


@fault("uniqueness", needs=("unique",)).replace_actions
def second_one_made(context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """A second instance with the same value in a unique member is made all the same."""
    result = inner(call)
    unique = [
        u
        for resource in context.model.resources.values()
        if resource.made_by is not None and resource.made_by.action is call.action
        for u in resource.unique
    ]
    if not isinstance(result, Refusal) or result.code not in {u.otherwise.name for u in unique}:
        return result
    member = unique[0].members[0]
    told = call.input.get(member)
    if not isinstance(told, str):
        return result
    made = inner(replace(call, input={**call.input, member: f"{told[:-1]}{chr(ord(told[-1]) ^ 1)}"}))
    return {**made, member: told} if isinstance(made, dict) and member in made else made
