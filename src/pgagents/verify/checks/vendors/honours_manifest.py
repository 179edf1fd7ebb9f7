"""A vendor's manifest is true: the API accepts the calls that it allows, or refuses them by its own rules.

Answers are as described. A surface is judged by every exchange whose arguments its documents allow. REST is
judged by the full OpenAPI document, other surfaces by the function, tool or operation that the vendor gets.
Models with a strict schema send null for omitted arguments. Their client is expected to drop it; an API that
gets the null answers by its own rules.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from itertools import combinations
from typing import Any

from pgagents.base.jsonschema.schema import resolve, subschemas
from pgagents.base.places import plain
from pgagents.catalogue.model.action import Param
from pgagents.report.contract import Contract, Rank, Verdict
from pgagents.verify.answers.refusal import list_allowed_refusals
from pgagents.verify.cases.as_sent import is_invalid, stand_ins
from pgagents.verify.cases.invalid import invalid_cases_of, of_another
from pgagents.verify.cases.projection_index import (
    Offer,
    ProjectionIndex,
    Promised,
    bearing,
    collect_projections,
)
from pgagents.verify.fixtures.request_template import RequestTemplate, ordinary, template_of
from pgagents.verify.promise import (
    Check,
    Conversation,
    Judgement,
    Probe,
    allows_either,
    judge_accepted,
    judge_kept,
    judge_refused,
    judge_untested,
)
from pgagents.verify.setting import Memory, Setting
from pgagents.verify.values.schema_values import accepts, high, low, types_of
from pgagents.verify.wire.call import Call
from pgagents.verify.wire.exchange import REFUSED, Exchange

NAME = "honours_manifest"
MOST_NAMED = 4
SURE = 5
"""The number of answers that are valid under both schemas. After these, the vendor's schema is taken to be
wider than the catalogue's.
"""


@dataclass(slots=True)
class _Held:
    """The judgements that an offer's contracts are kept, prepared once; None for a contract that it lacks."""

    accepts: Judgement
    refuses: Judgement | None
    answers: Judgement | None


def promises(setting: Setting) -> Iterator[Contract]:
    """Yield up to three contracts for each action of each surface: about accepted and refused arguments, and
    answers.
    """
    for projections in collect_projections(setting):
        wrong = _let_through(setting, projections)
        for index, offer in enumerate(projections.offers):
            name, origin = projections.endpoint.action.name, (*projections.endpoint.action.origin, "input")
            origin = origin if setting.model.source.has(origin) else projections.endpoint.action.origin
            yield _promise(
                offer,
                "accepts",
                f"a correct call of {name} that {offer.documents} lets a model make is accepted",
                origin,
            )
            if wrong[index]:
                says = (
                    f"a wrong call of {name} that {offer.documents} lets a model make is refused "
                    f"({_format_details(wrong[index])})"
                )
                yield _promise(offer, "refuses", says, origin)
            if index in projections.answering:
                says = f"{name} answers what {offer.documents} says"
                yield _promise(offer, "answers", says, projections.endpoint.action.success.origin)


def watch(exchange: Exchange, memory: Memory) -> Iterator[Judgement]:
    """Judge an exchange for every surface whose host could have made the call."""
    found = None if exchange.void else bearing(exchange, memory)
    if found is None:
        return
    projections, through = found
    try:
        yield from _judge_exchange(exchange, memory, projections, through)
    except Exception as error:
        reason = f"internal error in {NAME}: {type(error).__name__}: {error}"
        yield from (
            judge_untested(id, reason, sticky=True) for offer in projections.offers for id in _ids_of(offer)
        )
        raise


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """Yield one probe for each call that no other check sends. The watcher judges it for every vendor that
    allows it.
    """
    del roles
    for projections in collect_projections(setting):
        for mismatch in mismatches_of(setting, projections):
            head = "accepts" if mismatch.valid else "refuses"
            covers = tuple(_id(projections.offers[i], head) for i in sorted(mismatch.offers))
            writes = projections.endpoint.action.effect == "write"
            name = f"{NAME}/{mismatch.detail}/{projections.endpoint.place}"
            cost = 2 if writes and mismatch.valid else 1
            yield Probe(
                name,
                5,
                covers,
                cost,
                partial(_run, mismatch),
                (projections.endpoint,),
                "main",
                writes,
                1,
                mismatch.says,
            )


def _run(mismatch: Mismatch) -> Conversation:
    yield replace(mismatch.call, fresh=True) if mismatch.valid else mismatch.call


def _judge_exchange(
    exchange: Exchange, memory: Memory, projections: ProjectionIndex, through: frozenset[int]
) -> Iterator[Judgement]:
    ids = memory.setting.compute_once(
        (NAME, projections.endpoint.place), lambda: _all_ids(memory.setting, projections)
    )
    if exchange.success:
        memory.reached.update(projections.offers[i].place for i in through)
    elif projections.endpoint.place in memory.unscoped:
        memory.unscoped.update(
            {projections.offers[i].place: memory.unscoped[projections.endpoint.place] for i in through}
        )
    if exchange.call.intent == "valid":
        yield from _spread(
            judge_accepted(exchange, "", exchange.call.why), [ids[i].accepts for i in sorted(through)]
        )
    elif exchange.call.intent == "invalid" and not projections.in_header(exchange.call.field):
        codes, statuses = list_allowed_refusals(memory.setting, exchange.call)
        found = (
            judgement.with_rank(Rank.LAX) if exchange.success else judgement
            for judgement in judge_refused(exchange, "", codes, f"a call where {exchange.call.why}", statuses)
        )
        yield from _spread(found, [held for i in sorted(through) if (held := ids[i].refuses)])
    yield from _judge_answer(exchange, memory, projections, through & projections.answering, ids)


