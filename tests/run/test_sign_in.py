"""Sign-in pages and metadata of authorization servers that choose other legal ways than the sandbox."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

import pytest

from inprocess import inside, over_tls, verify_sandbox
from language_table import rows
from pgagents.base.http import Request, Response, Silence, read_json
from pgagents.catalogue.load import load_text
from pgagents.catalogue.model.model import Model
from pgagents.report.contract import Rank
from pgagents.report.report import Report
from pgagents.verify.plan.options import Options

AUTHORIZE = "oauth_metadata/endpoint/authorize@rest"
SERVER, RESOURCE = "oauth_metadata/server@rest", "oauth_metadata/resource@rest"
RESOURCE_PATH = "/.well-known/oauth-protected-resource"


@cache
def signing_in() -> Model:
    """The notes whose users sign in, with both documents of metadata."""
    flow = {"resource_metadata_url": RESOURCE_PATH}
    changes = {"auth": {"schemes": {"token": {"flows": {"authorization_code": flow}}}}}
    return load_text(rows()["authorization-code"].text(changes), "notes.yaml")


def judge(contract: str, change: Callable[[Request, Response], Response]) -> str:
    """Return the verdict on a server whose answers are changed."""
    model = signing_in()
    opened = inside(model)
    inner = over_tls(opened.sandbox.handler)

    def handler(request: Request) -> Response | Silence:
        answer = inner(request)
        return change(request, answer) if isinstance(answer, Response) else answer

    report = verify_sandbox(model, opened, Options(only=(contract,)), handler=handler)
    return next(r.verdict.value for r in report.results if r.contract.id == contract)


def page(status: int, location: str = "", kind: str = "text/html; charset=utf-8") -> Response:
    """A page, or a redirect."""
    more = (("Location", location),) if location else ()
    return Response(status, (("Content-Type", kind), *more), b"<p>Please sign in</p>")


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (page(400), "kept"),
        (page(302, "/login?next=%2Foauth%2Fauthorize"), "kept"),
        (page(303, "https://login.example/error?error=invalid_request"), "kept"),
        (page(200), "kept"),
        (page(401), "kept"),
        (page(404), "broken"),
        (page(500), "broken"),
        (page(302), "broken"),
        (page(302, "https://app.example/callback?code=abc"), "broken"),
        (page(200, kind="application/json"), "broken"),
    ],
    ids=lambda value: value if isinstance(value, str) else f"{value.status} {value.header('Location')}",
)
def test_authorization_endpoint_may_ask_for_a_login_first(answer: Response, verdict: str) -> None:
    path = str(signing_in().own_code_flow.authorize)
    assert judge(AUTHORIZE, lambda request, own: answer if request.path == path else own) == verdict


@pytest.mark.parametrize("contract", [SERVER, RESOURCE])
@pytest.mark.parametrize(
    ("scopes", "verdict"),
    [
        (["notes.read", "notes.write"], "kept"),
        (["notes.read"], "kept"),
        (["openid", "notes.read", "admin"], "kept"),
        (["openid"], "kept"),
        ([], "kept"),
        (None, "kept"),
        (["notes:read", "notes:write"], "broken"),
        ("notes.read notes.write", "broken"),
        ([1], "broken"),
    ],
)
def test_metadata_may_leave_out_scopes_but_not_name_others_alone(
    contract: str, scopes: object, verdict: str
) -> None:
    flow = signing_in().own_code_flow
    path = str(flow.metadata if contract == SERVER else flow.resource_metadata)

    def change(request: Request, answer: Response) -> Response:
        if request.path != path:
            return answer
        told = read_json(answer.body).value
        del told["scopes_supported"]
        return answer.with_json(told if scopes is None else {**told, "scopes_supported": scopes})

    assert judge(contract, change) == verdict


def run_grants(told: Callable[[Request], Response | None], wrong: Sequence[str] = ()) -> Report:
    """Verify the grants and clients of a server that answers some calls as `told`."""
    model = signing_in()
    opened = inside(model, faults=wrong)
    inner = over_tls(opened.sandbox.handler)
    only = Options(only=("oauth_grants/", "oauth_clients/"))
    return verify_sandbox(model, opened, only, handler=lambda request: told(request) or inner(request))


def find_verdicts(put_off: Callable[[Request], bool], wrong: Sequence[str] = ()) -> dict[str, str]:
    """Return the verdicts about grants, of a server that puts off some calls with a 429."""
    busy = Response(429, (("Retry-After", "1"),), b"slow down")
    report = run_grants(lambda request: busy if put_off(request) else None, wrong)
    return {r.contract.detail: r.verdict.value for r in report.results if r.contract.check == "oauth_grants"}


def test_refusals_that_come_with_a_200_expose_nothing() -> None:
    """GitHub and Slack answer `200 {"error": …}`, without a token."""
    error = b'{"error": "bad_verification_code"}'

    def tell(request: Request) -> Response | None:
        wrong = is_wrong_exchange(request) or b"pgv-no-code" in request.body
        return Response(200, (("Content-Type", "application/json"),), error) if wrong else None

    ranks = {finding.contract.detail: finding.rank for finding in run_grants(tell).findings}
    assert {"verifier_required", "basic"} <= ranks.keys()
    assert set(ranks.values()) == {Rank.UNDOCUMENTED}


def test_a_token_without_its_challenge_is_exposed() -> None:
    ranks = {
        f.contract.detail: f.rank for f in run_grants(lambda _: None, ["oauth-challenge-optional"]).findings
    }
    assert {ranks[case] for case in ranks if case.startswith("challenge_")} == {Rank.EXPOSED}


def is_asked_plainly(request: Request) -> bool:
    """True for an authorization request without a challenge, or with a plain one."""
    asked = dict(request.query)
    plain = asked.get("code_challenge_method") != "S256"
    return request.path == str(signing_in().own_code_flow.authorize) and request.method == "GET" and plain


def test_authorization_endpoint_that_is_too_busy_is_not_judged() -> None:
    plain, busy = find_verdicts(lambda _: False), find_verdicts(is_asked_plainly)
    assert {case for case in busy if busy[case] != plain[case]} == {"challenge_required", "challenge_method"}
    assert busy["challenge_required"] == busy["challenge_method"] == "untested"


def test_a_server_may_revoke_no_access_tokens() -> None:
    error = b'{"error": "unsupported_token_type"}'

    def tell(request: Request) -> Response | None:
        revoked = b"token_type_hint=refresh_token" in request.body
        return Response(400, (("Content-Type", "application/json"),), error) if revoked else None

    results = {r.contract.detail: r.verdict.value for r in run_grants(tell).results}
    assert results["revoked"] == "not_applicable"


def is_wrong_exchange(request: Request) -> bool:
    """True for the exchange of a code without its verifier."""
    return b"authorization_code" in request.body and b"code_verifier" not in request.body


def test_token_endpoint_that_is_too_busy_is_not_judged() -> None:
    """Servers slow down whoever sends wrong codes. Such an answer is neither a refusal nor a fault."""
    plain, busy = find_verdicts(lambda _: False), find_verdicts(is_wrong_exchange)
    assert {plain[case] for case in ("verifier_required", "other_challenged", "once")} == {"kept"}
    assert {case for case in busy if busy[case] != plain[case]} == {"verifier_required", "other_challenged"}
    assert busy["verifier_required"] == busy["other_challenged"] == "untested"


def test_busy_token_endpoint_hides_no_other_fault() -> None:
    assert find_verdicts(is_wrong_exchange, ["oauth-refresh-reused"])["rotation"] == "broken"
