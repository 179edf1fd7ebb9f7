"""Access and refresh tokens work as long as the catalogue promises, and no longer.

Each is tried 30 s before its end and some minutes after it, by the operator's clock. A refresh token sent as
an access token is refused: it is for the authorization server alone (RFC 6749, 1.5).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from pgagents.report.contract import Rank, Verdict
from pgagents.report.reason import without_env
from pgagents.verify.fixtures.request_template import time_passes
from pgagents.verify.judgement import Judgement, Untested, conclude
from pgagents.verify.oauth import (
    LEEWAY_S,
    TOKEN_COST,
    Granting,
    challenges,
    consenting,
    judge_refused_token,
    within,
)
from pgagents.verify.promise import CLIENT, Attempt, Case, Trial, make_check
from pgagents.verify.setting import Setting
from pgagents.verify.wire.asking import ask
from pgagents.verify.wire.endpoint import OPERATOR, REST, Endpoint
from pgagents.verify.wire.exchange import Exchange, got
from pgagents.verify.wire.oauth import OAuthClient

MARGIN_S = 30.0
"""Seconds between a token's use and its expiry, because clocks differ by a few seconds; a promise of less
than twice that is not tried.
"""
STAGE = 9
"""The stage after all probes with existing instances, because the clock may be moved by a month."""
SAYS = {
    "refresh_as_access": "a refresh token is refused as an access token",
    "access_lives": f"an access token works until {MARGIN_S:g} s before its `access_s` are over",
    "access_ends": f"an access token is refused {LEEWAY_S:g} s after its `access_s` are over",
    "refresh_lives": f"a refresh token works until {MARGIN_S:g} s before its `refresh_s` are over",
    "refresh_ends": f"a refresh token is refused {LEEWAY_S:g} s after its `refresh_s` are over",
}


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield the cases for each lifetime that the catalogue gives; one token is tried in all of them."""
    del roles
    oauth, client, inside = setting.model.own_code_flow, consenting(setting), within(setting)
    if oauth is None:
        return
    members = {detail: f"{detail.partition('_')[0]}_s" for detail in SAYS}
    promised = [d for d, member in members.items() if (getattr(oauth, member) or 0) > 2 * MARGIN_S]
    attempt = None
    if client is not None and inside is not None:
        attempt = Attempt(
            together=partial(_try, client, *inside),
            cost=TOKEN_COST + 2 * len(promised),
            role=OPERATOR,
            probe=f"oauth_lifetimes/both@{REST}",
            shows=tuple(challenges(setting, inside[1]).values()),
        )
    settled = _settle(setting)
    for detail in promised:
        origin = (*oauth.origin, members[detail])
        yield Case(None, SAYS[detail], origin, attempt, detail, oauth.cite, settled, place=f"@{REST}")


def _settle(setting: Setting) -> tuple[Verdict, str] | None:
    if setting.model.clock is None:
        return Verdict.NOT_APPLICABLE, "the API has no clock that an operator could move"
    if setting.oauth is None:
        return Verdict.NOT_SELECTED, without_env("a registered OAuth client", "oauth")
    if consenting(setting) is None:
        return Verdict.NOT_SELECTED, without_env("a user who consents", "oauth.consent")
    return None


def _try(client: OAuthClient, scope: str, reader: Endpoint, trials: Sequence[Trial]) -> None:
    setting = trials[0].setting
    as_client = Granting(setting, client)
    tried = {trial.case.detail: trial for trial in trials}
    first, problem = as_client.request_token(scope, "a token whose time will pass")
    if first is None:
        raise Untested(problem)
    refresh = got(first.body, "refresh_token")
    if isinstance(refresh, str) and "refresh_as_access" in tried:
        answer = ask(as_client.make_call(refresh, reader, SAYS["refresh_as_access"]))
        conclude(_judge(tried["refresh_as_access"], answer, _is_refused(answer), "a refusal"))
        conclude(judge_refused_token(setting, reader, answer))
    passed = 0.0
    if "access_lives" in tried:
        _try_access(tried["access_lives"], tried["access_ends"], as_client, reader, first)
        passed = as_client.oauth.access_s + LEEWAY_S
    if "refresh_lives" in tried and isinstance(refresh, str):
        _try_refresh(tried["refresh_lives"], tried["refresh_ends"], as_client, first, passed)


