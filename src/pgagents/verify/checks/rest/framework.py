"""Requests that fit no action are answered as the catalogue says: unknown paths, wrong methods, broken
bodies.

Each is sent once, and must be refused with the declared code. Odd requests must at least not crash the
server, and a 405 must name the allowed methods. The largest allowed body is accepted.

If the catalogue says that each path with GET has HEAD too, HEAD is not refused.

If the catalogue names no error for a wrong method, HTTP still has rules (RFC 9110, 9.1, 9.3.7 and 15.5.6), as
schemathesis tries them. An unknown method never succeeds, a 405 has Allow, and the methods that OPTIONS
allows include those of the catalogue. A server that breaks them is odd.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

from pgagents.base.http import json_bytes, read_json
from pgagents.catalogue.model.answers import Code
from pgagents.catalogue.model.surface import Dispatcher
from pgagents.report.contract import Rank, Verdict
from pgagents.verify.cases.malformed import (
    MOST_BODY,
    Malformed,
    edit_call,
    find_first_endpoint,
    find_limit_origin,
    list_body_cases,
    with_member,
)
from pgagents.verify.cases.paths import (
    beside,
    elsewhere,
    has_head,
    nowhere,
    odd_requests,
    reader,
    without_id,
)
from pgagents.verify.fixtures.request_template import template_of
from pgagents.verify.judgement import Judgement, conclude
from pgagents.verify.promise import Attempt, Case, Trial, make_check
from pgagents.verify.setting import Memory, Setting
from pgagents.verify.wire.asking import ask
from pgagents.verify.wire.call import Call, Raw
from pgagents.verify.wire.endpoint import INVALID_PARAMS, INVALID_REQUEST, REST, Endpoint
from pgagents.verify.wire.endpoint import UNKNOWN_METHOD as NO_SUCH_METHOD
from pgagents.verify.wire.exchange import INVENTED, UNKNOWN_METHOD, Exchange

SUCCESS, REDIRECTION, NOT_ALLOWED, FAILED = 200, 300, 405, 500
BEFORE_ROUTES = (401, 403, 429)
"""Statuses with which a gateway refuses a path that it does not know, too."""
NO_METHOD = (404, NOT_ALLOWED, 501)
"""Statuses for a path or method that does not exist."""
LARGEST = "largest"
PROTOCOL_ERRORS = (NO_SUCH_METHOD, INVALID_REQUEST, INVALID_PARAMS)
"""The numbers of JSON-RPC for a message whose method or members are wrong."""
SURVIVES = "survives"


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield cases about paths and methods once, about bodies for each surface, and about the dispatchers' own
    members. A body at a limit that is too large to be tried is settled.
    """
    del roles
    for malformed in list_malformed(setting):
        attempt = _attempt(malformed)
        detail, place, settled = malformed.detail, f"@{malformed.call.surface}", None
        if malformed.size > MOST_BODY:
            limit = f"the limit is {malformed.size:,} bytes"
            why = f"{limit}, and no body of more than {MOST_BODY:,} bytes is sent"
            settled = (Verdict.NOT_APPLICABLE, why)
        own = settled if malformed.largest is None else None
        yield Case(None, malformed.says, malformed.origin, attempt, detail, settled=own, place=place)
        if malformed.largest is not None:
            assert malformed.largest.endpoint is not None, "it is a call of an action"
            says = f"{malformed.largest.why.partition(', and')[0]} is accepted"
            origin = find_limit_origin(setting, malformed.largest.endpoint)
            yield Case(None, says, origin, attempt, LARGEST, settled=settled, place=place)
    make_case = partial(Case, None, place=f"@{REST}")
    odd = odd_requests(setting)
    if odd:
        send = partial(_send_odd, odd=odd)
        survive = Attempt(together=send, stage=6, cost=len(odd), writes=False, endpoints=())
        says = "odd requests, such as a number of 400 digits, do not crash the server"
        yield make_case(says, ("errors", "framework"), survive, SURVIVES)
        if has_head(setting):
            yield make_case("HEAD is there where GET is", ("behaviour", "head"), survive, "head")
    if setting.model.errors.framework.wrong_method is None and reader(setting) is not None:
        origin = ("errors", "framework")
        says = f"{INVENTED}, a method that no server knows, succeeds nowhere, and a 405 has Allow"
        attempt = Attempt(_send_unknown, stage=2, overlap="all")
        yield make_case(says, origin, attempt, "unknown_method", advice=True)
        says = "what OPTIONS allows includes the methods of the catalogue"
        yield make_case(says, origin, detail="allowed_methods", advice=True)
    if setting.model.errors.framework.plaintext:
        says, origin = "plain http is refused", ("errors", "framework", "plaintext")
        can_try = setting.plain_url and reader(setting) is not None
        plain = Attempt(_send_plaintext, stage=2) if can_try else None
        yield make_case(says, origin, plain, "plaintext")


