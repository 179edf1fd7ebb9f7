"""A PUT creates an instance, or replaces an existing one: a second PUT succeeds and makes no further
instance.

An instance is put under a new id, then under the same id with other values (RFC 9110, 9.3.4). A read shows
the second values, or those in the second answer. If nothing reads the instance, the answer counts. If other
values are refused, the same ones are put again. A list contains the instance once. A third call leaves out
all members with a default; then the defaults are shown, not the values before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from pgagents.catalogue.model.action import ActionCall, Param
from pgagents.catalogue.model.resource import Resource, id_text
from pgagents.report.contract import Rank
from pgagents.verify.answers.standing import is_equal
from pgagents.verify.cases.argument_values import choose_other
from pgagents.verify.cases.instance_changes import list_unique, make_one
from pgagents.verify.fixtures.factory import ACCEPTED
from pgagents.verify.fixtures.instance import at_path, find_read, members_of
from pgagents.verify.fixtures.target import makes_it
from pgagents.verify.judgement import Judgement, Untested, conclude
from pgagents.verify.promise import Attempt, Case, Trial, make_check
from pgagents.verify.setting import Setting
from pgagents.verify.values.schema_values import high, low
from pgagents.verify.wire.asking import ask
from pgagents.verify.wire.call import Call, Own
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import BEHIND, CONDITION, Exchange


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield a case for each upsert, one if its resource can be listed, and one about its defaults.

    One surface is enough: the others have the same code behind them.
    """
    del roles
    for resource in setting.model.resources.values():
        endpoint = setting.find_lead(str(resource.made_by.action.name)) if resource.made_by else None
        if endpoint is None or not any(_names_it(setting, resource, endpoint, p) for p in endpoint.params):
            continue
        name, origin, cite = endpoint.action.name, endpoint.action.origin, resource.cite
        lister = _lister(setting, resource)
        run = partial(_put_twice, resource=resource, lister=lister)
        attempt = Attempt(together=run, cost=4, writes=True)
        says = f"{name} of a {resource.name} that is there replaces it"
        yield Case(endpoint, says, origin, attempt, f"again/{resource.name}", cite)
        if lister is not None:
            says = f"{name} of a {resource.name} that is there makes no second one"
            yield Case(endpoint, says, origin, attempt, f"once/{resource.name}", cite)
        if defaults := _find_defaults(setting, resource, endpoint):
            attempt = Attempt(partial(_leave_out, resource=resource, defaults=defaults), cost=2, writes=True)
            left_out = " and ".join(defaults)
            says = f"{name} without {left_out} of a {resource.name} that is there sets the default"
            yield Case(endpoint, says, origin, attempt, f"defaults/{resource.name}", cite)


def _names_it(setting: Setting, resource: Resource, endpoint: Endpoint, param: Param) -> bool:
    """True if the argument is the new instance's id: the last one of the path, which refers to no other
    resource.
    """
    if not makes_it(endpoint, param):
        return False
    if find_read(setting, resource) is not None:
        return param.refers_to == resource.name
    return param.refers_to in (None, resource.name) and str(param.name) == resource.id


def _find_defaults(setting: Setting, resource: Resource, endpoint: Endpoint) -> dict[str, Any]:
    """Return, by argument, the defaults of members that a PUT may leave out and that its answer shows."""
    made_by = resource.made_by
    assert made_by is not None
    shown = members_of(setting, made_by)
    return {
        str(param.name): schema["default"]
        for param in endpoint.params
        if param.place == "body" and not param.required and param.wire in shown and not param.refers_to
        if "default" in (schema := setting.resolve_schema(param.schema))
        and _choose_not(setting, param, schema["default"]) is not None
    }


def _choose_not(setting: Setting, param: Param, default: Any) -> Any:
    """Return a value other than the default; None if the schema allows none."""
    values = (choose(param.schema, setting.model.schemas) for choose in (high, low))
    return next((value for value in values if value not in (default, None)), None)


def _lister(setting: Setting, resource: Resource) -> tuple[ActionCall, Endpoint] | None:
    """Return the first list of a resource without pages, with its endpoint. A later page may repeat an item
    that was moved by the second PUT, as in an order by the last change.
    """
    for call in resource.listed_by:
        endpoint = setting.find_usable_lead(str(call.action.name))
        if endpoint is not None and call.action.pages is None:
            return call, endpoint
    return None


def _put_twice(
    trials: Sequence[Trial], resource: Resource, lister: tuple[ActionCall, Endpoint] | None
) -> None:
    again, setting, endpoint = trials[0], trials[0].setting, trials[0].endpoint
    made_by, reader = resource.made_by, find_read(setting, resource)
    assert made_by is not None
    why = f"a {resource.name} to be replaced"
    first, body = make_one(resource, endpoint, why, renews=False)
    others = _choose_others(setting, resource, endpoint, first.input)
    why = f"the same {resource.name} with other values"
    second = ask(Call(endpoint, {**first.sent, **others}, "explore", why))
    if second.refused and others:  # a member may be fixed, as the location of a resource of Azure is
        why, others = f"the same {resource.name} as it was put", {}
        second = ask(Call(endpoint, first.sent, "explore", why))
    by, answer = made_by, second
    if reader is not None:
        by, why = reader[0], f"a replaced {resource.name}"
        answer = ask(Call(reader[1], by.input, "explore", why, subject=resource, made=body))
    sent = {name: second.input.get(name) for name in others}
    answered = at_path(made_by, second) if second.success else None
    puts = _Puts({**first.input, **body}, sent, answered if isinstance(answered, Mapping) else {})
    conclude(_judge_again(again, by, second, answer, puts))
    if lister is None:
        return
    if second.success:
        call, where = lister
        why = f"a list with a replaced {resource.name}"
        listed = ask(Call(where, call.input, "explore", why))
        conclude(_judge_once(trials[1], resource, call, listed, body))
    else:
        conclude(trials[1].untested(f"it was not put again: {second.outcome}"))


