"""A code is exchanged once, and only by the client that proves itself. A token allows what was granted until
it is revoked.

A user must consent, so this needs an OAuth client with `consent` in the `--env` file. The rules are those of
RFC 6749, RFC 7636 (PKCE), RFC 7009 (revocation) and RFC 9700 (refresh tokens). Whether PKCE binds a client
says `pkce_binds`. Revoking a refresh token need not end its access tokens, because RFC 7009, 2.1 only says
SHOULD.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from pgagents.catalogue.model.credential import PKCE
from pgagents.report.contract import Rank, Verdict
from pgagents.report.reason import without_env
from pgagents.verify.fixtures.instance import is_double
from pgagents.verify.judgement import Judgement, conclude
from pgagents.verify.oauth import (
    STATE,
    Code,
    Granting,
    beyond,
    challenges,
    consenting,
    judge_refused_token,
    within,
)
from pgagents.verify.promise import CLIENT, Attempt, Case, Trial, make_check
from pgagents.verify.setting import Setting
from pgagents.verify.wire.asking import ask
from pgagents.verify.wire.endpoint import REST
from pgagents.verify.wire.exchange import Exchange, got
from pgagents.verify.wire.oauth import OAuthClient, gives_token, refusal, verifier

# -- the probe that judges each case: codes, tokens, refreshing, revocation


REFUSED = "400 with a JSON error"
PASSED_S = 60
"""The seconds of a lifetime that may have passed when a token is sent: Microsoft Entra tells what is left."""
MOST_CODES = 3
"""The most further codes for an exchange that ended the one before: a server may take several attempts for an
attack (RFC 6749, 10.5).
"""
_OF_RIGHT_CALLS = frozenset(("state", "not_stored", "expiry_told", "token", "refresh", "revocation"))
"""Cases of right calls, whose breaks expose nothing."""
_OF_READS = frozenset(("scope", "refresh_scope", "revoked"))
"""Cases whose last call is a read with a token; that of the others earns one."""


@dataclass(slots=True)
class GrantCases:
    """The calls to the authorization server, in parts that each judge some contracts."""

    setting: Setting
    client: OAuthClient
    as_client: Granting
    tried: Mapping[str, Trial]
    """The trials by their cases' detail; a case that this client cannot show has none."""

    @property
    def oauth(self) -> Any:
        return self.setting.model.own_code_flow

    def run(self) -> None:
        """Run all parts. Each requests a code of its own, because another part may have used or revoked the
        earlier codes.
        """
        code = self.as_client.code(self.scope())
        if not code.text:
            conclude(self.leave_untested(self.tried, f"no code: {code.problem}"))
            return
        conclude(self.judge_case("state", code.state == STATE, f"state={STATE}", f"state={code.state}"))
        code, first = self.exchange_without_verifier(code)
        self.judge_token_answer(first)
        self.judge_access_token(first)
        self.judge_refresh(first)
        self.spent()
        self.judge_unchallenged()
        self.elsewhere()
        self.judge_denial()

    def scope(self) -> str:
        """Return the one scope that is asked for, so that another is beyond it."""
        found = within(self.setting)
        assert found is not None
        return found[0]

    def judge_case(
        self, case: str, good: bool, expected: str, actual: str, *answers: Exchange
    ) -> Iterator[Judgement]:
        """Judge the contract of a case, if it is tried. It is untested if a server was too busy to answer."""
        trial = self.tried.get(case)
        if trial is None:
            return
        if busy := next((answer for answer in answers if answer.void), None):
            yield trial.untested(f"the server put a call off: {busy.outcome}")
        else:
            broken = trial.broken(expected, actual)
            if case in _OF_RIGHT_CALLS:
                broken = broken.with_rank(Rank.WRONG)
            elif not answers or not (answers[-1].success if case in _OF_READS else gives_token(answers[-1])):
                broken = broken.with_rank(Rank.UNDOCUMENTED)
            yield trial.kept() if good else broken

    def leave_untested(self, names: Iterable[str], reason: str) -> Iterator[Judgement]:
        """Say why the cases with these names could not be judged."""
        for case in names:
            if case in self.tried:
                yield self.tried[case].untested(reason)

    def exchange_without_verifier(self, code: Code) -> tuple[Code, Exchange]:
        """Exchange a code without its verifier, which must fail, then with it.

        A server may end a code after a wrong exchange (RFC 6749, 10.5); then a new one is used. Return the
        code and the last exchange.
        """
        exchange = ask(self.as_client.exchange(code, "a code without its verifier"))
        problem = refusal(exchange)
        conclude(self.judge_case("verifier_required", not problem, REFUSED, problem, exchange))
        code, exchange, _ = self.exchange_code(code)
        return code, exchange

    def exchange_code(self, code: Code) -> tuple[Code, Exchange, bool]:
        """Exchange a code correctly, or a new one if the server ended it after a wrong or a limited exchange.

        Return the code, the exchange, and whether it is the same code.
        """
        exchange, same = self._exchange_rightly(code), True
        for _ in range(MOST_CODES):
            # one that was put off and sent again may have ended its code, too
            if exchange.success or exchange.void or not (same or exchange.repeats):
                break
            code, same = self.as_client.code(self.scope()), False
            exchange = self._exchange_rightly(code)
        return code, exchange, same

    def _exchange_rightly(self, code: Code) -> Exchange:
        right = {"code_verifier": self.as_client.verifier}  # another one for each code
        return ask(self.as_client.exchange(code, "a code with its verifier", more=right))

    def judge_token_answer(self, exchange: Exchange) -> None:
        """Judge the token answer's Cache-Control and `expires_in`."""
        if not exchange.success:
            return
        stored = (exchange.header("cache-control") or "").lower()
        told = f"Cache-Control: {stored or 'is missing'}"
        conclude(
            self.judge_case(
                "not_stored", "no-store" in stored, "Cache-Control: no-store (RFC 6749, 5.1)", told
            )
        )
        if self.oauth.access_s:
            lives = got(exchange.body, "expires_in")
            conclude(
                self.judge_case(
                    "expiry_told",
                    lives is None or self._is_left(lives),
                    f"expires_in {self.oauth.access_s}",
                    f"expires_in {lives}",
                )
            )

    def _is_left(self, lives: Any) -> bool:
        return is_double(lives) and 0 <= self.oauth.access_s - lives <= PASSED_S

    def judge_access_token(self, exchange: Exchange) -> None:
        """Judge that the access token works for the granted scopes, and for no others."""
        token, inside = got(exchange.body, "access_token"), within(self.setting)
        if not isinstance(token, str) or str(got(exchange.body, "token_type")).lower() != "bearer":
            expected = "200 with an access_token of token_type Bearer"
            conclude(self.judge_case("token", False, expected, exchange.outcome, exchange))
            return
        assert inside is not None
        answer = ask(self.as_client.make_call(token, inside[1], "a call with an access token"))
        conclude(
            self.judge_case(
                "token",
                answer.success,
                f"{inside[1].action.name} succeeds with the token",
                answer.outcome,
                answer,
            )
        )
        self.outside(token, "scope")

    def outside(self, token: str, case: str) -> None:
        """Call a read that the token was not granted."""
        outer = beyond(self.setting)
        if outer is not None:
            why = f"a call that the token was not granted, {outer[0]} alone allows it"
            answer = ask(self.as_client.make_call(token, outer[1], why))
            no_scope = self.setting.model.errors.framework.no_scope
            status = self.setting.model.codes[no_scope].status if no_scope else 403
            expected = f"{status}: the token has only {self.scope()}"
            conclude(self.judge_case(case, answer.status == status, expected, answer.outcome, answer))

    def judge_refresh(self, exchange: Exchange) -> None:
        """Judge that a refresh token gives a new access token, and that the old refresh token no longer
        works.
        """
        token, inside = got(exchange.body, "refresh_token"), within(self.setting)
        if not self.oauth.refresh_s or not exchange.success:
            return
        if not isinstance(token, str):
            conclude(
                self.judge_case("refresh", False, "a refresh_token beside the access token", "none came")
            )
            return
        again = ask(self.as_client.refresh(token, "a refresh token"))
        access = got(again.body, "access_token")
        assert inside is not None
        if not isinstance(access, str):
            conclude(self.judge_case("refresh", False, "200 with an access_token", again.outcome, again))
            return
        answer = ask(self.as_client.make_call(access, inside[1], "a call with the refreshed token"))
        expected = "the new access token works"
        conclude(self.judge_case("refresh", answer.success, expected, answer.outcome, answer))
        self.outside(access, "refresh_scope")
        if self.oauth.refresh_rotates:
            new = got(again.body, "refresh_token")
            old = ask(self.as_client.refresh(token, "a refresh token once more"))
            problem = refusal(old) or (
                "" if isinstance(new, str) and new != token else "no new refresh token came"
            )
            expected = "a new refresh token, and 400 for the old one"
            conclude(self.judge_case("rotation", not problem, expected, problem, old))
        if self.oauth.revoke:  # leave no token of ours valid
            last = got(again.body, "refresh_token")
            ended = ask(
                self.as_client.revoke(last if isinstance(last, str) else token, "the last token ends")
            )
            # the second use of the old one may have ended it already (RFC 9700, 4.14.2), which is 200, too
            if not ended.void:
                conclude(self.judge_case("revocation", ended.status == 200, "200", ended.outcome))

    def spent(self) -> None:
        """Try a code wrongly in every way, exchange it, revoke its tokens, and try the code once more."""
        code = self.as_client.code(self.scope())
        wrong = self.violations()
        answers: dict[str, Exchange] = {}
        for case in wrong:
            answers[case] = self.exchange_wrongly(case, code)
        code, exchange, same = self.exchange_code(code)
        used = self.as_client.verifier
        for case, answer in answers.items():
            # the code had ended by then, so its refusal proves nothing; the first that ended it does
            if not same and not refusal(answer) and case != "verifier_checked":
                another = self.as_client.code(self.scope())
                answer = self.exchange_wrongly(case, another)
            problem = refusal(answer)
            conclude(self.judge_case(case, not problem, REFUSED, problem, answer))
        token = got(exchange.body, "access_token")
        if not isinstance(token, str):
            names = ("once", "revoked", "revoked_refresh", "refresh_scope")
            conclude(self.leave_untested(names, f"no code could be exchanged: {exchange.outcome}"))
            return
        if self.oauth.revoke:
            self.judge_revocation(token)
        self.judge_wider_scope(got(exchange.body, "refresh_token"))
        # last, because a second use may end the tokens (RFC 6749, 4.1.2)
        again = ask(self.as_client.exchange(code, "a code once more", more={"code_verifier": used}))
        problem = refusal(again)
        conclude(self.judge_case("once", not problem, REFUSED, problem, again))

    def violations(self) -> tuple[str, ...]:
        """Return the wrong ways to exchange a code; first those after which servers are least likely to
        end it.
        """
        return (*(["client_bound"] if self.client.other else []), "redirect_bound", "verifier_checked")

    def exchange_wrongly(self, case: str, code: Code) -> Exchange:
        """Exchange a code wrongly; return the answer."""
        right = {"code_verifier": self.as_client.verifier}
        if case == "client_bound":
            call = self.as_client.exchange(
                code, "another client's exchange of our code", client=self.client.other, more=right
            )
        elif case == "redirect_bound":
            other = {"redirect_uri": f"{self.client.redirect_uri.rstrip('/')}/another"}
            call = self.as_client.exchange(code, "a code with another redirect URI", more={**right, **other})
        else:
            other = {"code_verifier": verifier(self.setting.seed, 0)}
            call = self.as_client.exchange(code, "a code with another verifier", more=other)
        return ask(call)

    def judge_revocation(self, token: str) -> None:
        """Revoke an access token and call with it. A wrong hint must not matter (RFC 7009, 2.1)."""
        inside = within(self.setting)
        assert inside is not None
        told = ask(
            self.as_client.revoke(
                token, "the revocation of a token, with a hint that it is another kind", "refresh_token"
            )
        )
        if got(told.body, "error") == "unsupported_token_type" and "revoked" in self.tried:
            why = "the server revokes no access tokens (RFC 7009, 2.2.1)"
            conclude(self.tried["revoked"].not_applicable(why))
            return
        answer = ask(self.as_client.make_call(token, inside[1], "a call with a revoked token"))
        code = self.setting.model.wrong_key
        assert code is not None  # OAuth stands beside a bearer key
        good = told.status == 200 and answer.status == code.status
        expected, said = f"200, then {code.status} to the token", f"{told.outcome}, then {answer.outcome}"
        conclude(self.judge_case("revoked", good, expected, said, told, answer))
        conclude(judge_refused_token(self.setting, inside[1], answer))

    def judge_wider_scope(self, token: Any) -> None:
        """Refresh with a wider scope than granted, then revoke the refresh token and try it again."""
        if not self.oauth.refresh_s:
            return
        if not isinstance(token, str):
            conclude(self.leave_untested(("refresh_scope", "revoked_refresh"), "no refresh token came"))
            return
        outer = beyond(self.setting)
        if outer is not None:
            wider = f"{self.scope()} {outer[0]}"
            more = ask(
                self.as_client.refresh(token, "a refresh token for more than was granted", scope=wider)
            )
            access, new = got(more.body, "access_token"), got(more.body, "refresh_token")
            if more.success and isinstance(access, str):
                self.outside(access, "refresh_scope")
                token = new if isinstance(new, str) else token
            elif not more.void:
                conclude(self.judge_case("refresh_scope", True, "", ""))
        if self.oauth.revoke:
            told = ask(self.as_client.revoke(token, "the revocation of a refresh token"))
            answer = ask(self.as_client.refresh(token, "a revoked refresh token"))
            problem = refusal(answer) if told.status == 200 else f"{told.outcome} to its revocation"
            expected = f"200, then {REFUSED}"
            conclude(self.judge_case("revoked_refresh", not problem, expected, problem, told, answer))

    def judge_unchallenged(self) -> None:
        """Request a code without a challenge, if PKCE binds the client, and one with a plain challenge.

        Neither may lead to a token.
        """
        if self.client.kind in self.oauth.pkce_binds:
            code = self.as_client.code(self.scope(), challenged=False)
            expected = "an error instead of a code, or of a token"
            why = "a code that was asked for without a challenge"
            self.judge_no_token("challenge_required", code, expected, why)
        code = self.as_client.code(self.scope(), method="plain", why="a code with a plain challenge")
        expected, why = f"only {PKCE} earns a token", "a code with a plain challenge"
        self.judge_no_token("challenge_method", code, expected, why, code_verifier=self.as_client.verifier)

    def elsewhere(self) -> None:
        """Exchange another client's challenged code without its verifier. The same user consents.

        Of Park Graph's clients one has a secret, and PKCE binds it if it sent a challenge.
        """
        if self.client.other is None or not {self.client.other.kind, "challenged"} & set(
            self.oauth.pkce_binds
        ):
            return
        other = replace(self.client.other, consent=self.client.consent, headers=self.client.headers)
        as_other = Granting(self.setting, other)
        code = as_other.code(self.scope(), why="a code for another client")
        if not code.text:
            conclude(self.leave_untested(("other_challenged",), f"no code: {code.problem}"))
            return
        exchange = ask(as_other.exchange(code, "another client's code without its verifier"))
        as_other.revoke_grant(exchange)
        problem = refusal(exchange)
        conclude(self.judge_case("other_challenged", not problem, REFUSED, problem, exchange))

    def judge_no_token(self, case: str, code: Code, expected: str, why: str, code_verifier: str = "") -> None:
        """Judge that there is no code, or that its exchange earns no token."""
        if code.put_off:
            conclude(self.leave_untested((case,), f"the server put a call off: {code.problem}"))
            return
        answers: list[Exchange] = []
        if code.text:
            more = {"code_verifier": code_verifier} if code_verifier else {}
            answers.append(ask(self.as_client.exchange(code, why, more=more)))
            self.as_client.revoke_grant(answers[0])
        good = not any(map(gives_token, answers))
        conclude(self.judge_case(case, good, expected, "a code, and a token for it", *answers))

    def judge_denial(self) -> None:
        """Judge the answer to a user who refuses."""
        if not self.client.refuse:
            return
        code = self.as_client.code(self.scope(), consent=self.client.refuse, why="a user who refuses")
        if code.put_off:
            conclude(self.leave_untested(("refused",), f"the server put a call off: {code.problem}"))
            return
        told = (
            f"error={code.error}, state={code.state}"
            if code.error
            else "a code"
            if code.text
            else code.problem
        )
        good = bool(code.error) and not code.text and code.state == STATE
        conclude(
            self.judge_case("refused", good, f"error=access_denied and state={STATE}, and no code", told)
        )