def _attempt(malformed: Malformed) -> Attempt:
    return Attempt(
        together=partial(_try, malformed=malformed),
        stage=2,
        cost=2 if malformed.writes else 1,
        writes=malformed.writes,
        endpoints=(malformed.call.endpoint,) if malformed.call.endpoint else (),
    )


def watch(exchange: Exchange, memory: Memory) -> Iterator[Judgement]:
    """Judge answers to HEAD and OPTIONS, and that each 405 names the allowed methods."""

    def find(detail: str) -> Trial | None:
        return CHECK.find_trial(memory.setting, f"@{REST}", detail)

    request, call = exchange.request, exchange.call
    if exchange.status == NOT_ALLOWED and call.endpoint is None and call.intent == "framework":
        yield from _judge_methods(find("wrong_method"), exchange, memory.setting)
    if exchange.void or call.surface != REST:
        return
    if request.method == "HEAD" and (trial := find("head")) is not None:
        yield _judge_head(trial, exchange)
    if request.method == "OPTIONS" and (trial := find("allowed_methods")) is not None:
        yield _judge_options(trial, exchange)


def _judge_methods(trial: Trial | None, exchange: Exchange, setting: Setting) -> Iterator[Judgement]:
    """Judge the Allow header of a 405 that no probe expected, such as Prefect's to OPTIONS."""
    here = (d for d in setting.endpoints if d.path == exchange.request.path and not d.server)
    methods = frozenset(endpoint.method for endpoint in here)
    if trial is not None and methods:
        yield from _judge_allow(trial, methods, exchange)


def _judge_allow(trial: Trial, allowed: frozenset[str], exchange: Exchange) -> Iterator[Judgement]:
    """Yield the break by a 405 whose Allow is wrong. No client library reads it, so it is only odd. Any other
    status needs no Allow.
    """
    if exchange.status != NOT_ALLOWED:
        return
    expected, named = "Allow names the methods of the path (RFC 9110, 15.5.6)", exchange.header("Allow")
    methods = {part.strip() for part in (named or "").split(",")}
    if not named:
        yield _lack_allow(trial, expected)
    elif not allowed <= methods or exchange.request.method in methods:
        yield trial.broken(expected, "Allow: {named}", named=named[:120]).with_rank(Rank.ODD)


def _lack_allow(trial: Trial, expected: str) -> Judgement:
    """Return the break by a 405 without Allow. Where no author wrote of methods, a server has it from its
    framework: then it is not worth a line.
    """
    rank = Rank.COERCED if trial.model.leaves_open else Rank.ODD
    return trial.broken(expected, "405 without Allow").with_rank(rank)


