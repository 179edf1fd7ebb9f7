"""Codes and tokens: a code is for the client that proves itself, once; a token is for what was granted, as long as it lives.

A user's consent is needed, so it runs only where the caller's OAuth client says how its user consents. RFC 6749, RFC 7636
(PKCE), RFC 7009 (revocation), RFC 9700 (refresh tokens).
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import Any

from pgagents.contract import Contract, Verdict
from pgagents.expression import Expression
from pgagents.verify.call import Call, Live, Raw
from pgagents.verify.check import Conversation, Judgement, Probe, broken, kept, promise_at, untested
from pgagents.verify.consent import STATE, Code, authorized
from pgagents.verify.door import REST, Door
from pgagents.verify.encode import request_of
from pgagents.verify.memory import Setting
from pgagents.verify.oauth import OAuthClient, challenge, posted, proved, refusal, verifier
from pgagents.verify.recipe import known, recipe_of
from pgagents.verify.seen import Seen, got

NAME = "oauth_grants"
COST = 19
CASES = {
    "state": "the state that a client sent comes back with the code",
    "challenge_required": "a client that PKCE binds gets no code without a challenge",
    "verifier_required": "a code that was asked for with a challenge is not exchanged without its verifier",
    "verifier_checked": "a code is not exchanged with another verifier",
    "token": "a code is exchanged for a token, and a call with it succeeds",
    "scope": "a token does nothing that it was not granted",
    "once": "a code is exchanged once",
    "refresh": "a refresh token is exchanged for a new access token, which works",
    "rotation": "a refresh token that was exchanged works no more",
    "revoked": "a token that was revoked works no more",
}


def promises(setting: Setting) -> Iterator[Contract]:
    """One for each rule that the catalogue's OAuth makes."""
    oauth = setting.model.auth.oauth
    for case, says in CASES.items() if oauth else ():
        if not (case in ("refresh", "rotation") and not oauth.refresh_s) and not (case == "revoked" and not oauth.revoke):
            if case == "rotation" and not oauth.refresh_rotates:
                continue
            if case == "scope" and _beyond(setting) is None:
                continue
            yield promise_at(NAME, case, f"@{REST}", says, ("auth", "oauth"), oauth.cite)


def settled(setting: Setting, contract: Contract) -> tuple[Verdict, str] | None:
    """A client and its user must be there."""
    oauth, client = setting.model.auth.oauth, setting.oauth
    if client is None:
        return Verdict.NOT_SELECTED, "needs a registered OAuth client: add `oauth` to the --env file"
    if not (client.consent or client.headers):
        return Verdict.NOT_SELECTED, "needs a user who consents: add `oauth.consent` to the --env file"
    if "challenge_required" in contract.id and client.kind not in oauth.pkce_binds:
        return Verdict.NOT_CLAIMED, f"PKCE does not bind a {client.kind} client that sends no challenge"
    return None


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """One conversation."""
    del roles
    client = setting.oauth
    if setting.model.auth.oauth is not None and client is not None and (client.consent or client.headers) and _within(setting):
        covers = tuple(c.id for c in promises(setting) if settled(setting, c) is None)
        yield Probe(f"{NAME}/flow", 5, covers, COST, lambda: _Flow(setting, client).run(), (), "")


def _readers(setting: Setting) -> dict[str, Door]:
    """For each scope a read that can be called as it stands, without anything that must be found first."""
    found: dict[str, Door] = {}
    for scope, names in setting.model.auth.oauth.needs.items():
        for name in names:
            door = setting.door(name, REST)
            if door is not None and door.action.effect == "read" and scope not in found and _plain(setting, door) is not None:
                found[scope] = door
    return found


def _plain(setting: Setting, door: Door) -> str | None:
    """The target of a correct call; None where it needs a live thing."""
    given = known(setting.model, recipe_of(setting.model, door.action).input)
    if any(isinstance(value, Live | Expression) for value in given.values()):
        return None
    return request_of(Call(door, given, "valid", ""), given, None).target