def _try_access(lives: Trial, ends: Trial, as_client: Granting, reader: Endpoint, first: Exchange) -> None:
    token, lives_s = str(got(first.body, "access_token")), as_client.oauth.access_s
    _pass(lives.setting, lives_s - MARGIN_S)
    answer = ask(as_client.make_call(token, reader, "a call shortly before the token's end"))
    expected = f"{reader.action.name} succeeds {MARGIN_S:g} s before {lives_s} s are over"
    conclude(_judge_life(lives, answer, first, lives_s - MARGIN_S, expected))
    _pass(lives.setting, MARGIN_S + LEEWAY_S)
    answer = ask(as_client.make_call(token, reader, "a call shortly after the token's end"))
    expected = f"a refusal {LEEWAY_S:g} s after {lives_s} s are over"
    conclude(_judge(ends, answer, _is_refused(answer), expected))
    conclude(judge_refused_token(lives.setting, reader, answer))


def _try_refresh(lives: Trial, ends: Trial, as_client: Granting, first: Exchange, passed: float) -> None:
    """Refresh shortly before the token's expiry, then try the new token after another lifetime.

    The new token's lifetime begins at the refresh or at the first consent. Either way it has expired then.
    """
    token, lives_s = str(got(first.body, "refresh_token")), as_client.oauth.refresh_s
    left_s = lives_s - MARGIN_S - passed
    if left_s <= 0:
        return
    _pass(lives.setting, left_s)
    answer = ask(as_client.refresh(token, "a refresh token shortly before its end"))
    expected = f"a new token {MARGIN_S:g} s before {lives_s} s are over"
    conclude(_judge_life(lives, answer, first, lives_s - MARGIN_S, expected))
    new = got(answer.body, "refresh_token")
    changed = isinstance(new, str) and new != token
    token = new if isinstance(new, str) else token
    _pass(lives.setting, LEEWAY_S + (lives_s if changed else MARGIN_S))
    answer = ask(as_client.refresh(token, "a refresh token shortly after its end"))
    expected = f"a refusal {LEEWAY_S:g} s after {lives_s} s are over"
    conclude(_judge(ends, answer, _is_refused(answer), expected))
    if answer.success:  # no token of ours is left valid
        as_client.revoke_grant(answer)


def _is_refused(answer: Exchange) -> bool:
    """True if the server refuses; other checks judge the form of the refusal."""
    return 400 <= answer.status < 500


def _pass(setting: Setting, seconds: float) -> None:
    """Let time pass. Raises Untested if the clock was not moved: later moves count on this one."""
    call = time_passes(setting, seconds)
    assert call is not None, "without a clock nothing is selected"
    answer = ask(call)
    if not answer.success:
        raise Untested(f"the clock could not be moved: {answer.outcome}")


def _judge_life(
    trial: Trial, answer: Exchange, first: Exchange, moved_s: float, expected: str
) -> Iterator[Judgement]:
    """Judge a call that the clock put `moved_s` after a token's issue, unless the calls took long."""
    took_s = answer.answered_at - first.sent_at - moved_s
    if took_s >= MARGIN_S:
        yield trial.untested(f"the calls took {took_s:.0f} s, and the token's end was {MARGIN_S:g} s away")
    else:
        yield from _judge(trial, answer, answer.success, expected)


def _judge(trial: Trial, answer: Exchange, good: bool, expected: str) -> Iterator[Judgement]:
    if not answer.void:
        broken = trial.broken(expected, answer.outcome)
        broken = broken if answer.success else broken.with_rank(Rank.WRONG)
        yield trial.kept() if good else broken


CHECK = make_check("oauth_lifetimes", __doc__, cases, stage=STAGE, aid=CLIENT, rank=Rank.EXPOSED)
