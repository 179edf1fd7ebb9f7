"""Build invalid calls from the catalogue: each breaks one keyword of one argument.

The values that break a keyword are tried in an order that reveals most first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from itertools import groupby
from typing import Any
from zlib import crc32

from pgagents.base.http import json_bytes, text_of
from pgagents.base.places import Pointer, plain
from pgagents.catalogue.encoding.medium import find_problem
from pgagents.catalogue.model.action import Param
from pgagents.verify.cases.as_sent import (
    can_carry,
    is_invalid,
    is_sendable,
    stand_ins,
    takes_any_text,
    takes_lists_only,
)
from pgagents.verify.fixtures.own_schemas import find_request, fit_arguments, judge_arguments, readings_of
from pgagents.verify.fixtures.request_template import RequestTemplate, ordinary, template_of
from pgagents.verify.fixtures.target import harmless
from pgagents.verify.setting import Setting
from pgagents.verify.values.bounds import MOST_PLACES, count_places, share_places
from pgagents.verify.values.invalid_values import MISSING, InvalidValue, file_violations, violations
from pgagents.verify.values.schema_values import high, low
from pgagents.verify.wire.call import Call
from pgagents.verify.wire.endpoint import Endpoint


@dataclass(frozen=True, slots=True)
class InvalidCase:
    """A call that breaks one keyword of one argument.

    `detail` is `<keyword>/<argument path>`; `field` is the name that an error should give.
    """

    endpoint: Endpoint
    detail: str
    field: str
    call: Call
    says: str
    origin: Pointer
    cite: tuple[str, ...]
    priority: int
    promised: str = ""
    """The condition that all cases of a contract meet; empty if `says` is the contract's own."""
    withheld: str = ""
    """Why the call is not sent: its value may reach what is not the run's own. Empty if it is sent."""


@dataclass(frozen=True, slots=True)
class UnmadeCase:
    """A keyword of an argument that no call breaks, as the value would be too large; `reason` says so."""

    detail: str
    field: str
    says: str
    origin: Pointer
    cite: tuple[str, ...]
    reason: str


def invalid_cases(setting: Setting, endpoint: Endpoint) -> Iterator[InvalidCase]:
    """Yield calls that each break one keyword of one argument and that every server must refuse as
    invalid.
    """
    template = template_of(setting.model, endpoint.action)
    for param in endpoint.params:
        if param.name == endpoint.action.if_match:
            continue  # conditional_calls judges it: servers may accept any text as a stale tag
        made = (violation for violation in _violations(setting, endpoint, param) if not violation.unmade)
        safe = (harmless(setting, endpoint.action, param, violation) for violation in made)
        listed = (violation for violation in safe if violation is not None)
        for (keyword, path), alike in groupby(listed, lambda w: (w.keyword, w.path)):
            turn = (
                0
                if (keyword == "type" and is_in_json(endpoint, param)) or endpoint.narrows(str(param.name))
                else choose_turn(setting, endpoint, param, keyword, *path)
            )
            group, first = order_values(list(alike), param, turn), True
            at_bound = False
            for violation in group:
                near = violation.near and not at_bound
                priority = 1 if first or near or is_tried_too(endpoint, param, violation) else 2
                if (
                    found := _invalid_case(setting, endpoint, template, param, violation, priority)
                ) is not None:
                    yield found
                    first, at_bound = False, at_bound or violation.near
    yield from _make_group_cases(endpoint, template, setting)
    yield from _make_unknown_case(setting, endpoint, template)


def _violations(setting: Setting, endpoint: Endpoint, param: Param) -> Iterator[InvalidValue]:
    """Return the values that break an argument's schema, or the limits of its file."""
    if param.file is not None:
        return file_violations(param.file, required=param.required, typed=param.place == "body")
    return violations(
        plain(param.schema),
        setting.model.schemas,
        required=param.required,
        of=_nothing(setting, endpoint, param),
        most=_find_share(setting, endpoint),
    )


def _find_share(setting: Setting, endpoint: Endpoint) -> int:
    """Return at how many places of each argument of an endpoint wrong values are tried."""

    def find() -> int:
        schemas = setting.model.schemas
        return share_places([count_places(p.schema, schemas, MOST_PLACES) for p in endpoint.params])

    return setting.compute_once(("share of places", endpoint.place), find)