def _within(setting: Setting) -> tuple[str, Door] | None:
    """A scope, and a read that it allows."""
    return next(iter(_readers(setting).items()), None)


def _beyond(setting: Setting) -> tuple[str, Door] | None:
    """Another scope, and a read that it alone allows."""
    return next(iter(list(_readers(setting).items())[1:]), None)


@dataclass(slots=True)
class _Flow:
    """The conversation; `codes` counts the codes that were asked for."""

    setting: Setting
    client: OAuthClient
    codes: int = 0

    @property
    def oauth(self) -> Any:
        return self.setting.model.auth.oauth

    def run(self) -> Conversation:
        """Each part asks for a code of its own, so that what one part spends or ends is not missed in another."""
        code = yield from self.code(self.scope())
        if not code.text:
            for case in CASES:
                yield untested(f"{NAME}/{case}@{REST}", f"no code: {code.problem}")
            return
        yield self.said("state", code.state == STATE, f"state={STATE}", f"state={code.state}")
        code, first = yield from self.exchanged_without(code)
        yield from self.used(first)
        yield from self.refreshed(first)
        yield from self.spent()
        yield from self.unchallenged()

    def scope(self) -> str:
        """The one scope that is asked for."""
        within = _within(self.setting)
        assert within is not None
        return within[0]

    def said(self, case: str, good: bool, expected: str, actual: str) -> Judgement:
        """A judgement on one of our contracts."""
        contract = f"{NAME}/{case}@{REST}"
        return kept(contract) if good else broken(contract, expected, actual)

    def code(self, scope: str, *, challenged: bool = True) -> Generator[Any, Any, Code]:
        """A new code, asked for with a challenge of its own."""
        self.codes += challenged
        params = {"scope": scope}
        if challenged:
            params |= {"code_challenge": challenge(verifier(self.setting.seed, self.codes)), "code_challenge_method": self.oauth.pkce}
        return (yield from authorized(self.oauth.authorize, self.client, params, "a code for our client"))

    def exchange(self, code: Code, why: str, **more: str) -> Call:
        """The exchange of a code."""
        given = {"grant_type": "authorization_code", "code": code.text, "redirect_uri": self.client.redirect_uri, **more}
        return posted(self.oauth.token, proved(self.client, given), why)

    def called(self, token: str, door: Door, why: str) -> Call:
        """An ordinary call with an access token."""
        target = _plain(self.setting, door)
        return Call(None, {}, "document", why, role="", raw=Raw("GET", target, (("Authorization", f"Bearer {token}"),)))

    def exchanged_without(self, code: Code) -> Generator[Any, Any, tuple[Code, Seen]]:
        """Without its verifier, then with it; a server may end a code that was tried wrongly, so a new one is asked for then."""
        seen: Seen = yield self.exchange(code, "a code without its verifier")
        problem = refusal(seen)
        yield self.said("verifier_required", not problem, "400 with a JSON error", problem)
        right = verifier(self.setting.seed, self.codes)
        seen = yield self.exchange(code, "a code with its verifier", code_verifier=right)
        if not seen.success and not seen.void:
            code = yield from self.code(self.scope())
            seen = yield self.exchange(code, "a code with its verifier", code_verifier=verifier(self.setting.seed, self.codes))
        return code, seen

    def used(self, seen: Seen) -> Conversation:
        """What the token can do, and what it cannot."""
        token, within, beyond = got(seen.body, "access_token"), _within(self.setting), _beyond(self.setting)
        if not isinstance(token, str) or str(got(seen.body, "token_type")).lower() != "bearer":
            yield self.said("token", False, "200 with an access_token of token_type Bearer", seen.outcome)
            return
        assert within is not None
        answer: Seen = yield self.called(token, within[1], "a call with an access token")
        yield self.said("token", answer.success, f"{within[1].action.name} succeeds with the token", answer.outcome)
        if beyond is not None:
            answer = yield self.called(token, beyond[1], f"a call that the token was not granted, {beyond[0]} alone allows it")
            no_scope = self.setting.model.errors.framework.no_scope
            status = self.setting.model.codes[no_scope].status if no_scope else 403
            yield self.said("scope", answer.status == status, f"{status}: the token has only {self.scope()}", answer.outcome)

    def refreshed(self, seen: Seen) -> Conversation:
        """A new access token for a refresh token, and what the old one is then worth."""
        token, within = got(seen.body, "refresh_token"), _within(self.setting)
        if not self.oauth.refresh_s or not seen.success:
            return
        if not isinstance(token, str):
            yield self.said("refresh", False, "a refresh_token beside the access token", "none came")
            return
        again: Seen = yield self.refresh(token, "a refresh token")
        access = got(again.body, "access_token")
        assert within is not None
        if not isinstance(access, str):
            yield self.said("refresh", False, "200 with an access_token", again.outcome)
            return
        answer: Seen = yield self.called(access, within[1], "a call with the refreshed token")
        yield self.said("refresh", answer.success, "the new access token works", answer.outcome)
        if self.oauth.refresh_rotates:
            new = got(again.body, "refresh_token")
            old: Seen = yield self.refresh(token, "a refresh token once more")
            problem = refusal(old) or ("" if isinstance(new, str) and new != token else "no new refresh token came")
            yield self.said("rotation", not problem, "a new refresh token, and 400 for the old one", problem)
        if self.oauth.revoke:  # nothing that was granted to us is left alive
            last = got(again.body, "refresh_token")
            yield posted(self.oauth.revoke, proved(self.client, {"token": last if isinstance(last, str) else token}), "the last token ends")

    def refresh(self, token: str, why: str) -> Call:
        """The exchange of a refresh token."""
        return posted(self.oauth.token, proved(self.client, {"grant_type": "refresh_token", "refresh_token": token}), why)

    def spent(self) -> Conversation:
        """A code with another verifier; the token that it gives in the end, revoked; the code once more."""
        code = yield from self.code(self.scope())
        seen: Seen = yield self.exchange(code, "a code with another verifier", code_verifier=verifier(self.setting.seed, 0))
        problem = refusal(seen)
        yield self.said("verifier_checked", not problem, "400 with a JSON error", problem)
        seen = yield self.exchange(code, "a code with its verifier", code_verifier=verifier(self.setting.seed, self.codes))
        if not seen.success and not seen.void:
            code = yield from self.code(self.scope())
            seen = yield self.exchange(code, "a code with its verifier", code_verifier=verifier(self.setting.seed, self.codes))
        token = got(seen.body, "access_token")
        if not isinstance(token, str):
            yield untested(f"{NAME}/once@{REST}", f"no code could be exchanged: {seen.outcome}")
            yield untested(f"{NAME}/revoked@{REST}", f"no token to revoke: {seen.outcome}")
            return
        if self.oauth.revoke:
            yield from self.revoked(token)
        again: Seen = yield self.exchange(code, "a code once more", code_verifier=verifier(self.setting.seed, self.codes))
        problem = refusal(again)
        yield self.said("once", not problem, "400 with a JSON error", problem)

    def revoked(self, token: str) -> Conversation:
        """The token before and after its revocation."""
        within = _within(self.setting)
        assert within is not None
        told: Seen = yield posted(self.oauth.revoke, proved(self.client, {"token": token}), "the revocation of a token")
        answer: Seen = yield self.called(token, within[1], "a call with a revoked token")
        code = self.setting.model.codes[self.setting.model.errors.framework.no_key]
        good = told.status == 200 and answer.status == code.status
        yield self.said("revoked", good, f"200, then {code.status} to the token", f"{told.outcome}, then {answer.outcome}")

    def unchallenged(self) -> Conversation:
        """A request without a challenge, from a client that PKCE binds. What comes of it must not be a token."""
        if self.client.kind not in self.oauth.pkce_binds:
            return
        code = yield from self.code(self.scope(), challenged=False)
        seen: Seen | None = None
        if code.text:
            seen = yield self.exchange(code, "a code that was asked for without a challenge")
        good = seen is None or not seen.success
        yield self.said("challenge_required", good, "an error instead of a code, or of a token", "a code, and a token for it")
