"""A token with a character more is none, and a token of one kind is none of the other."""

from __future__ import annotations

from collections.abc import Iterator

from pgagents.contract import Contract, Verdict
from pgagents.verify.check import Conversation, Probe, broken, kept, promise_at, untested
from pgagents.verify.door import REST
from pgagents.verify.granting import TOKEN_COST, Granting, consenting, within
from pgagents.verify.memory import Setting
from pgagents.verify.seen import Seen, got

NAME = "oauth_near_tokens"
PHASE = 6
MORE = "A"
SAYS = {
    "access_longer": "an access token with a character more is refused",
    "refresh_as_access": "a refresh token is refused as an access token",
    "refresh_longer": "a refresh token with a character more is refused",
    "access_as_refresh": "an access token is refused as a refresh token",
}
REFUSED = range(400, 500)


def promises(setting: Setting) -> Iterator[Contract]:
    """One for each near miss, where there are refresh tokens four."""
    oauth = setting.model.auth.oauth
    for case, says in SAYS.items() if oauth else ():
        if "refresh" not in case or oauth.refresh_s:
            yield promise_at(NAME, case, f"@{REST}", says, ("auth", "oauth", "token"), oauth.cite)


def settled(setting: Setting, contract: Contract) -> tuple[Verdict, str] | None:
    """There must be a client, and a user who consents."""
    del contract
    if setting.oauth is None:
        return Verdict.NOT_SELECTED, "needs a registered OAuth client: add `oauth` to the --env file"
    if consenting(setting) is None:
        return Verdict.NOT_SELECTED, "needs a user who consents: add `oauth.consent` to the --env file"
    return None


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """One conversation: a token is got, and what nearly is one is tried."""
    del roles
    covers = tuple(c.id for c in promises(setting))
    client = consenting(setting)
    if covers and client is not None and within(setting):
        cost = TOKEN_COST + len(covers) + 1
        yield Probe(f"{NAME}/all@{REST}", PHASE, covers, cost, lambda: _run(setting, Granting(setting, client), covers), (), "main")


def _run(setting: Setting, as_client: Granting, covers: tuple[str, ...]) -> Conversation:
    inside = within(setting)
    assert inside is not None
    scope, door = inside
    first, problem = yield from as_client.granted(scope, "a token that will be tried nearly")
    access, refresh = (got(first.body, name) for name in ("access_token", "refresh_token")) if first is not None else (None, None)
    calls = {}
    if isinstance(access, str):
        calls["access_longer"] = as_client.called(access + MORE, door, SAYS["access_longer"])
    if isinstance(refresh, str):
        calls["refresh_as_access"] = as_client.called(refresh, door, SAYS["refresh_as_access"])
        calls["refresh_longer"] = as_client.refresh(refresh + MORE, SAYS["refresh_longer"])
        calls["access_as_refresh"] = as_client.refresh(str(access), SAYS["access_as_refresh"])
    for contract in covers:
        case = contract.partition("/")[2].partition("@")[0]
        if case not in calls:
            yield untested(contract, problem or "no such token was given")
            continue
        seen: Seen = yield calls[case]
        if not seen.void:
            yield kept(contract) if seen.status in REFUSED else broken(contract, "a refusal", seen.outcome)
    if first is not None:
        yield from as_client.ended(first)
