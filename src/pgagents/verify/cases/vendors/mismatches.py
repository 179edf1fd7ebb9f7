"""Calls that a vendor's document allows a model to make, and that servers often answer wrongly.

One call is made for all vendors whose documents allow it. Calls that `invalid_input` makes are not repeated.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from pgagents.jsonschema.schema import resolve, subschemas
from pgagents.model.argument import Param
from pgagents.source.origin import plain
from pgagents.verify.cases.as_sent import is_invalid, stand_ins
from pgagents.verify.cases.invalid import invalid_cases_of, of_another
from pgagents.verify.cases.vendors.projection_index import ProjectionIndex
from pgagents.verify.check.setting import Setting
from pgagents.verify.fixtures.request_template import RequestTemplate, ordinary, template_of
from pgagents.verify.values.applied import accepts
from pgagents.verify.values.schema_values import high, low, types_of
from pgagents.verify.wire.call import Call


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A call that documents allow. `offers` are the offers of these documents, as indexes into the projection
    index.

    `valid` is true if the API accepts the call.
    """

    detail: str
    call: Call
    says: str
    valid: bool
    offers: frozenset[int]


def mismatches_of(setting: Setting, projections: ProjectionIndex) -> tuple[Mismatch, ...]:
    """Return all mismatches of an endpoint's projections, computed once a run."""
    return setting.compute_once(
        ("vendor", "slips", projections.endpoint.place), lambda: tuple(_slips(setting, projections))
    )


def _slips(setting: Setting, projections: ProjectionIndex) -> Iterator[Mismatch]:
    if all(offer.surface.name == projections.endpoint.surface for offer in projections.offers):
        return
    template = template_of(setting.model, projections.endpoint.action)
    tried = (
        *_of_another(setting, projections, template),
        *_null_word(projections, template),
        *_whole(projections, template),
        *_two_branches(setting, projections, template),
    )
    met: set[str] = set()
    for detail, field, given, says, valid in tried:
        if detail in met:
            continue
        call = ordinary(
            projections.endpoint,
            template,
            "valid" if valid else "invalid",
            says,
            input=given,
            field="" if valid else field,
        )
        if is_invalid(setting, call) == valid:
            continue
        through = projections.admitting(projections.collect_arguments(call, stand_ins(setting, call)))
        beyond = frozenset(
            i for i in through if projections.offers[i].surface.name != projections.endpoint.surface
        )
        if beyond:
            met.add(detail)
            yield Mismatch(detail, call, says, valid, through if valid else beyond)


Tried = tuple[str, str, Mapping[str, Any], str, bool]
"""(detail, field that an error should name or empty, all arguments, description, true if the API accepts the
call).
"""


def _of_another(setting: Setting, projections: ProjectionIndex, template: RequestTemplate) -> Iterator[Tried]:
    """Yield a call with an argument of another action.

    A dispatcher's document shows the arguments of all actions in one object. Only the dispatcher's first
    action is used, because `invalid_input` makes this call for the others.
    """
    endpoint = projections.endpoint
    param = of_another(endpoint)
    if (
        param is None
        or endpoint.dispatcher is None
        or endpoint.action is not endpoint.dispatcher.actions[0]
        or endpoint.action.unknown != "refused"
    ):
        return
    name = str(param.name)
    given = {**template.input, name: low(param.schema, setting.model.schemas)}
    yield f"of_another/{name}", "", given, f"{name}, an argument of another action, is given", False


def _null_word(projections: ProjectionIndex, template: RequestTemplate) -> Iterator[Tried]:
    """Yield a call with the word `null` in its query.

    A model with a strict schema sends null for omitted arguments, and a host writes it into the query as a
    word.
    """
    if projections.endpoint.dispatcher is not None:
        return
    for param in projections.endpoint.params:
        kinds = set(types_of(param.schema))
        if param.place == "query" and not param.required and kinds and not kinds & {"string", "null"}:
            name = str(param.name)
            yield (
                f"null_word/{name}",
                name,
                {**template.input, name: "null"},
                f"{name} is the word null",
                False,
            )
            return


def _whole(projections: ProjectionIndex, template: RequestTemplate) -> Iterator[Tried]:
    """Yield a call whose whole numbers are written as doubles, such as 5.0. The value is the same.

    Gemini sends arguments as protocol buffers, in which every number is a double.
    """
    whole = [
        p
        for p in projections.endpoint.params
        if _in_json(projections, p) and types_of(p.schema) == ("integer",)
    ]
    given = {str(p.name): _number(p, template) for p in whole}
    if given:
        yield (
            "whole_as_double",
            "",
            {**template.input, **given},
            f"{' and '.join(given)} as {next(iter(given.values()))}",
            True,
        )


def _in_json(projections: ProjectionIndex, param: Param) -> bool:
    return projections.endpoint.dispatcher is not None or not param.as_text


def _number(param: Param, template: RequestTemplate) -> float:
    value = template.input.get(str(param.name), param.schema.get("default"))
    return float(value if isinstance(value, int) and not isinstance(value, bool) else low(param.schema, {}))


def _two_branches(
    setting: Setting, projections: ProjectionIndex, template: RequestTemplate
) -> Iterator[Tried]:
    """Yield calls whose value fits two branches of a `oneOf`, which vendors read as `anyOf`."""
    cases = invalid_cases_of(setting, projections.endpoint)
    for param in projections.endpoint.params:
        name, schema = str(param.name), plain(resolve(param.schema, setting.model.schemas))
        if not any("oneOf" in part for part in subschemas(schema)):
            continue
        broken = [n.call.input.get(name) for n in cases if n.detail == f"oneOf/{name}"]
        if any(_fits_several(value, schema.get("oneOf") or (), setting.model.schemas) for value in broken):
            continue
        for value in _overlaps(schema.get("oneOf") or (), setting.model.schemas):
            yield (
                f"two_branches/{name}",
                name,
                {**template.input, name: value},
                f"{name} fits two branches of its oneOf",
                False,
            )


def _fits_several(value: Any, branches: Iterable[Any], schemas: Mapping[str, Any]) -> bool:
    """Return whether a value fits two branches or more."""
    return sum(accepts(resolve(branch, schemas), schemas, value) for branch in branches) > 1


def _overlaps(branches: Any, schemas: Mapping[str, Any]) -> Iterator[Any]:
    """Yield values that may fit two branches: the boundary values of each branch, and both objects merged."""
    for one, other in combinations([resolve(b, schemas) for b in branches], 2):
        edges = [low(one, schemas), high(one, schemas), low(other, schemas), high(other, schemas)]
        yield from edges
        if isinstance(edges[0], dict) and isinstance(edges[2], dict):
            yield {**edges[0], **edges[2]}