def unmade_cases_of(setting: Setting, endpoint: Endpoint) -> Mapping[str, UnmadeCase]:
    """Return the keywords of an endpoint's arguments that only a value too large to be sent would break.

    They are computed once a run, by their details.
    """
    return setting.compute_once(
        ("unmade cases", endpoint.place),
        lambda: {case.detail: case for case in _list_unmade(setting, endpoint)},
    )


def _list_unmade(setting: Setting, endpoint: Endpoint) -> Iterator[UnmadeCase]:
    for param in endpoint.params:
        if param.name == endpoint.action.if_match:
            continue
        for violation in _violations(setting, endpoint, param):
            if violation.unmade:
                field = ".".join([str(param.name), *map(str, violation.path)])
                detail, says = _detail(param, violation), f"{field} {violation.says}"
                at = _origin(setting, param, violation)
                yield UnmadeCase(detail, field, says, at, endpoint.action.cite, violation.unmade)


def _make_group_cases(
    endpoint: Endpoint, template: RequestTemplate, setting: Setting
) -> Iterator[InvalidCase]:
    """Yield a call without any group of the action's `either`, and a call with all groups."""
    action = endpoint.action
    grouped = {name for group in action.either for name in group}
    if not grouped or not grouped <= {str(p.name) for p in endpoint.params}:
        return
    rest = {name: value for name, value in template.input.items() if name not in grouped}
    whole = {
        str(p.name): template.input.get(str(p.name), low(p.schema, setting.model.schemas))
        for p in endpoint.params
        if p.name in grouped
    }
    for detail, given in (("none", rest), ("several", {**rest, **whole})):
        says = f"{detail} of {' and '.join(' + '.join(group) for group in action.either)} is given"
        call = ordinary(endpoint, template, "invalid", says, input=given, ungrouped=True)
        at = (*action.origin, "either")
        yield InvalidCase(endpoint, f"either/{detail}", "", call, says, at, action.cite, 1)


def _nothing(setting: Setting, endpoint: Endpoint, param: Param) -> str:
    """Return an id that no instance has, if the argument is an id of a write; else an empty text."""
    resource = setting.model.resources.get(param.refers_to or "")
    return str(resource.absent or "") if resource is not None and endpoint.action.effect == "write" else ""


def invalid_cases_of(setting: Setting, endpoint: Endpoint) -> tuple[InvalidCase, ...]:
    """Return the invalid cases of an endpoint, computed once a run."""

    def find() -> tuple[InvalidCase, ...]:
        sent = [case for case in _list_every(setting, endpoint) if not case.withheld]
        firsts = {case.detail: case for case in reversed(sent)}
        owed = firsts.keys() - {case.detail for case in sent if case.priority == 1}  # theirs is withheld
        return tuple(
            replace(case, priority=1) if case.detail in owed and firsts[case.detail] is case else case
            for case in sent
        )

    return setting.compute_once(("invalid cases", endpoint.place), find)


def withheld_cases_of(setting: Setting, endpoint: Endpoint) -> Mapping[str, InvalidCase]:
    """Return the invalid cases of an endpoint that are not sent, by their details, computed once a run.

    A detail with another case that is sent is left out.
    """

    def find() -> Mapping[str, InvalidCase]:
        sent = {case.detail for case in invalid_cases_of(setting, endpoint)}
        every = (case for case in _list_every(setting, endpoint) if case.withheld)
        return {case.detail: case for case in every if case.detail not in sent}

    return setting.compute_once(("withheld cases", endpoint.place), find)


def _list_every(setting: Setting, endpoint: Endpoint) -> tuple[InvalidCase, ...]:
    return setting.compute_once(
        ("every invalid case", endpoint.place),
        lambda: tuple(
            replace(case, withheld=setting.say_reaching(endpoint.action, case.call.input))
            for case in invalid_cases(setting, endpoint)
        ),
    )


def provokable(setting: Setting, endpoint: Endpoint) -> bool:
    """True if a test can make the endpoint answer with an error."""
    refused = endpoint.needs_key and () not in endpoint.security
    return refused or bool(invalid_cases_of(setting, endpoint))


