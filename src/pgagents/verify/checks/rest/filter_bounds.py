"""A list with a bound, such as a latest time, treats an item that equals the bound as its laws demand.

The bound is a value of an existing instance, because `<` and `<=` differ only there. A bound is tried only if
a law compares it with a member that never changes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from pgagents.cel.reading import path_of
from pgagents.cel.scope import Scope
from pgagents.cel.syntax import Infix, Macro, Node, children
from pgagents.model.contract import Contract
from pgagents.model.law import Law
from pgagents.model.resource import Resource
from pgagents.verify.check.check import (
    Check,
    Conversation,
    Probe,
    judge_broken,
    judge_kept,
    judge_untested,
    promise,
)
from pgagents.verify.check.setting import Setting
from pgagents.verify.fixtures.request_template import ordinary, template_of
from pgagents.verify.laws.laws import evaluate_law, values_of
from pgagents.verify.wire.call import InstanceRef
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange

NAME = "filter_bounds"
SIGNS = ("<", "<=", ">", ">=")


@dataclass(frozen=True, slots=True)
class _Bound:
    """An argument, or a member of one, that a law of a list compares with a member of each item."""

    endpoint: Endpoint
    resource: Resource
    law: Law
    path: tuple[str, ...]
    member: str

    @property
    def contract(self) -> str:
        """The id of its contract."""
        return f"{NAME}/{'.'.join(self.path)}/{self.endpoint.place}"


def promises(setting: Setting) -> Iterator[Contract]:
    """Yield one contract for each bound of a list."""
    for bound in _bounds(setting):
        action, name = bound.endpoint.action, ".".join(bound.path)
        says = f"{action.name} keeps {bound.law.name} where {name} equals the {bound.member} of an instance"
        yield promise(NAME, name, bound.endpoint, says, bound.law.origin, bound.law.cite or action.cite)


def _bounds(setting: Setting) -> tuple[_Bound, ...]:
    def find() -> Iterator[_Bound]:
        met: set[tuple[str, tuple[str, ...]]] = set()
        for resource in setting.model.resources.values():
            for call in resource.listed_by if resource.made_by is not None else ():
                endpoint = setting.find_lead(str(call.action.name))
                for law in endpoint.action.laws if endpoint is not None else ():
                    assert endpoint is not None
                    for path, member in _compared(law.that.tree, ""):
                        if member in resource.fixed and (endpoint.place, path) not in met:
                            met.add((endpoint.place, path))
                            yield _Bound(endpoint, resource, law, path, member)

    return setting.compute_once(NAME, lambda: tuple(find()))


def _compared(node: Node, item: str) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield (path in the input, member of an item) for the two sides of each comparison."""
    if isinstance(node, Infix) and len(node.operands) == 2 and node.signs[0] in SIGNS and item:
        paths = [path_of(operand) for operand in node.operands]
        for one, other in (paths, paths[::-1]):
            if one[:1] == (item,) and len(one) == 2 and other[:1] == ("input",) and 2 <= len(other) <= 3:
                yield tuple(map(str, other[1:])), str(one[1])
    inner = node.item if isinstance(node, Macro) else item
    for child in children(node):
        yield from _compared(child, inner)


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """Yield one probe for each bound."""
    del roles
    for bound in _bounds(setting):
        run = partial(_run, setting, bound)
        yield Probe(bound.contract, 6, (bound.contract,), 1, run, (bound.endpoint,), "main", True)


def _run(setting: Setting, bound: _Bound) -> Conversation:
    there: Mapping[str, Any] = yield InstanceRef(bound.resource.name)
    value = there.get(bound.member)
    if value is None:
        yield judge_untested(bound.contract, f"no {bound.resource.name} was seen with a {bound.member}")
        return
    action = bound.endpoint.action
    template = template_of(setting.model, action)
    name, *inner = bound.path
    given = {inner[0]: value} if inner else value
    made = there if template.subject else None
    why = f"{'.'.join(bound.path)} is the {bound.member} of one that exists"
    asked = {**template.list_needed(action), name: given}
    exchange: Exchange = yield ordinary(bound.endpoint, template, "explore", why, input=asked, made=made)
    if not exchange.success or not exchange.fits:
        yield judge_untested(bound.contract, f"the list was not answered: {exchange.outcome}")
        return
    held = evaluate_law(bound.law, Scope(values_of(setting.model, exchange)))
    if held.outcome == "broken":
        expected = f"{bound.law.name}: {bound.law.that.wording}"
        yield judge_broken(bound.contract, expected, f"it does not hold where {why}")
    else:
        yield judge_kept(bound.contract)


CHECK = Check(
    NAME,
    __doc__,
    promises,
    probes=probes,
    overlap="readers",
)
