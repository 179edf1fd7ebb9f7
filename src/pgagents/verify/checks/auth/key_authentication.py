"""A call without a valid key is refused.

Each endpoint is called without a key. One endpoint of each surface also gets malformed, wrong, misplaced and
revoked keys, in the forms of the scheme's type. In `user:password` the password is wrong. Where a call needs
several schemes, each is left out once. A scheme of other actions is refused. Each further alternative is
accepted, and so is a call without a key if the key is optional. If the catalogue sets `auth_first`, the key
is checked before the body is parsed or ids are looked up. The name of an HTTP scheme is also accepted in
lower case.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

from pgagents.model.answers.error_code import Code
from pgagents.model.contract import Contract, Verdict
from pgagents.verify.answers.refusal import ANY_REFUSAL
from pgagents.verify.cases.credentials.wrong_keys import (
    NAME,
    NEAR,
    choose_input,
    choose_twist,
    find_first_read,
    find_revoked_role,
    list_cases,
    list_unread,
)
from pgagents.verify.check.check import (
    Check,
    Conversation,
    Probe,
    judge_accepted,
    judge_kept,
    judge_refused,
    judge_untested,
    promise,
)
from pgagents.verify.check.setting import Setting
from pgagents.verify.fixtures.request_template import ordinary, template_of
from pgagents.verify.wire.call import Call, Raw, Twist
from pgagents.verify.wire.exchange import Exchange

BEFORE_BODY = "before_body"
EITHER_CASE = "either_case"
FORBIDDEN = 403
UNSAID = tuple(s for s in ANY_REFUSAL if s not in (404, 405, 410))
"""Statuses that may refuse a key if a document names no code for it."""
WRONG: frozenset[Twist] = frozenset(("garbage", "flip", *NEAR["garbage"], *NEAR["flip"]))
"""The twists that send a well-formed but wrong key."""


def promises(setting: Setting) -> Iterator[Contract]:
    """Yield contracts: no key on every endpoint; wrong and revoked keys on one endpoint of each surface.

    One endpoint of each surface is also called without a key and with an unreadable body. One call has the
    scheme in lower case, and one call uses each further alternative.
    """
    for case in list_cases(setting):
        endpoint, ends = case.endpoint, "is served" if case.accepted else "is refused"
        yield promise(
            NAME,
            case.detail,
            endpoint,
            f"{endpoint.action.name} called {case.what} {ends}",
            ("security",) if case.accepted else ("errors", "framework", "no_key"),
            endpoint.action.cite,
        )

    for endpoint in list_unread(setting):
        says = f"{endpoint.action.name} called without a key is refused for that, whatever its body is"
        yield promise(NAME, BEFORE_BODY, endpoint, says, ("behaviour", "auth_first"), endpoint.action.cite)
    for endpoint, credential in find_first_read(setting):
        says = "the scheme's name is known in either case (RFC 9110, 11.1)"
        yield promise(NAME, EITHER_CASE, endpoint, says, credential.origin)


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """Yield one probe for each contract. The first endpoint of each surface is called early."""
    del roles
    for endpoint, _ in find_first_read(setting):
        contract = f"{NAME}/{EITHER_CASE}/{endpoint.place}"
        what = "a call whose scheme is written in small letters"
        call = ordinary(endpoint, template_of(setting.model, endpoint.action), "auth", what, twist="lower")
        yield Probe(contract, 6, (contract,), 1, partial(_run_accepted, call, contract, what), (endpoint,))
    first: set[tuple[str, Twist]] = set()
    unread = {endpoint.place for endpoint in list_unread(setting)}
    for case in list_cases(setting):
        endpoint, twist = case.endpoint, case.twist
        role = (find_revoked_role(setting) or "main") if case.detail == "revoked" else "main"
        early = twist in ("none", "garbage") and (endpoint.surface, twist) not in first
        first.add((endpoint.surface, twist))
        call = ordinary(
            endpoint,
            template_of(setting.model, endpoint.action),
            "auth",
            f"a call {case.what}",
            twist=choose_twist(setting, endpoint, twist),
            twisted=case.scheme,
            schemes=case.schemes,
            role=role,
            input=choose_input(setting, endpoint, twist),
        )
        run, covers = partial(_run, setting, call, case.contract, case.what), [case.contract]
        if case.accepted:
            run = partial(_run_accepted, call, case.contract, f"a call {case.what}")
        elif twist == "none" and endpoint.place in unread:
            covers.append(f"{NAME}/{BEFORE_BODY}/{endpoint.place}")
            run = partial(_both, setting, call, case.contract, covers[1])
        yield Probe(
            case.contract,
            2 if early else 6,
            tuple(covers),
            1,
            run,
            (endpoint,),
            role,
            endpoint.action.effect == "write",
            schemes=case.schemes or (),
        )


def _run_accepted(call: Call, contract: str, what: str) -> Conversation:
    exchange: Exchange = yield call
    yield from judge_accepted(exchange, contract, what)


def _list_codes(setting: Setting, call: Call) -> list[Code]:
    """Return the codes with which a call may be refused: for no key, a wrong key, or an unreadable key."""
    missing, wrong = setting.model.no_key, setting.model.wrong_key
    assert missing is not None
    assert wrong is not None  # the catalogue names it if calls have keys
    if call.twist == "none":
        return [missing]
    whole = call.twist in WRONG or (not call.twist and call.schemes is None)
    return [wrong] if whole or missing is wrong else [missing, wrong]


def _run(setting: Setting, call: Call, contract: str, what: str) -> Conversation:
    codes = _list_codes(setting, call)
    statuses = UNSAID if setting.model.leaves_open else ()
    exchange: Exchange = yield call
    if (
        exchange.success
        and setting.bare is not None
        and (reason := (yield from _otherwise_keyed(call, [*(code.status for code in codes), FORBIDDEN])))
    ):
        yield judge_untested(contract, reason)
    else:
        yield from judge_refused(exchange, contract, codes, f"a call {what}", statuses)


def _otherwise_keyed(call: Call, statuses: list[int]) -> Generator[Any, Any, str]:
    """Return why a success without a key proves nothing, such as a key in the headers of `--env`.

    Empty if it proves that no key is needed.
    """
    bare: Exchange = yield replace(
        call, bare=True, why=f"{call.why}, and without the headers that were given"
    )
    if bare.success:
        return ""
    if bare.status in statuses:
        return (
            "a header that --env gives goes with every call and is a key itself: without it the call is "
            "refused"
        )
    return f"without the headers that --env gives the call was answered {bare.outcome}"


def _both(setting: Setting, call: Call, contract: str, before: str) -> Conversation:
    """Judge both contracts by one call if the call is refused for its key.

    If it is not, a second call shows which contract is broken.
    """
    code = setting.model.no_key
    assert code is not None
    unread: Exchange = yield replace(
        call, why="a call without a key, with half a body", raw=Raw(edit=lambda _: b'{"')
    )
    judged = list(judge_refused(unread, before, [code], "a call without a key, whatever its body,"))
    yield from judged
    if judged and judged[0].verdict is Verdict.KEPT:
        yield judge_kept(contract)
    else:
        yield from _run(setting, call, contract, "without a key")


CHECK = Check(
    NAME,
    __doc__,
    promises,
    probes=probes,
    overlap="all",
)
