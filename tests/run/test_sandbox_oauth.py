"""The sandbox's OAuth server: who gets a token, what it is good for, and when it ends. Over real sockets
once, else in process.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest

from pgagents.base.errors import PgagentsError
from pgagents.base.http import Response
from pgagents.cli.main import main
from pgagents.sandbox import client_file
from pgagents.sandbox import grants as oauth_clients
from sandboxes import DISPATCH, VAIL, Caller, model
from test_server import sandbox

FORM = "application/x-www-form-urlencoded"
VERIFIER = "a-verifier-of-more-than-forty-three-characters-0123456789"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
PKCE = {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}
LOOPBACK = "http://127.0.0.1:5123/callback"
GPT = oauth_clients.CHATGPT[0]
PARKED = {"lot_id": "lot_lionshead", "plate": "CO-1"}


class App:
    """A client app and its user, in front of one sandbox."""

    def __init__(self, *clients: oauth_clients.Client) -> None:
        self.caller = Caller(oauth_clients=clients)
        self.secret = str(self.caller.sandbox.oauth["confidential"]["client_secret"])

    def post(self, path: str, form: dict[str, str] | bytes, **headers: str) -> Response:
        body = form if isinstance(form, bytes) else urlencode(form).encode()
        return self.caller("POST", path, body or b" ", key=None, **{"content_type": FORM, **headers})

    def ask(self, **given: str | None) -> Response:
        """The authorization request, of the public client where nothing else is said; None leaves a
        parameter out.
        """
        query = {
            "response_type": "code",
            "client_id": "demo_app",
            "redirect_uri": LOOPBACK,
            "state": "s1",
            "scope": "read",
            **PKCE,
            **given,
        }
        return self.caller(
            "GET",
            "/oauth/authorize?" + urlencode({k: v for k, v in query.items() if v is not None}),
            key=None,
        )

    def gpt(self, **given: str | None) -> Response:
        """The same of ChatGPT's form: confidential, without PKCE."""
        return self.ask(
            **{
                "client_id": "demo_gpt",
                "redirect_uri": GPT,
                "code_challenge": None,
                "code_challenge_method": None,
                **given,
            }
        )

    def decide(self, page: Response, decision: str = "allow", user: str = "user_1") -> Response:
        return self.post("/oauth/authorize", {"ticket": ticket(page), "decision": decision, "user": user})

    def code(self, page: Response, **given: str) -> str:
        """The code that the user's consent sends to the client."""
        return sent_back(self.decide(page, **given))["code"]

    def change(self, code: str, /, **given: str | None) -> Response:
        """The token request of the public client."""
        form = {
            "grant_type": "authorization_code", "code": code, "client_id": "demo_app",
            "redirect_uri": LOOPBACK, "code_verifier": VERIFIER,
            **given,
        }  # fmt: skip
        return self.post("/oauth/token", {k: v for k, v in form.items() if v is not None})

    def change_gpt(self, code: str, /, **given: str | None) -> Response:
        return self.change(
            code,
            **{
                "client_id": "demo_gpt",
                "client_secret": self.secret,
                "redirect_uri": GPT,
                "code_verifier": None,
                **given,
            },
        )

    def tokens(self, scope: str = "read sessions:write", **given: str) -> dict[str, Any]:
        """Tokens of the public client."""
        return ok(self.change(self.code(self.ask(scope=scope), **given)))

    def refresh(self, token: str, **given: str) -> Response:
        return self.post(
            "/oauth/token",
            {"grant_type": "refresh_token", "refresh_token": token, "client_id": "demo_app", **given},
        )

    def call(
        self, token: str, method: str = "GET", target: str = VAIL, body: Any = None, **headers: str
    ) -> Response:
        return self.caller(method, target, body, key=None, Authorization=f"Bearer {token}", **headers)


class Forms(HTMLParser):
    """Collects the inputs of a page's forms."""

    def __init__(self) -> None:
        super().__init__()
        self.fields: dict[str, str | None] = {}
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        given = dict(attrs)
        if tag == "input":
            self.fields[given["name"] or ""] = given.get("value")


def forms(page: Response) -> Forms:
    found = Forms()
    found.feed(page.body.decode())
    return found


def ticket(page: Response) -> str:
    assert page.status == 200, page.body
    return forms(page).fields["ticket"] or ""


