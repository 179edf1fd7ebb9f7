"""A filtered list contains no item that only resembles the filter's value.

The list is requested with values that nearly equal an existing text: a wildcard for a character, as of SQL's
LIKE, the other letter case, which MySQL's collations ignore, no separators. A filter that takes several
values, of which an item must have all, as GitHub's `labels`, gets an existing one beside one that no item
has. The laws of the list decide which items it may contain. Their answers show something only if the list
has the item when it is asked for the text itself.
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
from pgagents.report.contract import Rank
from pgagents.verify.cases.argument_values import find_comparison, fitting, free_text
from pgagents.verify.fixtures.instance import at_path
from pgagents.verify.laws import evaluate_law, values_of
from pgagents.verify.promise import Attempt, Case, Trial, Untested, conclude, make_check
from pgagents.verify.setting import Setting
from pgagents.verify.values.schema_values import distinct, types_of
from pgagents.verify.wire.call import Call, InstanceRef
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange

MOST = {"exactly": 2, "folded": 1}
"""The most near texts that are tried, to save requests. By a law, the other case may be the same text."""
ORDERS = 2
"""An absent value is tried before and after an existing one, because a server may use only one of them."""


@dataclass(frozen=True, slots=True)
class _Filter:
    """An argument that filters a list on REST. `value` gives the argument's value for an instance.

    `several` is true if the argument takes a list of values and an item must have all of them.
    """

    param: Param
    resource: Resource
    listed_by: ActionCall
    value: Any
    comparison: str
    several: bool = False

    @property
    def cost(self) -> int:
        """The greatest number of requests for it."""
        if self.several:
            return 1 + ORDERS + 1
        return MOST[self.comparison] + 1

    @property
    def by_catalogue(self) -> bool:
        """True if the argument's value for an instance comes from the catalogue, not from a law."""
        return self.param.name in self.listed_by.input


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield a case for each argument that filters a list and that a law compares."""
    del roles
    known: set[tuple[str, str]] = set()
    for resource in setting.model.resources.values():
        for call in resource.listed_by:
            endpoint = setting.find_lead(str(call.action.name))
            for param in endpoint.params if endpoint is not None else ():
                assert endpoint is not None
                name = str(param.name)
                own = _find_filter(setting, endpoint, param, resource, call)
                if own is None or (endpoint.place, name) in known:
                    continue
                known.add((endpoint.place, name))
                says = f"{endpoint.action.name} has nothing of what only resembles its {name}"
                run = partial(_try_several if own.several else _try, own=own)
                attempt = Attempt(run, cost=own.cost, writes=resource.made_by is not None)
                yield Case(endpoint, says, param.origin, attempt, name)


def _find_filter(
    setting: Setting, endpoint: Endpoint, param: Param, resource: Resource, call: ActionCall
) -> _Filter | None:
    """Return the argument as a filter; None if neither the catalogue nor a law gives its value for an
    instance.
    """
    name = str(param.name)
    if param.refers_to:
        return None
    if name in call.input:
        comparison = find_comparison(endpoint.action, param) if free_text(setting, param.schema) else ""
        return _Filter(param, resource, call, call.input[name], comparison) if comparison else None
    filters = (filter_of(law.that.tree, ("input", name)) for law in endpoint.action.laws)
    promised = next((each for each in filters if each is not None), None)
    if promised is None or not _takes(setting, param, promised):
        return None
    comparison = "folded" if promised.folded else "exactly"
    return _Filter(param, resource, call, promised.member, comparison, promised.match == "each")


def _takes(setting: Setting, param: Param, promised: Filter) -> bool:
    """True if the argument takes any text, or a list of texts of which each must match."""
    if promised.match != "each":
        return free_text(setting, param.schema)
    schema = setting.resolve_schema(param.schema)
    return set(types_of(schema)) == {"array"} and free_text(setting, schema.get("items", {}))


def _try(trial: Trial, own: _Filter) -> None:
    instance = trial.ask(InstanceRef(own.resource.name, standard=not own.by_catalogue))
    text = _evaluate_argument(trial, own, instance)
    near = fitting(trial.setting, trial.action, own.param, text) if isinstance(text, str) else {}
    exactly = own.comparison == "exactly"
    chosen = [how for how in near if exactly or how != "in the other case"][: MOST[own.comparison]]
    if not chosen:
        conclude(trial.not_applicable("the argument takes no text that is nearly another"))
        return
    control = trial.ask(_ask(trial, own, text, "of one that exists", instance))
    for how in chosen:
        answer = trial.ask(_ask(trial, own, near[how], how, instance))
        _judge(trial, own, answer, control, f"asked for one {how}")


def _try_several(trial: Trial, own: _Filter) -> None:
    setting = trial.setting
    instance = trial.ask(InstanceRef(own.resource.name, standard=not own.by_catalogue))
    values = instance.get(own.value)
    if not isinstance(values, list) or not values:
        why = f"to find one with a {own.value}"
        whole = trial.ask(Call(trial.endpoint, own.listed_by.input, "explore", why, made=instance))
        values = _values_in(own, whole)
    schema = setting.resolve_schema(own.param.schema)
    series = (distinct(schema["items"], setting.model.schemas, i) for i in range(len(values) + 1))
    absent = next((value for value in series if value not in values), None)
    test = setting.test(("param", str(trial.action.name), str(own.param.name), ""), schema)
    orders = [[absent, *values[:1]], [*values[:1], absent]] if values else []
    if absent is None or not orders or not all(test.is_valid(order) for order in orders):
        raise Untested(f"no {own.resource.name} was seen with a {own.value}")
    control = trial.ask(_ask(trial, own, values[:1], "of one that exists", instance))
    for order in orders:
        answer = trial.ask(_ask(trial, own, order, "of which nothing has one", instance))
        _judge(trial, own, answer, control, "asked for two of which nothing has one")


def _values_in(own: _Filter, answer: Exchange) -> list[Any]:
    """Return the values of the first listed item that has any."""
    items = at_path(own.listed_by, answer) if answer.success else None
    members = (item.get(own.value) for item in items or () if isinstance(item, Mapping))
    return next((values for values in members if isinstance(values, list) and values), [])


def _ask(trial: Trial, own: _Filter, value: Any, how: str, instance: Mapping[str, Any]) -> Call:
    """Return the list call with its required arguments and this value of the filter."""
    name, template = str(own.param.name), trial.template
    return trial.call(
        "valid",
        f"{name} {how}",
        input={**template.list_needed(trial.action), name: value},
        made=instance if template.subject else None,
    )


def _judge(trial: Trial, own: _Filter, answer: Exchange, control: Exchange, asked: str) -> None:
    """Judge by the laws that compare the argument. Other checks judge other errors.

    `control` is the list that was asked for the text itself. Where it is empty, a list that is empty for
    another text shows nothing, nor does a refusal.
    """
    comparing = [law for law in trial.action.laws if reads(law.that.tree, ("input", str(own.param.name)))]
    if answer.success and answer.fits:
        scope = Scope(values_of(trial.model, answer))
        if any(evaluate_law(law, scope).outcome == "broken" for law in comparing):
            expected = f"nothing that has another {own.param.name}, {asked}"
            conclude(trial.broken(expected, "others are in the answer"))
            return
    if answer.void:
        return
    if not (answer.success and answer.fits):
        conclude(trial.unseen(f"{asked}, it was answered {answer.outcome}, which shows no items"))
    elif not (control.success and at_path(own.listed_by, control)):
        conclude(
            trial.unseen(
                f"the list was answered {control.outcome} without any item for the {own.param.name} of a "
                f"{own.resource.name} that exists, so that it shows nothing of others; an example of "
                f"{trial.action.name} whose list has items shows it"
            )
        )
    else:
        conclude(trial.kept())


def _evaluate_argument(trial: Trial, own: _Filter, instance: Mapping[str, Any]) -> Any:
    """Return the argument's value for this instance; None if it cannot be evaluated."""
    if not own.by_catalogue:
        return instance.get(own.value)
    if not isinstance(own.value, Expression):
        return own.value
    scope = Scope({"env": trial.model.env, "resource": instance, own.resource.name: instance})
    return scope.find_value(own.value)


CHECK = make_check("exact_filters", __doc__, cases, overlap="readers", rank=Rank.WRONG)