def _leave_out(trial: Trial, resource: Resource, defaults: Mapping[str, Any]) -> None:
    """Put an instance with other values than the defaults, and then without these members."""
    params = {str(p.name): p for p in trial.endpoint.params}
    made_by = resource.made_by
    assert made_by is not None
    others = {name: _choose_not(trial.setting, params[name], defaults[name]) for name in defaults}
    why = f"a {resource.name} with other values than the defaults"
    first = trial.ask(Call(trial.endpoint, {**made_by.input, **others}, "explore", why, fresh=True))
    if not first.success:
        raise Untested(f"no {resource.name} was put: {first.outcome}")
    trial.ask(Own(first.number))
    least = {name: value for name, value in first.sent.items() if name not in defaults}
    why = f"the same {resource.name} without {' and '.join(defaults)}"
    second = trial.ask(Call(trial.endpoint, least, "explore", why))
    shown = at_path(made_by, second) if second.success else None
    if not isinstance(shown, Mapping):
        raise Untested(f"it was not put again: {second.outcome}")
    for name, default in defaults.items():
        if not is_equal(value := shown.get(params[name].wire), default):
            conclude(trial.broken(f"{name} {default!r}, its default", f"{name} is {{value!r}}", value=value))
            return
    conclude(trial.kept())


def _choose_others(
    setting: Setting, resource: Resource, endpoint: Endpoint, given: Mapping[str, Any]
) -> dict[str, Any]:
    """Return other values for the members of the body that refer to no instance.

    Unique members keep theirs: another instance may have the other value.
    """
    unique = list_unique(resource)
    free = (p for p in endpoint.params if p.place == "body" and not p.refers_to and p.file is None)
    return {
        str(p.name): other
        for p in free
        if str(p.name) in given and p.wire not in unique
        if isinstance(other := choose_other(setting, endpoint, p, given[str(p.name)]), str | int | float)
    }


@dataclass(frozen=True, slots=True)
class _Puts:
    """The members after the first PUT, the values of the second PUT, and the members in its answer.

    A server may trim, round or lower values, as a column `numeric(10, 2)` of PostgreSQL rounds, so the answer
    decides which value a read must show.
    """

    first: Mapping[str, Any]
    sent: Mapping[str, Any]
    answered: Mapping[str, Any]

    def find_problem(self, shown: Mapping[str, Any]) -> tuple[str, str]:
        """Return the expected and the actual content of a read; empty texts if the read is right."""
        for name, value in sorted(self.sent.items()):
            if name not in shown or shown[name] == value:
                continue
            if shown[name] == self.first.get(name):
                return f"the second {name} afterwards", f"{name} is still the first one"
            if shown[name] != self.answered.get(name, shown[name]):
                return f"the {name} that the second PUT answered", f"{name} is another one"
        return "", ""


def _judge_again(
    trial: Trial, read: ActionCall, second: Exchange, answer: Exchange, puts: _Puts
) -> Judgement:
    """Judge the answer to a second PUT, and a read of its values."""
    if second.void or answer.void or second.status == ACCEPTED:  # RFC 9110, 15.3.3
        return trial.untested(f"it was not answered, or is not done yet: {second.outcome}, {answer.outcome}")
    if second.status == CONDITION:  # RFC 6585, 3
        return trial.untested(f"it may only be replaced with a condition: {second.outcome}")
    if second.status in BEHIND or answer.status in BEHIND:
        return trial.untested(f"a gateway answered: {second.outcome}, {answer.outcome}")
    if not second.success:
        return trial.broken("a PUT on an id that is there replaces it", second.outcome)
    shown = at_path(read, answer) if answer.success else None
    if not isinstance(shown, Mapping):
        return trial.untested(f"it could not be read: {answer.outcome}")
    if shown.keys().isdisjoint(puts.sent):
        return trial.unseen("no member is shown that another PUT may give another value")
    expected, actual = puts.find_problem(shown)
    return trial.broken(expected, actual) if expected else trial.kept()


def _judge_once(
    trial: Trial, resource: Resource, call: ActionCall, listed: Exchange, body: Mapping[str, Any]
) -> Judgement:
    items = at_path(call, listed) if listed.success else None
    if not isinstance(items, list):
        return trial.untested(f"no list was answered: {listed.outcome}")
    id = id_text(resource.id_of(body))
    count = sum(id_text(resource.id_of(item)) == id for item in items)
    if count > 1:
        return trial.broken(f"one {resource.name} of this id in the list", "{count} of them", count=count)
    return trial.kept() if count else trial.unseen(f"the list does not show the {resource.name}")


CHECK = make_check("upserts", __doc__, cases, stage=5, rank=Rank.WRONG)
