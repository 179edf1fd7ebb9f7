"""A PUT creates an instance, or replaces an existing one: a second PUT succeeds and makes no further
instance.

An instance is put under a new id, then under the same id with other values. A read shows the second values,
or those in the second answer. If nothing reads the instance, the answer counts. A list contains the instance
once. A third call leaves out all members with a default; then the defaults are shown, not the values before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from pgagents.catalogue.model.action import ActionCall, Param
from pgagents.catalogue.model.resource import Resource, id_text
from pgagents.report.contract import Contract
from pgagents.verify.fixtures.instance import at_path, find_read, members_of
from pgagents.verify.fixtures.target import makes_it
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
from pgagents.verify.values.schema_values import high, low
from pgagents.verify.wire.call import Call, Own
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange

NAME = "upserts"


def promises(setting: Setting) -> Iterator[Contract]:
    """Yield one contract for each upsert, and a second one if its resource can be listed."""
    for resource, endpoint in _cases(setting):
        name = endpoint.action.name
        says = f"{name} of a {resource.name} that is there replaces it"
        yield promise(NAME, f"again/{resource.name}", endpoint, says, endpoint.action.origin, resource.cite)
        if _lister(setting, resource) is not None:
            says = f"{name} of a {resource.name} that is there makes no second one"
            yield promise(
                NAME, f"once/{resource.name}", endpoint, says, endpoint.action.origin, resource.cite
            )
        if members := _find_defaults(setting, resource, endpoint):
            says = (
                f"{name} without {' and '.join(members)} of a {resource.name} that is there sets the default"
            )
            yield promise(
                NAME, f"defaults/{resource.name}", endpoint, says, endpoint.action.origin, resource.cite
            )


def _cases(setting: Setting) -> Iterator[tuple[Resource, Endpoint]]:
    for resource in setting.model.resources.values():
        endpoint = setting.find_lead(str(resource.made_by.action.name)) if resource.made_by else None
        if endpoint is not None and any(_names_it(setting, resource, endpoint, p) for p in endpoint.params):
            yield resource, endpoint


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
    """Return the first list of a resource without pages, with its endpoint."""
    for call in resource.listed_by:
        endpoint = setting.find_usable_lead(str(call.action.name))
        if endpoint is not None and call.action.pages is None:
            return call, endpoint
    return None


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """Yield one probe for each upsert."""
    del roles
    for resource, endpoint in _cases(setting):
        again = f"{NAME}/again/{resource.name}/{endpoint.place}"
        lister = _lister(setting, resource)
        once = f"{NAME}/once/{resource.name}/{endpoint.place}" if lister is not None else ""
        ids = (again, once) if once else (again,)
        run = partial(_run, setting, resource, endpoint, again, once)
        yield Probe(again, 5, ids, 4, run, (endpoint,), "main", True)
        if members := _find_defaults(setting, resource, endpoint):
            left_out = f"{NAME}/defaults/{resource.name}/{endpoint.place}"
            run = partial(_leave_out, setting, resource, endpoint, members, left_out)
            yield Probe(left_out, 5, (left_out,), 2, run, (endpoint,), "main", True)


def _run(setting: Setting, resource: Resource, endpoint: Endpoint, again: str, once: str) -> Conversation:
    made_by, read = resource.made_by, find_read(setting, resource)
    assert made_by is not None
    first: Exchange = yield Call(
        endpoint, made_by.input, "explore", f"a {resource.name} to be replaced", fresh=True
    )
    body = at_path(made_by, first) if first.success else None
    if not isinstance(body, Mapping):
        for contract in filter(None, (again, once)):
            yield judge_untested(contract, f"no {resource.name} was put: {first.outcome}")
        return
    yield Own(first.number)
    other = _choose_others(setting, endpoint, first.input)
    why = f"the same {resource.name} with other values"
    second: Exchange = yield Call(endpoint, {**first.input, **other}, "explore", why)
    by, seen = made_by, second
    if read is not None:
        by, why = read[0], f"a replaced {resource.name}"
        seen = yield Call(read[1], by.input, "explore", why, subject=resource, made=body)
    sent = {name: second.input.get(name) for name in other}
    told = at_path(made_by, second) if second.success else None
    puts = _Puts({**first.input, **body}, sent, told if isinstance(told, Mapping) else {})
    yield _judge_again(by, second, seen, again, puts)
    lister = _lister(setting, resource)
    if once and lister is not None and second.success:
        call, where = lister
        listed: Exchange = yield Call(where, call.input, "explore", f"a list with a replaced {resource.name}")
        yield _judge_once(resource, call, listed, once, body)
    elif once:
        yield judge_untested(once, f"it was not put again: {second.outcome}")


def _leave_out(
    setting: Setting, resource: Resource, endpoint: Endpoint, members: Mapping[str, Any], contract: str
) -> Conversation:
    """Put an instance with other values than the defaults, then without them."""
    params = {str(p.name): p for p in endpoint.params}
    made_by = resource.made_by
    assert made_by is not None
    set_ = {name: _choose_not(setting, params[name], members[name]) for name in members}
    why = f"a {resource.name} with other values than the defaults"
    first: Exchange = yield Call(endpoint, {**made_by.input, **set_}, "explore", why, fresh=True)
    if not first.success:
        yield judge_untested(contract, f"no {resource.name} was put: {first.outcome}")
        return
    yield Own(first.number)
    least = {name: value for name, value in first.input.items() if name not in members}
    why = f"the same {resource.name} without {' and '.join(members)}"
    second: Exchange = yield Call(endpoint, least, "explore", why)
    shown = at_path(made_by, second) if second.success else None
    if not isinstance(shown, Mapping):
        yield judge_untested(contract, f"it was not put again: {second.outcome}")
        return
    for name, default in members.items():
        if (value := shown.get(params[name].wire)) != default:
            yield judge_broken(contract, f"{name} {default!r}, its default", f"{name} is {value!r}")
            return
    yield judge_kept(contract)


def _choose_others(setting: Setting, endpoint: Endpoint, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return other values for the members of the body that refer to no instance."""
    found: dict[str, Any] = {}
    for param in endpoint.params:
        name = str(param.name)
        if param.place != "body" or param.refers_to or name not in given or param.file is not None:
            continue
        values = (choose(param.schema, setting.model.schemas) for choose in (high, low))
        other = next((value for value in values if value != given[name]), given[name])
        if isinstance(other, str | int | float) and other != given[name]:
            found[name] = other
    return found