def sent_back(answer: Response) -> dict[str, str]:
    """The parameters with which the user is sent back to the client."""
    assert answer.status == 302, answer.body
    return {
        name: values[0] for name, values in parse_qs(urlsplit(answer.header("Location") or "").query).items()
    }


def ok(answer: Response) -> dict[str, Any]:
    assert answer.status == 200, answer.body
    found: dict[str, Any] = json.loads(answer.body)
    return found


def error(answer: Response, status: int = 400) -> str:
    assert answer.status == status, answer.body
    return str(json.loads(answer.body)["error"])


@pytest.fixture
def app() -> Iterator[App]:
    found = App()
    yield found
    assert found.caller.logged == []


# -- the flow
# -------------------------------------------------------------------------------------------------------


def test_public_client_gets_tokens_with_pkce_and_they_open_the_api(app: App) -> None:
    page = app.ask(scope="read sessions:write", state="a&b=c ü+%")
    back = app.decide(page)
    assert (back.header("Location") or "").startswith(LOOPBACK + "?")
    assert sent_back(back)["state"] == "a&b=c ü+%"
    answer = app.change(sent_back(back)["code"])
    assert answer.header("Cache-Control") == "no-store"
    told = ok(answer)
    assert (told["token_type"].lower(), told["expires_in"], told["scope"]) == (
        "bearer",
        3600,
        "read sessions:write",
    )
    assert app.call(told["access_token"]).status == 200


@pytest.mark.parametrize("by", ["post", "basic"])
def test_confidential_client_needs_no_pkce_and_proves_itself_in_both_ways(app: App, by: str) -> None:
    code = app.code(app.gpt())
    if by == "post":
        answer = app.change_gpt(code)
    else:
        basic = base64.b64encode(f"demo_gpt:{app.secret}".encode()).decode()
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": GPT}
        answer = app.post("/oauth/token", form, Authorization=f"Basic {basic}")
    assert app.call(ok(answer)["access_token"]).status == 200


def test_consent_page_says_what_is_asked_and_has_no_script_and_no_card(app: App) -> None:
    page = app.ask(scope="read intelligence")
    text = page.body.decode()
    assert "A demo app on this machine" in text
    assert all(model("park_graph").code_flow.scopes[scope] in text for scope in ("read", "intelligence"))
    assert model("park_graph").code_flow.scopes["sessions:write"] not in text
    assert set(forms(page).fields) == {"ticket", "user"}
    assert forms(page).tags.isdisjoint({"script", "img", "link", "iframe"})
    policy = page.header("Content-Security-Policy") or ""
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "frame-ancestors 'none'" in policy
    assert page.header("Cache-Control") == "no-store"


def test_consent_page_shows_text_of_the_request_as_text(app: App) -> None:
    page = app.ask(redirect_uri='http://127.0.0.1:1/callback"><script>x</script>')
    assert page.status == 400
    assert b"<script" not in page.body


def test_whoever_sends_the_user_back_says_who_it_is(app: App) -> None:
    """RFC 9207: a client of several servers takes no server's code to another."""
    metadata = json.loads(app.caller("GET", "/.well-known/oauth-authorization-server", key=None).body)
    assert metadata["authorization_response_iss_parameter_supported"] is True
    answers = [app.decide(app.ask()), app.decide(app.ask(), "deny"), app.ask(scope="no_such_scope")]
    for answer, member in zip(answers, ("code", "error", "error"), strict=True):
        given = sent_back(answer)
        assert (given["iss"], given["state"]) == (metadata["issuer"], "s1")
        assert member in given


def test_user_who_denies_sends_the_client_away_with_its_state(app: App) -> None:
    told = sent_back(app.decide(app.ask(), "deny", user=""))
    assert (told["error"], told["state"], told.get("code")) == ("access_denied", "s1", None)


def test_consent_counts_once_and_for_ten_minutes(app: App) -> None:
    page = app.ask()
    assert app.decide(page).status == 302
    assert app.decide(page).status == 400
    late = app.ask()
    app.caller.passed_s += 601
    assert app.decide(late).status == 400
    assert app.post("/oauth/authorize", {"ticket": "guessed", "decision": "allow", "user": "u"}).status == 400


@pytest.mark.parametrize(
    "form",
    [{"decision": "allow"}, {"decision": "allow", "user": "<b>"}, {"decision": "maybe", "user": "u"}, {}],
)
def test_decision_that_is_none_grants_nothing(app: App, form: dict[str, str]) -> None:
    assert app.post("/oauth/authorize", {"ticket": ticket(app.ask()), **form}).status == 400


