"""A call that breaks one keyword of one argument's schema is refused with the code for invalid arguments.

Each keyword of each argument is broken once. If an error can name several fields, two arguments are broken in
one call. Each is broken alone only if the answer does not name both.

A keyword that only a very large text or list would break is not applicable.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from pgagents.report.contract import Contract, Rank, Verdict
from pgagents.verify.answers.refusal import list_allowed_refusals
from pgagents.verify.cases.combined import Group, both, groups
from pgagents.verify.cases.generated import DrawnCall, find_wrong, list_drawn_calls, list_varied_calls, shrink
from pgagents.verify.cases.invalid import invalid_cases_of, unmade_cases_of
from pgagents.verify.fixtures.request_template import ordinary, template_of
from pgagents.verify.promise import (
    RANDOM,
    Check,
    Conversation,
    Judgement,
    Probe,
    judge_broken,
    judge_kept,
    judge_refused,
    promise,
)
from pgagents.verify.setting import Setting
from pgagents.verify.wire.call import Call, format_arguments
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange, got

NAME = "invalid_input"
SEVERAL = "several"


def promises(setting: Setting) -> Iterator[Contract]:
    """Yield one contract for each keyword and argument of each endpoint, and one for two invalid arguments
    together.
    """
    for endpoint in setting.every_endpoint:
        for invalid_case in invalid_cases_of(setting, endpoint):
            says = f"{endpoint.action.name} refuses a call where {invalid_case.promised or invalid_case.says}"
            yield promise(NAME, invalid_case.detail, endpoint, says, invalid_case.origin, invalid_case.cite)
        for unmade in unmade_cases_of(setting, endpoint).values():
            says = f"{endpoint.action.name} refuses a call where {unmade.says}"
            yield promise(NAME, unmade.detail, endpoint, says, unmade.origin, unmade.cite)
        if any(len(group) > 1 for group in groups(setting, endpoint)):
            errors = setting.model.errors
            says = (
                f"{endpoint.action.name} refuses a call where two arguments are wrong, with "
                f"{errors.field_of_several} at {errors.field_at}"
            )
            yield promise(NAME, SEVERAL, endpoint, says, ("errors", "field_of_several"), endpoint.action.cite)


def settle_contract(setting: Setting, contract: Contract) -> tuple[Verdict, str] | None:
    """Exclude a keyword that only a value too large to be sent would break."""
    endpoint = setting.by_place.get(contract.place)
    unmade = unmade_cases_of(setting, endpoint).get(contract.detail) if endpoint is not None else None
    return (Verdict.NOT_APPLICABLE, unmade.reason) if unmade is not None else None


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """Yield probes: first each keyword once on a surface, then each keyword and argument, then variants.

    The second kind is sent alone or in pairs.
    """
    del roles
    met: set[tuple[str, str]] = set()
    for endpoint in setting.usable:
        listed: dict[str, int] = {}
        alone: set[str] = set()
        sent_with = {id(one): group for group in groups(setting, endpoint) for one in group}
        prints = _prints(setting, endpoint)
        for invalid_case in invalid_cases_of(setting, endpoint):
            listed[invalid_case.detail] = listed.get(invalid_case.detail, 0) + 1
            number, group = listed[invalid_case.detail], sent_with.get(id(invalid_case))
            if group is None:
                yield _probe(
                    setting,
                    endpoint,
                    invalid_case.detail,
                    invalid_case.call,
                    9,
                    invalid_case.says,
                    2,
                    number,
                    prints[id(invalid_case)],
                )
            elif invalid_case is group[0]:
                keywords = {(one.detail.partition("/")[0], endpoint.surface) for one in group}
                stage = 7 if keywords <= met else 5
                met |= keywords
                if len(group) > 1:
                    yield _pair(setting, endpoint, group, stage, alone, number, prints)
                else:
                    yield _probe(
                        setting,
                        endpoint,
                        invalid_case.detail,
                        invalid_case.call,
                        stage,
                        invalid_case.says,
                        1,
                        number,
                        prints[id(invalid_case)],
                    )
        yield from _more(setting, endpoint, listed)
        yield from _list_random(setting, endpoint, listed)


def _pair(
    setting: Setting,
    endpoint: Endpoint,
    pair: Group,
    stage: int,
    alone: set[str],
    number: int,
    prints: Mapping[int, str],
) -> Probe:
    """Return the probe of two cases in one call.

    `alone` collects endpoints whose answers did not name both errors.
    """
    covers = tuple(f"{NAME}/{detail}/{endpoint.place}" for detail in (*(one.detail for one in pair), SEVERAL))
    run = partial(_run_pair, setting, endpoint, pair, alone)
    return Probe(
        _name_probe(covers[0], number),
        stage,
        covers,
        1,
        run,
        (endpoint,),
        "main",
        endpoint.action.effect == "write",
        print=" ".join(prints[id(one)] for one in pair),
    )


def _name_probe(contract: str, number: int) -> str:
    """Return a probe's name: its first contract, and its number among that contract's probes."""
    return contract if number == 1 else f"{contract} #{number}"


def _run_pair(setting: Setting, endpoint: Endpoint, pair: Group, alone: set[str]) -> Conversation:
    several = f"{NAME}/{SEVERAL}/{endpoint.place}"
    contracts = [f"{NAME}/{one.detail}/{endpoint.place}" for one in pair]
    at, word = setting.model.errors.field_at or "", setting.model.errors.field_of_several
    if endpoint.place in alone:
        yield from _one_by_one(setting, pair, contracts)
        return
    call = both(setting, endpoint, pair)
    exchange: Exchange = yield call
    codes, statuses = list_allowed_refusals(setting, call)
    said = got(exchange.body, at)
    if said == word and _all_kept(judge_refused(exchange, several, codes, "", statuses)):
        yield from map(judge_kept, (*contracts, several))
        return
    alone.add(endpoint.place)
    found = yield from _one_by_one(setting, pair, contracts)
    if (
        found
        and not exchange.void
        and not exchange.tainted
        and exchange.code not in _others(setting, endpoint, pair)
    ):
        actual = f"{exchange.outcome}, {at} is {said}"
        yield judge_broken(several, f"{at} is {word}", actual).with_rank(Rank.UNDOCUMENTED)


def _others(setting: Setting, endpoint: Endpoint, pair: Group) -> set[str]:
    """Return the codes that may be answered instead of the one for invalid input, such as that an id is
    absent.
    """
    allowed = {code.name for one in pair for code in list_allowed_refusals(setting, one.call)[0]}
    return allowed - setting.model.argument_codes(endpoint.action)


def _one_by_one(setting: Setting, pair: Group, contracts: list[str]) -> Generator[Any, Any, bool]:
    """Judge each case alone; return True if all were refused and no answer had another error."""
    good = True
    for one, contract in zip(pair, contracts, strict=True):
        exchange: Exchange = yield replace(one.call, again=one is not pair[0])
        codes, statuses = list_allowed_refusals(setting, one.call)
        judged = list(judge_refused(exchange, contract, codes, f"a call where {one.says}", statuses))
        good = good and _all_kept(judged) and not exchange.tainted
        yield from judged
    return good


def _all_kept(judged: Iterable[Judgement]) -> bool:
    verdicts = [judgement.verdict for judgement in judged]
    return bool(verdicts) and set(verdicts) == {Verdict.KEPT}


def _more(setting: Setting, endpoint: Endpoint, listed: dict[str, int]) -> Iterator[Probe]:
    """Yield probes with Schemathesis' values, under the contract of the nearest keyword of the same
    argument.
    """
    template = template_of(setting.model, endpoint.action)
    for varied in list_varied_calls(setting, endpoint):
        detail = None if varied.valid else _nearest(varied.keyword, varied.param, listed)
        if detail is None:
            continue
        call = ordinary(endpoint, template, "invalid", f"{varied.param}: {varied.says}", input=varied.input)
        listed[detail] += 1
        says, number = f"{varied.param} {varied.shown}", listed[detail]
        yield _probe(setting, endpoint, detail, call, 9, says, 2, number, _format_call(call))


def _list_random(setting: Setting, endpoint: Endpoint, listed: dict[str, int]) -> Iterator[Probe]:
    """Yield probes with random invalid calls, under the contracts of their invalid arguments."""
    for drawn in list_drawn_calls(setting, endpoint, valid=False):
        wrong = {name: _nearest(keyword, name, listed) for name, keyword in drawn.wrong.items()}
        details = [detail for detail in wrong.values() if detail is not None]
        if len(details) < len(wrong):
            continue
        listed[details[0]] += 1
        print = _format_call(drawn.call)
        probe = _probe(setting, endpoint, details[0], drawn.call, 9, "", RANDOM, listed[details[0]], print)
        yield replace(
            probe,
            contracts=tuple(dict.fromkeys(f"{NAME}/{detail}/{endpoint.place}" for detail in details)),
            run=partial(_run_random, setting, endpoint, drawn, listed),
            print=format_arguments(drawn.call.input),
        )


def _run_random(
    setting: Setting, endpoint: Endpoint, drawn: DrawnCall, listed: dict[str, int]
) -> Conversation:
    """Make a random invalid call. If the call is accepted, it is reduced before it is judged."""
    usual = template_of(setting.model, endpoint.action).input

    def judge(exchange: Exchange) -> list[Judgement]:
        codes, statuses = list_allowed_refusals(setting, exchange.call)
        wrong = find_wrong(setting, exchange.call) or drawn.wrong
        name, keyword = next(iter(wrong.items()))
        contract = f"{NAME}/{_nearest(keyword, name, listed)}/{endpoint.place}"
        given = exchange.call.input
        says = f"{name} is {repr(given[name])[:60]}" if name in given else f"{name} is left out"
        return list(judge_refused(exchange, contract, codes, f"a call where {says}", statuses))

    def is_broken(exchange: Exchange) -> bool:
        return any(judgement.verdict is Verdict.BROKEN for judgement in judge(exchange))

    exchange: Exchange = yield drawn.call
    if is_broken(exchange):
        exchange = yield from shrink(exchange, usual, is_broken, setting)
    yield from judge(exchange)


def _nearest(keyword: str, param: str, listed: dict[str, int]) -> str | None:
    exact = f"{keyword}/{param}"
    if exact in listed:
        return exact
    return next(
        (d for d in listed if d.endswith(f"/{param}") and not d.startswith(("required/", "null/"))), None
    )


def _probe(
    setting: Setting,
    endpoint: Endpoint,
    detail: str,
    call: Call,
    stage: int,
    says: str,
    priority: int,
    number: int,
    print: str,
) -> Probe:
    contract = f"{NAME}/{detail}/{endpoint.place}"
    return Probe(
        _name_probe(contract, number),
        stage,
        (contract,),
        1,
        partial(_run, setting, call, contract, says),
        (endpoint,),
        "main",
        endpoint.action.effect == "write",
        priority,
        print,
    )


def _prints(setting: Setting, endpoint: Endpoint) -> Mapping[int, str]:
    """Return the text of `_format_call` for each invalid case of an endpoint, by the case's `id()`.

    The texts are made once for all runs.
    """
    cases = invalid_cases_of(setting, endpoint)
    texts = setting.compute_once(
        (NAME, "prints", endpoint.place), lambda: tuple(_format_call(one.call) for one in cases)
    )
    return dict(zip(map(id, cases), texts, strict=True))


def _format_call(call: Call) -> str:
    """Describe a call, to compare it with other calls of its action.

    The text has the call's reason, and its invalid argument or else all arguments.
    """
    names = [call.field.partition(".")[0]] if call.field else sorted(call.input)
    return (
        f"{call.why} "
        f"{[(n, v) for n in names if isinstance(v := call.input.get(n), str | int | float | bool | None)]}"
    )


def _run(setting: Setting, call: Call, contract: str, says: str) -> Conversation:
    exchange: Exchange = yield call
    codes, statuses = list_allowed_refusals(setting, call)
    yield from judge_refused(exchange, contract, codes, f"a call where {says}", statuses)


CHECK = Check(
    NAME,
    __doc__,
    promises,
    probes=probes,
    settled=settle_contract,
    tools=True,
    overlap="all",
    rank=Rank.LAX,
)