def _invalid_case(
    setting: Setting,
    endpoint: Endpoint,
    template: RequestTemplate,
    param: Param,
    violation: InvalidValue,
    priority: int,
) -> InvalidCase | None:
    violation = use_unheard_of_id(endpoint, param, violation)
    given = break_arguments(setting, endpoint, template, param, violation)
    if given is None or is_legal(setting, endpoint, param, violation):
        return None
    if not is_sendable(endpoint, param, given.get(str(param.name))):
        return None
    field = ".".join([str(param.name), *map(str, violation.path)])
    says = f"{field} {violation.says}"
    call = ordinary(endpoint, template, "invalid", says, input=given, field=field)
    if not is_broken(setting, param, call) or not is_wrong_by_document(setting, call):
        return None
    return InvalidCase(
        endpoint,
        _detail(param, violation),
        field,
        call,
        says,
        _origin(setting, param, violation),
        endpoint.action.cite,
        priority,
        f"{field} {violation.rule}" if violation.rule else "",
    )


def _detail(param: Param, violation: InvalidValue) -> str:
    """Return the keyword that a value breaks, and the path of its place without the numbers of items."""
    steps = [str(param.name), *map(str, violation.path)]
    named = (
        [s for s in steps if not s.isdigit()] if violation.keyword != "additionalProperties" else steps[:-1]
    )
    return f"{violation.keyword}/{'.'.join(named)}"


def _origin(setting: Setting, param: Param, violation: InvalidValue) -> Pointer:
    at: Pointer = (
        *param.origin,
        *(
            s
            for step in violation.path
            for s in (("items",) if isinstance(step, int) else ("properties", step))
        ),
    )
    keyword = {"null": "type", "required": "required"}.get(violation.keyword, violation.keyword)
    whole = (*at, keyword)
    return whole if setting.model.source.has(whole) else at if setting.model.source.has(at) else param.origin


def _make_unknown_case(
    setting: Setting, endpoint: Endpoint, template: RequestTemplate
) -> Iterator[InvalidCase]:
    places = {param.place for param in endpoint.params}
    if endpoint.on_rest and "body" not in places:
        bare = "whole_body" not in places and endpoint.action.method != "POST"
        if bare and setting.model.behaviour.unknown_query == "refused":
            says, at = "an unknown query parameter", ("behaviour", "unknown_query")
            given, name = {**template.input, "pgv_unknown": "1"}, "pgv_unknown"
            call = ordinary(endpoint, template, "invalid", says, input=given, field=name)
            yield InvalidCase(
                endpoint, "unknown_query", name, call, f"{says} is given", at, endpoint.action.cite, 1
            )
        return
    if endpoint.action.unknown != "refused":
        return
    turn = crc32(f"{endpoint.action.name}/unknown_member".encode())
    name, value, says = "pgv_unknown", (1, None, "")[turn % 3], "an undeclared argument"
    if (other := _in_camel_case(setting, endpoint)) is not None and turn % 2:
        name, value, says = (
            other[0],
            template.input.get(other[1], 1),
            f"{other[0]}, another spelling of {other[1]},",
        )
    another = of_another(endpoint)
    if (
        another is not None
        and endpoint.dispatcher is not None
        and endpoint.action is not endpoint.dispatcher.actions[0]
    ):
        name, value, says = (
            str(another.name),
            low(another.schema, setting.model.schemas),
            f"{another.name}, an argument of another action,",
        )
    call = ordinary(endpoint, template, "invalid", says, input={**template.input, name: value}, field=name)
    origin = (
        ("behaviour", "unknown_member")
        if setting.model.source.has(("behaviour", "unknown_member"))
        else endpoint.action.origin
    )
    yield InvalidCase(
        endpoint, "unknown_member", name, call, f"{says} is given", origin, endpoint.action.cite, 1
    )


def _in_camel_case(setting: Setting, endpoint: Endpoint) -> tuple[str, str] | None:
    """Return an argument's name in camel case and its real name; None if no name differs.

    An optional argument is preferred.
    """
    for param in sorted(endpoint.params, key=lambda p: p.required):
        first, *words = str(param.name).split("_")
        if words and param.place == "body" and not setting.holds(endpoint.action, str(param.name)):
            return first + "".join(word.capitalize() for word in words), str(param.name)
    return None


