"""Faults of arguments of which exactly one group is to be given."""

from __future__ import annotations

from pgagents.base.http import Request
from pgagents.base.places import plain
from pgagents.sandbox.fault_declaration import Context, fault


@fault("invalid_input", needs=("either",)).edit_requests
def groups_mixed(context: Context, request: Request) -> Request:
    """The first of several groups of arguments counts, and the others are ignored."""
    action = context.reader.action(request)
    given = context.reader.arguments(request) if action is not None and action.either else {}
    started = [group for group in (action.either if action else ()) if given.keys() & set(group)]
    ignored = {name for group in started[1:] for name in group}
    left = {name: value for name, value in given.items() if name not in ignored}
    return context.reader.with_arguments(request, left) if ignored else request


@fault("invalid_input", needs=("either",)).edit_requests
def group_left_out(context: Context, request: Request) -> Request:
    """A call without any of the groups is answered as the first example is."""
    action = context.reader.action(request)
    given = context.reader.arguments(request) if action is not None and action.either else {}
    if action is None or not action.either or any(given.keys() & set(group) for group in action.either):
        return request
    usual = plain(action.examples[0].input) if action.examples else {}
    return context.reader.with_arguments(request, {**usual, **given})
