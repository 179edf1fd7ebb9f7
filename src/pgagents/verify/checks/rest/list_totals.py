"""The total that a list states is the number of its items.

No document says so, hence another total is odd; with `total` of `pages` it is broken. Where a filter leaves
rows out, the list is read with it once, too. The list is read to its end, with its largest pages, and its
first two pages of the smallest size. No total may be less than the items of its answer, differ between pages,
or differ from the number of all items. A list with such a total is read again after some seconds, because
others may have changed it and a server may count late. `count` and `result_count` may be the number of a
page's items. A total may count more where an argument with a default filters the list. An estimate shows
nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from pgagents.base.cel.reading import path_of
from pgagents.base.http import Response
from pgagents.base.text import plain_word
from pgagents.catalogue.model.action import ActionCall
from pgagents.catalogue.model.answers import value_at
from pgagents.catalogue.model.resource import Resource
from pgagents.report.contract import Rank
from pgagents.verify.cases.paging import choose_filter, find_only_list, make_several
from pgagents.verify.fixtures.request_template import answer_that_will_do
from pgagents.verify.fixtures.target import list_involved
from pgagents.verify.judgement import Judgement, Untested, conclude, demand
from pgagents.verify.lists import PageRequest, fills_a_page, next_page
from pgagents.verify.promise import Attempt, Case, Trial, make_check
from pgagents.verify.setting import Setting
from pgagents.verify.values.schema_values import types_of
from pgagents.verify.wire.call import Sleep
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange

TOTALS = re.compile(
    r"total(?:count|items|results|records|elements|rows|hits|entries)|(?:item|result|record|row)s?count"
)
"""Plain names that count the items of a whole list, whatever stands beside them."""
PERHAPS = re.compile(r"total|count")
"""Plain names that do so if the list has pages. Elsewhere they may be a price or another number."""
ROUGHLY = re.compile(r"estimat|approx|at least|rough|cached", re.I)
"""What a description says of a number like Elasticsearch's `hits.total`, which is a lower bound."""
HEADERS = ("x-total-count", "x-total")
"""Those of json-server and of GitLab."""
MOST_PAGES = 5
"""The most pages that are read: each costs a request, and `--max-requests` is 300 by default."""
ENOUGH = 2
"""The fewest items by which a total is kept. One item is too common a number."""
LATER_S = 3.0
"""Seconds after which the list is read again, as Elasticsearch shows what was written after one second."""
AGAIN = 2
"""The most further readings of a list whose total is wrong. The first may be of earlier answers."""
LATER = 7
"""The stage of a list with items of our own: what other checks make may fill it before, which saves calls."""


