"""A run's further means: a receiver of events, an OAuth client, and the parts that read what comes from
outside.
"""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import time
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from inprocess import inside, over_tls, verify_sandbox
from lengths import rarely
from pgagents.base.errors import InputError, PgagentsError
from pgagents.base.http import Request, Response, Silence
from pgagents.catalogue.load import load_text
from pgagents.catalogue.model.credential import schemes
from pgagents.cli.inputs import companions
from pgagents.cli.inputs.env import Env, read_env
from pgagents.cli.main import main
from pgagents.report.contract import Verdict
from pgagents.report.report import Report
from pgagents.verify import oauth
from pgagents.verify.checks.events.event_signatures import ReadSignature, is_signed, read_signature
from pgagents.verify.oauth import form_of
from pgagents.verify.plan.options import DISCOVERY, Identities, Options
from pgagents.verify.plan.selection import NO_WRITES
from pgagents.verify.run.redact import Redactor
from pgagents.verify.run.run import contracts, plan, verify
from pgagents.verify.wire.oauth import OAuthClient, challenge, leads_to
from pgagents.verify.wire.receiver import MAX_BODY_BYTES, Delivery, Inbox, listening
from verifying import PARK_GRAPH, ROOT, SHOP, ids, model, run

EVENTS = {"event_delivery", "event_signatures", "event_redelivery"}
OUTSIDE = EVENTS | {
    "audit_trail",
    "webhook_ssrf",
    "request_signatures",
    "oauth_metadata",
    "oauth_grants",
    "authorization_redirects",
    "cors_policy",
    "safe_redirects",
    "call_attribution",
    "mode_isolation",
}


def verdicts(report: Report, check: str) -> dict[str, tuple[Verdict, str]]:
    return {r.contract.id: (r.verdict, r.reason) for r in report.results if r.contract.check == check}


# -- what is not given is not selected, with the flag that adds it
# ---------------------------------------------------


def bare() -> Report:
    """A run over http with one key and nothing else, of the checks of this file."""
    opened = inside(model())
    options = Options(
        profile="smoke",
        max_requests=200,
        live=False,
        only=tuple(f"{check}/" for check in OUTSIDE),
    )
    return verify(
        model(),
        opened.sandbox.handler,
        Identities({"main": opened.keys["main"]}),
        options,
        clock=opened.sandbox.front.clock.now,
        sleep=opened.sleep,
        wall=lambda: "2026-04-18T16:00:00Z",
        url="http://127.0.0.1:1",
        timer=time.perf_counter,
    )


def test_without_receiver_client_and_identities_contracts_say_what_adds_them():
    report = bare()
    assert report.exit_code == 0
    assert {reason for _, reason in verdicts(report, "event_delivery").values()} == {
        "needs somewhere to send events to: add --receiver auto, or --receiver URL"
    }
    assert {reason for _, reason in verdicts(report, "oauth_grants").values()} == {
        "needs a registered OAuth client: add `oauth` to the --env file"
    }
    assert {reason for _, reason in verdicts(report, "audit_trail").values()} == {
        "needs the identity `operator`: add --identity operator=ENVVAR"
    }
    assert (
        verdicts(report, "authorization_redirects")["authorization_redirects/unknown_client@rest"][0]
        is Verdict.KEPT
    )
    assert {v for v, _ in verdicts(report, "oauth_metadata").values()} == {Verdict.KEPT}


def test_client_whose_user_nobody_can_be_leaves_out_what_needs_consent():
    opened = inside(model())
    client = OAuthClient("demo_app", "http://127.0.0.1/callback")
    report = verify(
        model(),
        opened.sandbox.handler,
        Identities({"main": opened.keys["main"]}, oauth=client),
        Options(profile="smoke", live=False, only=("oauth_grants/", "authorization_redirects/")),
        clock=opened.sandbox.front.clock.now,
        sleep=opened.sleep,
        wall=lambda: "2026-04-18T16:00:00Z",
        url="http://127.0.0.1:1",
        timer=time.perf_counter,
    )
    assert {v for v, _ in verdicts(report, "oauth_grants").values()} == {Verdict.NOT_SELECTED}
    assert {v for v, _ in verdicts(report, "authorization_redirects").values()} == {Verdict.KEPT}
    assert report.exit_code == 0


def test_receiver_on_this_machine_leaves_loopback_targets_not_applicable():
    opened = inside(model())
    opened.inbox.url = "https://127.0.0.1:8099/events"
    report = verify_sandbox(model(), opened, Options(only=("webhook_ssrf/",)))
    found = verdicts(report, "webhook_ssrf")
    assert found["webhook_ssrf/loopback/create_webhook@rest"][0] is Verdict.NOT_APPLICABLE
    assert [v for v, _ in found.values()].count(Verdict.KEPT) == 3