def of_another(endpoint: Endpoint) -> Param | None:
    """Return an argument that the dispatcher takes only for other actions, or None.

    One document shows the arguments of all actions together, so a model may send it.
    """
    if endpoint.dispatcher is None:
        return None
    own = {str(p.name) for p in endpoint.params}
    return next(
        (
            p
            for a in endpoint.dispatcher.actions
            for p in a.params
            if str(p.name) not in own and p.place != "header"
        ),
        None,
    )


# -- a call with a value that breaks a keyword


def _make_unheard_of_id(endpoint: Endpoint, param: Param) -> int:
    """Return a 64-bit number that is no instance's id. It is the same in every run."""
    return int.from_bytes(sha256(f"0 {endpoint.place} {param.name}".encode()).digest()[:8], "big") | 1 << 63


def use_unheard_of_id(endpoint: Endpoint, param: Param, violation: InvalidValue) -> InvalidValue:
    """Return the violation; a number for the id of a write is replaced by a number that is not an instance's
    id.
    """
    is_number = violation.keyword == "type" and type(violation.value) is int
    if is_number and param.refers_to and endpoint.action.effect == "write":
        return replace(violation, value=_make_unheard_of_id(endpoint, param))
    return violation


def break_arguments(
    setting: Setting,
    endpoint: Endpoint,
    template: RequestTemplate,
    param: Param,
    violation: InvalidValue,
) -> dict[str, Any] | None:
    """Return the template's arguments with the violation; None if a path would lack its parameter."""
    name = str(param.name)
    given = _list_beside(setting, endpoint, template, param)
    if violation.path:
        base = plain(given.get(name))
        if not isinstance(base, dict | list):
            base = setting.compute_once(
                ("greatest", endpoint.place, name), lambda: plain(high(param.schema, setting.model.schemas))
            )
        return {**given, name: _lay(base, violation.path, violation.value)}
    if violation.keyword != "required":
        return {**given, name: violation.value}
    if param.place == "path" and endpoint.on_rest:
        return None
    return {k: v for k, v in template.input.items() if k != name}


def _list_beside(
    setting: Setting, endpoint: Endpoint, template: RequestTemplate, param: Param
) -> Mapping[str, Any]:
    """Return the arguments beside a wrong one: the template's, with what the document wants beside this one
    (`dependentRequired`), so that the wrong value alone is refused.
    """
    name = str(param.name)
    if name in template.input:
        return template.input

    def find() -> Mapping[str, Any]:
        right = {**template.input, name: low(param.schema, setting.model.schemas)}
        return fit_arguments(setting.model, endpoint.action, right, [name]) or template.input

    found = setting.compute_once(("beside", endpoint.place, name), find)
    return template.input if name not in found else {k: v for k, v in found.items() if k != name}


def is_legal(setting: Setting, endpoint: Endpoint, param: Param, violation: InvalidValue) -> bool:
    """True if the violation is a legal value when it reaches the server, or if servers may accept it."""
    as_text = bool(param.as_text) and endpoint.on_rest
    if violation.keyword == "type" and not violation.path and as_text:
        # as text, a single value and a list of one are the same, and another case is about that
        return takes_any_text(setting, param) or takes_lists_only(setting, param)
    if violation.keyword != "null":
        return False
    if as_text:  # in a query, null is only a word, which the case `type` covers
        return True
    # models with strict schemas send null for omitted arguments, and servers may accept that
    return endpoint.form is not None and not (param.required and not violation.path)


def is_broken(setting: Setting, param: Param, call: Call) -> bool:
    """True if the call is invalid as sent.

    All other arguments are valid and are read one by one, so the broken one decides. If its place or form
    allows several readings, the whole request is encoded and read again.
    """
    assert call.endpoint is not None
    name = str(param.name)
    value = call.input.get(name)
    scalar = isinstance(value, str | int | float) and value != ""
    if (name not in call.input and param.required) or (
        param.file is not None and find_problem(param.file, value)
    ):
        return True
    if name in call.input and (not call.endpoint.on_rest or not param.as_text):
        return not setting.test_argument(call.endpoint, param).is_valid(value)
    if scalar and param.as_text and param.place != "header":
        test = setting.test_argument(call.endpoint, param)
        text = text_of(value)
        return not any(test.is_valid(reading) for reading in (*readings_of(text), [text]))
    return is_invalid(setting, call)