@dataclass(frozen=True, slots=True)
class _Puts:
    """The members after the first PUT, the values of the second PUT, and the members in its answer.

    A server may trim, round or lower values, so the answer decides which value a read must show.
    """

    first: Mapping[str, Any]
    sent: Mapping[str, Any]
    told: Mapping[str, Any]

    def find_problem(self, shown: Mapping[str, Any]) -> tuple[str, str]:
        """Return the expected and the actual content of a read; empty texts if the read is right."""
        for name, value in sorted(self.sent.items()):
            if name not in shown or shown[name] == value:
                continue
            if shown[name] == self.first.get(name):
                return f"the second {name} afterwards", f"{name} is still the first one"
            if shown[name] != self.told.get(name, shown[name]):
                return f"the {name} that the second PUT answered", f"{name} is another one"
        return "", ""


def _judge_again(read: ActionCall, second: Exchange, seen: Exchange, contract: str, puts: _Puts) -> Judgement:
    """Judge the answer to a second PUT, and a read of its values."""
    if second.void or seen.void:
        return judge_untested(contract, f"it was not answered: {second.outcome}, {seen.outcome}")
    if not second.success:
        return judge_broken(contract, "a PUT on an id that is there replaces it", second.outcome)
    shown = at_path(read, seen) if seen.success else None
    if not isinstance(shown, Mapping):
        return judge_untested(contract, f"it could not be read: {seen.outcome}")
    expected, actual = puts.find_problem(shown)
    return judge_broken(contract, expected, actual) if expected else judge_kept(contract)


def _judge_once(
    resource: Resource, call: ActionCall, listed: Exchange, contract: str, body: Mapping[str, Any]
) -> Judgement:
    items = at_path(call, listed) if listed.success else None
    if not isinstance(items, list):
        return judge_untested(contract, f"no list was answered: {listed.outcome}")
    id = id_text(resource.id_of(body))
    count = sum(id_text(resource.id_of(item)) == id for item in items)
    if count > 1:
        return judge_broken(
            contract, f"one {resource.name} of this id in the list", "{count} of them", count=count
        )
    return judge_kept(contract)


CHECK = Check(NAME, __doc__, promises, probes=probes)
