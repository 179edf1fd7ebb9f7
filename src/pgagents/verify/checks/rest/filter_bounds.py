"""A list with a bound, such as a latest time, treats an item that equals the bound as its laws demand.

The bound is a value of an existing instance, because `<` and `<=` differ only there. A bound is tried only if
a law compares it with a member that never changes. A list that is empty for the bound shows something only if
the law is strict, and the list has the instance without the bound.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from pgagents.base.cel.expression import Scope
from pgagents.base.cel.reading import path_of
from pgagents.base.cel.syntax import Infix, Macro, Node, children
from pgagents.catalogue.model.action import ActionCall, Law
from pgagents.catalogue.model.resource import Resource
from pgagents.report.contract import Rank
from pgagents.verify.fixtures.instance import at_path
from pgagents.verify.laws import evaluate_law, values_of
from pgagents.verify.promise import Attempt, Case, Conversation, Trial, make_check
from pgagents.verify.setting import Setting
from pgagents.verify.wire.call import InstanceRef
from pgagents.verify.wire.exchange import Exchange

SIGNS = ("<", "<=", ">", ">=")


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield a case for each argument, or member of one, that a law of a list compares with its items."""
    del roles
    known: set[tuple[str, str]] = set()
    for resource in setting.model.resources.values():
        for call in resource.listed_by if resource.made_by is not None else ():
            endpoint = setting.find_lead(str(call.action.name))
            for law in endpoint.action.laws if endpoint is not None else ():
                assert endpoint is not None
                for path, member, strict in _compared(law.that.tree, ""):
                    bound = ".".join(path)
                    if member not in resource.fixed or (endpoint.place, bound) in known:
                        continue
                    known.add((endpoint.place, bound))
                    holds = f"{endpoint.action.name} keeps {law.name}"
                    says = f"{holds} where {bound} equals the {member} of an instance"
                    run = partial(
                        _try, resource=resource, law=law, path=path, member=member, listed=call, strict=strict
                    )
                    attempt = Attempt(run, writes=True, cost=2)  # an instance is made for it
                    yield Case(endpoint, says, law.origin, attempt, bound, law.cite or None)


def _compared(node: Node, item: str) -> Iterator[tuple[tuple[str, ...], str, bool]]:
    """Yield (path in the input, member of an item, strict) for the two sides of each comparison."""
    if isinstance(node, Infix) and len(node.operands) == 2 and node.signs[0] in SIGNS and item:
        paths = [path_of(operand) for operand in node.operands]
        for one, other in (paths, paths[::-1]):
            if one[:1] == (item,) and len(one) == 2 and other[:1] == ("input",) and 2 <= len(other) <= 3:
                yield tuple(map(str, other[1:])), str(one[1]), node.signs[0] in ("<", ">")
    inner = node.item if isinstance(node, Macro) else item
    for child in children(node):
        yield from _compared(child, inner)


def _try(
    trial: Trial,
    resource: Resource,
    law: Law,
    path: tuple[str, ...],
    member: str,
    listed: ActionCall,
    *,
    strict: bool,
) -> Conversation:
    instance: Mapping[str, Any] = yield InstanceRef(resource.name)
    value = instance.get(member)
    if value is None:
        yield trial.untested(f"no {resource.name} was seen with a {member}")
        return
    name, *inner = path
    why = f"{'.'.join(path)} is the {member} of one that exists"
    arguments = {**trial.template.list_needed(trial.action), name: {inner[0]: value} if inner else value}
    subject = instance if trial.template.subject else None
    answer: Exchange = yield trial.call("explore", why, input=arguments, made=subject)
    if not answer.success or not answer.fits:
        yield trial.untested(f"the list was not answered: {answer.outcome}")
    elif evaluate_law(law, Scope(values_of(trial.model, answer))).outcome == "broken":
        yield trial.broken(f"{law.name}: {law.that.wording}", f"it does not hold where {why}")
    elif at_path(listed, answer):
        yield trial.kept()
    else:
        yield from _judge_empty(trial, resource, listed, instance, strict=strict)


def _judge_empty(
    trial: Trial, resource: Resource, listed: ActionCall, instance: Mapping[str, Any], *, strict: bool
) -> Conversation:
    """Judge an empty list: a strict bound leaves the instance out, if the list has it without the bound."""
    why = f"what the list has of a {resource.name} without the bound"
    subject = instance if trial.template.subject else None
    arguments = trial.template.list_needed(trial.action)
    whole: Exchange = yield trial.call("explore", why, input=arguments, made=subject)
    items = at_path(listed, whole) if whole.success else None
    ids = {str(item.get(resource.id)) for item in items or () if isinstance(item, Mapping)}
    if strict and str(instance.get(resource.id)) in ids:
        yield trial.kept()
    else:
        yield trial.unseen(
            "the list is empty for this bound, and no item shows how it treats an equal one; an example of "
            f"{trial.action.name} whose list has items shows it"
        )


CHECK = make_check("filter_bounds", __doc__, cases, overlap="readers", rank=Rank.WRONG)
