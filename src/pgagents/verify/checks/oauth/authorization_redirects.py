"""An authorization request never redirects to an address that its client did not register (RFC 6749, 3.1.2
and 10.15).

It is sent with an unknown client, and with addresses that only resemble a registered one. The server must
refuse on a page of its own, without a redirect and without asking for consent. A login page is not consent:
Keycloak and others ask who it is before they look at the rest.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

from pgagents.report.contract import Rank, Verdict
from pgagents.report.reason import without_env
from pgagents.verify.judgement import conclude
from pgagents.verify.oauth import form_of, text_of
from pgagents.verify.promise import CLIENT, Attempt, Case, Trial, make_check
from pgagents.verify.setting import Setting
from pgagents.verify.wire.endpoint import REST
from pgagents.verify.wire.oauth import challenge, find_redirect_target, leads_to, make_get, verifier

NEEDS_CLIENT = without_env("a registered OAuth client", "oauth")
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


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield one case for an unknown client, and one for each address that resembles a registered one."""
    del roles
    oauth, client = setting.model.own_code_flow, setting.oauth
    if oauth is None:
        return
    known = client.client_id if client else "pgv-no-such-client"
    home = client.redirect_uri if client else ELSEWHERE
    parameters = {
        "unknown_client": {"client_id": "pgv-no-such-client", "redirect_uri": ELSEWHERE},
        "other_uri": {"client_id": known, "redirect_uri": f"{home}.pgv.example/x"},
        "below": {"client_id": known, "redirect_uri": f"{home.rstrip('/')}/pgv"},
        "with_query": {"client_id": known, "redirect_uri": f"{home}{'&' if '?' in home else '?'}pgv=1"},
    }
    for detail, what in CASES.items():
        if detail in EXACT and setting.model.behaviour.redirect_uris != "exact":
            continue
        lacks_client = client is None and detail != "unknown_client"
        yield Case(
            None,
            f"{what} is refused on a page, not by a redirect",
            oauth.place("authorize"),
            Attempt(partial(_try, str(oauth.authorize), parameters[detail], what), role=""),
            detail,
            oauth.cite,
            (Verdict.NOT_SELECTED, NEEDS_CLIENT) if lacks_client else None,
            place=f"@{REST}",
        )


def _try(path: str, parameters: Mapping[str, str], what: str, trial: Trial) -> None:
    setting = trial.setting
    fields = set(setting.oauth.consent) if setting.oauth else set()
    query = {
        "response_type": "code",
        "code_challenge": challenge(verifier(setting.seed, 0)),
        "code_challenge_method": "S256",
        "state": "x",
        **parameters,
    }
    answer = trial.ask(make_get(path, query, f"an authorization request with {what}"))
    location, uri = find_redirect_target(answer), parameters["redirect_uri"]
    form = form_of(text_of(answer)) if answer.success and fields else None  # known by `oauth.consent`
    if answer.void:
        return
    if location is not None and (leads_to(location, uri) or location.startswith(ELSEWHERE)):
        expected = "a page that says so: nobody is sent to that address"
        conclude(trial.broken(expected, f"{answer.status} to {{location}}", location=location[:120]))
    elif answer.status >= 500:
        conclude(trial.broken("a refusal, 400", answer.outcome).with_rank(Rank.CRASH))
    elif form is not None and fields <= form.names:
        conclude(trial.broken("a refusal, 400", "200 with a form that asks the user to consent"))
    else:
        conclude(trial.kept())  # a page may refuse, or ask for a login before the request is checked


CHECK = make_check(
    "authorization_redirects", __doc__, cases, stage=5, overlap="all", aid=CLIENT, rank=Rank.EXPOSED
)