# -- the authorization request
# --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "uri",
    [
        "http://127.0.0.1:5123/callback/", "http://127.0.0.1:5123/Callback",
        "http://127.0.0.1:5123/callback?x=1", "http://127.0.0.1:5123/",
        "http://localhost:5123/callback", "https://127.0.0.1:5123/callback",
        "http://127.0.0.1:5123@evil.example/callback",
        "http://u@127.0.0.1:5123/callback", "http://127.0.0.1.evil.example:5123/callback",
        "http://127.0.0.1:99999/callback", GPT, None,
    ],
)  # fmt: skip
def test_redirect_uri_that_is_not_registered_is_never_gone_to(app: App, uri: str | None) -> None:
    answer = app.ask(redirect_uri=uri)
    assert answer.status == 400
    assert answer.header("Location") is None


def test_loopback_port_is_free_for_a_public_client_alone(app: App) -> None:
    assert app.ask(redirect_uri="http://127.0.0.1:61000/callback").status == 200
    assert app.ask(redirect_uri="http://127.0.0.1/callback").status == 200
    assert app.gpt(redirect_uri=GPT.replace("chatgpt.com", "chatgpt.com:443")).status == 400
    assert app.gpt(redirect_uri=oauth_clients.CHATGPT[1]).status == 200


@pytest.mark.parametrize("client", [None, "", "nobody", "demo_app\x00", 'é"'])
def test_unknown_client_is_told_so_on_the_page(app: App, client: str | None) -> None:
    answer = app.ask(client_id=client)
    assert answer.status == 400
    assert (answer.header("Content-Type") or "").startswith("text/html")


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": None}, "unsupported_response_type"),
        ({"scope": "read admin"}, "invalid_scope"), ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
    ],
)  # fmt: skip
def test_wrong_request_of_a_known_client_is_sent_back_with_its_state(
    app: App, given: dict[str, str | None], says: str
) -> None:
    told = sent_back(app.ask(**given))
    assert (told["error"], told["state"]) == (says, "s1")


def test_parameter_that_stands_twice_is_refused(app: App) -> None:
    query = urlencode({"response_type": "code", "client_id": "demo_app", "redirect_uri": LOOPBACK, **PKCE})
    assert (
        app.caller("GET", f"/oauth/authorize?{query}&scope=read&scope=intelligence", key=None).status == 400
    )
    assert (
        error(
            app.post("/oauth/token", b"grant_type=refresh_token&grant_type=refresh_token&client_id=demo_app")
        )
        == "invalid_request"
    )


@pytest.mark.parametrize("scope", [None, "", "read  read"])
def test_scope_is_all_or_what_was_asked(app: App, scope: str | None) -> None:
    told = ok(app.change(app.code(app.ask(scope=scope))))
    assert told["scope"] == ("read" if scope else "read sessions:write intelligence")


# -- the code
# -------------------------------------------------------------------------------------------------------


def test_code_is_good_for_one_minute_and_one_change_and_a_second_ends_what_came_of_it(app: App) -> None:
    code = app.code(app.ask())
    told = ok(app.change(code))
    assert error(app.change(code)) == "invalid_grant"
    assert app.call(told["access_token"]).status == 401
    assert error(app.refresh(told["refresh_token"])) == "invalid_grant"
    late = app.code(app.ask())
    app.caller.passed_s += 61
    assert error(app.change(late)) == "invalid_grant"


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"code_verifier": None}, "invalid_request"), ({"code_verifier": VERIFIER + "x"}, "invalid_grant"),
        ({"code_verifier": "short"}, "invalid_request"), ({"redirect_uri": None}, "invalid_grant"),
        ({"redirect_uri": "http://127.0.0.1:5124/callback"}, "invalid_grant"),
        ({"code": "oc_guessed"}, "invalid_grant"),
        ({"code": None}, "invalid_request"), ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": None}, "unsupported_grant_type"),
    ],
)  # fmt: skip
def test_wrong_change_of_a_code_gives_nothing_and_leaves_it_to_its_owner(
    app: App, given: dict[str, str | None], says: str
) -> None:
    code = app.code(app.ask())
    assert error(app.change(code, **given)) == says
    assert app.change(code).status == 200