@dataclass(frozen=True, slots=True)
class _Total:
    """The member or header that states a total, and how its list is read.

    `member` is a dotted path, and `header` a name; one of them is empty. `at` is the member with the items,
    empty if the answer is the list. With `filters`, an argument with a default may leave items out
    (`state=open` at GitHub). It is `said` if the catalogue names the total.
    """

    at: str
    member: str
    header: str
    filters: bool
    size: str
    least: int
    most: int | None
    said: bool

    @property
    def name(self) -> str:
        """The member or header, as a finding names it."""
        return self.member or self.header

    @property
    def may_count_pages(self) -> bool:
        """True if the name may be that of the number of a page's items, as `result_count` of X's API v2."""
        word = plain_word(self.member.rpartition(".")[2])
        return word.endswith("count") and not word.startswith("total")

    def read(self, exchange: Exchange) -> int | None:
        """Return the total that an answer states; None if it has none."""
        value = value_at(exchange.body, self.member) if self.member else None
        if self.header and isinstance(exchange.answer, Response):
            text = (exchange.answer.header(self.header) or "").strip()
            value = int(text) if text.isdecimal() and len(text) < 16 else None
        return value if type(value) is int and value >= 0 else None

    def list_items(self, exchange: Exchange) -> list[Any] | None:
        """Return the items of an answer; None if it has no list."""
        items = value_at(exchange.body, self.at) if self.at else exchange.body
        return items if exchange.success and exchange.fits and isinstance(items, list) else None


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield a case for each read whose answer has one list of objects and a total beside it."""
    del roles
    for endpoint in setting.endpoints:
        total = _find_total(setting, endpoint)
        if total is None:
            continue
        attempt = Attempt(partial(_try, total=total), cost=3, writes=False)
        says = f"{total.name} of {endpoint.action.name} is the number of its items"
        further = list(_list_attempts_with_ours(setting, endpoint, total))
        origin = endpoint.action.origin
        if total.said:
            assert endpoint.action.pages is not None
            origin = (*endpoint.action.pages.origin, "total")
        yield Case(endpoint, says, origin, attempt, advice=not total.said, further=further)


def _find_total(setting: Setting, endpoint: Endpoint) -> _Total | None:
    """Return the total of an endpoint's list; None if there is none, or several members could be it."""
    action, pages = endpoint.action, endpoint.action.pages
    listed = find_only_list(setting, action) if endpoint.leads and action.effect == "read" else None
    told = path_of(pages.total.tree) if pages is not None and pages.total is not None else ()
    if listed is None or (not told and _holds_its_kind(setting, listed[1])):
        return None
    chosen = [p for p in endpoint.params if p.place == "query" and not p.required]
    paged = pages is not None or any("integer" in types_of(setting.resolve_schema(p.schema)) for p in chosen)
    members = [
        path
        for path, schema in _list_members(setting, setting.resolve_schema(action.success.schema or {}))
        if _is_total(path.rpartition(".")[2], schema, paged=paged)
    ]
    stated = [header.name for header in action.success.headers if header.name.lower() in HEADERS]
    if told:
        path = ".".join(told[1:])
        members, stated = ([path], []) if told[0] == "response" else ([], [path])
    if len(members) + len(stated) != 1:
        return None
    page = (pages.argument, pages.size) if pages is not None else ()
    filters = any(
        "default" in setting.resolve_schema(p.schema) and str(p.name) not in page for p in endpoint.params
    )
    size = action.param(pages.size) if pages is not None and pages.size else None
    bounds = setting.resolve_schema(size.schema) if size is not None else {}
    least, most = bounds.get("minimum", 1), bounds.get("maximum")
    return _Total(
        listed[0],
        *((members[0], "") if members else ("", stated[0])),
        filters,
        str(size.name) if size is not None else "",
        max(1, int(least)),
        int(most) if most is not None else None,
        bool(told),
    )


def _holds_its_kind(setting: Setting, item: Mapping[str, Any]) -> bool:
    """True if items hold lists of items, because a total may count those too (Hacker News's comments)."""
    inner = (setting.resolve_schema(schema) for schema in item["properties"].values())
    return any(setting.resolve_schema(one.get("items", {})) == item for one in inner)


