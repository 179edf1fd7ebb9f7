"""Choose pairs of reads that differ in one number, as evidence for relations between two calls."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pgagents.model.argument import Param
from pgagents.suggest.across.relations import LIMITS, find_list, numbers_of
from pgagents.suggest.columns import words_of
from pgagents.suggest.samples import Samples
from pgagents.suggest.shapes import declared_values
from pgagents.verify.fixtures.request_template import ordinary, template_of
from pgagents.verify.promise import Conversation, Probe
from pgagents.verify.setting import Setting
from pgagents.verify.values.schema_values import high, low
from pgagents.verify.wire.endpoint import Endpoint

WHY = "to see what a greater argument keeps"
MOST_VALUES, MOST_NUMBERS = 5, 3
FEW = (1, 2, 3, 4)


def list_pair_probes(setting: Setting, samples: Samples) -> Iterator[Probe]:
    """Yield a probe for each read of a list and each number that may widen the list."""
    for action in setting.model.actions:
        endpoint = setting.find_usable_lead(str(action.name)) if action.effect == "read" else None
        if (
            endpoint is None
            or find_list(setting.model, action, samples.of_action(str(action.name))) is None
            or action.signed is not None
        ):
            continue
        numbers = numbers_of(setting.model, action)
        for param in numbers[:MOST_NUMBERS]:
            inputs = list(_list_inputs(setting, endpoint, param, numbers))
            name = f"suggest/{len(inputs)} values of {param.name}/{endpoint.place}"
            run = _run(setting, endpoint, inputs)
            yield Probe(name, 9, (), len(inputs), run, (endpoint,), "main", False)


def _run(setting: Setting, endpoint: Endpoint, inputs: list[dict[str, Any]]) -> Any:
    template = template_of(setting.model, endpoint.action)

    def run() -> Conversation:
        for given in inputs:
            yield ordinary(endpoint, template, "explore", WHY, input=given)

    return run


def _list_inputs(
    setting: Setting, endpoint: Endpoint, param: Param, numbers: list[Param]
) -> Iterator[dict[str, Any]]:
    """Yield the usual call, and the call with required arguments only, with several values of one number.

    Any other number that limits the list is at its maximum, so that it cuts nothing off.
    """
    usual = dict(template_of(setting.model, endpoint.action).input)
    needed = {str(p.name) for p in endpoint.params if p.required}
    bare = {k: v for k, v in usual.items() if k in needed}
    bases = [bare] if usual.keys() - {str(param.name)} == bare.keys() else [usual, bare]
    if flags := {str(p.name): True for p in endpoint.params if not p.required and _is_flag(setting, p)}:
        bases.append({**bare, **flags})
    for base in bases:
        for other in numbers:
            if other is not param and LIMITS & {*words_of(str(other.name))}:
                base = {**base, str(other.name): high(other.schema, setting.model.schemas)}
        for value in _list_values(setting, endpoint, param, usual):
            yield {**base, str(param.name): value}


def _is_flag(setting: Setting, param: Param) -> bool:
    return declared_values(param.schema, setting.model.schemas) == (True, False)


def _list_values(setting: Setting, endpoint: Endpoint, param: Param, usual: Mapping[str, Any]) -> list[Any]:
    """Return valid values of a number in ascending order."""
    schemas = setting.model.schemas
    most, given = high(param.schema, schemas), usual.get(str(param.name))
    values = {low(param.schema, schemas), most}
    if LIMITS & {*words_of(str(param.name))}:
        values |= {*FEW}
    else:
        own = given if isinstance(given, int | float) else most / 8
        values |= {own / 4, own / 2, own, own * 2, own * 4}
    fits = setting.test_argument(endpoint, param)
    return sorted(v for v in values if isinstance(v, int | float) and fits.is_valid(v))[: MOST_VALUES + 1]