def test_challenge_binds_a_confidential_client_that_sent_one(app: App) -> None:
    code = app.code(app.gpt(**PKCE))
    assert error(app.change_gpt(code)) == "invalid_request"
    assert app.change_gpt(code, code_verifier=VERIFIER).status == 200
    assert (
        error(app.change_gpt(app.code(app.gpt()), code_verifier=VERIFIER)) == "invalid_request"
    )  # none was promised (RFC 9700, 2.1.1)


@pytest.mark.parametrize("secret", [None, "", "wrong", "é"])
def test_confidential_client_that_cannot_prove_itself_is_401(app: App, secret: str | None) -> None:
    code = app.code(app.gpt())
    answer = app.change_gpt(code, client_secret=secret)
    assert error(answer, 401) == "invalid_client"
    assert (answer.header("WWW-Authenticate") or "").startswith("Basic")
    assert app.change_gpt(code).status == 200


def test_code_of_another_client_is_none(app: App) -> None:
    code = app.code(app.gpt())
    assert error(app.change(code, redirect_uri=GPT)) == "invalid_grant"
    assert app.change_gpt(code).status == 200


@pytest.mark.parametrize("kind", ["application/json", "text/plain", ""])
def test_token_request_must_be_a_form(app: App, kind: str) -> None:
    assert (
        error(app.post("/oauth/token", b'{"grant_type":"refresh_token"}', content_type=kind))
        == "invalid_request"
    )


@pytest.mark.parametrize(
    "body",
    [
        b"\xff\xfe",
        b"grant_type=%ff",
        b"client_id=%00&grant_type=x",
        b"a" * 60_000,
        b"&&&=",
        b"Authorization=x",
    ],
)
@pytest.mark.parametrize("path", ["/oauth/token", "/oauth/revoke", "/oauth/authorize"])
def test_odd_bytes_are_refused_and_never_crash(app: App, path: str, body: bytes) -> None:
    assert app.post(path, body).status in (400, 401)
    assert app.post(path, body, Authorization="Basic %%%").status in (400, 401)
    assert app.post(path, body, Authorization="Basic /w==").status in (400, 401)


# -- access tokens
# --------------------------------------------------------------------------------------------------


def test_access_token_lives_an_hour_of_the_sandboxs_clock(app: App) -> None:
    token = app.tokens()["access_token"]
    app.caller.passed_s += 3590
    assert app.call(token).status == 200
    app.caller.passed_s += 11
    refused = app.call(token)
    assert refused.status == 401
    assert (refused.header("WWW-Authenticate") or "").startswith("Bearer")


def needs() -> list[tuple[str, str]]:
    oauth = model("park_graph").code_flow
    return [(scope, name) for scope, names in oauth.needs.items() for name in names]


@pytest.mark.parametrize(("scope", "name"), needs(), ids=lambda v: v)
def test_every_action_needs_the_scope_that_the_catalogue_says(app: App, scope: str, name: str) -> None:
    action = model("park_graph").action(name)
    assert action is not None
    target = re.sub(r"\{\w+\}", "x_1", str(action.path))
    others = " ".join(s for s in model("park_graph").code_flow.scopes if s != scope)
    refused = app.call(
        app.tokens(others)["access_token"], action.method, target, {} if action.method == "POST" else None
    )
    assert refused.status == 403
    assert json.loads(refused.body)["error"]["scope"] == scope
    assert f'scope="{scope}"' in (refused.header("WWW-Authenticate") or "")
    assert (
        app.call(
            app.tokens(scope)["access_token"], action.method, target, {} if action.method == "POST" else None
        ).status
        != 403
    )


def test_scope_holds_through_the_dispatcher_too(app: App) -> None:
    reader = app.tokens("read")["access_token"]
    write = {"action": "create_session", "parameters": PARKED}
    read = {"action": "get_rates", "parameters": {"lot_id": "lot_lionshead"}}
    assert app.call(reader, "POST", DISPATCH, write).status == 403
    assert app.call(reader, "POST", DISPATCH, read).status == 200


def test_no_token_opens_the_operators_endpoints(app: App) -> None:
    token = app.tokens("read sessions:write intelligence")["access_token"]
    assert app.call(token, "POST", "/sandbox/v1/clock", {"advance_s": 1}).status == 403
    assert app.call(token, "GET", "/sandbox/v1/audit").status == 403