def _judge_head(trial: Trial, exchange: Exchange) -> Judgement:
    """Judge an answer to HEAD (RFC 9110, 9.3.2). It may be refused where its GET would be."""
    if exchange.status in NO_METHOD:
        expected = "what GET is answered with, without a body"
        return trial.broken(expected, exchange.outcome).with_rank(Rank.UNDOCUMENTED)
    if exchange.status in BEFORE_ROUTES or exchange.status >= FAILED:
        return trial.untested(f"its GET may be refused too: {exchange.outcome}")
    return trial.kept()


def _judge_options(trial: Trial, exchange: Exchange) -> Judgement:
    """Judge the methods that an answer to OPTIONS allows. Methods beyond the catalogue's are fine.

    A 405 is not an answer to the question: Starlette names the methods of one route in it.
    """
    named, path = exchange.header("Allow"), exchange.request.path
    here = {d.method for d in trial.setting.endpoints if d.on_rest and d.path == path}
    allowed = {part.strip() for part in (named or "").split(",")}
    if not named or not SUCCESS <= exchange.status < REDIRECTION:
        return trial.idle(f"the answer to OPTIONS names no methods: {exchange.outcome}")
    if here - allowed:
        return trial.broken(f"Allow with {', '.join(sorted(here))}", "Allow: {named}", named=named[:120])
    return trial.kept()


def _send_unknown(trial: Trial) -> None:
    """Send an invented method to a path. A server may refuse it with any status."""
    endpoint = reader(trial.setting)
    assert endpoint is not None, "the contract has one"
    raw = Raw(INVENTED, endpoint.path)
    answer = trial.ask(Call(None, {}, "framework", f"{INVENTED}, an unknown method", raw=raw))
    if answer.void or answer.is_tainted_by("no_crashes"):  # a crash is that check's finding
        return
    if SUCCESS <= answer.status < REDIRECTION:
        conclude(trial.broken("a refusal (RFC 9110, 9.1)", str(answer.status)))
    elif answer.status == NOT_ALLOWED and answer.header("Allow") is None:
        conclude(_lack_allow(trial, "405 with Allow (RFC 9110, 15.5.6)"))
    else:
        conclude(trial.kept())


def _send_plaintext(trial: Trial) -> None:
    """Call without TLS, with an invalid key. Judge the code and its required headers (Park Graph, PG-E2)."""
    setting, model, endpoint = trial.setting, trial.model, reader(trial.setting)
    assert endpoint is not None, "the contract has one"
    code = model.codes[model.errors.framework.plaintext]
    call = edit_call(setting, endpoint, "a call over plain http", Raw())
    answer = trial.ask(replace(call, plain=True))
    due = [header for header in model.headers if code.status in header.on]
    lacking = [h for h in due if (answer.header(h.name) or "") != (h.const or answer.header(h.name))]
    right = answer.status == code.status
    if not answer.void and right and lacking:
        name, expected = lacking[0].name, lacking[0].const or "any"
        actual = f"{name}: {{value}}"
        broken = trial.broken(f"{code.status} with {name}: {expected}", actual, value=answer.header(name))
        conclude(broken.with_rank(Rank.UNDOCUMENTED))
    elif right and code.envelope and not setting.envelope(code.envelope).is_valid(answer.body):
        actual = answer.json.problem or "another body"
        conclude(trial.broken(f"a body that is {code.envelope}", actual).with_rank(Rank.UNDOCUMENTED))
    else:
        for judgement in trial.refused(answer, [code], "plain http"):
            conclude(judgement.with_rank(Rank.EXPOSED) if answer.success else judgement)


def _send_odd(trials: Sequence[Trial], odd: Sequence[tuple[str, Raw]]) -> None:
    """Send each odd request. A crash is a finding of `no_crashes`; the watcher judges HEAD."""
    answers = [ask(Call(None, {}, "framework", says, raw=raw)) for says, raw in odd]
    if not any(answer.void or answer.is_tainted_by("no_crashes") for answer in answers):
        conclude(trials[0].kept())


