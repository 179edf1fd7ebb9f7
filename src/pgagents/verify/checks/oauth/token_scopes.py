"""A token allows the actions that its scope names, and is refused all others, on each surface.

One token is granted for each scope alone. Each action is called with a token of another scope, which must be
refused. A call that changes nothing is made with a token of its own scope. It need not succeed, but must not
be refused for the token.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from pgagents.report.contract import Contract, Rank, Verdict
from pgagents.verify.cases.invalid import invalid_cases_of
from pgagents.verify.fixtures.request_template import ordinary, template_of
from pgagents.verify.oauth import TOKEN_COST, Granting, bearer, consenting
from pgagents.verify.promise import (
    Check,
    Conversation,
    Judgement,
    Probe,
    judge_broken,
    judge_kept,
    judge_refused,
    judge_untested,
    promise,
)
from pgagents.verify.setting import Setting
from pgagents.verify.wire.call import Call, Intent, Raw
from pgagents.verify.wire.endpoint import REST, Endpoint
from pgagents.verify.wire.exchange import Exchange, got
from pgagents.verify.wire.oauth import OAuthClient

NAME = "token_scopes"


@dataclass(frozen=True, slots=True)
class _Case:
    """An endpoint whose action needs `scope`, with an `other` scope that does not allow the action."""

    endpoint: Endpoint
    scope: str
    other: str
    within: bool
    """True if a token of the scope is tried, too: for writes on REST, and for one read of each scope."""


def promises(setting: Setting) -> Iterator[Contract]:
    """Yield contracts for each endpoint whose action needs a scope: refused without it, and often allowed
    with it.
    """
    oauth = setting.model.own_code_flow
    if oauth is None:
        return
    for case in _cases(setting):
        endpoint, origin = case.endpoint, (*oauth.origin, "needs", case.scope)
        says = f"{endpoint.action.name} is refused to a token that has {case.other} and not {case.scope}"
        yield promise(NAME, "without", endpoint, says, origin, endpoint.action.cite)
        if case.within:
            says = f"{endpoint.action.name} is not refused to a token for having {case.scope} alone"
            yield promise(NAME, "within", endpoint, says, origin, endpoint.action.cite)


def settle_contract(setting: Setting, contract: Contract) -> tuple[Verdict, str] | None:
    """Deselect the contract without an OAuth client and a user who consents."""
    del contract
    if setting.oauth is None:
        return Verdict.NOT_SELECTED, "needs a registered OAuth client: add `oauth` to the --env file"
    if consenting(setting) is None:
        return Verdict.NOT_SELECTED, "needs a user who consents: add `oauth.consent` to the --env file"
    return None


def _cases(setting: Setting) -> tuple[_Case, ...]:
    """Return a case for each action that needs exactly one scope.

    The `other` scope alternates, so that a scope which implies another is found.
    """

    def find() -> Iterator[_Case]:
        oauth = setting.model.own_code_flow
        needs = oauth.needs if oauth is not None and setting.model.errors.framework.no_scope else {}
        scopes = list(needs)
        read: set[str] = set()
        turns: Counter[str] = Counter()
        for endpoint in setting.endpoints:
            own = [scope for scope in scopes if str(endpoint.action.name) in needs[scope]]
            if len(own) == 1 and len(scopes) > 1:
                within = endpoint.surface == REST and (
                    endpoint.action.effect == "write" or own[0] not in read
                )
                read |= {own[0]} if within and endpoint.action.effect == "read" else set()
                others = [scope for scope in scopes if scope != own[0]]
                yield _Case(endpoint, own[0], others[turns[own[0]] % len(others)], within)
                turns[own[0]] += 1

    return setting.compute_once(NAME, lambda: tuple(find()))


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """Yield one probe for each scope: it gets a token and makes all calls with it."""
    del roles
    client = consenting(setting)
    if client is None:
        return
    for scope in dict.fromkeys(case.other for case in _cases(setting)):
        without = [case for case in _cases(setting) if case.other == scope]
        within = [case for case in _cases(setting) if case.scope == scope and case.within]
        covers = (
            *(f"{NAME}/without/{c.endpoint.place}" for c in without),
            *(f"{NAME}/within/{c.endpoint.place}" for c in within),
        )
        run = partial(_run, setting, client, scope, without, within)
        endpoints = tuple({case.endpoint.place: case.endpoint for case in (*without, *within)}.values())
        yield Probe(f"{NAME}/{scope}", 5, covers, TOKEN_COST + len(covers) + 1, run, endpoints, "main", True)


def _run(
    setting: Setting, client: OAuthClient, scope: str, without: list[_Case], within: list[_Case]
) -> Conversation:
    as_client = Granting(setting, client)
    exchange, problem = yield from as_client.request_token(scope, f"a token with {scope} alone")
    if exchange is None:
        for case in without:
            yield judge_untested(f"{NAME}/without/{case.endpoint.place}", problem)
        for case in within:
            yield judge_untested(f"{NAME}/within/{case.endpoint.place}", problem)
        return
    token = str(got(exchange.body, "access_token"))
    for case in without:
        yield from _without(setting, case, token)
    for case in within:
        yield from _within(setting, case, token)
    yield from as_client.revoke_grant(exchange)


def _with(call: Call, token: str) -> Call:
    """Return the call with a token instead of a key."""
    return Call(
        call.endpoint,
        call.input,
        call.intent,
        call.why,
        role="",
        subject=call.subject,
        states=call.states,
        surface=call.surface,
        raw=Raw(headers=bearer(token)),
    )


def _without(setting: Setting, case: _Case, token: str) -> Conversation:
    errors, endpoint = setting.model.errors, case.endpoint
    what = f"a token without {case.scope}"
    exchange: Exchange = yield _with(
        ordinary(endpoint, template_of(setting.model, endpoint.action), "scope", what), token
    )
    contract = f"{NAME}/without/{endpoint.place}"
    verdicts: list[Judgement] = list(
        judge_refused(exchange, contract, [setting.model.codes[str(errors.framework.no_scope)]], what)
    )
    told = got(exchange.body, errors.scope_at) if errors.scope_at and exchange.refused else None
    if told not in (None, case.scope) and not exchange.is_tainted_by("error_envelope"):
        verdicts = [
            judge_broken(
                contract, f"{errors.scope_at} is {case.scope}", f"{errors.scope_at} is {told}"
            ).with_rank(Rank.UNDOCUMENTED)
        ]
    yield from verdicts


def _within(setting: Setting, case: _Case, token: str) -> Conversation:
    """Judge that the answer does not refuse the token.

    Invalid input may be refused before scopes are checked.
    """
    framework, codes = setting.model.errors.framework, setting.model.codes
    refusals = {c for c in (framework.no_scope, framework.no_key, framework.wrong_key) if c is not None}
    exchange: Exchange = yield _with(_harmless(setting, case.endpoint), token)
    contract = f"{NAME}/within/{case.endpoint.place}"
    if exchange.void or exchange.unsound:
        return
    told = got(exchange.body, setting.model.errors.scope_at) if setting.model.errors.scope_at else None
    refused = exchange.code in refusals or (
        exchange.code is None and exchange.status in {codes[c].status for c in refusals}
    )
    if refused and told in setting.model.auth.scopes and told != case.scope:
        yield Judgement(
            contract, Verdict.NOT_APPLICABLE, f"the plan of the token's user lacks the scope {told}"
        )
    elif refused:
        yield judge_broken(
            contract, f"{case.scope} suffices for {case.endpoint.action.name}", exchange.outcome
        ).with_rank(Rank.WRONG)
    else:
        yield judge_kept(contract)


def _harmless(setting: Setting, endpoint: Endpoint) -> Call:
    """Return a call that changes nothing: a read, a call about an absent id, or an invalid one."""
    template, why = template_of(setting.model, endpoint.action), "a token with just the scope that is needed"
    ids = {
        str(p.name): r.find_absent_value(p)
        for p in endpoint.params
        if (r := setting.model.resources.get(p.refers_to or "")) and r.absent is not None and p.required
    }
    intent: Intent = "absent" if ids else "explore"
    if not ids and endpoint.action.effect == "write":
        wrong = next((n for n in invalid_cases_of(setting, endpoint) if n.priority == 1), None)
        return wrong.call if wrong is not None else ordinary(endpoint, template, "scope", why)
    return ordinary(
        endpoint, template, intent, why, input={**template.input, **ids}, subject=template.subject
    )


CHECK = Check(
    NAME,
    __doc__,
    promises,
    probes=probes,
    settled=settle_contract,
    overlap="all",
    rank=Rank.EXPOSED,
)
