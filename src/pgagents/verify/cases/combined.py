"""Combine two invalid arguments in one call, if errors name more than one field.

A server that names several fields (`errors.field_of_several`) has found both errors, so one request replaces
two. Each argument is also sent invalid alone once, so that an error names it. The broken keyword differs from
case to case.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from pgagents.verify.cases.invalid import InvalidCase, invalid_cases_of
from pgagents.verify.cases.projection_index import projections_of
from pgagents.verify.fixtures.request_template import ordinary, template_of
from pgagents.verify.fixtures.target import is_guarded
from pgagents.verify.setting import Setting
from pgagents.verify.wire.call import Call
from pgagents.verify.wire.endpoint import Endpoint

Group = tuple[InvalidCase, ...]
"""The invalid cases of one call: one, or two."""


def groups(setting: Setting, endpoint: Endpoint) -> tuple[Group, ...]:
    """Return an endpoint's invalid cases of priority 1, paired where possible.

    They are in the order of the first case of each group.
    """
    every: Mapping[str, tuple[Group, ...]] = setting.compute_once("paired", lambda: dict(_every(setting)))
    return every[endpoint.place]


def alone(setting: Setting, endpoint: Endpoint) -> tuple[InvalidCase, ...]:
    """Return the invalid cases that are sent alone."""
    return tuple(group[0] for group in groups(setting, endpoint) if len(group) == 1)


def both(setting: Setting, endpoint: Endpoint, pair: Group) -> Call:
    """Return the call with both invalid arguments."""
    template = template_of(setting.model, endpoint.action)
    given = dict(template.input)
    for one in pair:
        name = _root(one)
        if name in one.call.input:
            given[name] = one.call.input[name]
        else:
            given.pop(name, None)
    return ordinary(endpoint, template, "invalid", ", and ".join(one.call.why for one in pair), input=given)


def _every(setting: Setting) -> Iterator[tuple[str, tuple[Group, ...]]]:
    sent: Counter[tuple[str, str]] = Counter()
    """Counts how often each keyword was sent alone, by surface and keyword."""
    for endpoint in setting.every_endpoint:
        listed = [n for n in invalid_cases_of(setting, endpoint) if n.priority == 1]
        may = [n for n in listed if _pairable(setting, n)]
        single = _single(setting, endpoint, listed, may, sent) if may else {id(n) for n in listed}
        pairs = list(_pairs(n for n in listed if id(n) not in single))
        taken = {id(n) for pair in pairs for n in pair[1:]}
        by_first = {id(pair[0]): pair for pair in pairs}
        yield endpoint.place, tuple(by_first.get(id(n), (n,)) for n in listed if id(n) not in taken)


def _single(
    setting: Setting,
    endpoint: Endpoint,
    listed: list[InvalidCase],
    may: list[InvalidCase],
    sent: Counter[tuple[str, str]],
) -> set[int]:
    """Return the `id()` of each case that must be sent alone.

    These are the cases that cannot be paired, one case of each argument, and one case that each vendor's
    documents let through.
    """
    able = {id(n) for n in may}
    single = [n for n in listed if id(n) not in able]
    sent.update(map(_keyword, single))
    named = {n.field for n in single}
    for field in dict.fromkeys(n.field for n in may if n.field not in named):
        single.append(min((n for n in may if n.field == field), key=lambda n: sent[_keyword(n)]))
        sent[_keyword(single[-1])] += 1
    found, details = {id(n) for n in single}, {n.detail for n in single}
    projections = projections_of(setting, endpoint)
    firsts = {n.detail: n for n in reversed(listed)}
    for let_through in projections.let_through(setting).values() if projections is not None else ():
        if let_through and details.isdisjoint(
            n.detail for n in let_through
        ):  # its documents may allow one of the two, but not both
            details.add(let_through[0].detail)
            found.add(id(firsts[let_through[0].detail]))
    return found


def _pairs(left: Iterable[InvalidCase]) -> Iterator[Group]:
    """Yield pairs of cases that break different arguments in the same place, such as the query.

    The arguments with most cases left are paired first.
    """
    places: dict[str, dict[str, list[InvalidCase]]] = {}
    for one in left:
        places.setdefault(_place(one), {}).setdefault(_root(one), []).append(one)
    for by_argument in places.values():
        while True:
            most = sorted((several for several in by_argument.values() if several), key=len, reverse=True)[:2]
            if len(most) < 2:
                break
            yield most[0].pop(0), most[1].pop(0)


def _pairable(setting: Setting, one: InvalidCase) -> bool:
    """True if another argument of the call may be invalid, too, because the server reads both together."""
    model, endpoint = setting.model, one.endpoint
    param = endpoint.action.param(_root(one))
    if (
        model.errors.field_at is None
        or model.errors.field_of_several is None
        or param is None
        or endpoint.form is not None
    ):
        return False
    if one.detail.startswith("required/") and is_guarded(setting, endpoint.action, param):
        return False  # the other arguments must be valid, so that the call names the instance that it changes
    return not endpoint.on_rest or param.place in ("query", "body")


def _place(one: InvalidCase) -> str:
    param = one.endpoint.action.param(_root(one))
    return param.place if param is not None and one.endpoint.on_rest else ""


def _root(one: InvalidCase) -> str:
    return one.field.partition(".")[0]


def _keyword(one: InvalidCase) -> tuple[str, str]:
    return one.detail.partition("/")[0], one.endpoint.surface
