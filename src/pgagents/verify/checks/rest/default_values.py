"""Leaving out an argument of a read has the same effect as sending its documented default.

The call is made without the argument and with its default, everything else as wide as possible, and both
answers must be equal. If both repeat the argument under its name, these values must be equal, too. Equal
answers show something only if another value is answered differently, such as one item more than a page has.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from pgagents.base.http import json_bytes
from pgagents.base.jsonschema.schema import find_keyword
from pgagents.catalogue.model.action import Param
from pgagents.report.contract import Rank
from pgagents.verify.answers.normalized import (
    NormalAnswer,
    differing,
    is_alike_when_repeated,
    normalize_answer,
)
from pgagents.verify.cases.boundary import boundary_value
from pgagents.verify.fixtures.instance import is_double
from pgagents.verify.fixtures.request_template import answer_that_will_do, template_of
from pgagents.verify.judgement import Untested, conclude, demand
from pgagents.verify.plan.selection import others_change
from pgagents.verify.promise import Attempt, Case, Trial, make_check
from pgagents.verify.setting import Setting
from pgagents.verify.values.schema_values import high, low, types_of
from pgagents.verify.wire.asking import ask
from pgagents.verify.wire.call import Reuse
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange

CONTRASTS = 2
"""The most other values that are sent to see that the argument matters: one that does shows it."""
OTHERS = 3
"""The number of repeated comparisons unless the run is exclusive, as others write meanwhile."""


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield a case for each default, on the first action that has it: servers share the code of arguments
    with one name and schema.
    """
    del roles
    met: set[str] = set()
    for endpoint in setting.endpoints:
        if not endpoint.leads or endpoint.action.effect != "read":
            continue
        action = endpoint.action
        for param in endpoint.params:
            alike = f"{param.name} {json_bytes(dict(param.schema)).decode()}"
            if not _has_default(setting, param) or alike in met:
                continue
            met.add(alike)
            usual = _find_default(setting, param)
            says = f"{action.name} without {param.name} answers as with {param.name} {usual}"
            attempt = Attempt(partial(_compare, param=param, usual=usual), cost=3)
            shared = "default" not in param.schema and _is_written(setting, param.schema.get("$ref"))
            yield Case(endpoint, says, (*param.origin, "default"), attempt, str(param.name), advice=shared)


def _has_default(setting: Setting, param: Param) -> bool:
    return not param.required and _find_default(setting, param) is not None


def _is_written(setting: Setting, name: Any) -> bool:
    """True if a write takes the schema, too: a class of Litestar's has one default, which creates use."""
    writes = (action for action in setting.model.actions if action.effect == "write")
    return any(param.schema.get("$ref") == name for action in writes for param in action.params)


def _find_default(setting: Setting, param: Param) -> Any:
    """Return an argument's default: its own, or that of the schema that it names; None without one."""
    return find_keyword(param.schema, "default", setting.model.schemas)


def _compare(trial: Trial, param: Param, usual: Any) -> None:
    name, setting = str(param.name), trial.setting
    arguments = _widest(setting, trial.endpoint, param, usual)
    without = {other: value for other, value in arguments.items() if other != name}
    reuses: tuple[Reuse, ...] = (answer_that_will_do(setting, trial.endpoint), "")
    # without reuse because something may have changed between the two calls
    for reuse in reuses if setting.exclusive else (*reuses, *reuses[1:] * OTHERS):
        short = trial.ask(trial.call("valid", f"{name} left out", input=without, reuse=reuse))
        full = trial.ask(
            trial.call(
                "valid",
                f"{name} {usual}, its default",
                input={**without, name: usual},
                reuse=reuse,
                made=short.subject,
            )
        )
        if not (short.success and full.success and short.fits and full.fits):
            raise Untested(_why_not(short, full))
        # a server may repeat only what was sent
        own = name if all(_find_repeated(each, name) is not None for each in (short, full)) else ""
        answer, wanted = (_answered(setting, exchange, own) for exchange in (short, full))
        if answer == wanted:
            _judge_equal(trial, param, usual, full, own)
            return
    once_more = trial.call("valid", f"{name} left out once more", input=without, made=short.subject)
    alike = is_alike_when_repeated(
        once_more, lambda exchange: _answered(setting, exchange, own), answer, wanted
    )
    if alike:
        _judge_equal(trial, param, usual, full, own)
        return
    if not setting.exclusive:
        last = demand(trial.ask(once_more))
        if _answered(setting, last, own) != answer:
            conclude(trial.not_applicable(others_change(setting)))
            return
    elif _changes(setting, short, full, own):  # as a list of random items does
        raise Untested("the items of an answer change by themselves here")
    conclude(trial.broken(f"the answer to {name} {usual}", differing(answer, wanted)))


