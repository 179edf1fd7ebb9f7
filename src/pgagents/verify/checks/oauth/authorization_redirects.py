"""An authorization request never redirects to an address that its client did not register (RFC 6749, 3.1.2
and 10.15).

It is sent with an unknown client, and with addresses that only resemble a registered one. The server must
refuse on a page of its own, without a redirect and without asking for consent.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

from pgagents.report.contract import Contract, Verdict
from pgagents.verify.oauth import form_of, text_of
from pgagents.verify.promise import Check, Conversation, Probe, judge_broken, judge_kept, promise_at
from pgagents.verify.setting import Setting
from pgagents.verify.wire.exchange import Exchange
from pgagents.verify.wire.oauth import challenge, find_redirect_target, leads_to, make_get, verifier

NAME = "authorization_redirects"
ELSEWHERE = "https://pgv.example/elsewhere"
CASES = {
    "unknown_client": "a client that does not exist",
    "other_uri": "an address that only begins as one that the client registered",
    "below": "an address below one that the client registered",
    "with_query": "an address that the client registered, with a query besides",
}
EXACT = ("below", "with_query")
"""Cases that are judged only if the catalogue demands exact comparison, as RFC 9700 (2.1) does.

RFC 6749 (3.1.2.2) leaves the query open.
"""


def promises(setting: Setting) -> Iterator[Contract]:
    """Yield one contract for an unknown client, and one for each address that resembles a registered one."""
    oauth = setting.model.own_code_flow
    if oauth is None:
        return
    for case, what in CASES.items():
        if case in EXACT and setting.model.behaviour.redirect_uris != "exact":
            continue
        yield promise_at(
            NAME,
            case,
            "@rest",
            f"{what} is refused on a page, not by a redirect",
            oauth.place("authorize"),
            oauth.cite,
        )


def settle_contract(setting: Setting, contract: Contract) -> tuple[Verdict, str] | None:
    """Deselect the contract without a registered client, unless it is about an unknown client."""
    if setting.oauth is None and contract.detail != "unknown_client":
        return Verdict.NOT_SELECTED, "needs a registered OAuth client: add `oauth` to the --env file"
    return None


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """Yield one probe with one request for each contract."""
    del roles
    oauth, client = setting.model.own_code_flow, setting.oauth
    if oauth is None:
        return
    listed = {c.id for c in promises(setting)}
    known = client.client_id if client else "pgv-no-such-client"
    home = client.redirect_uri if client else ELSEWHERE
    asks = {
        "unknown_client": {"client_id": "pgv-no-such-client", "redirect_uri": ELSEWHERE},
        "other_uri": {"client_id": known, "redirect_uri": f"{home}.pgv.example/x"},
        "below": {"client_id": known, "redirect_uri": f"{home.rstrip('/')}/pgv"},
        "with_query": {"client_id": known, "redirect_uri": f"{home}{'&' if '?' in home else '?'}pgv=1"},
    }
    for case, ask in asks.items():
        contract = f"{NAME}/{case}@rest"
        if contract in listed and (client is not None or case == "unknown_client"):
            yield Probe(
                contract,
                5,
                (contract,),
                1,
                partial(_run, setting, str(oauth.authorize), ask, CASES[case], contract),
                (),
                "",
            )


def _run(setting: Setting, path: str, ask: Mapping[str, str], what: str, contract: str) -> Conversation:
    fields = set(setting.oauth.consent) if setting.oauth else set()
    params = {
        "response_type": "code",
        "code_challenge": challenge(verifier(setting.seed, 0)),
        "code_challenge_method": "S256",
        "state": "x",
        **ask,
    }
    exchange: Exchange = yield make_get(path, params, f"an authorization request with {what}")
    location, uri = find_redirect_target(exchange), ask["redirect_uri"]
    if exchange.void:
        return
    if location is not None and (leads_to(location, uri) or location.startswith(ELSEWHERE)):
        yield judge_broken(
            contract,
            "a page that says so: nobody is sent to that address",
            f"{exchange.status} to {location[:120]}",
        )
    elif exchange.status >= 500:
        yield judge_broken(contract, "a refusal, 400", exchange.outcome)
    elif (
        exchange.success
        and fields
        and (form := form_of(text_of(exchange))) is not None
        and fields <= form.names
    ):
        yield judge_broken(contract, "a refusal, 400", "200 with a form that asks the user to consent")
    else:
        yield judge_kept(contract)  # a page may refuse, or ask for a login before the request is checked


CHECK = Check(
    NAME,
    __doc__,
    promises,
    probes=probes,
    settled=settle_contract,
    overlap="all",
)