def test_addresses_of_the_inside_are_sent_as_they_are():
    """With a mark of the run in it, an address would be another one, which the server rightly takes."""
    of = model(ROOT / "tests" / "catalogues" / "chat.yaml")
    opened, urls = inside(of), []

    def handler(request: Request) -> Response:
        if request.method == "POST" and "hooks" in request.path:
            urls.append(json.loads(request.body).get("url"))
        return opened.sandbox.handler(request)

    report = verify_sandbox(of, opened, Options(only=("webhook_ssrf/",)), handler=over_tls(handler))
    assert {v for v, _ in verdicts(report, "webhook_ssrf").values()} == {Verdict.KEPT}
    assert {"https://127.0.0.2/pgv", "https://172.31.255.254/pgv"} <= set(urls)


def test_catalogue_without_webhooks_audit_and_oauth_promises_none_of_it():
    assert {c.check for c in contracts(model(SHOP))} & OUTSIDE == {"safe_redirects"}


# -- requests
# --------------------------------------------------------------------------------------------------------


def test_probes_of_the_world_outside_cost_few_requests():
    """With everything given fewer than one for each contract. Without receiver and client most of them are
    left out.
    """
    everyone = Identities(
        dict.fromkeys(model().auth.roles, "pk_test_x"),
        oauth=OAuthClient("a", "http://127.0.0.1/cb", consent={"u": "x"}),
    )
    options = Options(profile="smoke", max_requests=10_000)
    whole = plan(
        model(), options, everyone, url="https://127.0.0.1:1", receiver=Inbox("https://events.example.com")
    )
    skipped = replace(options, skip=tuple(OUTSIDE))
    rest = plan(
        model(), skipped, everyone, url="https://127.0.0.1:1", receiver=Inbox("https://events.example.com")
    )
    assert whole.total - rest.total <= sum(c.check in OUTSIDE for c in contracts(model()))
    unarmed = Identities({"main": "pk_test_x"})
    assert (
        plan(model(), options, unarmed, url="https://127.0.0.1:1").total
        - plan(model(), skipped, unarmed, url="https://127.0.0.1:1").total
        <= 22
    )


# -- discovery
# -------------------------------------------------------------------------------------------------------


def discovered(faults: tuple[str, ...] = ()) -> tuple[Report, list[Request]]:
    opened = inside(model(), faults=faults)
    sent: list[Request] = []

    def handler(request: Request) -> Response:
        sent.append(request)
        answer = opened.sandbox.handler(request)
        assert isinstance(answer, Response)
        return answer

    options = Options(profile="smoke", live=False, only=DISCOVERY, only_said="--discovery", keyless=True)
    report = verify(
        model(),
        handler,
        Identities(),
        options,
        clock=opened.sandbox.front.clock.now,
        sleep=opened.sleep,
        wall=lambda: "2026-04-18T16:00:00Z",
        url="http://127.0.0.1:1",
        timer=time.perf_counter,
    )
    return report, sent


def test_discovery_needs_no_key_and_sends_none():
    report, sent = discovered()
    assert report.exit_code == 0
    assert len(ids(report, Verdict.KEPT)) == 32
    assert {r.contract.id for r in report.results if r.reason == NO_WRITES} >= {
        "oauth_metadata/endpoint/token@rest",
        "oauth_metadata/endpoint/revoke@rest",
    }  # without leave to write nothing is posted, not even what must be refused
    assert len(sent) <= 42
    assert [r.target for r in sent if r.header("authorization")] == []


def test_discovery_names_the_place_and_both_values():
    report, _ = discovered(("wellknown-stale",))
    assert report.exit_code == 1
    assert [(f.contract.check, f.expected, f.actual) for f in report.findings] == [
        (
            "hosted_document",
            'openai/ai-plugin.json as it was built, #/auth/type: "user_http"',
            'it differs at #/auth/type: "none"',
        )
    ]


# -- the receiver
# ----------------------------------------------------------------------------------------------------


def post(url: str, body: bytes, headers: dict[str, str] | None = None, path: str = "/box") -> int:
    parts = urlsplit(url)
    assert parts.hostname
    insecure = ssl.create_default_context()
    insecure.check_hostname, insecure.verify_mode = False, ssl.CERT_NONE
    connection: http.client.HTTPConnection = (
        http.client.HTTPSConnection(parts.hostname, parts.port, timeout=600, context=insecure)
        if parts.scheme == "https"
        else http.client.HTTPConnection(parts.hostname, parts.port, timeout=600)
    )
    connection.request("POST", parts.path + path, body, headers or {})
    status = connection.getresponse().status
    connection.close()
    return status