# -- the cases of a grant, and the promise of each


CASES = {
    "state": "the state that a client sent comes back with the code",
    "refused": "a user who refuses sends the client back with an error and its state, and without a code",
    "challenge_required": "a client that PKCE binds gets no code without a challenge",
    "challenge_method": "a challenge of another method than the catalogue's earns no token",
    "verifier_required": "a code that was asked for with a challenge is not exchanged without its verifier",
    "verifier_checked": "a code is not exchanged with another verifier",
    "other_challenged": "another client that sent a challenge is bound by it, whether it has a secret or not",
    "redirect_bound": "a code is not exchanged with another redirect URI than it was asked for with",
    "client_bound": "a code is not exchanged by another client",
    "token": "a code is exchanged for a token, and a call with it succeeds",
    "not_stored": "an answer with tokens forbids to store it",
    "expiry_told": "expires_in, where it is returned, is the access token's lifetime in the catalogue",
    "scope": "a token does nothing that it was not granted",
    "once": "a code is exchanged once",
    "refresh": "a refresh token is exchanged for a new access token, which works",
    "rotation": "a refresh token that was exchanged works no more",
    "refresh_scope": "a refresh token gives nothing that was not granted",
    "revoked": "a token that was revoked works no more, whatever kind of token the revocation took it for",
    "revoked_refresh": "a refresh token that was revoked gives nothing",
    "revocation": "a revocation is answered 200, also that of a token which is dead already",
}
CHALLENGING = (
    "challenge_required",
    "challenge_method",
    "verifier_required",
    "verifier_checked",
    "other_challenged",
)
"""Cases of servers with PKCE."""
REFRESHING = ("refresh", "rotation", "refresh_scope", "revoked_refresh", "revocation")
"""Cases of servers with refresh tokens."""


