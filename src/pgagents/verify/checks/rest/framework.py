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

from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

from pgagents.base.http import json_bytes, read_json
from pgagents.catalogue.model.answers import Code
from pgagents.catalogue.model.surface import Dispatcher
from pgagents.report.contract import Contract, Rank, Verdict
from pgagents.verify.cases.malformed import (
    MOST_BODY,
    Case,
    edit_call,
    find_first_endpoint,
    find_limit_origin,
    list_body_cases,
    with_member,
)
from pgagents.verify.cases.paths import (
    HUGE,
    LONG,
    beside,
    elsewhere,
    has_head,
    nowhere,
    number_in,
    odd_requests,
    reader,
    without_id,
)
from pgagents.verify.fixtures.request_template import template_of
from pgagents.verify.promise import (
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
from pgagents.verify.setting import Memory, Setting
from pgagents.verify.wire.call import Call, Raw
from pgagents.verify.wire.endpoint import REST, Endpoint
from pgagents.verify.wire.exchange import INVENTED, UNKNOWN_METHOD, Exchange

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
        expected = "what GET is answered with, without a body"
        return judge_broken(HEAD, expected, exchange.outcome).with_rank(Rank.UNDOCUMENTED)
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
        ).with_rank(Rank.UNDOCUMENTED)
    elif (
        exchange.status == code.status
        and code.envelope
        and not setting.envelope(code.envelope).is_valid(exchange.body)
    ):
        yield judge_broken(
            PLAINTEXT, f"a body that is {code.envelope}", exchange.json.problem or "another body"
        ).with_rank(Rank.UNDOCUMENTED)
    else:
        for judgement in judge_refused(exchange, PLAINTEXT, [code], "plain http"):
            yield judgement.with_rank(Rank.EXPOSED) if exchange.success else judgement


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
        judged = [_judge_allow(contract, wrong)]
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
        yield _judge_allow(contract, wrong)


def _judge_allow(contract: str, wrong: str) -> Judgement:
    """Return the break by a 405 whose Allow is wrong. No client library reads it, so it is only odd."""
    return judge_broken(contract, NAMES_METHODS, wrong).with_rank(Rank.ODD)


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
    rank=Rank.LAX,
)


# -- requests that a server refuses before any action runs.
#
# Bodies have only the one error and are valid otherwise, so that a server that repairs the error is found
# to accept it.


def cases(setting: Setting) -> tuple[Case, ...]:
    """Return all framework cases of a catalogue, computed once a run."""
    return setting.compute_once(
        "framework cases",
        lambda: (
            *_paths(setting),
            *list_body_cases(setting),
            *_make_dispatcher_cases(setting),
            *_odd(setting),
        ),
    )


def _paths(setting: Setting) -> Iterator[Case]:
    framework, codes = setting.model.errors.framework, setting.model.codes
    endpoint = reader(setting)
    if framework.unknown_path:
        code, origin = codes[framework.unknown_path], ("errors", "framework", "unknown_path")
        call = Call(None, {}, "framework", "an unknown path", raw=Raw("GET", nowhere(setting)))
        yield Case("unknown_path", "a path that does not exist is refused", call, code, origin)
        if setting.model.behaviour.trailing_slash == "unknown" and endpoint is not None:
            yield from _slashes(setting, endpoint, code)
    if framework.wrong_method and endpoint is not None:
        yield _wrong_method(setting, endpoint, codes[framework.wrong_method])


def _slashes(setting: Setting, endpoint: Endpoint, code: Code) -> Iterator[Case]:
    """Yield a path with a slash added, and a path that ends where an id should stand."""
    there = elsewhere(setting, endpoint)
    call = edit_call(setting, there, "a path with a slash added", Raw(target=f"{there.path}/"))
    yield Case(
        "trailing_slash",
        "a path with a slash added is refused",
        call,
        code,
        ("behaviour", "trailing_slash"),
    )
    if (nameless := without_id(setting)) is not None:
        call = Call(
            None,
            {},
            "framework",
            "a path that ends where an id should stand",
            raw=Raw("GET", nameless),
        )
        invalid = setting.model.codes[setting.model.errors.framework.invalid].status
        yield Case(
            "empty_id",
            "a path without its id is refused",
            call,
            code,
            ("behaviour", "trailing_slash"),
            (invalid,),
        )