def test_receiver_keeps_the_exact_bytes_and_refuses_as_told():
    with listening(clock=lambda: 7.0) as inbox:
        assert inbox.loopback
        address = inbox.open("box", refusals=1)
        assert address.startswith("https://127.0.0.1:")
        raw = b'{ "id" : "evt_1" }\n'
        assert post(inbox.url, raw, {"Some-Signature": "t=1,v1=ab"}) == 500
        assert post(inbox.url, raw) == 204
        assert post(inbox.url, raw, path="/other") == 404
        first, second = inbox.deliveries("box")
    assert (first.body, first.at, first.answered, first.header("some-signature")) == (
        raw,
        7.0,
        500,
        "t=1,v1=ab",
    )
    assert second.answered == 204


def test_receiver_refuses_by_a_redirect_that_leads_nowhere():
    with listening() as inbox:
        inbox.open("box", refusals=1, refusal=302)
        assert post(inbox.url, b"{}") == 302
        assert post(inbox.url, b"{}", path="/moved") == 404
        assert post(inbox.url, b"{}") == 204
        assert [d.answered for d in inbox.deliveries("box")] == [302, 204]


def test_receiver_outlives_what_is_no_delivery():
    with listening() as inbox:
        inbox.open("box")
        address = urlsplit(inbox.url)
        for rubbish in (b"", b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x00\x00", b"\xff" * 5_000):
            with socket.create_connection(
                (str(address.hostname), address.port or 0), timeout=600
            ) as connection:
                connection.sendall(rubbish)
        half_open = socket.create_connection((str(address.hostname), address.port or 0), timeout=600)
        assert post(inbox.url, b"x" * (MAX_BODY_BYTES + 1)) == 413
        assert post(inbox.url, b"{}") == 204
        half_open.close()
        assert [d.body for d in inbox.deliveries("box")] == [b"{}"]


def test_receiver_behind_a_tunnel_listens_without_tls():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PgagentsError, match="cannot listen"), listening("https://tunnel.example", port):
            pass
    with listening("https://tunnel.example/", port) as inbox:
        assert inbox.open("box") == "https://tunnel.example/box"
        assert not inbox.loopback
        assert post(f"http://127.0.0.1:{port}", b"{}") == 204


def test_receiver_that_nothing_reaches_is_said_before_the_run():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with (
        pytest.raises(PgagentsError, match="does not arrive here"),
        companions.receiving("https://127.0.0.1:1", port),
    ):
        pass


def test_receiver_that_is_no_https_url_is_refused(capsys):
    assert (
        main(["verify", "--url", "http://127.0.0.1:1", "--receiver", "http://127.0.0.1:9", "--discovery"])
        == 2
    )
    assert "is not an https URL" in capsys.readouterr().err


def test_inbox_is_bounded():
    inbox = Inbox("https://events.example.com")
    inbox.open("box")
    for number in range(2_100):
        inbox.take("/box", (), str(number).encode(), 0.0)
    assert [d.body for d in inbox.deliveries("box")][:1] == [b"100"]
    for _ in range(20):
        inbox.take("/box", (), b" " * 1_048_576, 0.0)
    assert [len(d.body) for d in inbox.deliveries("box")] == [1_048_576] * 16
    for number in range(60):
        inbox.open(f"box{number}")
    assert inbox.take("/box", (), b"", 0.0) == 404


# -- signatures, forms, redirects
# --------------------------------------------------------------------------------------


STRIPE = schemes()["t_v1_hmac_sha256"]


@pytest.mark.parametrize(
    ("header", "read"),
    [
        ("t=12,v1=ab", (("ab",), "12")),
        ("t=12, v0=xx, v1=ab, v1=cd", (("ab", "cd"), "12")),
        ("v1=ab,t=12", None),
        ("t=12", None),
        ("t=-1,v1=ab", None),
        ("", None),
    ],
)
def test_signature_header_is_read(header, read):
    came = Delivery((("Stripe-Signature", header),), b"", 0.0, 204)
    found = read_signature(STRIPE, "Stripe-Signature", came)
    assert (isinstance(found, str) and read is None) or (found.given, found.time) == read


def test_signature_of_other_characters_fits_nothing():
    assert not is_signed(STRIPE, "secret", b"{}", ReadSignature(("é",), "1", ""))


