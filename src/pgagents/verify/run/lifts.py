"""Find the lines that would try the most of what a run of a document could not try.

A resource is in the way if no call that names one of its instances succeeded, or if its create was refused.
One line of a catalogue over the document says an id, or a value that its create takes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from pgagents.base.cel.expression import Expression
from pgagents.base.cel.reading import path_of
from pgagents.catalogue.language.basics import FRESH
from pgagents.catalogue.model.action import ActionCall, Param
from pgagents.catalogue.model.model import Model
from pgagents.catalogue.model.resource import Resource
from pgagents.report.contract import Verdict
from pgagents.report.report import Lift, Result
from pgagents.verify.setting import Setting
from pgagents.verify.values.schema_values import types_of

KEYS = ("found_by", "made_by", "read_by", "listed_by", "undone_by")
"""The calls of a resource that an author may confirm, in the order of the line."""
MOST = 3
MOST_VALUES = 4
"""The most values that a line asks for. Without a create that fewer would let through, it asks for an id."""
ID, VALUE = "ID", "VALUE"
"""The author replaces them by an id of the server, and by a value that the server takes."""


def list_lifts(
    setting: Setting,
    results: Iterable[Result],
    reached: Collection[str],
    refused: Mapping[str, Collection[str]],
    put_off: Collection[str],
) -> tuple[Lift, ...]:
    """Return the lines for the inferred resources that keep most contracts untested, the best line first.

    `reached` are the places (`action@surface`) of calls that succeeded. `refused` are the resources whose
    create was refused, each with the optional arguments that refusals asked for. No line lifts what a create
    that the server put off, one of these actions, would make.
    """
    resources = setting.model.resources
    blocked = {
        name: actions
        for name, resource in resources.items()
        if resource.inferred
        and not (name not in refused and resource.made_by and str(resource.made_by.action.name) in put_off)
        and (actions := _list_actions(setting, resource, () if name in refused else reached))
    }
    untested = [r.contract.action for r in results if r.verdict is Verdict.UNTESTED and r.contract.action]
    lifts = []
    for name, actions in blocked.items():
        if resources[name].within in blocked:
            continue
        count = sum(action in actions for action in untested)
        if count and (line := _make_line(setting, resources[name], refused.get(name, ()))):
            lifts.append(Lift(name, count, line, tuple(sorted(actions))))
    return tuple(sorted(lifts, key=lambda lift: (-lift.contracts, lift.resource))[:MOST])


def say_confirmed(model: Model, name: str) -> str:
    """Return the line that makes the inferred calls of a resource firm; empty without such a resource."""
    resource = model.resources.get(name)
    if resource is None:
        return ""
    several = {"read_by": resource.read_by, "listed_by": resource.listed_by}
    one = {"found_by": resource.found_by, "made_by": resource.made_by, "undone_by": resource.undone_by}
    calls = {key: (call,) for key, call in one.items() if call is not None} | several
    guessed = [key for key in KEYS if any(call.inferred for call in calls.get(key, ()))]
    keys = ", ".join([*guessed, *(["moves"] if resource.moves else [])])
    return f"resources: {{{name}: {{confirmed: [{keys}]}}}}"


def _list_actions(setting: Setting, resource: Resource, reached: Collection[str]) -> frozenset[str]:
    """Return the actions that need an instance; none if a call that names one succeeded."""
    naming = [endpoint for endpoint in setting.endpoints if _find_id(endpoint.params, resource) is not None]
    if any(endpoint.place in reached for endpoint in naming):
        return frozenset()
    makes = [str(resource.made_by.action.name)] if naming and resource.made_by is not None else []
    return frozenset([*(str(endpoint.action.name) for endpoint in naming), *makes])


def _find_id(params: Sequence[Param], resource: Resource) -> Param | None:
    return next((p for p in params if p.refers_to == resource.name and p.required), None)


def _make_line(setting: Setting, resource: Resource, asked: Collection[str]) -> str:
    """Return the line; empty if the id has several members, which no line of this kind says."""
    if len(resource.ids) != 1:
        return ""
    if resource.made_by is not None and (call := _say_call(resource.made_by, asked)):
        return f"resources: {{{resource.name}: {{made_by: {call}}}}}"
    every = (_find_id(endpoint.params, resource) for endpoint in setting.endpoints)
    param = next((p for p in every if p is not None), None)
    kinds = set(types_of(setting.resolve_schema(param.schema))) if param is not None else set()
    id = ID if kinds & {"integer", "number"} else f"'{ID}'"
    return f'resources: {{{resource.name}: {{given: "{id}"}}}}'


def _say_call(made_by: ActionCall, asked: Collection[str]) -> str:
    """Return a create with a place for each value that may have been refused; empty with none, or too many.

    These are the arguments that a refusal asked for, else the values that no expression gives. Else they are
    the new texts but the first, which marks the instance. Required references are left out, because a run
    fills them in.
    """
    needed = [p for p in made_by.action.params if p.required and not p.refers_to]
    given = {str(p.name): made_by.input.get(str(p.name)) for p in needed}
    texts = {name: f"={v.wording}" if isinstance(v, Expression) else VALUE for name, v in given.items()}
    texts |= dict.fromkeys(asked, VALUE)
    if VALUE not in texts.values():
        fresh = [name for name, v in given.items() if isinstance(v, Expression) and FRESH in v.names]
        texts |= dict.fromkeys(fresh[1:] or fresh, VALUE)
    if not 0 < sum(text == VALUE for text in texts.values()) <= MOST_VALUES:
        return ""
    values = ", ".join(f"{name}: {text}" for name, text in texts.items())
    at = made_by.at
    place = f", at: {at.wording}" if at is not None and path_of(at.tree) != ("response",) else ""
    named = f", id: {made_by.id_at[1]}" if made_by.id_at is not None else ""
    return f"{{action: {made_by.action.name}, input: {{{values}}}{place}{named}}}"