def _try(trials: Sequence[Trial], malformed: Malformed) -> None:
    """Send the request. The first trial is its own, and a further one that of its largest body."""
    trial, code = trials[0], malformed.code
    if code is None:
        _try_accepted(trial, trials[1] if len(trials) > 1 else None, malformed)
        return
    answer = ask(malformed.call)
    wrong = [*_judge_allow(trial, malformed.allowed, answer)] if malformed.allowed else []
    if wrong and answer.status == code.status:
        conclude(wrong)
    elif _is_error_of_protocol(answer):
        conclude(trial.kept())
    else:
        what = malformed.says.removesuffix(" is refused")
        conclude(trial.refused(answer, [code], what, malformed.statuses))


def _is_error_of_protocol(answer: Exchange) -> bool:
    """True if an answer is JSON-RPC's own error for a method or a request that is none.

    It needs no code of the API: the protocol has a number for it.
    """
    endpoint, response = answer.call.endpoint, answer.response
    if endpoint is None or endpoint.json_rpc is None or response is None:
        return False
    message = read_json(response.body).value
    error = message.get("error") if isinstance(message, Mapping) else None
    return isinstance(error, Mapping) and error.get("code") in PROTOCOL_ERRORS


def _try_accepted(trial: Trial, of_largest: Trial | None, malformed: Malformed) -> None:
    """Judge a request that must be accepted.

    It is sent with the largest body first, then as it is, then without its other special feature: only a
    refusal that the plain call does not get is blamed on what is special.
    """
    plain, largest = malformed.call, malformed.largest if of_largest is not None else None
    answer = trial.ask(largest or plain)
    if largest is not None and of_largest is not None:
        if answer.success:
            conclude(of_largest.kept())
        else:
            full, answer = answer, trial.ask(plain)
            if not answer.success and malformed.again is not None:
                plain = malformed.again
                full = trial.ask(replace(plain, raw=largest.raw))
                answer = full if full.success else trial.ask(plain)
            if answer.success:
                conclude(of_largest.accepted(full, f"a body of {len(full.request.body):,} bytes"))
    elif not answer.success and malformed.again is not None:
        answer = trial.ask(malformed.again)
    if answer.success or answer.void or _is_plainly_taken(plain):
        conclude(trial.accepted(answer, malformed.says))
    else:
        conclude(trial.untested(f"the same call as it usually is was refused too: {answer.outcome}"))


def _is_plainly_taken(call: Call) -> bool:
    """True if the call succeeds without its changes. Only then does its refusal prove anything about them."""
    control = ask(replace(call, raw=Raw(), why=f"{call.why}: the same as it usually is"))
    return control.success


CHECK = make_check(
    "framework",
    __doc__,
    cases,
    watch=watch,
    watched=frozenset(("head", "wrong_method", "allowed_methods")),
    overlap="all",
    rank=Rank.LAX,
)


# -- requests that a server refuses before any action runs.
#
# Bodies have only the one error and are valid otherwise, so that a server that repairs the error is found
# to accept it.


def list_malformed(setting: Setting) -> tuple[Malformed, ...]:
    """Return all framework cases of a catalogue, computed once a run."""
    return setting.compute_once(
        "framework cases",
        lambda: (
            *_paths(setting),
            *list_body_cases(setting),
            *_make_dispatcher_cases(setting),
        ),
    )


def _paths(setting: Setting) -> Iterator[Malformed]:
    framework, codes = setting.model.errors.framework, setting.model.codes
    endpoint = reader(setting)
    if framework.unknown_path:
        code, origin = codes[framework.unknown_path], ("errors", "framework", "unknown_path")
        call = Call(None, {}, "framework", "an unknown path", raw=Raw("GET", nowhere(setting)))
        yield Malformed("unknown_path", "a path that does not exist is refused", call, code, origin)
        if setting.model.behaviour.trailing_slash == "unknown" and endpoint is not None:
            yield from _slashes(setting, endpoint, code)
    if framework.wrong_method and endpoint is not None:
        yield _wrong_method(setting, endpoint, codes[framework.wrong_method])


