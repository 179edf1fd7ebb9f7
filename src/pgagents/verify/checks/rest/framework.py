"""Requests that fit no action are answered as the catalogue says: unknown paths, wrong methods, broken
bodies.

Each is sent once, and must be refused with the declared code. Odd requests must at least not crash the
server, and a 405 must name the allowed methods. The largest allowed body is accepted.

If the catalogue says that each path with GET has HEAD too, HEAD is not refused.

If the catalogue names no error for a wrong method, HTTP still has rules. An unknown method never succeeds, a
405 has Allow, and the methods that OPTIONS allows include those of the catalogue. A server that breaks them
is odd.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

from pgagents.model.contract import Contract, Verdict
from pgagents.verify.cases.framework import cases
from pgagents.verify.cases.malformed.bodies import MOST_BODY, find_limit_origin
from pgagents.verify.cases.malformed.case import Case, edit_call
from pgagents.verify.cases.malformed.paths import HUGE, LONG, has_head, number_in, reader
from pgagents.verify.check.check import (
    Check,
    Conversation,
    Judgement,
    Probe,
    judge_accepted,
    judge_broken,
    judge_kept,
    judge_refused,
    judge_untested,
    promise_at,
)
from pgagents.verify.check.memory import Memory
from pgagents.verify.check.setting import Setting
from pgagents.verify.wire.call import Call, Raw
from pgagents.verify.wire.endpoint import REST, Endpoint
from pgagents.verify.wire.exchange import INVENTED, Exchange

NAME = "framework"
PLAINTEXT = f"{NAME}/plaintext@rest"
SUCCESS, REDIRECTION, NOT_ALLOWED = 200, 300, 405
NAMES_METHODS = "Allow names the methods of the path (RFC 9110, 15.5.6)"
UNKNOWN, ALLOWED = f"{NAME}/unknown_method@{REST}", f"{NAME}/allowed_methods@{REST}"
"""Contracts for a catalogue that names no error for a wrong method."""
HEAD = f"{NAME}/head@{REST}"
NO_METHOD = (404, NOT_ALLOWED, 501)
"""Statuses for a path or method that does not exist."""
LARGEST, TOO_LARGE = "largest", "too_large"
SHOWN = frozenset(("options", "long_query", "huge_number", "word_number"))
"""Odd requests that other calls may also contain. Each is sent alone only if no other call contained it."""
SHOWS = {"percent": "long_query", "repeated": "huge_number"}


def promises(setting: Setting) -> Iterator[Contract]:
    """Yield contracts about paths and methods once, about bodies for each surface, and about the dispatchers'
    own members.
    """
    for case in cases(setting):
        yield promise_at(NAME, case.detail, f"@{case.call.surface}", case.says, case.origin)
        if case.largest is not None:
            assert case.largest.endpoint is not None, "it is a call of an action"
            says = f"{case.largest.why.partition(', and')[0]} is accepted"
            origin = find_limit_origin(setting, case.largest.endpoint)
            yield promise_at(NAME, LARGEST, f"@{case.call.surface}", says, origin)
    if has_head(setting):
        says = "HEAD is there where GET is"
        yield promise_at(NAME, "head", f"@{REST}", says, ("behaviour", "head"))
    if _has_other_methods(setting):
        for detail, says in (
            (
                "unknown_method",
                f"{INVENTED}, a method that no server knows, succeeds nowhere, and a 405 has Allow",
            ),
            ("allowed_methods", "what OPTIONS allows includes the methods of the catalogue"),
        ):
            yield promise_at(NAME, detail, f"@{REST}", says, ("errors", "framework"), advice=True)
    if setting.model.errors.framework.plaintext:
        says = "plain http is refused"
        yield promise_at(NAME, "plaintext", "@rest", says, ("errors", "framework", "plaintext"))


def settle_contract(setting: Setting, contract: Contract) -> tuple[Verdict, str] | None:
    """Exclude the bodies at a limit that is too large to be tried."""
    for case in cases(setting) if LARGEST in contract.detail or TOO_LARGE in contract.detail else ():
        detail = LARGEST if case.largest is not None else case.detail
        if case.size > MOST_BODY and contract.id == f"{NAME}/{detail}@{case.call.surface}":
            why = f"the limit is {case.size:,} bytes, and no body of more than {MOST_BODY:,} bytes is sent"
            return Verdict.NOT_APPLICABLE, why
    return None


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """Yield one probe for each case."""
    del roles
    for one in cases(setting):
        case = replace(one, largest=None) if one.size > MOST_BODY else one
        contract = f"{NAME}/{case.detail}@{case.call.surface}"
        endpoints = (case.call.endpoint,) if case.call.endpoint else ()
        stage, spare = (6 if case.survive else 2), case.survive and case.detail.partition("/")[2] in SHOWN
        cost = 2 if case.writes else 1
        also = SHOWS.get(case.detail.partition("/")[2]) if case.survive else None
        shows = (f"{NAME}/survives/{also}@rest",) if also else ()
        covers = (
            (contract, f"{NAME}/{LARGEST}@{case.call.surface}") if case.largest is not None else (contract,)
        )
        if case.detail == "survives/head" and has_head(setting):
            covers = (*covers, HEAD)
        run = partial(_run, case, contract)
        yield Probe(
            contract, stage, covers, cost, run, endpoints, "main", case.writes, optional=spare, shows=shows
        )
    if _has_other_methods(setting):
        yield Probe(
            UNKNOWN, 2, (UNKNOWN,), 1, partial(_send_unknown, setting), (), "main", False, overlap="all"
        )
    if (
        setting.model.errors.framework.plaintext
        and setting.plain_url
        and (endpoint := reader(setting)) is not None
    ):
        yield Probe(PLAINTEXT, 2, (PLAINTEXT,), 1, partial(_plaintext, setting, endpoint), (), "main", False)


def watch(exchange: Exchange, memory: Memory) -> Iterator[Judgement]:
    """Judge that the server survives odd requests of other checks, and that each 405 names the allowed
    methods.
    """
    if (
        exchange.status == NOT_ALLOWED
        and exchange.call.endpoint is None
        and exchange.call.intent == "framework"
    ):
        yield from _other_methods(exchange, memory.setting)
    if exchange.void or exchange.call.surface != REST or reader(memory.setting) is None:
        return
    if exchange.request.method == "HEAD" and has_head(memory.setting):
        yield _judge_head(exchange)
    if exchange.request.method == "OPTIONS":
        yield judge_kept(f"{NAME}/survives/options@{REST}")
        if _has_other_methods(memory.setting):
            yield from _judge_options(exchange, memory.setting)
    if exchange.request.method == "GET" and len(exchange.request.target) > LONG:
        yield judge_kept(f"{NAME}/survives/long_query@{REST}")
    if exchange.request.method == "GET" and number_in(memory.setting) is not None:
        if HUGE in exchange.request.target:
            yield judge_kept(f"{NAME}/survives/huge_number@{REST}")
        if "=NaN" in exchange.request.target:
            yield judge_kept(f"{NAME}/survives/word_number@{REST}")


def _judge_head(exchange: Exchange) -> Judgement:
    """Judge an answer to HEAD. A call that is not valid may be refused, as its GET would be."""
    if exchange.status in NO_METHOD:
        return judge_broken(HEAD, "what GET is answered with, without a body", exchange.outcome)
    return judge_kept(HEAD)


def _has_other_methods(setting: Setting) -> bool:
    """True if the catalogue names no error for a wrong method, and there is a read whose path can be
    called.
    """
    return setting.model.errors.framework.wrong_method is None and reader(setting) is not None


def _send_unknown(setting: Setting) -> Conversation:
    """Send an invented method to a path. A server may refuse it with any status."""
    endpoint = reader(setting)
    assert endpoint is not None, "the contract has one"
    raw = Raw(INVENTED, endpoint.path)
    exchange: Exchange = yield Call(None, {}, "framework", f"{INVENTED}, an unknown method", raw=raw)
    if exchange.void or exchange.is_tainted_by("no_crashes"):
        return
    if SUCCESS <= exchange.status < REDIRECTION:
        yield judge_broken(UNKNOWN, "a refusal (RFC 9110, 9.1)", str(exchange.status))
    elif exchange.status == NOT_ALLOWED and exchange.header("Allow") is None:
        yield judge_broken(UNKNOWN, "405 with Allow (RFC 9110, 15.5.6)", "405 without Allow")
    else:
        yield judge_kept(UNKNOWN)


def _judge_options(exchange: Exchange, setting: Setting) -> Iterator[Judgement]:
    """Judge the methods that an answer to OPTIONS allows. Methods beyond the catalogue's are fine.

    A server that does not take OPTIONS answers 405, whose Allow names the methods of the path too.
    """
    told = exchange.header("Allow")
    here = {d.method for d in setting.endpoints if d.on_rest and d.path == exchange.request.path}
    allowed = {part.strip() for part in (told or "").split(",")}
    says_methods = SUCCESS <= exchange.status < REDIRECTION or exchange.status == NOT_ALLOWED
    if told and here - allowed and says_methods:
        yield judge_broken(ALLOWED, f"Allow with {', '.join(sorted(here))}", f"Allow: {told[:120]}")
    else:
        yield judge_kept(ALLOWED)


def _plaintext(setting: Setting, endpoint: Endpoint) -> Conversation:
    """Call without TLS, with an invalid key. Judge the code and its required headers."""
    code = setting.model.codes[setting.model.errors.framework.plaintext]
    due = [h for h in setting.model.headers if code.status in h.on]
    exchange: Exchange = yield replace(
        edit_call(setting, endpoint, "a call over plain http", Raw()), plain=True
    )
    lacking = [h for h in due if (exchange.header(h.name) or "") != (h.const or exchange.header(h.name))]
    if not exchange.void and exchange.status == code.status and lacking:
        name = lacking[0].name
        yield judge_broken(
            PLAINTEXT,
            f"{code.status} with {name}: {lacking[0].const or 'any'}",
            f"{name}: {exchange.header(name)}",
        )
    elif (
        exchange.status == code.status
        and code.envelope
        and not setting.envelope(code.envelope).is_valid(exchange.body)
    ):
        yield judge_broken(
            PLAINTEXT, f"a body that is {code.envelope}", exchange.json.problem or "another body"
        )
    else:
        yield from judge_refused(exchange, PLAINTEXT, [code], "plain http")


def _run(case: Case, contract: str) -> Conversation:
    if case.code is None and not case.survive:
        yield from _judge_acceptance(case, contract)
        return
    exchange: Exchange = yield case.call
    if case.survive:
        if not exchange.void and not exchange.is_tainted_by("no_crashes"):
            yield judge_kept(contract)
        return
    assert case.code is not None
    judged = list(
        judge_refused(exchange, contract, [case.code], case.says.removesuffix(" is refused"), case.statuses)
    )
    if (
        case.allowed
        and exchange.status == case.code.status
        and (wrong := _find_allow_problem(case.allowed, exchange))
    ):
        judged = [judge_broken(contract, NAMES_METHODS, wrong)]
    yield from judged


def _judge_acceptance(case: Case, contract: str) -> Conversation:
    """Judge a request that must be accepted.

    It is sent with the largest body first, then as it is, then without its other special feature.
    """
    largest, plain = f"{NAME}/{LARGEST}@{case.call.surface}", case.call
    exchange: Exchange = yield case.largest or plain
    if not exchange.success and case.largest is not None:
        full, exchange = exchange, (yield plain)
        if not exchange.success and case.again is not None:
            plain = case.again
            full = yield replace(plain, raw=case.largest.raw)
            exchange = full if full.success else (yield plain)
        if exchange.success:
            yield from judge_accepted(full, largest, f"a body of {len(full.request.body):,} bytes")
    elif case.largest is not None:
        yield judge_kept(largest)
    elif not exchange.success and case.again is not None:
        exchange = yield case.again
    if exchange.success or exchange.void or (yield from _plainly_taken(plain)):
        yield from judge_accepted(exchange, contract, case.says)
    else:
        yield judge_untested(contract, f"the same call as it usually is was refused too: {exchange.outcome}")


def _plainly_taken(call: Call) -> Generator[Any, Any, bool]:
    """True if the call succeeds without its changes. Only then does its refusal prove anything about them."""
    control: Exchange = yield replace(call, raw=Raw(), why=f"{call.why}: the same as it usually is")
    return control.success


def _other_methods(exchange: Exchange, setting: Setting) -> Iterator[Judgement]:
    """Judge the Allow header of a 405 that no probe expected, such as that of HEAD."""
    contract, refused = f"{NAME}/wrong_method@{REST}", setting.model.errors.framework.wrong_method
    at = exchange.call.endpoint.server if exchange.call.endpoint is not None else ""
    here = (d for d in setting.endpoints if d.path == exchange.request.path and d.server == at)
    methods = frozenset(d.method for d in here)
    if refused is not None and methods and (wrong := _find_allow_problem(methods, exchange)):
        yield judge_broken(contract, NAMES_METHODS, wrong)


def _find_allow_problem(allowed: frozenset[str], exchange: Exchange) -> str:
    """Return what is wrong with the Allow header of a 405; empty if nothing is."""
    told = exchange.header("Allow")
    if not told:
        return "405 without Allow"
    methods = {part.strip() for part in told.split(",")}
    return f"Allow: {told[:120]}" if not allowed <= methods or exchange.request.method in methods else ""


CHECK = Check(
    NAME,
    __doc__,
    promises,
    watch=watch,
    watched=frozenset(("head", "survives", "wrong_method", "allowed_methods")),
    probes=probes,
    settled=settle_contract,
    overlap="all",
)
