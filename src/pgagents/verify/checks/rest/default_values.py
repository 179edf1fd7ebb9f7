"""Leaving out an argument has the same effect as sending its documented default.

The call is made without the argument and with its default, everything else as wide as possible, and both
answers must be equal. If both repeat the argument under its name, these values must be equal, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from pgagents.base.http import json_bytes
from pgagents.catalogue.model.action import Param
from pgagents.report.contract import Contract, Verdict
from pgagents.verify.answers.normalized import (
    NormalAnswer,
    differing,
    is_alike_when_repeated,
    normalize_answer,
)
from pgagents.verify.cases.boundary import boundary_value
from pgagents.verify.fixtures.request_template import answer_that_will_do, ordinary, template_of
from pgagents.verify.plan.selection import OTHERS_CHANGE
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
from pgagents.verify.values.schema_values import high, types_of
from pgagents.verify.wire.call import Reuse
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange

NAME = "default_values"
OTHERS = 3
"""The number of repeated comparisons unless the run is exclusive."""


def promises(setting: Setting) -> Iterator[Contract]:
    """Yield one contract for each default, on the first action that has it. A decimal number is tried on
    every action.
    """
    for endpoint, param in _cases(setting):
        says = (
            f"{endpoint.action.name} without {param.name} answers as with {param.name} "
            f"{_find_default(setting, param)}"
        )
        yield promise(NAME, str(param.name), endpoint, says, (*param.origin, "default"), endpoint.action.cite)


def _cases(setting: Setting) -> tuple[tuple[Endpoint, Param], ...]:
    def find() -> Iterator[tuple[Endpoint, Param]]:
        met: set[str] = set()
        for endpoint in setting.endpoints:
            for param in endpoint.params:
                alike = f"{param.name} {json_bytes(dict(param.schema)).decode()}"
                alike += (
                    f" {endpoint.action.name}"
                    if "number" in types_of(setting.resolve_schema(param.schema))
                    else ""
                )
                if (
                    endpoint.leads
                    and endpoint.action.effect == "read"
                    and _has_default(setting, param)
                    and alike not in met
                ):
                    met.add(alike)
                    yield endpoint, param

    return setting.compute_once(NAME, lambda: tuple(find()))


def _has_default(setting: Setting, param: Param) -> bool:
    return not param.required and _find_default(setting, param) is not None


def _find_default(setting: Setting, param: Param) -> Any:
    """Return an argument's default: its own, or that of the schema that it names; None without one."""
    return param.schema.get("default", setting.resolve_schema(param.schema).get("default"))


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """Yield one probe with two calls for each contract. Earlier answers may be reused."""
    del roles
    for endpoint, param in _cases(setting):
        contract = f"{NAME}/{param.name}/{endpoint.place}"
        yield Probe(
            contract,
            4,
            (contract,),
            2,
            partial(_run, setting, endpoint, param, contract),
            (endpoint,),
            "main",
            False,
        )


def _run(setting: Setting, endpoint: Endpoint, param: Param, contract: str) -> Conversation:
    name, template = str(param.name), template_of(setting.model, endpoint.action)
    usual = _find_default(setting, param)
    given = _widest(setting, endpoint, param, usual)
    without = {k: v for k, v in given.items() if k != name}
    reuses: tuple[Reuse, ...] = (
        answer_that_will_do(setting, endpoint),
        "",
    )  # something may have changed between the two calls
    for again in reuses if setting.exclusive else (*reuses, *reuses[1:] * OTHERS):
        out: Exchange = yield ordinary(
            endpoint, template, "valid", f"{name} left out", input=without, reuse=again
        )
        full: Exchange = yield ordinary(
            endpoint,
            template,
            "valid",
            f"{name} {usual}, its default",
            input={**without, name: usual},
            reuse=again,
            made=out.subject,
        )
        if not (out.success and full.success and out.fits and full.fits):
            yield judge_untested(contract, _why_not(out, full))
            return
        told, wanted = (_answered(setting, exchange, name) for exchange in (out, full))
        if told == wanted:
            yield judge_kept(contract)
            return
    once_more = ordinary(
        endpoint, template, "valid", f"{name} left out once more", input=without, made=out.subject
    )
    alike = yield from is_alike_when_repeated(
        once_more, lambda exchange: _answered(setting, exchange, name), told, wanted
    )
    if alike:
        yield judge_kept(contract)
        return
    if not setting.exclusive:
        last: Exchange = yield once_more
        if _answered(setting, last, name) != told:
            yield Judgement(contract, Verdict.NOT_APPLICABLE, OTHERS_CHANGE)
            return
    yield judge_broken(contract, f"what {name} {usual} is answered", differing(told, wanted))


def _answered(setting: Setting, exchange: Exchange, name: str) -> NormalAnswer:
    """Return a normalized answer, with the argument's value if the answer repeats it as a number."""
    repeated = exchange.body.get(name) if isinstance(exchange.body, Mapping) else None
    normal = normalize_answer(setting, exchange)
    if not isinstance(repeated, int | float) or isinstance(repeated, bool):
        return normal
    return replace(normal, members={**normal.members, name: repr(float(repeated))})


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
    given = template_of(setting.model, endpoint.action).input
    if given.get(str(param.name)) == usual:
        return dict(given)
    minimal = boundary_value(setting, endpoint, "minimal")  # others send this call, too
    least = given if minimal is None else minimal
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


CHECK = Check(
    NAME,
    __doc__,
    promises,
    probes=probes,
    overlap="readers",
)
