"""A filtered list contains no item that only resembles the filter's value.

The list is requested with values that nearly equal an existing text: a wildcard for a character, the other
letter case, no separators. A filter that takes several values gets an existing one beside one that no item
has. The laws of the list decide which items it may contain.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from pgagents.base.cel.expression import Expression, Scope
from pgagents.base.cel.reading import Filter, filter_of, reads
from pgagents.catalogue.model.action import ActionCall, Param
from pgagents.catalogue.model.resource import Resource
from pgagents.report.contract import Contract, Verdict
from pgagents.verify.cases.argument_values import find_comparison, fitting, free_text
from pgagents.verify.fixtures.instance import at_path
from pgagents.verify.fixtures.request_template import ordinary, template_of
from pgagents.verify.laws import evaluate_law, values_of
from pgagents.verify.promise import (
    Check,
    Conversation,
    Judgement,
    Probe,
    judge_broken,
    judge_kept,
    judge_untested,
    promise,
)
from pgagents.verify.setting import Setting
from pgagents.verify.values.schema_values import distinct, types_of
from pgagents.verify.wire.call import Call, InstanceRef
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange

NAME = "exact_filters"
MOST = {"exactly": 2, "folded": 1}
"""The most near texts that are tried. A filter that ignores case gets fewer."""
ORDERS = 2
"""An absent value is tried before and after an existing one, because a server may use only one of them."""


@dataclass(frozen=True, slots=True)
class _Case:
    """A filter of a list on REST. `value` gives the argument's value for an instance.

    `several` is true if the argument takes a list of values and an item must have all of them.
    """

    endpoint: Endpoint
    param: Param
    resource: Resource
    listed_by: ActionCall
    value: Any
    comparison: str
    several: bool = False

    @property
    def contract(self) -> str:
        """The id of its contract."""
        return f"{NAME}/{self.param.name}/{self.endpoint.place}"

    @property
    def cost(self) -> int:
        """The greatest number of requests for it."""
        if self.several:
            return 1 + ORDERS + 1
        return MOST[self.comparison] + (not self.by_catalogue)

    @property
    def by_catalogue(self) -> bool:
        """True if the argument's value for an instance comes from the catalogue, not from a law."""
        return str(self.param.name) in self.listed_by.input


def promises(setting: Setting) -> Iterator[Contract]:
    """Yield one contract for each argument that filters a list and that a law compares."""
    for case in _cases(setting):
        action, name = case.endpoint.action, str(case.param.name)
        says = f"{action.name} has nothing of what only resembles its {name}"
        yield promise(NAME, name, case.endpoint, says, case.param.origin, action.cite)


def _cases(setting: Setting) -> tuple[_Case, ...]:
    def find() -> Iterator[_Case]:
        met: set[tuple[str, str]] = set()
        for resource in setting.model.resources.values():
            for call in resource.listed_by:
                endpoint = setting.find_lead(str(call.action.name))
                for param in endpoint.params if endpoint is not None else ():
                    assert endpoint is not None
                    case = _case(setting, endpoint, param, resource, call)
                    if case is not None and (endpoint.place, str(param.name)) not in met:
                        met.add((endpoint.place, str(param.name)))
                        yield case

    return setting.compute_once(NAME, lambda: tuple(find()))


def _case(
    setting: Setting, endpoint: Endpoint, param: Param, resource: Resource, call: ActionCall
) -> _Case | None:
    """Return the case of an argument; None if neither the catalogue nor a law gives its value for an
    instance.
    """
    name = str(param.name)
    if param.refers_to:
        return None
    if name in call.input:
        comparison = find_comparison(endpoint.action, param) if free_text(setting, param.schema) else ""
        return _Case(endpoint, param, resource, call, call.input[name], comparison) if comparison else None
    found = (filter_of(law.that.tree, ("input", name)) for law in endpoint.action.laws)
    promised = next((one for one in found if one is not None), None)
    if promised is None or not _takes(setting, param, promised):
        return None
    comparison = "folded" if promised.folded else "exactly"
    several = promised.match == "each"
    return _Case(endpoint, param, resource, call, promised.member, comparison, several)


def _takes(setting: Setting, param: Param, promised: Filter) -> bool:
    """True if the argument takes any text, or a list of texts of which each must match."""
    if promised.match != "each":
        return free_text(setting, param.schema)
    schema = setting.resolve_schema(param.schema)
    return set(types_of(schema)) == {"array"} and free_text(setting, schema.get("items", {}))


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """Yield one probe for each contract, with a call for each near value that the schema allows."""
    del roles
    for case in _cases(setting):
        run = partial(_run_several, setting, case) if case.several else partial(_run, setting, case)
        writes = case.resource.made_by is not None
        yield Probe(case.contract, 6, (case.contract,), case.cost, run, (case.endpoint,), "main", writes)