def test_token_is_an_agents_call_with_its_clients_attribution(app: App) -> None:
    told = ok(app.change_gpt(app.code(app.gpt(scope="read sessions:write"))))
    made = app.call(told["access_token"], "POST", "/api/v1/sessions", PARKED)
    session = json.loads(made.body)["session"]
    assert (session["agent_name"], session["agent_platform"]) == ("chatgpt", "openai")
    for token in (told["access_token"], app.tokens()["access_token"]):
        refused = app.call(token, "POST", "/api/v1/sessions", {**PARKED, "lot_id": "lot_sandstone"})
        assert json.loads(refused.body)["code"] == "AGENT_OPT_IN_REQUIRED"
    assert app.call(told["access_token"]).header("X-RateLimit-Limit") == "30"  # agent calls of test mode


def test_end_user_is_the_one_who_granted_whatever_a_header_says(app: App) -> None:
    """After the operator opted in, each end user has 20 calls: those of one user share them, another has
    their own.
    """
    front = app.caller.sandbox.front
    one, other = app.tokens(user="user_1")["access_token"], app.tokens(user="user_2")["access_token"]
    assert front.grants is not None
    front.grants._key = type(front.grants._key)(
        **{**_fields(front.grants._key), "end_user_opt_in": True, "per_minute": 60_000}
    )
    answers = [app.call(one, X_End_User_Id=f"someone_{n}") for n in range(2)]
    first, second = (
        front.limits._levels.get(("end_user", f"{key}\nuser_{n}"))
        for n, key in ((1, _family(app, one)), (2, _family(app, other)))
    )
    assert [a.status for a in answers] == [200, 200]
    assert first is not None
    assert second is None
    assert not any("someone" in owner for _, owner in front.limits._levels)


def _fields(key: Any) -> dict[str, Any]:
    return {name: getattr(key, name) for name in key.__slots__}


def _family(app: App, token: str) -> str:
    grants = app.caller.sandbox.front.grants
    assert grants is not None
    found = grants.key(token, app.caller.sandbox.front.clock.now())
    assert found is not None
    return found.id


def test_token_sees_its_projects_sessions_and_no_others(app: App) -> None:
    token = app.tokens()["access_token"]
    mine, theirs = app.caller.park(key="test"), app.caller.park(key="second")
    assert app.call(token, target=f"/api/v1/sessions/{mine['id']}").status == 200
    assert app.call(token, target=f"/api/v1/sessions/{theirs['id']}").status == 404


@pytest.mark.parametrize("form", ["oat_wrong", "oat_", "", "ort_{refresh}"])
def test_what_is_no_access_token_opens_nothing(app: App, form: str) -> None:
    token = app.tokens()["refresh_token"] if "refresh" in form else form
    assert app.call(token).status == 401


# -- refresh and revocation
# -----------------------------------------------------------------------------------------


def test_refresh_token_rotates_and_the_old_one_used_again_ends_all(app: App) -> None:
    first = app.tokens()
    second = ok(app.refresh(first["refresh_token"]))
    assert second["refresh_token"] != first["refresh_token"]
    assert app.call(second["access_token"]).status == 200
    assert error(app.refresh(first["refresh_token"])) == "invalid_grant"
    assert app.call(second["access_token"]).status == 401
    assert error(app.refresh(second["refresh_token"])) == "invalid_grant"


def test_refresh_token_lives_thirty_days_from_each_change(app: App) -> None:
    token = app.tokens()["refresh_token"]
    for _ in range(2):
        app.caller.passed_s += 2_591_990
        token = ok(app.refresh(token))["refresh_token"]
    app.caller.passed_s += 2_592_001
    assert error(app.refresh(token)) == "invalid_grant"


def test_refresh_may_narrow_the_access_token_and_never_widen_it(app: App) -> None:
    told = app.tokens("read sessions:write")
    assert error(app.refresh(told["refresh_token"], scope="read intelligence")) == "invalid_scope"
    narrow = ok(app.refresh(told["refresh_token"], scope="read"))
    assert app.call(narrow["access_token"], "POST", "/api/v1/sessions", PARKED).status == 403
    assert ok(app.refresh(narrow["refresh_token"]))["scope"] == "read sessions:write"


def test_refresh_token_is_its_clients_own(app: App) -> None:
    token = app.tokens()["refresh_token"]
    assert error(app.refresh(token, client_id="demo_gpt", client_secret=app.secret)) == "invalid_grant"
    assert app.refresh(token).status == 200