def test_form_is_filled_in_by_name():
    page = """<form action="/search"><input name="q"></form>
    <form method="POST" action="/consent"><input type="hidden" name="ticket" value="a&amp;b">
    <input name="user"><input type="checkbox" name="remember" value="1">
    <button name="decision" value="allow">Allow</button></form>
    <input name="outside">"""
    form = form_of(page)
    assert form is not None
    assert (form.action, form.values, form.names) == (
        "/consent",
        {"ticket": "a&b", "user": ""},
        {"ticket", "user", "remember", "decision"},
    )
    assert form_of("<form><input name=a></form>") is None
    assert form_of("<form method=post" * 1_000) is None
    assert form_of("<![weird[ <form method=post>") is None


@pytest.mark.parametrize(
    ("location", "home"),
    [
        ("https://a.example/cb?code=1", True),
        ("https://a.example/cb", True),
        ("https://a.example/cb.evil", False),
        ("/login", False),
    ],
)
def test_redirect_leads_home_or_not(location, home):
    assert leads_to(location, "https://a.example/cb") is home


def test_challenge_is_that_of_rfc_7636():
    assert (
        challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
        == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    )


# -- nothing secret is told
# --------------------------------------------------------------------------------------------


def test_findings_about_oauth_tell_no_code_token_or_secret():
    report = run(model(), faults=["oauth-code-reused"], only=("oauth_grants/",))
    assert report.exit_code == 1
    shown = json.dumps([[(str(e.request), str(e.answer)) for e in f.exchanges] for f in report.findings])
    assert "code=" in shown
    for secret in ("oc_", "oat_", "ort_"):
        assert secret not in shown, shown


def test_secret_of_a_client_and_password_of_its_user_are_masked():
    client = OAuthClient(
        "app",
        "http://127.0.0.1/cb",
        "cs_very_secret",
        {"password": "hunter2222"},
        {"Cookie": "sid=abcdefgh"},
        ("hunter2222",),
    )
    shown = Redactor({}, (), Identities(oauth=client).hidden).text(
        "cs_very_secret hunter2222 sid=abcdefgh app"
    )
    assert shown == "[redacted] [redacted] [redacted] app"


# -- the verdicts follow from what is there, not from what is not
# -------------------------------------------------------


def test_events_that_cannot_be_asked_for_are_untested_and_say_why():
    opened = inside(model())
    opened.inbox.url = "https://127.0.0.1:8099/events"  # which this sandbox takes for no public address
    report = verify_sandbox(model(), opened, Options(only=("event_signatures/",)))
    (said,) = {
        reason
        for verdict, reason in verdicts(report, "event_signatures").values()
        if verdict is Verdict.UNTESTED
    }
    assert said.startswith(
        "no webhook could be registered at https://127.0.0.1:8099/events/events: "
        "400 BAD_REQUEST; a server elsewhere"
    )
    assert report.exit_code == 3


@pytest.mark.matrix
def test_audit_that_cannot_be_read_is_untested():
    opened = inside(model())
    report = verify_sandbox(
        model(),
        opened,
        Options(only=("audit_trail/create_session",)),
        keys={**opened.keys, "operator": opened.keys["second"]},
    )
    found = {verdict for verdict, _ in verdicts(report, "audit_trail").values()}
    assert Verdict.UNTESTED in found
    assert Verdict.BROKEN not in found
    assert report.exit_code == 3


# -- the OAuth client of --env
# -------------------------------------------------------------------------------------------


def described(tmp_path: Path, text: str, **variables: str) -> Env:
    path = tmp_path / "staging.yaml"
    path.write_text("url: https://staging.example.com\n" + text, encoding="utf-8")
    return read_env(path, roles={}, values={}, variables=variables)