def _list_members(setting: Setting, whole: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the members of an answer and of the objects in it, by dotted path."""
    for name, schema in whole.get("properties", {}).items():
        outer = setting.resolve_schema(schema)
        yield str(name), outer
        for inner, own in outer.get("properties", {}).items():
            yield f"{name}.{inner}", setting.resolve_schema(own)


def _is_total(name: str, schema: Mapping[str, Any], *, paged: bool) -> bool:
    word = plain_word(name)
    named = TOTALS.fullmatch(word) is not None or (paged and PERHAPS.fullmatch(word) is not None)
    exact = ROUGHLY.search(str(schema.get("description", ""))) is None
    return named and exact and "integer" in types_of(schema)


def _list_attempts_with_ours(setting: Setting, endpoint: Endpoint, total: _Total) -> Iterator[Attempt]:
    """Yield the attempt that makes items first, if the run can make them and remove them again."""
    for resource in list_involved(setting.model, endpoint.action):
        call = next((c for c in resource.listed_by if c.action is endpoint.action), None)
        made_by = resource.made_by
        maker = setting.find_lead(str(made_by.action.name)) if made_by is not None else None
        if call is None or maker is None or resource.undone_by is None:
            continue
        run = partial(_try_with_ours, total=total, resource=resource, call=call, maker=maker)
        yield Attempt(
            run,
            stage=LATER,
            cost=ENOUGH + 3,
            writes=True,
            endpoints=(endpoint, maker),
            suffix="with items of our own",
            optional=True,
        )
        return


# -- the list, read to its end


@dataclass(slots=True)
class _Reading:
    """The items and the total of each answer of one reading. `whole` is true if they are all items.

    `samples` are the further answers, the first pages of the smallest size. If all items are on one page,
    nothing else tells the page's count from a total (`total_is_page` of the first prototype), nor a count
    from the page's beginning (an Express app of 2026-12-01). `refusal` says why there is nothing to judge.
    """

    pages: list[tuple[int, int | None]] = field(default_factory=list)
    items: list[Any] = field(default_factory=list)
    samples: list[tuple[int, int | None]] = field(default_factory=list)
    whole: bool = False
    refusal: str = ""

    @property
    def held(self) -> int:
        """The number of items on all pages."""
        return sum(items for items, _ in self.pages)

    @property
    def answers(self) -> list[tuple[int, int]]:
        """The items and the total of each answer that states one."""
        return [(n, total) for n, total in (*self.pages, *self.samples) if total is not None]

    def counts_pages(self) -> bool:
        """True if each total is the number of the answer's own items, and answers have different ones."""
        return all(items == total for items, total in self.answers) and len(set(self.answers)) > 1


def _read(
    trial: Trial, total: _Total, arguments: Mapping[str, Any], *, again: bool, **others: Any
) -> _Reading:
    """Read the list to its end, and the first pages of its smallest size."""
    reading, more = _Reading(), PageRequest()
    largest = {total.size: total.most} if total.size and total.most is not None else {}
    in_path = {str(p.name) for p in trial.endpoint.params if p.place == "path"}
    reuse = "" if again else answer_that_will_do(trial.setting, trial.endpoint)
    for number in range(1, MOST_PAGES + 1):
        sent = {n: v for n, v in arguments.items() if n in in_path} if more.raw.target else arguments
        wanted = {**sent, **({} if more.raw.target else largest), **more.input}
        raw = {"raw": more.raw} if more.raw.target else {}
        why = f"page {number}, to count its items"
        answer = demand(trial.ask(trial.call("valid", why, input=wanted, reuse=reuse, **raw, **others)))
        found = total.list_items(answer)
        if found is None:
            reading.refusal = f"the list was answered {answer.outcome}"
            return reading
        items = len(found)
        reading.items += found
        reading.pages.append((items, total.read(answer)))
        further = next_page(trial.setting, trial.endpoint, answer)
        if further is None or not further.is_followed:
            paged = trial.action.pages is not None
            reading.whole = further is None and (paged or not fills_a_page(answer, items))
            break
        more = further
    if total.size and reading.held > total.least:
        more = PageRequest()
        for number in (1, 2):  # a count of what follows an offset is right on the first page alone
            wanted = {**arguments, total.size: total.least, **more.input}
            why = f"page {number} of {total.least}, with its total"
            answer = demand(trial.ask(trial.call("valid", why, input=wanted, reuse=reuse, **others)))
            if (found := total.list_items(answer)) is not None:
                reading.samples.append((len(found), total.read(answer)))
            further = next_page(trial.setting, trial.endpoint, answer)
            if found is None or further is None or not further.is_followed or further.raw.target:
                break
            more = further
    return reading


def _find_problem(total: _Total, reading: _Reading) -> str:
    """Return what is wrong with the totals of a reading; empty if nothing is, or it has none."""
    answers, held = reading.answers, reading.held
    if not answers:
        return ""
    short = next((pair for pair in answers if pair[1] < pair[0]), None)
    if short is not None:
        return f"{total.name} is {short[1]} in an answer with {short[0]} items"
    stated = [number for _, number in answers]
    if len(set(stated)) > 1:
        return f"{total.name} is {stated[0]} in one answer and {stated[-1]} in another"
    number = stated[0]
    if number < held or (number > held and reading.whole and not total.filters):
        return f"{total.name} is {number}, and the list holds {held} items"
    return ""


def _try(trial: Trial, total: _Total) -> None:
    arguments = trial.template.list_needed(trial.action)
    _judge_list(trial, total, arguments, {})


def _try_with_ours(
    trial: Trial, total: _Total, resource: Resource, call: ActionCall, maker: Endpoint
) -> None:
    """Make items of our own, so that the list holds enough, and judge its totals."""
    assert resource.made_by is not None
    made = make_several(resource, resource.made_by, maker, ENOUGH, "a list with a total")
    if made is None:
        raise Untested(f"no {resource.name} was made")
    arguments = {name: value for name, value in call.input.items() if name != total.size}
    others = {"subject": resource, "made": made.bodies[0], "bind": made.bind}
    _judge_list(trial, total, arguments, others)


def _judge_list(trial: Trial, total: _Total, arguments: Mapping[str, Any], others: Mapping[str, Any]) -> None:
    first = _read(trial, total, arguments, again=False, **others)
    right = bool(first.answers) and not _find_problem(total, first)
    chosen = choose_filter(trial.setting, trial.endpoint, first.items) if right else {}
    if chosen:
        counts_all = first.whole and all(stated == first.held for _, stated in first.answers)
        filters = total.filters and not (total.said or counts_all)
        arguments, total = {**arguments, **chosen}, replace(total, filters=filters)
        filtered = _read(trial, total, arguments, again=False, **others)
        if filtered.answers and _find_problem(total, filtered):
            first = filtered
    if first.refusal:
        conclude(trial.untested(first.refusal))
    elif not first.answers:
        conclude(trial.idle(f"the answer has no {total.name}"))
    elif total.may_count_pages and first.counts_pages():
        conclude(trial.idle(f"{total.name} is the number of a page's items"))
    elif _find_problem(total, first):
        reading = first
        for _ in range(AGAIN):
            trial.ask(Sleep(LATER_S, quiet=True))
            before, reading = reading, _read(trial, total, arguments, again=True, **others)
            judged = _compare(trial, total, before, reading)
            if judged is not None:
                conclude(judged)
                return
        conclude(trial.untested("the list changed while its items were counted"))
    else:
        conclude(_judge_right(trial, first))


def _judge_right(trial: Trial, reading: _Reading) -> Judgement:
    """Return the verdict on totals of which nothing is wrong: kept, if the whole list was read."""
    if not reading.whole:
        return trial.unseen(f"the list has more items than were read ({reading.held})")
    if reading.held < ENOUGH:
        return trial.unseen(f"the list held {reading.held} items; a server that holds more shows it")
    return trial.kept()


def _compare(trial: Trial, total: _Total, first: _Reading, second: _Reading) -> Judgement | None:
    """Judge a wrong total by a second reading. It counts if both readings are the same; where they differ,
    the second one counts if it is right. Otherwise return None.
    """
    if second.refusal:
        return trial.untested(second.refusal)
    problem = _find_problem(total, second)
    if not problem:
        return _judge_right(trial, second)
    if second.pages != first.pages or second.samples != first.samples:
        return None
    broken = trial.broken(f"{total.name} is the number of the list's items", problem)
    return broken.at_member(total.member) if total.member else broken


CHECK = make_check("list_totals", __doc__, cases, overlap="readers", rank=Rank.WRONG)