def test_revoked_refresh_token_ends_its_consent_and_an_access_token_itself_alone(app: App) -> None:
    told = app.tokens()
    assert app.post("/oauth/revoke", {"token": told["access_token"], "client_id": "demo_app"}).status == 200
    assert app.call(told["access_token"]).status == 401
    again = ok(app.refresh(told["refresh_token"]))
    revoked = {"token": again["refresh_token"], "client_id": "demo_app", "token_type_hint": "something"}
    assert app.post("/oauth/revoke", revoked).status == 200
    assert app.call(again["access_token"]).status == 401
    assert error(app.refresh(again["refresh_token"])) == "invalid_grant"


def test_revoking_tells_nothing_and_does_nothing_to_tokens_of_others(app: App) -> None:
    token = app.tokens()["access_token"]
    assert app.post("/oauth/revoke", {"token": "oat_never_was", "client_id": "demo_app"}).status == 200
    stranger = {"token": token, "client_id": "demo_gpt", "client_secret": app.secret}
    assert app.post("/oauth/revoke", stranger).status == 400
    assert (
        error(app.post("/oauth/revoke", {"token": token, "client_id": "demo_gpt"}), 401) == "invalid_client"
    )
    assert error(app.post("/oauth/revoke", {"client_id": "demo_app"})) == "invalid_request"
    assert app.call(token).status == 200


# -- what is kept, what is told
# -------------------------------------------------------------------------------------


def test_nothing_that_opens_anything_is_kept_as_it_is(app: App) -> None:
    page = app.ask()
    secrets = [
        ticket(page),
        app.secret,
        app.code(app.ask()),
        *(app.tokens()[name] for name in ("access_token", "refresh_token")),
    ]
    kept = "\n".join(app.caller.sandbox.front.store._connection.iterdump())
    assert "oauth_token" in kept
    for secret in secrets:
        assert secret not in kept
        assert secret.encode().hex() not in kept.lower()


def test_metadata_name_the_endpoints_that_answer(app: App) -> None:
    base = app.caller.sandbox.front.site.setting.address.url
    about = app.caller.data("GET", "/.well-known/oauth-authorization-server", key=None)
    assert about["issuer"] == base
    for name in ("authorization_endpoint", "token_endpoint", "revocation_endpoint"):
        assert app.caller(
            "POST", about[name].removeprefix(base), b"x", key=None, content_type=FORM
        ).status in (400, 401)
    assert about["code_challenge_methods_supported"] == ["S256"]
    assert set(about["scopes_supported"]) == {"read", "sessions:write", "intelligence"}
    resource = app.caller.data("GET", "/.well-known/oauth-protected-resource", key=None)
    assert (resource["resource"], resource["authorization_servers"]) == (base, [about["issuer"]])


def test_metadata_satisfy_rfc_8414_as_authlib_reads_it(app: App) -> None:
    from authlib.oauth2.rfc8414 import AuthorizationServerMetadata

    metadata = AuthorizationServerMetadata(
        app.caller.data("GET", "/.well-known/oauth-authorization-server", key=None)
    )
    metadata.validate()  # raises what is wrong
    assert metadata.response_types_supported == ["code"]


def test_wrong_method_and_an_api_without_oauth(app: App) -> None:
    wrong = app.caller("GET", "/oauth/token", key=None)
    assert (wrong.status, wrong.header("Allow")) == (405, "POST")
    assert Caller("shop")("GET", "/oauth/authorize", key=None).status in (401, 404)
    assert Caller("shop").sandbox.oauth == {}
    assert Caller("shop")("GET", "/orders/x", key=None).header("WWW-Authenticate") == "Bearer"


# -- other origins
# --------------------------------------------------------------------------------------------------

ORIGIN = {"Origin": "https://widget.example"}


def preflight(caller: Caller, path: str) -> Response:
    asked = {
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type",
    }
    return caller("OPTIONS", path, key=None, **ORIGIN, **asked)


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/agents/openai/actions",
        VAIL,
        "/api/v1/sessions/s_1",
        "/oauth/token",
        "/.well-known/oauth-protected-resource",
    ],
)
def test_browser_may_ask_without_a_key_and_call_with_one(path: str) -> None:
    answer = preflight(Caller(), path)
    assert (answer.status, answer.body) == (204, b"")
    assert answer.header("Access-Control-Allow-Origin") == "*"
    assert answer.header("Access-Control-Allow-Credentials") is None
    assert {"authorization", "content-type", "idempotency-key"} <= set(
        (answer.header("Access-Control-Allow-Headers") or "").lower().split(", ")
    )


