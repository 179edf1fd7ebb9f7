"""Of the calls that a vendor's manifest allows, the API accepts those that the catalogue allows and refuses
the others, and it answers as the manifest says.

A surface is judged by every exchange whose arguments its documents allow, so that a dozen vendors cost few
calls. REST is judged by the full OpenAPI document, other surfaces by the function, tool or operation that the
vendor gets. Models with OpenAI's strict schema send null for omitted arguments. Their client is expected to
drop it, so no null is sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NamedTuple

from pgagents.catalogue.model.action import Param
from pgagents.report.causes import UNLISTED, Fact
from pgagents.report.contract import Rank, Verdict
from pgagents.verify.answers.bodies import find_fact_of_body, name_wrong_member
from pgagents.verify.answers.refusal import list_allowed_refusals
from pgagents.verify.cases.as_sent import is_invalid, stand_ins
from pgagents.verify.cases.coercion import is_coerced
from pgagents.verify.cases.invalid import of_another
from pgagents.verify.cases.projection_index import (
    Offer,
    ProjectionIndex,
    Promised,
    bearing,
    collect_projections,
)
from pgagents.verify.fixtures.own_schemas import find_dangling, is_open
from pgagents.verify.fixtures.request_template import RequestTemplate, ordinary, template_of
from pgagents.verify.judgement import Judgement, allows_either, judge_accepted, judge_refused
from pgagents.verify.promise import Attempt, Attempts, Case, Trial, make_check
from pgagents.verify.setting import Memory, Setting
from pgagents.verify.values.schema_values import low, types_of
from pgagents.verify.wire.asking import ask
from pgagents.verify.wire.call import Call
from pgagents.verify.wire.exchange import REFUSED, Exchange

ACCEPTS, REFUSES, ANSWERS = "accepts", "refuses", "answers"
MOST_NAMED = 4
"""The most mistakes that a sentence names: of some actions a document lets dozens through."""


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield up to three cases for each action of each surface: about accepted and refused arguments, and
    answers.
    """
    del roles
    for projections in collect_projections(setting):
        endpoint, wrong = projections.endpoint, _let_through(setting, projections)
        name, success = endpoint.action.name, endpoint.action.success
        origin = (*endpoint.action.origin, "input")
        origin = origin if setting.model.source.has(origin) else endpoint.action.origin
        for index, offer in enumerate(projections.offers):
            cite = (*offer.endpoint.action.cite, *offer.surface.cite)
            case = partial(Case, offer.endpoint, cite=cite, place=offer.place)
            says = f"a correct call of {name} that {offer.documents} lets a model make is accepted"
            yield case(says, origin, detail=_detail(offer, ACCEPTS))
            if wrong[index]:
                says = f"a wrong call of {name} that {offer.documents} lets a model make is refused"
                says = f"{says} ({_format_details(wrong[index])})"
                yield case(says, origin, detail=_detail(offer, REFUSES))
            if index in projections.answering:
                says = f"{name} answers what {offer.documents} says"
                yield case(says, success.origin, detail=_detail(offer, ANSWERS))


def _detail(offer: Offer, head: str) -> str:
    return f"{head}/{offer.via}" if offer.via else head


def attempts(setting: Setting, roles: frozenset[str]) -> Attempts:
    """Yield one attempt for each call that no other check sends. The watcher judges it for every vendor that
    allows it.
    """
    del roles
    for projections in collect_projections(setting):
        endpoint = projections.endpoint
        for mismatch in mismatches_of(setting, projections):
            head, call = (ACCEPTS if mismatch.valid else REFUSES), mismatch.call
            # what it changes is its own: other checks compare theirs
            call = replace(call, fresh=True) if mismatch.valid else call
            attempt = Attempt(
                together=partial(_send, call),
                cost=2 if endpoint.action.effect == "write" and mismatch.valid else 1,
                endpoints=(endpoint,),
                probe=f"honours_manifest/{mismatch.detail}/{endpoint.place}",
                print=mismatch.says,
            )
            offers = [projections.offers[i] for i in sorted(mismatch.offers)]
            yield attempt, [(_detail(offer, head), offer.place) for offer in offers]


