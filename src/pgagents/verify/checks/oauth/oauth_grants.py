"""A code is exchanged once, and only by the client that proves itself. A token allows what was granted until
it is revoked.

A user must consent, so this needs an OAuth client with `consent` in the `--env` file. The rules are those of
RFC 6749, RFC 7636 (PKCE), RFC 7009 (revocation) and RFC 9700 (refresh tokens). Revoking a refresh token need
not end its access tokens, because RFC 7009, 2.1 only says SHOULD.
"""

from __future__ import annotations

from collections.abc import Iterator

from pgagents.model.contract import Contract, Verdict
from pgagents.verify.check.check import (
    Check,
    Probe,
    promise_at,
)
from pgagents.verify.check.setting import Setting
from pgagents.verify.oauth.cases import CASES, CHALLENGING, NAME, REFRESHING
from pgagents.verify.oauth.grant_cases import GrantCases
from pgagents.verify.oauth.granting import (
    Granting,
    beyond,
    challenges,
    consenting,
    within,
)
from pgagents.verify.wire.endpoint import REST
from pgagents.verify.wire.oauth import LONGEST

COST = 38


def promises(setting: Setting) -> Iterator[Contract]:
    """Yield one contract for each rule of the catalogue's OAuth section."""
    oauth = setting.model.own_code_flow
    if oauth is None:
        return
    for case, says in CASES.items():
        left_out = (
            (case in REFRESHING and not oauth.refresh_s)
            or (case in ("revoked", "revoked_refresh", "revocation") and not oauth.revoke)
            or (case == "rotation" and not oauth.refresh_rotates)
            or (case == "expiry_told" and not oauth.access_s)
            or (case in CHALLENGING and not oauth.pkce_binds)
            or (case in ("scope", "refresh_scope") and beyond(setting) is None)
        )
        if not left_out:
            yield promise_at(NAME, case, f"@{REST}", says, oauth.origin, oauth.cite)


def settle_contract(setting: Setting, contract: Contract) -> tuple[Verdict, str] | None:
    """Deselect the contract without the needed client or user. Exclude rules that do not bind this type of
    client.
    """
    oauth, client = setting.model.own_code_flow, setting.oauth
    assert oauth is not None  # the catalogue has an OAuth section, from which the contract comes
    if client is None:
        return Verdict.NOT_SELECTED, "needs a registered OAuth client: add `oauth` to the --env file"
    if not (client.consent or client.headers):
        return Verdict.NOT_SELECTED, "needs a user who consents: add `oauth.consent` to the --env file"
    if contract.detail == "challenge_required" and client.kind not in oauth.pkce_binds:
        return Verdict.NOT_APPLICABLE, f"PKCE does not bind a {client.kind} client that sends no challenge"
    if contract.detail == "refused" and not client.refuse:
        return Verdict.NOT_SELECTED, "needs a user who refuses: add `oauth.refuse` to the --env file"
    if (
        contract.detail == "other_challenged"
        and client.other is not None
        and not {client.other.kind, "challenged"} & set(oauth.pkce_binds)
    ):
        return Verdict.NOT_APPLICABLE, f"PKCE does not bind a {client.other.kind} client"
    if contract.detail in ("client_bound", "other_challenged") and client.other is None:
        return Verdict.NOT_SELECTED, "needs another registered client: add `oauth.other` to the --env file"
    return None


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """Yield one probe for the whole conversation."""
    del roles
    client = consenting(setting)
    if client is not None and (inside := within(setting)):
        covers = tuple(c.id for c in promises(setting) if settle_contract(setting, c) is None)
        yield Probe(
            f"{NAME}/flow",
            5,
            covers,
            COST,
            lambda: GrantCases(setting, client, Granting(setting, client, length=LONGEST)).run(),
            (),
            "",
            shows=tuple(challenges(setting, inside[1]).values()),
        )


CHECK = Check(
    NAME,
    __doc__,
    promises,
    probes=probes,
    settled=settle_contract,
    overlap="all",
)