def test_preflight_names_the_methods_of_the_path() -> None:
    assert preflight(Caller(), "/api/v1/sessions").header("Access-Control-Allow-Methods") == "GET, POST"


@pytest.mark.parametrize("path", ["/oauth/authorize", "/sandbox/v1/clock", "/nothing", "/sandbox/v1/audit"])
def test_browser_of_another_origin_may_not_call_what_is_the_users_or_the_operators(path: str) -> None:
    answer = preflight(Caller(), path)
    assert answer.status >= 400
    assert answer.header("Access-Control-Allow-Origin") is None


def test_answer_and_refusal_are_readable_for_a_page_of_another_origin() -> None:
    caller = Caller()
    for key, status in (("unlimited", 200), (None, 401)):
        answer = caller("GET", VAIL, key=key, **ORIGIN)
        assert (answer.status, answer.header("Access-Control-Allow-Origin")) == (status, "*")
        assert {"X-Request-Id", "X-RateLimit-Remaining"} <= set(
            (answer.header("Access-Control-Expose-Headers") or "").split(", ")
        )
    assert caller("GET", VAIL).header("Access-Control-Allow-Origin") is None
    assert caller("OPTIONS", VAIL).status == 405


# -- a client of one's own
# ------------------------------------------------------------------------------------------


def own(tmp_path: Path, **given: Any) -> oauth_clients.Client:
    """The client that a file with these members describes; None leaves a member out."""
    file = tmp_path / "client.json"
    members = {"client_id": "my_app", "redirect_uris": [LOOPBACK], **given}
    file.write_text(json.dumps({name: value for name, value in members.items() if value is not None}))
    return client_file.read(file, model("park_graph"))


def test_own_public_client_signs_in(tmp_path: Path) -> None:
    app = App(
        own(
            tmp_path,
            client_name="My app",
            scope="read",
            redirect_uris=["http://127.0.0.1/callback", "com.example.app:/back"],
        )
    )
    page = app.ask(client_id="my_app", redirect_uri="com.example.app:/back")
    assert b"My app asks for access" in page.body
    told = ok(app.change(app.code(page), client_id="my_app", redirect_uri="com.example.app:/back"))
    assert (app.call(told["access_token"]).status, told["scope"]) == (200, "read")
    assert app.caller.sandbox.oauth["my_app"] == {
        "client_id": "my_app",
        "redirect_uris": ["http://127.0.0.1/callback", "com.example.app:/back"],
    }


def test_own_confidential_client_proves_itself_and_is_attributed(tmp_path: Path) -> None:
    back = "https://assistant.example/callback"
    app = App(
        own(
            tmp_path,
            client_secret="s3cret",
            redirect_uris=[back],
            integration="claude",
            grant_types=["authorization_code"],
        )
    )
    code = app.code(app.gpt(client_id="my_app", redirect_uri=back, scope="read sessions:write"))
    form = {"client_id": "my_app", "redirect_uri": back}
    assert error(app.change_gpt(code, **form, client_secret="guess"), 401) == "invalid_client"
    told = ok(app.change_gpt(code, **form, client_secret="s3cret"))
    made = app.call(told["access_token"], "POST", "/api/v1/sessions", PARKED)
    assert json.loads(made.body)["session"]["agent_platform"] == "anthropic"
    for table in ("oauth_client", "oauth_token"):
        assert not any(
            "s3cret" in str(tuple(row))
            for row in app.caller.sandbox.front.store.rows(f"SELECT * FROM {table}")
        )


def test_client_of_an_earlier_start_is_none(tmp_path: Path) -> None:
    db = tmp_path / "world.db"
    first = Caller(db=db, oauth_clients=[own(tmp_path)])
    assert b"my_app" in first("GET", "/oauth/authorize?" + urlencode(MY_APP), key=None).body
    first.sandbox.front.store.close()
    again = Caller(db=db)
    assert again("GET", "/oauth/authorize?" + urlencode(MY_APP), key=None).status == 400
    again.sandbox.front.store.close()


