"""A filtered list contains no item that only resembles the filter's value.

The list is requested with values that nearly equal an existing text: a wildcard for a character, as of SQL's
LIKE, the other letter case, which MySQL's collations ignore, no separators. The laws of the list decide which
items it may contain. Its answers show something only if it has an item when it is asked for the text itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from pgagents.base.cel.expression import Expression, Scope
from pgagents.base.cel.reading import filter_of, reads
from pgagents.catalogue.model.action import ActionCall, Param
from pgagents.catalogue.model.resource import Resource
from pgagents.report.contract import Rank
from pgagents.verify.cases.argument_values import find_comparison, fitting, free_text
from pgagents.verify.fixtures.instance import at_path
from pgagents.verify.judgement import conclude
from pgagents.verify.laws import evaluate_law, values_of
from pgagents.verify.promise import Attempt, Case, Trial, make_check
from pgagents.verify.setting import Setting
from pgagents.verify.wire.call import Call, InstanceRef
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange

MOST = {"exactly": 2, "folded": 1}
"""The most near texts that are sent, as each costs a request. A law with `lower` takes the other case."""


@dataclass(frozen=True, slots=True)
class _Filter:
    """An argument that filters a list on REST. `value` gives the argument's value for an instance."""

    param: Param
    resource: Resource
    listed_by: ActionCall
    value: Any
    comparison: str

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
            endpoint = setting.find_lead(str(call.action.name))  # every surface asks the same database
            for param in endpoint.params if endpoint is not None else ():
                assert endpoint is not None
                name = str(param.name)
                own = _find_filter(setting, endpoint, param, resource, call)
                if own is None or (endpoint.place, name) in known:  # two resources may share a list
                    continue
                known.add((endpoint.place, name))
                says = f"{endpoint.action.name} has nothing of what only resembles its {name}"
                cost = MOST[own.comparison] + 1
                attempt = Attempt(partial(_try, own=own), cost=cost, writes=resource.made_by is not None)
                yield Case(endpoint, says, param.origin, attempt, name)


def _find_filter(
    setting: Setting, endpoint: Endpoint, param: Param, resource: Resource, call: ActionCall
) -> _Filter | None:
    """Return the argument as a filter; None if neither the catalogue nor a law gives its value for an
    instance.
    """
    name = str(param.name)
    if param.refers_to:  # an id that resembles another one may be somebody's
        return None
    if name in call.input:
        comparison = find_comparison(endpoint.action, param) if free_text(setting, param.schema) else ""
        return _Filter(param, resource, call, call.input[name], comparison) if comparison else None
    filters = (filter_of(law.that.tree, ("input", name)) for law in endpoint.action.laws)
    promised = next((each for each in filters if each is not None), None)
    if promised is None or not free_text(setting, param.schema):
        return None
    return _Filter(param, resource, call, promised.member, "folded" if promised.folded else "exactly")


def _try(trial: Trial, own: _Filter) -> None:
    # another check's odd text could be the value otherwise
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


def _ask(trial: Trial, own: _Filter, value: Any, how: str, instance: Mapping[str, Any]) -> Call:
    """Return the list call with this value of the filter. Of the others only required arguments are sent, as
    another filter could leave the item out.
    """
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
    if answer.void or control.void:
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