def test_env_describes_an_oauth_client_and_its_user(tmp_path):
    env = described(
        tmp_path,
        """
oauth:
  client_id: app
  secret: APP_SECRET
  redirect_uri: http://127.0.0.1/callback
  consent: {user: tester, password: {variable: APP_PASSWORD}}
  headers: {Cookie: {variable: APP_COOKIE}}
""",
        APP_SECRET="cs_1",
        APP_PASSWORD="hunter22",
        APP_COOKIE="sid=1",
    )
    assert env.oauth == OAuthClient(
        "app",
        "http://127.0.0.1/callback",
        "cs_1",
        {"user": "tester", "password": "hunter22"},
        {"Cookie": "sid=1"},
        ("hunter22", "sid=1"),
    )
    assert env.oauth.kind == "confidential"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("oauth: {client_id: a}", "`oauth` needs `redirect_uri`"),
        ("oauth: {client_id: a, redirect_uri: b, secrets: X}", "unknown key `secrets`"),
        ("oauth: {client_id: a, redirect_uri: b, secret: X}", "the environment variable X is not set"),
        ("oauth: {client_id: a, redirect_uri: b, consent: [x]}", "`consent` is a mapping"),
        ("oauth: {client_id: a, redirect_uri: b, consent: {pin: 1234}}", "this is one line of text"),
        ("oauth: demo", "`oauth` is a mapping"),
    ],
)
def test_env_says_what_is_wrong_with_an_oauth_client(tmp_path, text, said):
    with pytest.raises(InputError) as caught:
        described(tmp_path, text)
    assert any(said in d.message for d in caught.value.diagnostics), [
        d.message for d in caught.value.diagnostics
    ]


# -- the language
# --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "by: [create_session], about: session",
            "by: [creat_session], about: session",
            "`creat_session` is not an action",
        ),
        ("about: session}", "about: sesion}", "`sesion` is not a resource"),
        ("  reads_on: [dispatcher]", "  reads_on: [dispatch]", "`dispatch` is not a surface"),
        (
            "  about: {session_id: session, lot_id: lot}",
            "  about: {session_id: sessions}",
            "`sessions` is not a resource",
        ),
        ("otherwise: BAD_REQUEST}", "otherwise: BAD}", "`BAD` is not an error code"),
        ("surface: copilot}", "surface: copilots}", "`copilots` is not a surface"),
    ],
)
def test_catalogue_is_refused_where_its_outside_names_nothing(old, new, said):
    text = PARK_GRAPH.read_text(encoding="utf-8")
    assert old in text
    with pytest.raises(InputError) as caught:
        load_text(text.replace(old, new, 1), "park.yaml")
    assert any(said in d.message for d in caught.value.diagnostics), [
        d.message for d in caught.value.diagnostics
    ]


def test_audit_that_lists_only_later_rows_is_untested_not_broken():
    opened = inside(model())

    def short(request: Request) -> Response:
        """A list that is full of one row, written later than all calls."""
        answer = opened.sandbox.handler(request)
        assert isinstance(answer, Response)
        if not request.path.endswith("/audit") or answer.status != 200:
            return answer
        row = json.loads(answer.body)["rows"][0]
        return answer.with_json({"rows": [{**row, "at": "2027-04-12T14:00:00Z"}] * 500})

    report = verify_sandbox(
        model(), opened, Options(only=("audit_trail/create_session@rest",)), handler=short
    )
    assert verdicts(report, "audit_trail")["audit_trail/create_session@rest"] == (
        Verdict.UNTESTED,
        "the 500 rows that are listed are all later than the call",
    )


@pytest.mark.parametrize(
    ("reference", "target"),
    [
        ("/2.0/consent?x=1", "/consent?x=1"),
        ("consent", "/oauth2/consent"),
        ("", "/oauth2/authorize"),
        ("https://a.example/2.0/consent#top", "/consent"),
        ("/consent", None),
        ("/2.0", None),
        ("https://b.example/2.0/consent", None),
        ("https://a.example.evil/2.0/x", None),
        ("//b.example/2.0/x", None),
        ("http://[", None),
    ],
)
def test_consent_is_followed_below_the_servers_base_alone(reference: str, target: str | None) -> None:
    assert oauth._within("https://a.example/2.0", "/oauth2/authorize", reference) == target


@pytest.mark.parametrize(
    ("end", "verdict"),
    rarely(
        [("", "kept"), ("/", "kept"), ("/other", "broken"), ("//", "broken")], ("/", "kept"), ("//", "broken")
    ),
)
def test_issuer_may_end_in_a_slash(end, verdict):
    opened = inside(model())
    inner = over_tls(opened.sandbox.handler)
    oauth = model().own_code_flow

    def handler(request: Request) -> Response | Silence:
        answer = inner(request)
        if request.path not in (oauth.metadata, oauth.resource_metadata):
            return answer
        told = json.loads(answer.body)
        if "issuer" in told:
            told["issuer"] += end
        if "authorization_servers" in told:
            told["authorization_servers"] = [server + end for server in told["authorization_servers"]]
        return replace(answer, body=json.dumps(told).encode())

    contract = "oauth_metadata/server@rest"
    report = verify_sandbox(model(), opened, Options(only=(contract,)), handler=handler)
    assert verdicts(report, "oauth_metadata")[contract][0].value == verdict