MY_APP = {"response_type": "code", "client_id": "my_app", "redirect_uri": LOOPBACK, **PKCE}


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"client_id": None}, "client_id is 1 to 200"),
        ({"client_id": "my app"}, "client_id is 1 to 200"),
        ({"client_id": "demo_gpt"}, "the sandbox's own"),
        ({"client_id": 5}, "client_id must be a text"),
        ({"redirect_uris": None}, "redirect_uris is a list"),
        ({"redirect_uris": []}, "redirect_uris is a list"),
        ({"redirect_uris": [5]}, "not an absolute address"),
        ({"redirect_uris": ["http://evil.example/back"]}, "for this machine alone"),
        ({"redirect_uris": ["https://a.example/back#here"]}, "without a fragment"),
        ({"redirect_uris": ["https://a.example;script-src/back"]}, "names no host"),
        ({"redirect_uris": ["https://user@a.example/back"]}, "names no host"),
        ({"redirect_uris": ["https:///back"]}, "names no host"),
        ({"redirect_uris": ["javascript:alert(1)"]}, "neither https"),
        ({"redirect_uris": ["/back"]}, "neither https"),
        ({"redirect_uris": ["https://[::1/back"]}, "redirect_uris: "),
        ({"redirect_uris": ["com.example.app:/back"], "client_secret": "s"}, "without a secret"),
        ({"token_endpoint_auth_method": "client_secret_post"}, "needs a client_secret"),
        ({"token_endpoint_auth_method": "none", "client_secret": "s"}, "without client_secret"),
        ({"scope": "read everything"}, "scope everything is none of read"),
        ({"redirect_uri": "x"}, "did you mean `redirect_uris`"),
    ],
)  # fmt: skip
def test_file_that_describes_no_client_is_told_what_is_wrong(
    tmp_path: Path, given: dict[str, Any], says: str
) -> None:
    with pytest.raises(PgagentsError, match=re.escape(says)):
        own(tmp_path, **given)


@pytest.mark.parametrize(
    "raw", [b"", b"[]", b"{", b'{"client_id":"a","client_id":"b"}', b"\xff", b"[" * 70_000]
)
def test_file_that_is_no_json_object_is_one_message_and_exit_2(
    tmp_path: Path, raw: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "client.json"
    file.write_bytes(raw)
    assert main(["sandbox", "--port", "0", "--oauth-client", str(file)]) == 2
    assert capsys.readouterr().err.startswith(f"error: {file}")
    with pytest.raises(PgagentsError, match="cannot read"):
        client_file.read(tmp_path / "absent.json", model("park_graph"))


def test_client_is_given_once_and_where_there_is_oauth(tmp_path: Path) -> None:
    own(tmp_path)
    with pytest.raises(PgagentsError, match="was given by another file"):
        client_file.read_all([tmp_path / "client.json"] * 2, model("park_graph"))
    with pytest.raises(PgagentsError, match="has no OAuth"):
        client_file.read(tmp_path / "client.json", model("shop"))


# -- on the wire
# ----------------------------------------------------------------------------------------------------


def test_whole_flow_over_tls_by_what_discovery_says(tmp_path: Any) -> None:
    import ssl

    with sandbox(tmp_path, "--tls") as (_, facts):
        trust = ssl.create_default_context(cafile=facts["ca_file"])
        with httpx.Client(base_url=facts["url"], verify=trust) as browser:
            refused = browser.post(DISPATCH, json={"action": "search_parking"})
            found_at = re.search('resource_metadata="([^"]*)"', refused.headers["WWW-Authenticate"])
            assert refused.status_code == 401
            assert found_at
            [issuer] = browser.get(found_at[1]).json()["authorization_servers"]
            about = browser.get(f"{issuer}/.well-known/oauth-authorization-server").json()
            assert about["issuer"] == issuer == facts["url"]
            client, redirect_uri = (
                facts["oauth"]["confidential"],
                facts["oauth"]["confidential"]["redirect_uris"][1],
            )
            query = {
                "response_type": "code",
                "client_id": client["client_id"],
                "redirect_uri": redirect_uri,
                "state": "x",
                "scope": "read",
            }
            page = browser.get(about["authorization_endpoint"], params=query)
            found = Forms()
            found.feed(page.text)
            back = browser.post(about["authorization_endpoint"], data={**found.fields, "decision": "allow"})
            code = parse_qs(urlsplit(back.headers["Location"]).query)["code"][0]
            told = browser.post(
                about["token_endpoint"],
                data={"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri},
                auth=(client["client_id"], client["client_secret"]),
            ).json()
            answer = browser.get(VAIL, headers={"Authorization": f"Bearer {told['access_token']}"})
            assert answer.status_code == 200
            assert answer.json()["lots"]