COST = 35


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield one case for each rule of the catalogue's OAuth section; one probe tries them all."""
    del roles
    oauth, client, inside = setting.model.own_code_flow, consenting(setting), within(setting)
    if oauth is None:
        return
    attempt = None
    if client is not None and inside is not None:
        attempt = Attempt(
            together=partial(_try, client),
            cost=COST,
            role="",
            probe="oauth_grants/flow",
            shows=tuple(challenges(setting, inside[1]).values()),
        )
    for detail, says in CASES.items():
        left_out = (
            (detail in REFRESHING and not oauth.refresh_s)
            or (detail in ("revoked", "revoked_refresh", "revocation") and not oauth.revoke)
            or (detail == "rotation" and not oauth.refresh_rotates)
            or (detail == "expiry_told" and not oauth.access_s)
            or (detail in CHALLENGING and not oauth.pkce_binds)
            or (detail in ("scope", "refresh_scope") and beyond(setting) is None)
        )
        if not left_out:
            settled = _settle(setting, detail)
            yield Case(None, says, oauth.origin, attempt, detail, oauth.cite, settled, place=f"@{REST}")


def _settle(setting: Setting, detail: str) -> tuple[Verdict, str] | None:
    """Deselect the case without the needed client or user. Exclude rules that do not bind this type of
    client.
    """
    oauth, client = setting.model.own_code_flow, setting.oauth
    assert oauth is not None  # the catalogue has an OAuth section, from which the case comes
    if client is None:
        return Verdict.NOT_SELECTED, without_env("a registered OAuth client", "oauth")
    if not (client.consent or client.headers):
        return Verdict.NOT_SELECTED, without_env("a user who consents", "oauth.consent")
    if detail == "challenge_required" and client.kind not in oauth.pkce_binds:
        return Verdict.NOT_APPLICABLE, f"PKCE does not bind a {client.kind} client that sends no challenge"
    if detail == "refused" and not client.refuse:
        return Verdict.NOT_SELECTED, without_env("a user who refuses", "oauth.refuse")
    if (
        detail == "other_challenged"
        and client.other is not None
        and not {client.other.kind, "challenged"} & set(oauth.pkce_binds)
    ):
        return Verdict.NOT_APPLICABLE, f"PKCE does not bind a {client.other.kind} client"
    if detail in ("client_bound", "other_challenged") and client.other is None:
        return Verdict.NOT_SELECTED, without_env("another registered client", "oauth.other")
    return None


def _try(client: OAuthClient, trials: Sequence[Trial]) -> None:
    setting = trials[0].setting
    as_client = Granting(setting, client)
    tried = {trial.case.detail: trial for trial in trials}
    GrantCases(setting, client, as_client, tried).run()


CHECK = make_check("oauth_grants", __doc__, cases, stage=5, overlap="all", aid=CLIENT, rank=Rank.EXPOSED)