def _wrong_method(setting: Setting, endpoint: Endpoint, code: Code) -> Case:
    """Return a call with a method that its path lacks: an invented one, or GET where nothing reads."""
    path = endpoint.path
    method = INVENTED
    if (literal := beside(setting)) is not None:
        method, path = "GET", literal
    methods = {d.method for d in setting.home_endpoints if d.path == path and d.on_rest}
    call = Call(None, {}, "framework", f"{method} where it is not possible", raw=Raw(method, path))
    return Case(
        "wrong_method",
        f"{method} {path} is refused",
        call,
        code,
        ("errors", "framework", "wrong_method"),
        UNKNOWN_METHOD if method == INVENTED else (),
        allowed=frozenset(methods),
    )


def _make_dispatcher_cases(setting: Setting) -> Iterator[Case]:
    invalid = setting.model.codes[setting.model.errors.framework.invalid]
    for dispatcher in setting.model.dispatchers:
        endpoint = find_first_endpoint(setting, dispatcher.surface)
        if endpoint is None:
            continue
        says = "an action that does not exist is refused"
        call = edit_call(
            setting,
            endpoint,
            "an action's name in capital letters, which is none",
            Raw(edit=make_misspelling_edit(dispatcher)),
        )
        yield Case("unknown_action", says, call, invalid, dispatcher.origin)
        for detail, says, wrap in list_wraps(setting, dispatcher, endpoint):
            yield Case(
                detail,
                says,
                edit_call(setting, endpoint, says.removesuffix(" is refused"), Raw(wrap=wrap)),
                invalid,
                dispatcher.origin,
            )
        if setting.model.behaviour.unknown_member == "refused":
            call = edit_call(
                setting,
                endpoint,
                f"a member beside {dispatcher.arguments}",
                Raw(edit=lambda body: with_member(body, b'"pgv_unknown":1')),
            )
            yield Case(
                "unknown_member",
                f"a member beside {dispatcher.selector} and {dispatcher.arguments} is refused",
                call,
                invalid,
                ("behaviour", "unknown_member"),
            )


def _odd(setting: Setting) -> Iterator[Case]:
    """Yield requests that may be answered in any way except by a crash."""
    for detail, says, raw in odd_requests(setting):
        call = Call(None, {}, "framework", says, raw=raw)
        yield Case(
            f"survives/{detail}",
            f"{says} does not crash the server",
            call,
            None,
            ("errors", "framework"),
            survive=True,
        )


# -- objects around a call that a dispatcher must refuse


def list_wraps(
    setting: Setting, dispatcher: Dispatcher, endpoint: Endpoint
) -> Iterator[tuple[str, str, dict[str, object]]]:
    """Yield wrong objects around a call's arguments, each with a name and the promise that it is refused."""
    selector, arguments = dispatcher.selector, dispatcher.arguments
    yield "missing_action", f"a body without {selector} is refused", {arguments: {}}
    yield "action_type", f"{selector} that is a number is refused", {selector: 1, arguments: {}}
    ordinary = template_of(setting.model, endpoint.action).input.items()
    plain = {k: v for k, v in ordinary if isinstance(v, str | int | float)}
    yield (
        "arguments_type",
        f"{arguments} that is a text is refused",  # models often send an object as text; the rest is right
        {selector: str(endpoint.action.name), arguments: json_bytes(plain).decode()},
    )
    outside = find_not_offered(setting, dispatcher)
    if outside is not None:
        yield (
            "outside_the_set",
            f"the action {outside}, which is not of the set, is refused",
            {selector: outside, arguments: {}},
        )


def make_misspelling_edit(dispatcher: Dispatcher) -> Callable[[bytes], bytes]:
    """Return an edit that writes the action's name in capitals, or replaces it by an invented name if that is
    another action.
    """
    names = {str(a.name) for a in dispatcher.actions} | {
        str(f.name) for a in dispatcher.actions for f in a.formerly
    }

    def edit(body: bytes) -> bytes:
        said = read_json(body).value
        near = str(said[dispatcher.selector]).upper()
        return json_bytes({**said, dispatcher.selector: near if near not in names else "pgv_no_such_action"})

    return edit


def find_not_offered(setting: Setting, dispatcher: Dispatcher) -> str | None:
    """Return a read that the dispatcher does not offer, and of which a call is valid in every other way.

    One without required arguments is preferred. None if every free read is offered: a server that wrongly
    carries out a write would change what is somebody else's.
    """
    others = [a for a in setting.model.actions if a.key and a.only_reads and a not in dispatcher.actions]
    chosen = min(others, key=lambda a: any(p.required for p in a.params), default=None)
    return str(chosen.name) if chosen is not None else None