def _changes(setting: Setting, short: Exchange, full: Exchange, name: str) -> bool:
    """True if a call that is made again has other items, such as counters."""
    for earlier in (short, full):
        last = ask(replace(earlier.call, reuse=""))
        if _answered(setting, last, name).items != _answered(setting, earlier, name).items:
            return True
    return False


def _judge_equal(trial: Trial, param: Param, usual: Any, full: Exchange, own: str) -> None:
    """Judge equal answers: another default would have shown if another value is answered differently.

    A page that is not full is the same with one item more. An argument without another value keeps its
    default.
    """
    name, setting = str(param.name), trial.setting
    others, wanted = _list_others(setting, trial.endpoint, param, usual), _answered(setting, full, own)
    for other in others:
        why = f"{name} {json_bytes(other).decode()}, which is not its default"
        control = demand(
            trial.ask(trial.call("explore", why, input={**full.call.input, name: other}, made=full.subject))
        )
        if control.success and _answered(setting, control, own) != wanted:
            conclude(trial.kept())
            return
    if not others:
        conclude(trial.kept())
        return
    raise Untested(
        f"{' and '.join(json_bytes(other).decode() for other in others)} for {name} is answered like its "
        f"default {usual}, so that another default would not show; a server that holds more shows it",
        excused=True,
    )


def _list_others(setting: Setting, endpoint: Endpoint, param: Param, usual: Any) -> list[Any]:
    """Return legal values of an argument next to its default, at most two; the greater number is first.

    A page is full if one item more than the default changes it. So a default that is too large shows, too.
    """
    schema = setting.resolve_schema(param.schema)
    values: list[Any]
    if isinstance(usual, bool):
        values = [not usual]
    elif isinstance(usual, int | float):
        step = schema.get("multipleOf", 1)
        values = [usual + step, usual - step]
    else:
        named = schema.get("enum", schema.get("examples", ()))
        values = [*named, low(schema, setting.model.schemas), high(schema, setting.model.schemas)]
    test = setting.test_argument(endpoint, param)
    fitting: list[Any] = []
    for value in values:
        if value != usual and value not in fitting and test.is_valid(value):
            fitting.append(value)
    return fitting[: 1 if isinstance(usual, int | float) else CONTRASTS]


def _answered(setting: Setting, exchange: Exchange, name: str) -> NormalAnswer:
    """Return a normalized answer, with the argument's value if the answer repeats it as a number."""
    repeated, normal = _find_repeated(exchange, name), normalize_answer(setting, exchange)
    return normal if repeated is None else replace(normal, members={**normal.members, name: repr(repeated)})


def _find_repeated(exchange: Exchange, name: str) -> float | None:
    repeated = exchange.body.get(name) if isinstance(exchange.body, Mapping) else None
    return float(repeated) if is_double(repeated) else None


def _why_not(*several: Exchange) -> str:
    """Return why two answers cannot be compared."""
    failed = next((exchange for exchange in several if not exchange.success), None)
    if failed is not None:
        return f"a call to compare with was answered {failed.outcome}"
    return "an answer to compare with does not satisfy its schema"


def _widest(setting: Setting, endpoint: Endpoint, param: Param, usual: Any) -> dict[str, Any]:
    """Return the ordinary arguments if they contain the default; else the required ones.

    In the latter case, other numbers are at their greatest, except a page number.
    """
    ordinary = template_of(setting.model, endpoint.action).input
    if ordinary.get(str(param.name)) == usual:
        return dict(ordinary)
    minimal = boundary_value(setting, endpoint, "minimal")  # others send this call, too
    least = ordinary if minimal is None else minimal
    paged = endpoint.action.pages.argument if endpoint.action.pages is not None else None
    needed = {str(p.name): least[str(p.name)] for p in endpoint.params if p.required and str(p.name) in least}
    return {
        **needed,
        **{
            str(p.name): high(p.schema, setting.model.schemas)
            for p in endpoint.params
            if p is not param and p.name != paged and _has_bounded_default(setting, p)
        },
    }


def _has_bounded_default(setting: Setting, param: Param) -> bool:
    schema = setting.resolve_schema(param.schema)
    return (
        _has_default(setting, param)
        and bool({"number", "integer"} & set(types_of(schema)))
        and "maximum" in schema
    )


CHECK = make_check("default_values", __doc__, cases, stage=4, overlap="readers", rank=Rank.WRONG)
