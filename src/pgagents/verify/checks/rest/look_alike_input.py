"""Values that are only valid by the habits of a server's language are refused.

Tried are a text with a line break at its end, true for a number, NaN, and a text far too long. A text in the
query also gets NUL. In many languages `$` matches before a last line break, a boolean is a number, and
comparisons with NaN are false. Databases fail at NUL. A server that accepts one of them usually does so for
every argument, so each is tried once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from pgagents.catalogue.model.action import Param
from pgagents.report.contract import Contract, Rank
from pgagents.verify.answers.refusal import list_allowed_refusals
from pgagents.verify.cases.as_sent import is_invalid
from pgagents.verify.cases.combined import alone
from pgagents.verify.cases.invalid import InvalidCase, invalid_cases_of
from pgagents.verify.promise import Check, Conversation, Judgement, Probe, judge_refused, promise
from pgagents.verify.setting import Memory, Setting
from pgagents.verify.values.invalid_values import FAR
from pgagents.verify.values.schema_values import types_of
from pgagents.verify.wire.call import Call
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange

NAME = "look_alike_input"
LONG = FAR
"""A length in characters that exceeds a database column of 255, but no server's limit on URLs."""
WRONG = {"nan": "NaN", "nul": "a\0b"}
SAYS = {
    "line_break": "a text that is right but for a line break at its end",
    "boolean": "true for a number",
    "nan": "NaN for a number with bounds",
    "long": f"a text of {LONG} characters for a short one",
    "nul": "a text of the query with NUL in it",
}


def promises(setting: Setting) -> Iterator[Contract]:
    """Yield one contract for each kind of look-alike value that an argument can have."""
    for endpoint, kind, wrong, _ in _cases(setting):
        says = f"{endpoint.action.name} refuses {SAYS[kind]}, as {wrong.field}"
        yield promise(NAME, kind, endpoint, says, wrong.origin, wrong.cite)


def watch(exchange: Exchange, memory: Memory) -> Iterator[Judgement]:
    """Judge a look-alike value that another check sent as an invalid case."""
    call = exchange.call
    if call.endpoint is None or call.intent != "invalid":
        return
    for endpoint, kind, wrong, sent in _cases(memory.setting):
        if sent and endpoint is call.endpoint and call.why == wrong.says and call.field == wrong.field:
            codes, statuses = list_allowed_refusals(memory.setting, call)
            yield from judge_refused(
                exchange, f"{NAME}/{kind}/{endpoint.place}", codes, f"a call with {SAYS[kind]}", statuses
            )


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """Yield one probe for each kind of value, unless an invalid case that is sent anyway contains it."""
    del roles
    for endpoint, kind, wrong, sent in _cases(setting):
        contract = f"{NAME}/{kind}/{endpoint.place}"
        run = partial(_run, setting, wrong.call, contract, SAYS[kind])
        if not sent:
            yield Probe(
                contract, 5, (contract,), 1, run, (endpoint,), "main", endpoint.action.effect == "write"
            )


def _run(setting: Setting, call: Call, contract: str, says: str) -> Conversation:
    exchange: Exchange = yield replace(call)
    codes, statuses = list_allowed_refusals(setting, call)
    yield from judge_refused(exchange, contract, codes, f"a call with {says}", statuses)


def _cases(setting: Setting) -> tuple[tuple[Endpoint, str, InvalidCase, bool], ...]:
    """Return (endpoint, kind, call, sent anyway) for the first argument that can have each kind of value."""

    def find() -> Iterator[tuple[Endpoint, str, InvalidCase, bool]]:
        for kind in SAYS:
            listed = (
                (endpoint, n) for endpoint in setting.endpoints for n in invalid_cases_of(setting, endpoint)
            )
            first = next(((d, c) for d, n in listed if (c := _case(setting, d, kind, n)) is not None), None)
            if first is not None:
                endpoint, wrong = first
                single = alone(setting, endpoint)
                known = [n for n in single if n.field == wrong.field and _is(endpoint, kind, n)]
                yield endpoint, kind, known[0] if known else wrong, bool(known)

    return setting.compute_once(NAME, lambda: tuple(find()))


def _is(endpoint: Endpoint, kind: str, wrong: InvalidCase) -> bool:
    """True if the invalid case's value is already of that kind."""
    param, value = endpoint.action.param(wrong.field), wrong.call.input.get(wrong.field)
    keyword = wrong.detail.partition("/")[0]
    if param is None or param.refers_to or str(param.name) == endpoint.action.idempotency:
        return False
    if kind == "line_break":
        return keyword == "pattern" and isinstance(value, str) and len(value) > 1 and value.endswith("\n")
    if kind == "boolean":
        return (
            keyword == "type"
            and value is True
            and bool({"number", "integer"} & set(types_of(param.schema)))
            and _in_json(endpoint, param)
        )
    if kind == "nan":
        return keyword == "type" and value == "NaN" and not _in_json(endpoint, param)
    if kind == "nul":
        return False
    return (
        keyword in ("pattern", "maxLength")
        and isinstance(value, str)
        and len(value) >= LONG > param.schema.get("maxLength", 0)
    )


def _in_json(endpoint: Endpoint, param: Param) -> bool:
    return not endpoint.on_rest or param.place == "body"


def _case(setting: Setting, endpoint: Endpoint, kind: str, wrong: InvalidCase) -> InvalidCase | None:
    """Return the invalid case with a value of that kind; None if the argument cannot have one.

    Ids get no line break, because servers may look them up before they validate them. In a query `true` is
    only a word.
    """
    param = endpoint.action.param(wrong.field)
    keyword = wrong.detail.partition("/")[0]
    if param is None:
        return None
    number = bool({"number", "integer"} & set(types_of(setting.resolve_schema(param.schema))))
    in_json = _in_json(endpoint, param)
    own = not param.refers_to and str(param.name) != endpoint.action.idempotency
    value = wrong.call.input.get(wrong.field)
    if kind == "line_break":
        return (
            wrong
            if keyword == "pattern"
            and own
            and isinstance(value, str)
            and len(value) > 1
            and value.endswith("\n")
            else None
        )
    if kind == "boolean":
        return wrong if keyword == "type" and number and in_json and value is True else None
    if kind == "nan":
        fits = keyword == "type" and number and not in_json and param.place == "query"
    elif kind == "nul":
        fits = keyword in ("pattern", "maxLength") and own and endpoint.on_rest and param.place == "query"
    else:
        fits = keyword in ("pattern", "maxLength") and (own or param.place == "path")
    call = replace(
        wrong.call,
        input={**wrong.call.input, wrong.field: WRONG.get(kind, "x" * LONG)},
        why=SAYS[kind],
    )
    return replace(wrong, call=call, says=SAYS[kind]) if fits and is_invalid(setting, call) else None


CHECK = Check(
    NAME,
    __doc__,
    promises,
    watch=watch,
    probes=probes,
    overlap="all",
    rank=Rank.LAX,
)