def _judge_answer(
    exchange: Exchange,
    memory: Memory,
    projections: ProjectionIndex,
    answering: frozenset[int],
    ids: list[_Held],
) -> Iterator[Judgement]:
    """Judge the status and body for each vendor.

    An undocumented status is undocumented for all; a body is compared with each schema.
    """
    if exchange.is_tainted_by("documented_status"):
        for i in sorted(answering & projections.listing):
            said = f"the status {exchange.status} is not listed: it answered {exchange.outcome}"
            yield _judge_derived(ids[i].answers, f"{projections.offers[i].documents} lists the status", said)
        return
    if _has_open_status(exchange, memory):
        return
    promised = projections.find_promised(exchange.status)
    if promised is None or (exchange.refused and exchange.status < REFUSED):
        return  # an error with a 2xx is valid under no success schema: `error_envelope` judges it
    wrong = _wrong(exchange, memory, promised) if promised.each else {}
    for i in sorted(answering & promised.offers):
        if i in wrong:
            yield _judge_derived(
                ids[i].answers, f"the body satisfies {projections.offers[i].documents}", wrong[i]
            )
        elif exchange.success and (judgement := ids[i].answers):
            yield judgement


def _has_open_status(exchange: Exchange, memory: Memory) -> bool:
    """True if a refusal has 400 instead of 422, or the reverse, and the catalogue leaves open which one is
    right.

    A document lists each code under its own status.
    """
    code = exchange.codes.get(exchange.code or "")
    return (
        allows_either(memory.model, exchange.status) and code is not None and code.status != exchange.status
    )


def _wrong(exchange: Exchange, memory: Memory, promised: Promised) -> dict[int, str]:
    """Return what is wrong with a body, by the index of each offer whose document it violates."""
    if exchange.json.problem:
        return {i: f"no JSON: {exchange.json.problem}" for _, members in promised.each for i in members}
    if exchange.fits:
        sure = memory.notes.get((NAME, promised.key), 0)
        if sure >= SURE:
            return {}
        if promised.every.is_valid(exchange.body):
            memory.notes[NAME, promised.key] = sure + 1
            return {}
    elif promised.every.is_valid(exchange.body):
        return {}
    found: dict[int, str] = {}
    for error, members in promised.list_problems(exchange.body):
        where = ".".join(map(str, error.instance_path)) or "the body"
        found |= dict.fromkeys(members, f"{where}: {error.message[:300]}")
    return found


def _spread(judgements: Iterable[Judgement], holding: list[Judgement]) -> Iterator[Judgement]:
    """Yield one verdict for each of several contracts; `holding` are their judgements if they are kept."""
    for judgement in judgements:
        if judgement.verdict is Verdict.KEPT:
            yield from holding
        else:
            follows = judgement.verdict is Verdict.BROKEN
            yield from (replace(judgement, contract=one.contract, derived=follows) for one in holding)


def _judge_derived(judgement: Judgement | None, expected: str, actual: str) -> Judgement:
    return Judgement(judgement.contract if judgement else "", Verdict.BROKEN, expected, actual, derived=True)


def _all_ids(setting: Setting, projections: ProjectionIndex) -> list[_Held]:
    wrong = _let_through(setting, projections)
    return [
        _Held(
            judge_kept(_id(offer, "accepts")),
            judge_kept(_id(offer, "refuses")) if wrong[i] else None,
            judge_kept(_id(offer, "answers")) if i in projections.answering else None,
        )
        for i, offer in enumerate(projections.offers)
    ]


def _let_through(setting: Setting, projections: ProjectionIndex) -> dict[int, list[str]]:
    """Return, for each offer, the mistakes that its documents allow a model, as `<keyword>/<argument>`, each
    once.
    """
    found = {
        i: [n.detail for n in invalid_cases] for i, invalid_cases in projections.let_through(setting).items()
    }
    for mismatch in mismatches_of(setting, projections):
        for i in mismatch.offers if not mismatch.valid else ():
            found[i].append(mismatch.detail)
    return {i: list(dict.fromkeys(details)) for i, details in found.items()}


def _format_details(details: list[str]) -> str:
    """Return the details as one text: `maximum of hours, pattern of name and 3 more`."""
    words = [
        " of ".join(d.replace("_", " ", 1).split("/", 1)) if "/" in d else d.replace("_", " ")
        for d in details
    ]
    more = len(words) - MOST_NAMED
    return ", ".join(words) if more <= 0 else f"{', '.join(words[:MOST_NAMED])} and {more} more"


def _promise(offer: Offer, head: str, says: str, origin: Any) -> Contract:
    action = offer.endpoint.action
    return Contract(
        _id(offer, head),
        NAME,
        str(action.name),
        offer.surface.name,
        says,
        origin,
        (*action.cite, *offer.surface.cite),
    )


def _ids_of(offer: Offer) -> tuple[str, ...]:
    return tuple(_id(offer, head) for head in ("accepts", "refuses", "answers"))


def _id(offer: Offer, head: str) -> str:
    return "/".join(part for part in (NAME, head, offer.via, offer.place) if part)


CHECK = Check(
    NAME,
    __doc__,
    promises,
    watch=watch,
    probes=probes,
    turn=9,
    # these judge the API as a whole: a problem that breaks one of them may break a surface's contract too
    derived_from=frozenset(
        (
            "valid_calls",
            "invalid_input",
            "documented_status",
            "response_schema",
            "error_codes",
            "error_envelope",
            "surface_equivalence",
            "arbitrary_text",
        )
    ),
    overlap="all",
    rank=Rank.UNDOCUMENTED,
)


# -- calls that a vendor's document allows, and that servers often answer wrongly.
#
# One call is made for all vendors whose documents allow it. Calls that `invalid_input` makes are not
# repeated.


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
