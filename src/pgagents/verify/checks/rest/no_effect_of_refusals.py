"""A create that is refused leaves no instance in the list of its resource.

After all other probes, each endpoint that makes a resource gets one invalid call. A call that the run saw
refused with another code is sent once more: a shop kept the order whose card was declined (ror_ecommerce
116). The list is read before and after each. A new row that the refusal names by its id, or that says itself
that it failed, is a record of the attempt, as Stripe's failed charges are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import Any, Literal

from pgagents.base.text import split_words
from pgagents.catalogue.model.resource import Resource, id_text, is_scalar
from pgagents.report.contract import Rank, Verdict
from pgagents.verify.cases.invalid import InvalidCase, invalid_cases_of
from pgagents.verify.fixtures.instance import at_path, names_no_instance
from pgagents.verify.judgement import Judgement, conclude
from pgagents.verify.lists import PageRequest, may_go_on, next_page, ordering_of
from pgagents.verify.plan.selection import others_too
from pgagents.verify.promise import Attempt, Case, Trial, make_check
from pgagents.verify.setting import Memory, Setting
from pgagents.verify.wire.asking import ask
from pgagents.verify.wire.call import Call, GetNote
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange

MOST_PAGES = 8
"""The most pages of a list that are read, so that a list of thousands does not take up the run's budget."""
LATE = (
    *("maximum", "exclusiveMaximum", "maxLength", "maxItems", "pattern"),
    *("minimum", "exclusiveMinimum", "enum", "type", "unknown_member"),
)
"""Keywords, first those that a database checks as it writes a row (`numeric(10, 2)`, `varchar(40)`), when
other rows may be written already.
"""
Rows = list[tuple[Any, Mapping[str, Any]]]
"""The items of a list, each with its id."""
SOUND = ("valid", "explore", "illegal")
NOTE, MOST_CODES = "no_effect_of_refusals/refused", 3
"""The calls by place and code, and the most of an endpoint: each costs two requests."""
_STATES = frozenset(("outcome", "result", "state", "status"))
"""Last words of members that say what became of a row."""
_FAILED = frozenset(("declined", "error", "errored", "fail", "failed", "failure", "refused", "rejected"))
RECORDED = "the list has a record of the refused attempt"
GROWS = "the list grows without a write, so what is new in it may be nobody's"


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield a case for each resource that can be listed and each endpoint that makes it.

    One probe for each resource tries all its endpoints. Others may add to the lists of a run that is not
    exclusive.
    """
    del roles
    settled = None if setting.exclusive else (Verdict.NOT_SELECTED, others_too(setting, "lists"))
    for name, makers in _list_makers(setting).items():
        resource = setting.model.resources[name]
        cost = 1 + 2 * len(makers)
        attempt = Attempt(together=partial(_try, resource=resource), stage=8, cost=cost, writes=True)
        for wrong in makers:
            says = f"a refused {wrong.endpoint.action.name} leaves no {name} behind"
            origin, cite = (*resource.origin, "made_by"), resource.cite or None
            yield Case(wrong.endpoint, says, origin, attempt, name, cite, settled, about=wrong)


def _list_makers(setting: Setting) -> dict[str, list[InvalidCase]]:
    """Return the invalid calls of the endpoints that make a resource, for each one that can be listed."""

    def find() -> dict[str, list[InvalidCase]]:
        makers: dict[str, list[InvalidCase]] = {}
        for resource in setting.model.resources.values():
            listed = next((call for call in resource.listed_by if names_no_instance(call)), None)
            if resource.made_by is None or listed is None:
                continue
            if setting.find_lead(str(listed.action.name)) is None:
                continue
            for endpoint in setting.list_calling(resource.made_by.action):
                if (wrong := _find_wrong(setting, endpoint)) is not None:
                    makers.setdefault(resource.name, []).append(wrong)
        return makers

    return setting.compute_once("invalid creates", find)


def _find_wrong(setting: Setting, endpoint: Endpoint) -> InvalidCase | None:
    """Return an invalid case that breaks another argument than an id, or None: an id is looked up first."""
    ids = {str(p.name) for p in endpoint.params if p.refers_to or p.name == endpoint.action.idempotency}
    able = [
        case
        for case in invalid_cases_of(setting, endpoint)
        if case.priority == 1 and _keyword(case) in LATE and case.field not in ids
    ]
    return min(able, key=lambda case: LATE.index(_keyword(case)), default=None)


def _keyword(case: InvalidCase) -> str:
    return case.detail.partition("/")[0]


def _try(trials: Sequence[Trial], resource: Resource) -> None:
    setting = trials[0].setting
    older, _ = _list_rows(setting, resource, "unchanged")
    refused: Mapping[str, Mapping[str, Call]] = ask(GetNote(NOTE)) or {}
    calls = [(trial, call) for trial in trials for call in _list_refused(trial, refused)]
    for trial, call in calls:
        answer = ask(call)
        rows, whole = _list_rows(setting, resource, "")
        if older is None or rows is None or answer.void:
            conclude(trial.untested("the list was not answered"))
        elif not whole:
            conclude(trial.unseen("the list may go on behind its first page, and no law says in which order"))
        # `redirect_to` of Rails leads to what a POST has made
        elif not answer.refused or answer.status >= 500:
            conclude(trial.untested(f"it was not refused: {answer.outcome}"))
        else:
            conclude(_compare(trial, resource, answer, older, rows))
        older = rows


def _compare(trial: Trial, resource: Resource, answer: Exchange, older: Rows, rows: Rows) -> Judgement:
    """Judge a refusal by the whole list before it and after it."""
    before, after = ([id for id, _ in some] for some in (older, rows))
    if any(len(set(ids)) < len(ids) for ids in (before, after)):
        return trial.untested("the list repeats ids, so its pages may leave others out")
    # what a call names may have been made for the call
    named = [answer.input.get(str(p.name)) for p in trial.endpoint.params if p.refers_to]
    new = [(id, row) for id, row in rows if id not in before and id not in named]
    if not new:
        return trial.kept()
    again, _ = _list_rows(trial.setting, resource, "")  # a log of the calls has one more each time
    if again is None or not {id for id, _ in again} <= {*after}:
        return trial.untested(GROWS)
    if all(_is_record(id, row, answer) for id, row in new):
        return trial.untested(RECORDED)
    expected, actual = f"the {resource.name}s that were there before", "{count} more after {outcome}"
    return trial.broken(expected, actual, count=len(new), outcome=answer.outcome)


def _is_record(id: Any, row: Mapping[str, Any], answer: Exchange) -> bool:
    """True if the refusal names a new row by its id, or if the row says that it failed, and no call did."""
    if is_scalar(id) and _names(answer.body, id):
        return True
    sent = answer.input.values()
    said = [
        value
        for name, value in row.items()
        if isinstance(value, str) and value not in sent and _STATES.intersection(split_words(name)[-1:])
    ]
    return any(not _FAILED.isdisjoint(split_words(value)) for value in said)


def _names(body: Any, id: Any, name: str = "") -> bool:
    """True if a text of a body is this id; a number is only in a member whose name says that it is one."""
    if isinstance(body, Mapping):
        return any(_names(value, id, str(key)) for key, value in body.items())
    if isinstance(body, list):
        return any(_names(value, id, name) for value in body)
    is_named = isinstance(body, str) or split_words(name)[-1:] == ["id"]
    return is_named and is_scalar(body) and id_text(body) == id_text(id)


def _list_refused(trial: Trial, refused: Mapping[str, Mapping[str, Call]]) -> Iterator[Call]:
    """Yield the invalid call of a trial's endpoint, and those that were refused otherwise."""
    wrong: InvalidCase = trial.case.about
    yield replace(wrong.call, why=f"refused: {wrong.says}")
    for code, call in islice(refused.get(trial.endpoint.place, {}).items(), MOST_CODES):
        yield replace(call, intent="explore", why=f"refused before with {code}")