def _send(call: Call, trials: Sequence[Trial]) -> None:
    del trials  # the watcher judges the answer
    ask(call)


class OfferTrials(NamedTuple):
    """The trials of an offer's cases; None for a case that it lacks."""

    accepts: Trial | None
    refuses: Trial | None
    answers: Trial | None


def watch(exchange: Exchange, memory: Memory) -> Iterator[Judgement]:
    """Judge an exchange for every surface whose host could have made the call."""
    borne = None if exchange.void else bearing(exchange, memory)
    if borne is None:
        return
    projections, through = borne
    setting = memory.setting
    trials = setting.compute_once_here(
        ("honours_manifest", projections.endpoint.place), lambda: _list_trials(setting, projections)
    )
    try:
        yield from _judge_exchange(exchange, memory, projections, through, trials)
    except Exception as error:  # else other exchanges would keep what this one may have broken
        reason = f"internal error in honours_manifest: {type(error).__name__}: {error}"
        every = (trial for several in trials for trial in several if trial is not None)
        yield from (trial.untested(reason, sticky=True) for trial in every)
        raise


def _list_trials(setting: Setting, projections: ProjectionIndex) -> list[OfferTrials]:
    return [
        OfferTrials(
            *(
                CHECK.find_trial(setting, offer.place, _detail(offer, head))
                for head in (ACCEPTS, REFUSES, ANSWERS)
            )
        )
        for offer in projections.offers
    ]


def _judge_exchange(
    exchange: Exchange,
    memory: Memory,
    projections: ProjectionIndex,
    through: frozenset[int],
    trials: Sequence[OfferTrials],
) -> Iterator[Judgement]:
    call, unscoped = exchange.call, memory.unscoped.get(projections.endpoint.place)
    places = [projections.offers[i].place for i in through]
    # the report says of a surface too whether any call of an action succeeded, or its key lacks a scope
    if exchange.success:
        memory.reached.update(places)
    elif unscoped is not None:
        memory.unscoped.update(dict.fromkeys(places, unscoped))
    if call.intent == "valid":
        accepted = judge_accepted(exchange, "", call.why)
        yield from _spread(accepted, [trials[i].accepts for i in sorted(through)])
    elif call.intent == "invalid" and not projections.in_header(call.field):  # a host sets those, no model
        codes, statuses = list_allowed_refusals(memory.setting, call)
        refused = judge_refused(exchange, "", codes, f"a call where {call.why}", statuses)
        # as in `invalid_input`: FastAPI reads "5" as a number, by habit
        habit = memory.model.leaves_open and is_coerced(memory.model, call, call.field)
        rank = Rank.COERCED if habit else Rank.LAX
        ranked = (each.with_rank(rank) if exchange.success else each for each in refused)
        yield from _spread(ranked, [trials[i].refuses for i in sorted(through)])
    yield from _judge_answer(exchange, memory, projections, through & projections.answering, trials)


def _spread(judgements: Iterable[Judgement], trials: Sequence[Trial | None]) -> Iterator[Judgement]:
    """Yield each verdict for each of several contracts. A break follows from that of the whole API."""
    for judgement in judgements:
        follows = judgement.verdict is Verdict.BROKEN
        for trial in trials:
            if trial is not None and judgement.verdict is Verdict.KEPT:
                yield trial.kept()
            elif trial is not None:
                yield replace(judgement, contract=trial.contract, derived=follows)


