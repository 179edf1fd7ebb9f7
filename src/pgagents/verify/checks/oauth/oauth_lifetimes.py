"""Access and refresh tokens work as long as the catalogue promises, and no longer.

Each is tried 30 s before and after its end, by the operator's clock. A token with one character more, and a
refresh token sent as an access token, are refused.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Any

from pgagents.report.contract import Contract, Verdict
from pgagents.verify.fixtures.request_template import time_passes
from pgagents.verify.oauth import TOKEN_COST, Granting, challenges, consenting, judge_refused_token, within
from pgagents.verify.promise import (
    Check,
    Conversation,
    Judgement,
    Probe,
    judge_broken,
    judge_kept,
    judge_untested,
    promise_at,
)
from pgagents.verify.setting import Setting
from pgagents.verify.wire.endpoint import OPERATOR, REST
from pgagents.verify.wire.exchange import Exchange, got

NAME = "oauth_lifetimes"
MARGIN_S = 30.0
"""Seconds between a token's expiry and its uses before and after, because clocks differ by a few seconds."""
STAGE = 9
"""The stage after all probes with existing instances, because the clock may be moved by a month."""
SAYS = {
    "access_longer": "an access token with a character more is refused",
    "refresh_as_access": "a refresh token is refused as an access token",
    "access_lives": f"an access token works until {MARGIN_S:g} s before its `access_s` are over",
    "access_ends": f"an access token is refused {MARGIN_S:g} s after its `access_s` are over",
    "refresh_lives": f"a refresh token works until {MARGIN_S:g} s before its `refresh_s` are over",
    "refresh_ends": f"a refresh token is refused {MARGIN_S:g} s after its `refresh_s` are over",
}


def promises(setting: Setting) -> Iterator[Contract]:
    """Yield the contracts for each lifetime that the catalogue gives."""
    oauth = setting.model.own_code_flow
    if oauth is None:
        return
    for case, says in SAYS.items():
        member = f"{case.partition('_')[0]}_s"
        if (getattr(oauth, member) or 0) > 2 * MARGIN_S:
            yield promise_at(NAME, case, f"@{REST}", says, (*oauth.origin, member), oauth.cite)


def settle_contract(setting: Setting, contract: Contract) -> tuple[Verdict, str] | None:
    """Exclude the contract if no clock can be moved. Deselect it without a client and a user who consents."""
    del contract
    if setting.model.clock is None:
        return Verdict.NOT_APPLICABLE, "the API has no clock that an operator could move"
    if setting.oauth is None:
        return Verdict.NOT_SELECTED, "needs a registered OAuth client: add `oauth` to the --env file"
    if consenting(setting) is None:
        return Verdict.NOT_SELECTED, "needs a user who consents: add `oauth.consent` to the --env file"
    return None


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """Yield one probe: the access token before and after its end, then the refresh token."""
    del roles
    covers = tuple(c.id for c in promises(setting))
    client = consenting(setting)
    if covers and client is not None and setting.model.clock is not None and (inside := within(setting)):
        cost = TOKEN_COST + 2 * len(covers) - 1  # nearly equal tokens need no waiting
        yield Probe(
            f"{NAME}/both@{REST}",
            STAGE,
            covers,
            cost,
            lambda: _run(setting, Granting(setting, client)),
            (),
            OPERATOR,
            shows=tuple(challenges(setting, inside[1]).values()),
        )


def _run(setting: Setting, as_client: Granting) -> Conversation:
    oauth, inside = as_client.oauth, within(setting)
    assert inside is not None
    first, problem = yield from as_client.request_token(inside[0], "a token whose time will pass")
    if first is None:
        for contract in promises(setting):
            yield judge_untested(contract.id, problem)
        return
    token = got(first.body, "refresh_token")
    near = {"access_longer": str(got(first.body, "access_token")) + "A", "refresh_as_access": token}
    for case, text in near.items():
        if isinstance(text, str) and f"{NAME}/{case}@{REST}" in {c.id for c in promises(setting)}:
            exchange: Exchange = yield as_client.make_call(text, inside[1], SAYS[case])
            yield from _judge_case(case, exchange, _is_refused(exchange), "a refusal")
            yield from judge_refused_token(setting, inside[1], exchange)
    passed = 0.0
    if (oauth.access_s or 0) > 2 * MARGIN_S:
        yield from _access(setting, as_client, str(got(first.body, "access_token")))
        passed = oauth.access_s + MARGIN_S
    if (oauth.refresh_s or 0) > 2 * MARGIN_S and isinstance(token, str):
        yield from _refresh(setting, as_client, token, passed)


def _access(setting: Setting, as_client: Granting, token: str) -> Conversation:
    inside, lives_s = within(setting), as_client.oauth.access_s
    assert inside is not None
    if (yield from _passes(setting, lives_s - MARGIN_S)):
        exchange: Exchange = yield as_client.make_call(
            token, inside[1], "a call shortly before the token's end"
        )
        yield from _judge_case(
            "access_lives",
            exchange,
            exchange.success,
            f"{inside[1].action.name} succeeds {MARGIN_S:g} s before {lives_s} s are over",
        )
    if (yield from _passes(setting, 2 * MARGIN_S)):
        exchange = yield as_client.make_call(token, inside[1], "a call shortly after the token's end")
        yield from _judge_case(
            "access_ends",
            exchange,
            _is_refused(exchange),
            f"a refusal {MARGIN_S:g} s after {lives_s} s are over",
        )
        yield from judge_refused_token(setting, inside[1], exchange)


def _refresh(setting: Setting, as_client: Granting, token: str, passed: float) -> Conversation:
    """Refresh shortly before the token's expiry, then try the new token after another lifetime.

    The new token's lifetime begins at the refresh or at the first consent. Either way it has expired then.
    """
    lives_s = as_client.oauth.refresh_s
    if lives_s - MARGIN_S > passed and (yield from _passes(setting, lives_s - MARGIN_S - passed)):
        exchange: Exchange = yield as_client.refresh(token, "a refresh token shortly before its end")
        yield from _judge_case(
            "refresh_lives",
            exchange,
            exchange.success,
            f"a new token {MARGIN_S:g} s before {lives_s} s are over",
        )
        new = got(exchange.body, "refresh_token")
        changed = isinstance(new, str) and new != token
        token = new if isinstance(new, str) else token
        if (yield from _passes(setting, lives_s + MARGIN_S if changed else 2 * MARGIN_S)):
            exchange = yield as_client.refresh(token, "a refresh token shortly after its end")
            yield from _judge_case(
                "refresh_ends",
                exchange,
                _is_refused(exchange),
                f"a refusal {MARGIN_S:g} s after {lives_s} s are over",
            )
            if exchange.success:
                yield from as_client.revoke_grant(exchange)


def _is_refused(exchange: Exchange) -> bool:
    """True if the server refuses; other checks judge the form of the refusal."""
    return 400 <= exchange.status < 500


def _passes(setting: Setting, seconds: float) -> Generator[Any, Any, bool]:
    call = time_passes(setting, seconds)
    assert call is not None, "without a clock nothing is selected"
    exchange: Exchange = yield call
    return exchange.success


def _judge_case(case: str, exchange: Exchange, good: bool, expected: str) -> Iterator[Judgement]:
    if not exchange.void:
        yield (
            judge_kept(f"{NAME}/{case}@{REST}")
            if good
            else judge_broken(f"{NAME}/{case}@{REST}", expected, exchange.outcome)
        )


CHECK = Check(
    NAME,
    __doc__,
    promises,
    probes=probes,
    settled=settle_contract,
)
