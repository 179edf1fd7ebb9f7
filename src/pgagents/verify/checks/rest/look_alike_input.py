"""Values that are only valid by the habits of a language or a database are refused.

Tried are a text with a line break at its end (`$` of Python and PCRE matches before it), true for a number
(Python's bool is an int), and NaN in the query (all comparisons with it are false). A server that accepts one
of them usually does so for every argument, so each is tried once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from pgagents.catalogue.model.action import Param
from pgagents.report.contract import Rank, Verdict
from pgagents.verify.answers.refusal import OF_STATE, list_allowed_refusals, may_be_of_state
from pgagents.verify.cases.as_sent import is_invalid
from pgagents.verify.cases.combined import alone
from pgagents.verify.cases.invalid import InvalidCase, invalid_cases_of
from pgagents.verify.judgement import Judgement, conclude
from pgagents.verify.promise import Attempt, Case, Trial, make_check
from pgagents.verify.setting import Memory, Setting
from pgagents.verify.values.schema_values import types_of
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange

NAN = "NaN"
SAYS = {
    "line_break": "a text that is right but for a line break at its end",
    "boolean": "true for a number",
    "nan": "NaN for a number",
}


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield a case for each kind of look-alike value that an argument can have; it is about that call.

    It needs no attempt if an invalid case that is sent anyway contains the value, which saves its request.
    """
    del roles
    for kind, wrong, is_sent in setting.compute_once("look-alike calls", lambda: tuple(_list_calls(setting))):
        says = f"{wrong.endpoint.action.name} refuses {SAYS[kind]}, as {wrong.field}"
        attempt = None if is_sent else Attempt(_try, stage=5)
        yield Case(wrong.endpoint, says, wrong.origin, attempt, kind, wrong.cite, about=wrong)


def _try(trial: Trial) -> None:
    answer: Exchange = trial.ask(trial.case.about.call)
    conclude(_judge(trial, answer))


def watch(exchange: Exchange, memory: Memory) -> Iterator[Judgement]:
    """Judge a look-alike value that another check sent as an invalid case."""
    call = exchange.call
    for kind in SAYS if call.intent == "invalid" else ():
        trial = CHECK.find_trial(memory.setting, exchange.place, kind)
        if trial is None or trial.case.attempt is not None:
            continue
        if (call.why, call.field) == (trial.case.about.says, trial.case.about.field):
            for judgement in _judge(trial, exchange):
                yield replace(judgement, derived=judgement.verdict is Verdict.BROKEN)


def _judge(trial: Trial, answer: Exchange) -> Iterator[Judgement]:
    codes, statuses = list_allowed_refusals(trial.setting, answer.call)
    if may_be_of_state(trial.setting, answer):
        yield trial.unseen(OF_STATE)
        return
    for judgement in trial.refused(answer, codes, f"a call with {SAYS[trial.case.detail]}", statuses):
        # Pydantic and Python's `re` take each by themselves
        coerced = answer.success and trial.model.leaves_open
        yield judgement.with_rank(Rank.COERCED) if coerced else judgement


def _list_calls(setting: Setting) -> Iterator[tuple[str, InvalidCase, bool]]:
    """Yield (kind, call, sent anyway) for the first argument that can have each kind of value."""
    for kind in SAYS:
        every = (case for endpoint in setting.endpoints for case in invalid_cases_of(setting, endpoint))
        alike = (_make_look_alike(setting, kind, case) for case in every)
        wrong = next((case for case in alike if case is not None), None)
        if wrong is not None:
            single = alone(setting, wrong.endpoint)
            sent = [case for case in single if case.field == wrong.field and _is_of_kind(setting, kind, case)]
            yield kind, sent[0] if sent else wrong, bool(sent)


def _is_of_kind(setting: Setting, kind: str, wrong: InvalidCase) -> bool:
    """True if the invalid case's value is already of that kind."""
    endpoint, keyword = wrong.endpoint, wrong.detail.partition("/")[0]
    param, value = endpoint.action.param(wrong.field), wrong.call.input.get(wrong.field)
    if param is None or not _is_own(endpoint, param):
        return False
    if kind == "line_break":
        return keyword == "pattern" and isinstance(value, str) and len(value) > 1 and value.endswith("\n")
    if keyword != "type" or not _is_number(setting, param):
        return False
    if kind == "boolean":  # in a query `true` is only a word
        return value is True and (not endpoint.on_rest or param.place == "body")
    return kind == "nan" and value == NAN and _in_query(endpoint, param)


def _make_look_alike(setting: Setting, kind: str, wrong: InvalidCase) -> InvalidCase | None:
    """Return the invalid case with a value of that kind; None if the argument cannot have one."""
    endpoint, keyword = wrong.endpoint, wrong.detail.partition("/")[0]
    if kind != "nan":
        return wrong if _is_of_kind(setting, kind, wrong) else None
    param = endpoint.action.param(wrong.field)
    if param is None or not _is_own(endpoint, param) or not _in_query(endpoint, param):
        return None
    fits = keyword == "type" and _is_number(setting, param)
    changed = {**wrong.call.input, wrong.field: NAN}
    call = replace(wrong.call, input=changed, why=SAYS[kind])
    return replace(wrong, call=call, says=SAYS[kind]) if fits and is_invalid(setting, call) else None


def _is_own(endpoint: Endpoint, param: Param) -> bool:
    """True if an argument is not an id, which servers may look up before they validate it, nor the key."""
    return not param.refers_to and str(param.name) != endpoint.action.idempotency


def _is_number(setting: Setting, param: Param) -> bool:
    return bool({"number", "integer"} & set(types_of(setting.resolve_schema(param.schema))))


def _in_query(endpoint: Endpoint, param: Param) -> bool:
    return endpoint.on_rest and param.place == "query"


CHECK = make_check("look_alike_input", __doc__, cases, watch=watch, overlap="all", rank=Rank.LAX)