def _judge_answer(
    exchange: Exchange,
    memory: Memory,
    projections: ProjectionIndex,
    answering: frozenset[int],
    trials: Sequence[OfferTrials],
) -> Iterator[Judgement]:
    """Judge the status and body for each vendor.

    An undocumented status is undocumented for all; a body is compared with each schema.
    """
    described = [(i, trial) for i in sorted(answering) if (trial := trials[i].answers) is not None]
    if exchange.is_tainted_by("documented_status"):
        problem = f"the status {exchange.status} is not listed: it answered {exchange.outcome}"
        for i, trial in described:
            if i in projections.listing:
                expected = f"{projections.offers[i].documents} lists the status"
                yield replace(trial.broken(expected, problem), derived=True, claim=UNLISTED)
        return
    if _has_open_status(exchange, memory):
        return
    promised = projections.find_promised(exchange.status)
    if promised is None or (exchange.refused and exchange.status < REFUSED):
        return  # an error with a 2xx is valid under no success schema: `error_envelope` judges it
    problems = _find_problems(exchange, promised) if promised.each else {}
    odd = bool(problems) and is_open(memory.model, exchange)  # built of a schema that is itself in doubt
    dangling = "" if problems else find_dangling(memory.model, exchange)
    for i, trial in described:
        if i in problems:
            expected = f"the body satisfies {projections.offers[i].documents}"
            of_body = problems[i]
            broken = trial.broken(expected, f"{of_body.place}: {{says}}", says=of_body.says)
            yield replace(broken, derived=True, member=of_body.member, fact=of_body.fact, odd=odd)
        elif dangling:
            yield trial.untested(f"a part of its schema is missing: {dangling}")
        elif i in promised.offers and exchange.success:  # an error's few members say little of an answer
            yield trial.kept()


def _has_open_status(exchange: Exchange, memory: Memory) -> bool:
    """True if a refusal has 400 instead of 422, or the reverse, and the catalogue leaves open which one is
    right.

    A document lists each code under its own status.
    """
    code = exchange.codes.get(exchange.code or "")
    return (
        allows_either(memory.model, exchange.status) and code is not None and code.status != exchange.status
    )


@dataclass(frozen=True, slots=True)
class _Problem:
    """A fault of a body: where it is wrong, the message, the wrong member and the fact (may be empty)."""

    place: str
    says: str
    member: str = ""
    fact: Fact = ""


def _find_problems(exchange: Exchange, promised: Promised) -> dict[int, _Problem]:
    """Return what is wrong with a body, by the index of each offer whose document it violates."""
    if exchange.json.problem:
        no_json = _Problem("no JSON", exchange.json.problem, fact=find_fact_of_body(exchange))
        return {i: no_json for _, members in promised.each for i in members}
    if promised.every.is_valid(exchange.body):
        return {}
    problems: dict[int, _Problem] = {}
    for error, members in promised.list_problems(exchange.body):
        place = ".".join(map(str, error.instance_path)) or "the body"
        message = str(error.message)[:300]  # it may quote the whole list
        problem = _Problem(place, message, name_wrong_member(error))
        problems |= dict.fromkeys(members, problem)
    return problems


def _let_through(setting: Setting, projections: ProjectionIndex) -> dict[int, list[str]]:
    """Return, for each offer, the mistakes that its documents allow a model, as `<keyword>/<argument>`, each
    once.
    """
    mistakes = {i: [case.detail for case in own] for i, own in projections.let_through(setting).items()}
    for mismatch in mismatches_of(setting, projections):
        for i in mismatch.offers if not mismatch.valid else ():
            mistakes[i].append(mismatch.detail)
    return {i: list(dict.fromkeys(details)) for i, details in mistakes.items()}


def _format_details(details: list[str]) -> str:
    """Return the details as one text: `maximum of hours, pattern of name and 3 more`."""
    words = [
        " of ".join(d.replace("_", " ", 1).split("/", 1)) if "/" in d else d.replace("_", " ")
        for d in details
    ]
    more = len(words) - MOST_NAMED
    return ", ".join(words) if more <= 0 else f"{', '.join(words[:MOST_NAMED])} and {more} more"