def is_wrong_by_document(setting: Setting, call: Call) -> bool:
    """True unless the document's own schemas allow a call, whatever the catalogue says of its arguments."""
    assert call.endpoint is not None
    if find_request(setting.model, call.endpoint.action) is None or not call.endpoint.on_rest:
        return True
    return judge_arguments(setting.model, call.endpoint.action, stand_ins(setting, call)) is False


def _lay(base: Any, path: tuple[str | int, ...], value: Any) -> Any:
    """Return the base with the value set at a path; missing members on the way are made."""
    if not path:
        return value
    step, rest = path[0], path[1:]
    if isinstance(step, int):
        items = list(base) if isinstance(base, list) and base else [{} if rest else value]
        items += [items[-1]] * (step + 1 - len(items))
        items[step] = _lay(items[step], rest, value)
        return items
    members = dict(base) if isinstance(base, dict) else {}
    if not rest and value is MISSING:
        members.pop(step, None)
    else:
        members[step] = _lay(members.get(step), rest, value)
    return members


# -- the order of values that break one keyword: those that reveal most come first


_TEXTS = ("description", "title", "default")


def is_tried_too(endpoint: Endpoint, param: Param, violation: InvalidValue) -> bool:
    """True if a value is tried in addition to the first one that breaks its keyword.

    These are values that only look valid, such as full-width digits. They are not tried through a dispatcher
    if REST takes the same text. MCP tools get none, because the tool's schema checks their arguments.
    """
    if not violation.likely or endpoint.form is not None:
        return False
    # the server may find an id absent before it finds it invalid
    if violation.keyword == "pattern" and (param.refers_to or not endpoint.on_rest):
        return not param.refers_to and endpoint.leads
    return violation.likely == "any" or is_in_json(endpoint, param)


def is_in_json(endpoint: Endpoint, param: Param) -> bool:
    """True if the argument is sent as JSON, which has types."""
    return not endpoint.on_rest or not param.as_text


def order_values(group: list[InvalidValue], param: Param, offset: int) -> list[InvalidValue]:
    """Order the values that break one keyword, starting at position `offset` among those that reveal most.

    Values that can be sent over REST come first, so that surfaces can be compared.
    """
    first = [w for w in group if w.priority == 1]
    offset %= max(1, len(first))
    every = [*first[offset:], *first[:offset], *(w for w in group if w.priority > 1)]
    return sorted(
        every,
        key=lambda w: (not can_carry(param, w.value), not (w.value == "" and may_ignore_empty(param))),
    )


def may_ignore_empty(param: Param) -> bool:
    """True if servers often take an empty text for a missing argument, so that they ignore a filter."""
    return not param.required and param.as_text and param.place in ("query", "body")


def choose_turn(setting: Setting, endpoint: Endpoint, param: Param, keyword: str, *path: Any) -> int:
    """Return a number that selects which of the values that break a keyword is tried first for this argument.

    It is the same on every surface. Arguments with equal schemas get different numbers, so that together they
    try several values.
    """
    number, schema = setting.compute_once("turns", lambda: _list_turns(setting))[
        endpoint.action.name, param.name
    ]
    return number + crc32("/".join((schema, keyword, *map(str, path))).encode())


def _list_turns(setting: Setting) -> dict[tuple[str, str], tuple[int, str]]:
    """Map each argument to its schema, without titles and descriptions, and to the number of earlier
    arguments with the same schema.
    """
    met: Counter[str] = Counter()
    found: dict[tuple[str, str], tuple[int, str]] = {}
    for action in {id(d.action): d.action for d in setting.every_endpoint}.values():
        for param in action.params:
            schema = json_bytes({k: plain(v) for k, v in param.schema.items() if k not in _TEXTS}).decode()
            found[action.name, param.name] = met[schema], schema
            met[schema] += 1
    return found