def _slashes(setting: Setting, endpoint: Endpoint, code: Code) -> Iterator[Malformed]:
    """Yield a path with a slash added, and a path that ends where an id should stand."""
    there = elsewhere(setting, endpoint)
    call = edit_call(setting, there, "a path with a slash added", Raw(target=f"{there.path}/"))
    yield Malformed(
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
        yield Malformed(
            "empty_id",
            "a path without its id is refused",
            call,
            code,
            ("behaviour", "trailing_slash"),
            (invalid,),  # a router may match an empty id, which is a wrong one then
        )


def _wrong_method(setting: Setting, endpoint: Endpoint, code: Code) -> Malformed:
    """Return a call with a method that its path lacks: an invented one, or GET where nothing reads, a method
    that every router knows.
    """
    path = endpoint.path
    method = INVENTED
    if (literal := beside(setting)) is not None:
        method, path = "GET", literal
    methods = {d.method for d in setting.home_endpoints if d.path == path and d.on_rest}
    call = Call(None, {}, "framework", f"{method} where it is not possible", raw=Raw(method, path))
    return Malformed(
        "wrong_method",
        f"{method} {path} is refused",
        call,
        code,
        ("errors", "framework", "wrong_method"),
        UNKNOWN_METHOD if method == INVENTED else (),
        allowed=frozenset(methods),
    )


def _make_dispatcher_cases(setting: Setting) -> Iterator[Malformed]:
    invalid = setting.model.codes[setting.model.errors.framework.invalid]
    for dispatcher in setting.model.dispatchers:
        endpoint = find_first_endpoint(setting, dispatcher.surface)
        if endpoint is None:
            continue
        for detail, says, wrap in list_wraps(setting, dispatcher, endpoint):
            yield Malformed(
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
            yield Malformed(
                "unknown_member",
                f"a member beside {dispatcher.selector} and {dispatcher.arguments} is refused",
                call,
                invalid,
                ("behaviour", "unknown_member"),
            )


# -- objects around a call that a dispatcher must refuse


def list_wraps(
    setting: Setting, dispatcher: Dispatcher, endpoint: Endpoint
) -> Iterator[tuple[str, str, dict[str, object]]]:
    """Yield wrong objects around a call's arguments, each with a name and the promise that it is refused."""
    selector, arguments = dispatcher.selector, dispatcher.arguments
    nothing: dict[str, object] = {selector: "pgv_no_such_action", arguments: {}}
    yield "unknown_action", "an action that does not exist is refused", nothing
    yield "missing_action", f"a body without {selector} is refused", {arguments: {}}
    yield "action_type", f"{selector} that is a number is refused", {selector: 1, arguments: {}}
    ordinary = template_of(setting.model, endpoint.action).input.items()
    plain = {k: v for k, v in ordinary if isinstance(v, str | int | float)}
    yield (
        "arguments_type",
        f"{arguments} that is a text is refused",  # models often send an object as text; the rest is right
        {selector: str(endpoint.action.name), arguments: json_bytes(plain).decode()},
    )
    outside = find_not_offered(setting, dispatcher)  # Park Graph's set is closed
    if outside is not None:
        yield (
            "outside_the_set",
            f"the action {outside}, which is not of the set, is refused",
            {selector: outside, arguments: {}},
        )


def find_not_offered(setting: Setting, dispatcher: Dispatcher) -> str | None:
    """Return a read that the dispatcher does not offer, and of which a call is valid in every other way.

    One without required arguments is preferred. None if every free read is offered: a server that wrongly
    carries out a write would change what is somebody else's.
    """
    others = [a for a in setting.model.actions if a.key and a.only_reads and a not in dispatcher.actions]
    chosen = min(others, key=lambda a: any(p.required for p in a.params), default=None)
    return str(chosen.name) if chosen is not None else None