def watch(exchange: Exchange, memory: Memory) -> Iterator[Judgement]:
    """Note a call for each code with which a create is refused for another reason than its form."""
    yield from ()
    call = exchange.call
    # it must be refused alike when it is sent once more, for what it asks
    plain = call.intent in SOUND and call.role == "main" and call.raw.is_ordinary and not call.raw.slash
    if not exchange.refused or exchange.status >= 500 or exchange.limited or exchange.void or not plain:
        return
    if (
        call.endpoint is not None
        and exchange.code in exchange.codes
        and call.endpoint.action.effect == "write"
    ):
        of_place = memory.notes.setdefault(NOTE, {}).setdefault(exchange.place, {})
        of_place.setdefault(exchange.code, replace(call, reuse=""))


def _list_rows(
    setting: Setting, resource: Resource, reuse: Literal["", "unchanged"]
) -> tuple[Rows | None, bool]:
    """Return the listed rows with their ids (None if there is no list), and True if a new instance would be
    among them.
    """
    call = next(call for call in resource.listed_by if names_no_instance(call))
    endpoint = setting.find_lead(str(call.action.name))
    assert endpoint is not None
    rows: Rows = []
    more = PageRequest()
    for _ in range(MOST_PAGES):
        exchange = ask(
            Call(
                endpoint,
                {**call.input, **more.input},
                "valid",
                f"each {resource.name} there is",
                reuse="" if more != PageRequest() else reuse,
                raw=more.raw,
            )
        )
        items = at_path(call, exchange) if exchange.success and call.at is not None else None
        if not isinstance(items, list):
            return None, False
        rows += [(resource.id_of(item), item) for item in items if isinstance(item, Mapping)]
        if any(ordering_of(call.action)) or not may_go_on(exchange, items):
            return rows, True
        further = next_page(setting, endpoint, exchange)
        if further is None or not further.is_followed:
            break
        more = further
    return rows, False


CHECK = make_check("no_effect_of_refusals", __doc__, cases, watch=watch, tools=True, rank=Rank.WRONG)