def _run(setting: Setting, case: _Case) -> Conversation:
    there: Mapping[str, Any] = yield InstanceRef(case.resource.name, standard=not case.by_catalogue)
    text = _evaluate_argument(setting, case, there)
    action = case.endpoint.action
    near = fitting(setting, action, case.param, text) if isinstance(text, str) else {}
    exactly = case.comparison == "exactly"
    chosen = [how for how in near if exactly or how != "in the other case"][: MOST[case.comparison]]
    if not chosen:
        reason = "the argument takes no text that is nearly another"
        yield Judgement(case.contract, Verdict.NOT_APPLICABLE, reason)
        return
    if not case.by_catalogue:  # the laws of the filter are judged by the items that it finds
        yield _ask(setting, case, text, "of one that exists", there)
    for how in chosen:
        exchange: Exchange = yield _ask(setting, case, near[how], how, there)
        yield from _judge(setting, case, exchange, f"asked for one {how}")


def _run_several(setting: Setting, case: _Case) -> Conversation:
    there: Mapping[str, Any] = yield InstanceRef(case.resource.name, standard=not case.by_catalogue)
    values = there.get(case.value)
    if not isinstance(values, list) or not values:
        why = f"to find one with a {case.value}"
        whole: Exchange = yield Call(case.endpoint, case.listed_by.input, "explore", why, made=there)
        values = _values_in(case, whole)
    schema = setting.resolve_schema(case.param.schema)
    series = (distinct(schema["items"], setting.model.schemas, i) for i in range(len(values) + 1))
    absent = next((value for value in series if value not in values), None)
    test = setting.test(("param", str(case.endpoint.action.name), str(case.param.name), ""), schema)
    orders = [[absent, *values[:1]], [*values[:1], absent]] if values else []
    if absent is None or not orders or not all(test.is_valid(order) for order in orders):
        yield judge_untested(case.contract, f"no {case.resource.name} was seen with a {case.value}")
        return
    yield _ask(setting, case, values[:1], "of one that exists", there)
    for order in orders:
        exchange: Exchange = yield _ask(setting, case, order, "of which nothing has one", there)
        yield from _judge(setting, case, exchange, "asked for two of which nothing has one")


def _values_in(case: _Case, exchange: Exchange) -> list[Any]:
    """Return the values of the first listed item that has any."""
    items = at_path(case.listed_by, exchange) if exchange.success else None
    found = (item.get(case.value) for item in items or () if isinstance(item, Mapping))
    return next((values for values in found if isinstance(values, list) and values), [])


def _ask(setting: Setting, case: _Case, value: Any, how: str, there: Mapping[str, Any]) -> Call:
    """Return the list call with its required arguments and this value of the filter."""
    action = case.endpoint.action
    template = template_of(setting.model, action)
    name = str(case.param.name)
    made = there if template.subject else None
    return ordinary(
        case.endpoint,
        template,
        "valid",
        f"{name} {how}",
        input={**template.list_needed(action), name: value},
        made=made,
    )


def _judge(setting: Setting, case: _Case, exchange: Exchange, asked: str) -> Conversation:
    if exchange.success and _others_in(setting, case.endpoint, case.param, exchange):
        expected = f"nothing that has another {case.param.name}, {asked}"
        yield judge_broken(case.contract, expected, "others are in the answer")
    elif not exchange.void and not exchange.unsound:
        yield judge_kept(case.contract)


def _others_in(setting: Setting, endpoint: Endpoint, param: Param, exchange: Exchange) -> bool:
    """True if a law that compares the argument is broken by the answer. Other checks judge other errors."""
    read = ("input", str(param.name))
    comparing = [law for law in endpoint.action.laws if reads(law.that.tree, read)]
    scope = Scope(values_of(setting.model, exchange))
    return exchange.fits and any(evaluate_law(law, scope).outcome == "broken" for law in comparing)


def _evaluate_argument(setting: Setting, case: _Case, there: Mapping[str, Any]) -> Any:
    """Return the argument's value for this instance; None if it cannot be evaluated."""
    if not case.by_catalogue:
        return there.get(case.value)
    if not isinstance(case.value, Expression):
        return case.value
    scope = Scope({"env": setting.model.env, "resource": there, case.resource.name: there})
    return scope.find_value(case.value)


CHECK = Check(
    NAME,
    __doc__,
    promises,
    probes=probes,
    overlap="readers",
)