CHECK = make_check(
    "honours_manifest",
    __doc__,
    cases,
    attempts=attempts,
    stage=5,
    watch=watch,
    turn=9,
    # these judge the API as a whole: a problem that breaks one of them may break a surface's contract too
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
    """Return all mismatches of an endpoint's projections, computed once a run: a large document has thousands
    of endpoints.
    """
    return setting.compute_once(
        ("vendor", "mismatches", projections.endpoint.place),
        lambda: tuple(_list_mismatches(setting, projections)),
    )


def _list_mismatches(setting: Setting, projections: ProjectionIndex) -> Iterator[Mismatch]:
    if all(offer.surface.name == projections.endpoint.surface for offer in projections.offers):
        return  # what the API's own document lets through is for `valid_calls` and `invalid_input`
    template = template_of(setting.model, projections.endpoint.action)
    tried = (
        *_of_another(setting, projections, template),
        *(() if setting.model.leaves_open else _whole(setting, projections, template)),
    )
    for detail, field, arguments, says, valid in tried:
        call = ordinary(
            projections.endpoint,
            template,
            "valid" if valid else "invalid",
            says,
            input=arguments,
            field="" if valid else field,
            doubles=detail == WHOLE,
        )
        if is_invalid(setting, call) == valid:  # a catalogue may say so of no argument, or of 5.0
            continue
        through = projections.admitting(projections.collect_arguments(call, stand_ins(setting, call)))
        beyond = frozenset(
            i for i in through if projections.offers[i].surface.name != projections.endpoint.surface
        )
        # a wrong call is `invalid_input`'s for the API's own document, a right one nobody else's
        if beyond:
            yield Mismatch(detail, call, says, valid, through if valid else beyond)


WHOLE = "whole_as_double"
Tried = tuple[str, str, Mapping[str, Any], str, bool]
"""(detail, field that an error should name or empty, all arguments, description, true if the API accepts the
call).
"""


def _of_another(setting: Setting, projections: ProjectionIndex, template: RequestTemplate) -> Iterator[Tried]:
    """Yield a call with an argument of another action.

    A dispatcher's document, such as Park Graph's, shows the arguments of all actions in one object. Only the
    dispatcher's first action is used, because `invalid_input` makes this call for the others.
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
    arguments = {**template.input, name: low(param.schema, setting.model.schemas)}
    yield f"of_another/{name}", "", arguments, f"{name}, an argument of another action, is given", False


def _whole(setting: Setting, projections: ProjectionIndex, template: RequestTemplate) -> Iterator[Tried]:
    """Yield a call whose whole numbers are written as doubles, such as 5.0. The value is the same.

    Gemini sends arguments as protocol buffers, in which every number is a double. No id of an inferred
    resource is made up for that: it could be somebody's. A document alone promises Gemini nothing:
    `valid_calls` tries a point there.
    """
    resources = setting.model.resources
    guessed = {name for name, resource in resources.items() if resource.inferred}
    whole = [
        p
        for p in projections.endpoint.params
        if _in_json(projections, p) and types_of(p.schema) == ("integer",) and p.refers_to not in guessed
    ]
    made_up = ((p, _number(p, template)) for p in whole)
    numbers = {
        str(p.name): value for p, value in made_up if value or p.refers_to is None
    }  # nobody has the id 0
    if numbers:
        says = f"{' and '.join(numbers)} as {next(iter(numbers.values()))}"
        yield WHOLE, "", {**template.input, **numbers}, says, True


def _in_json(projections: ProjectionIndex, param: Param) -> bool:
    return projections.endpoint.dispatcher is not None or not param.as_text


def _number(param: Param, template: RequestTemplate) -> float:
    value = template.input.get(str(param.name), param.schema.get("default"))
    return float(value if isinstance(value, int) and not isinstance(value, bool) else low(param.schema, {}))
