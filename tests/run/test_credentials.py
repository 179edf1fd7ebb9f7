"""Small APIs with a key in a header, HTTP Basic and no keys go from their document to a verified server. Bugs
in their admission of calls are found.
"""

from __future__ import annotations

import json
import time
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import inprocess
from guarded import (
    BUGS,
    HABITS,
    PASSWORD,
    RIGHT,
    SCHEMES,
    SECRETS,
    Admits,
    description,
    serving,
)
from importing import imported, openapi
from inprocess import mcp_inside
from lengths import share
from pgagents.base.http import Request, Response, Silence
from pgagents.catalogue.load import load_text
from pgagents.catalogue.model.credential import encode
from pgagents.catalogue.model.model import Model
from pgagents.cli.main import main
from pgagents.report.contract import Verdict
from pgagents.report.report import Report
from pgagents.sandbox.fault_registry import find
from pgagents.verify.plan.options import Identities, Options
from pgagents.verify.run.run import contracts, verify
from pgagents.verify.wire.send import Client
from small_api import with_resource
from verifying import ids

ASKED = {
    "header": {"none", "garbage", "flip", "query"},
    "token": {"none", "garbage", "flip", "basic", "bare", "query"},
    "bearer": {"none", "garbage", "flip", "basic", "bare", "query", "either_case"},
    "basic": {"none", "garbage", "flip", "plain", "bearer", "bare", "query", "either_case"},
    "none": set(),
}
"""The kinds of `key_authentication` that are tried on the first action."""


def contracts_of(kind: str) -> list[str]:
    return sorted(f"key_authentication/{detail}/list_notes@rest" for detail in ASKED[kind])


@pytest.mark.parametrize("kind", SCHEMES)
def test_document_leads_to_a_verified_server_without_an_edit(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PGAGENTS_TOKEN", raising=False)
    if SECRETS[kind]:
        monkeypatch.setenv("PGAGENTS_TOKEN", SECRETS[kind])
    with serving(RIGHT[kind]) as url:
        given = description(kind, url)
        Path("notes.json").write_text(json.dumps(given), encoding="utf-8")
        assert main(["import", "--full", "notes.json", "--out", "notes.yaml"]) == 0
        assert main(["build", "notes.yaml"]) == 0
        command = ["verify", "notes.yaml", "--url", url]
        for suffix in ("json", "md", "html", "sarif"):
            command += ["--report", f"report.{suffix}"]
        code = main(command)
    shown = capsys.readouterr()
    assert code in (0, 3), shown.out + shown.err
    made = json.loads(Path("generated/openapi/openapi.json").read_text(encoding="utf-8"))
    assert made.get("security") == given.get("security")
    assert made["components"].get("securitySchemes") == given["components"].get("securitySchemes")
    report = json.loads(Path("report.json").read_text(encoding="utf-8"))
    assert report["findings"] == []
    kept = sorted(r["contract"] for r in report["results"] if r["verdict"] == "kept")
    tried = [id for id in kept if id.startswith("key_authentication/")]
    assert [id for id in tried if id.endswith("/list_notes@rest")] == contracts_of(kind)
    assert bool(tried) == ("key_authentication/none/get_note@rest" in tried)  # its id is one of the list
    assert "content_type/list_notes@rest" in kept
    secret = SECRETS[kind]
    for text in [shown.out, shown.err, *(path.read_text("utf-8") for path in Path().glob("report.*"))]:
        assert not secret or not any(s in text for s in (secret, encode(secret), PASSWORD))


@cache
def _model(kind: str) -> Model:
    return load_text(imported(description(kind, "http://127.0.0.1:1")).text, "notes.yaml")


def verified(kind: str, admits: Admits, seed: int = 0) -> Report:
    """A run against a server on loopback that admits calls in its own way."""
    with serving(admits) as url, Client(url) as client:
        return verify(
            _model(kind),
            client,
            Identities({"main": SECRETS[kind]} if SECRETS[kind] else {}),
            Options(seed=seed, allow_writes=True),
            clock=time.time,
            sleep=time.sleep,
            wall=lambda: "2026-04-18T16:00:00Z",
            url=url,
        )


@pytest.mark.parametrize(
    ("kind", "bug"), share([(kind, bug) for kind, bugs in BUGS.items() for bug in bugs], 2)
)
def test_bug_in_how_calls_are_admitted_is_found(kind: str, bug: str) -> None:
    """A key that nearly is right takes several forms, one in a run: two seeds try two of them."""
    admits, detail = BUGS[kind][bug]
    found = set[str]()
    for seed in (0, 1):
        report = verified(kind, admits, seed)
        broken = [*ids(report, Verdict.BROKEN), *ids(report, Verdict.ODD)]
        assert all(id.startswith("key_authentication/") for id in broken), broken
        found |= {id.split("/")[1] for id in broken}
    assert detail in found
    assert detail == "none" or "none" not in found


@pytest.mark.parametrize(
    ("kind", "habit"), [(kind, habit) for kind, habits in HABITS.items() for habit in habits]
)
def test_legal_habit_is_no_finding(kind: str, habit: str) -> None:
    for seed in range(3):
        assert ids(verified(kind, HABITS[kind][habit], seed), Verdict.BROKEN) == []


@pytest.mark.parametrize("kind", SCHEMES)
def test_no_report_holds_a_secret_that_a_server_refuses(kind: str) -> None:
    """The calls of the findings have the right key, and others that nearly are right."""
    report = verified(kind, lambda _: False)
    secret = SECRETS[kind]
    text = repr(report)
    assert not secret or not any(s in text for s in (secret, encode(secret), PASSWORD, secret[:-1]))


@pytest.mark.parametrize("part", ["pair", "base64", "password"])
def test_server_that_repeats_any_part_of_the_secret_is_found(part: str) -> None:
    """One call is refused with what it presented; the report names the leak and not the secret."""
    opened = inprocess.inside(notes("basic"), seed=0)
    key = opened.keys["main"]
    shown = {"pair": key, "base64": encode(key), "password": key.partition(":")[2]}[part]

    def leaky(request: Request) -> Response | Silence:
        found = opened.sandbox.handler(request)
        told = isinstance(found, Response) and found.status == 200 and request.path == "/notes"
        return found.with_header("X-Debug", f"seen {shown}") if told else found

    report = inprocess.verify_sandbox(
        notes("basic"), opened, Options(allow_writes=True, exclusive=True), handler=leaky
    )
    assert "no_leaks/list_notes@rest" in ids(report, Verdict.BROKEN)
    assert shown not in repr(report)


CATALOGUES = {
    "header": "{type: api_key, in: header, name: X-API-Key, prefixes: {test_: test}}",
    "word": '{type: api_key, in: header, name: X-Auth, value: "Token {key}", prefixes: {test_: test}}',
    "tail": "{type: api_key, in: header, name: X-Auth, value: 'key=\"{key}\"', prefixes: {test_: test}}",
    "basic": "{type: http_basic, prefixes: {test_: test}}",
    "bearer": "{description: A key, prefixes: {test_: test}}",
    "none": "",
}
"""Schemes of a catalogue, by name; without one, no call has a key."""
FAULTS = {
    "auth-ignored": {"none": {"header", "word", "tail", "basic", "bearer"}},
    "auth-one-action-open": {"none": {"header", "word", "tail", "basic", "bearer"}},
    "auth-any-key": {"garbage": {"header", "word", "basic", "bearer"}},
    "basic-accepted": {"basic": {"word", "bearer"}, "bearer": {"basic"}},
    "key-without-scheme-accepted": {"bare": {"word", "basic", "bearer"}},
    "key-in-query-accepted": {"query": {"header", "word", "tail", "basic", "bearer"}},
    "key-minds-no-case": {"flip": {"header", "word", "tail", "basic", "bearer"}},
    "key-scheme-minds-case": {"either_case": {"basic", "bearer"}},
}
"""Faults of the sandbox, with the contract that each breaks and the schemes where it does."""


def notes(scheme: str) -> Model:
    """The catalogue of notes with another scheme."""
    old, kind = "auth: {schemes: {key: {description: A key, prefixes: {test_: test}}}}", CATALOGUES[scheme]
    return with_resource((old, f"auth: {{schemes: {{key: {kind}}}}}" if kind else ""))


def sandboxed(model: Model, *faults: str, seed: int = 0) -> Report:
    opened = inprocess.inside(model, seed=seed, faults=faults)
    return inprocess.verify_sandbox(model, opened, Options(seed=seed, allow_writes=True, exclusive=True))


@pytest.mark.parametrize("scheme", CATALOGUES)
def test_sandbox_keeps_to_any_scheme(scheme: str) -> None:
    for seed in range(2):
        report = sandboxed(notes(scheme), seed=seed)
        assert ids(report, Verdict.BROKEN) == []
        assert "content_type/create_note@rest" in ids(report, Verdict.KEPT)
        asked = {r.contract.id for r in report.results if r.contract.check == "key_authentication"}
        assert bool(asked) == (scheme != "none")


@pytest.mark.parametrize(
    ("fault", "detail", "scheme"),
    share(
        (
            (f, d, s)
            for f, details in FAULTS.items()
            for d, schemes in details.items()
            for s in sorted(schemes)
        ),
        3,
    ),
)
def test_fault_of_the_sandbox_is_found_with_any_scheme(fault: str, detail: str, scheme: str) -> None:
    """The second seed is only taken where the first does not show it."""
    verdict = Verdict.ODD if find("faults", fault).odd else Verdict.BROKEN
    caught = (ids(sandboxed(notes(scheme), fault, seed=seed), verdict) for seed in (0, 1))
    assert any(id.startswith(f"key_authentication/{detail}/") for each in caught for id in each)


@pytest.mark.parametrize("scheme", CATALOGUES)
def test_mcp_server_calls_the_api_with_the_credential(scheme: str) -> None:
    rest = "surfaces: {rest: {actions: all}}"
    text = notes(scheme).source.text.replace(
        rest, "surfaces: {rest: {actions: all}, mcp: {actions: all, server: notes-mcp}}"
    )
    model = load_text(text)
    opened = inprocess.inside(model, seed=0)
    with mcp_inside(model, opened) as link:
        options = Options(allow_writes=True, exclusive=True, only=("valid_calls/ordinary/list_notes@mcp",))
        report = inprocess.verify_sandbox(model, opened, options, mcp=link)
    assert ids(report, Verdict.KEPT) == ["valid_calls/ordinary/list_notes@mcp"]


def test_api_without_keys_is_tried_like_the_others() -> None:
    """Promises of any API are held without keys too, in calls and in browsers."""
    text = "browsers: {origins: any}\n"
    keyed, open_to_all = (
        {c.id for c in contracts(load_text(notes(scheme).source.text + text))}
        for scheme in ("bearer", "none")
    )
    beginnings = ("key_authentication/", "error_codes/", "error_envelope/list_notes", "cors_policy/")
    about_keys = {id for id in keyed if id.startswith(beginnings)}  # notes are listed, or the key is wrong
    assert keyed - open_to_all <= about_keys
    assert keyed & about_keys - open_to_all >= {"cors_policy/refusal@rest"}
    assert open_to_all <= keyed
    assert any(id.startswith("framework/") for id in open_to_all)


def test_plan_of_an_api_without_keys_needs_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PGAGENTS_TOKEN", "a-key-for-nobody")
    Path("notes.yaml").write_text(notes("none").source.text, encoding="utf-8")
    log: list[Any] = []
    with serving(RIGHT["none"], log) as url:
        assert main(["verify", "notes.yaml", "--url", url]) in (0, 1, 3)
    assert "the key that was given is used by no action" in capsys.readouterr().err
    assert log
    assert not any("a-key-for-nobody" in str(headers) for headers in log)


def test_a_key_that_a_document_does_not_declare_is_said_not_to_be_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PGAGENTS_TOKEN", "a-key-for-nobody")
    answer = {"200": {"description": "So", "content": {"application/json": {"schema": {"type": "object"}}}}}
    paths = {"/notes": {"get": {"operationId": "listNotes", "responses": answer}}}
    Path("openapi.json").write_text(json.dumps(openapi(paths)), encoding="utf-8")
    with serving(RIGHT["none"], []) as url:
        given = ["verify", "--openapi", "openapi.json", "--url", url, "--only", "no_crashes/list_notes"]
        assert main(given) in (0, 1, 3)
        assert "the key is not sent, as the document declares none: --auth bearer" in capsys.readouterr().err
        assert main([*given, "--auth", "bearer"]) in (0, 1, 3)
        assert "the key is not sent" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("scheme", "given", "said"),
    [
        ("basic", "ada", "no colon, and HTTP Basic takes `user:password`"),
        ("basic", "ada:\x07", "characters that HTTP Basic does not take"),
        ("header", "two words", "characters that no key has"),
    ],
)
def test_key_that_cannot_be_sent_is_refused_without_repeating_it(
    scheme: str,
    given: str,
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PGAGENTS_TOKEN", given)
    Path("notes.yaml").write_text(notes(scheme).source.text, encoding="utf-8")
    assert main(["verify", "notes.yaml", "--url", "http://127.0.0.1:9"]) == 2
    error = capsys.readouterr().err
    assert f"PGAGENTS_TOKEN holds {said}" in error
    assert given not in error


@pytest.mark.parametrize(
    ("scheme", "header", "fits"),
    [
        ("header", "x-api-key", False),
        ("header", "Authorization", True),
        ("basic", "authorization", False),
        ("none", "Authorization", True),
    ],
)
def test_header_of_the_scheme_cannot_be_given_by_env(
    scheme: str,
    header: str,
    fits: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PGAGENTS_TOKEN", "test_a:b")
    Path("notes.yaml").write_text(notes(scheme).source.text, encoding="utf-8")
    with serving(lambda _: True) as url:
        Path("env.yaml").write_text(f"url: {url}\nheaders: {{{header}: gateway}}\n", encoding="utf-8")
        code = main(["verify", "notes.yaml", "--env", "env.yaml", "--plan"])
    error = capsys.readouterr().err
    assert (code == 0) == fits, error
    assert fits or ("--identity" in error and "env.yaml:2" in error)


@pytest.mark.parametrize(
    ("scheme", "key", "header"),
    [
        ("header", "test_k", ("x-api-key", "test_k")),
        ("word", "test_k", ("x-auth", "Token test_k")),
        ("tail", "test_k", ("x-auth", 'key="test_k"')),
        ("basic", "test_a:b c", ("authorization", "Basic dGVzdF9hOmIgYw==")),
        ("bearer", "test_k", ("authorization", "Bearer test_k")),
        ("none", "", None),
    ],
)
def test_call_sends_the_key_in_its_form(
    scheme: str,
    key: str,
    header: tuple[str, str] | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PGAGENTS_TOKEN", key)
    Path("notes.yaml").write_text(notes(scheme).source.text, encoding="utf-8")
    log: list[Any] = []
    with serving(lambda _: True, log) as url:
        assert main(["call", "list_notes", "--catalogue", "notes.yaml", "--url", url]) == 0, (
            capsys.readouterr().err
        )
    assert len(log) == 1
    if header is None:
        assert not {"authorization", "x-api-key", "x-auth"} & set(log[0])
    else:
        assert log[0][header[0]] == header[1]


# several schemes, and tokens that are fetched


def row_model(id: str, further: Any = None) -> Model:
    from language_table import rows

    return load_text(rows()[id].text(further or {}), "notes.yaml")


def run_row(
    model: Model, keys: dict[str, str] | None = None, leeway_s: float = 0.0, **asked: Any
) -> tuple[Report, list[Request]]:
    """A run against the model's mock, which takes tokens so long after their end, and all that was sent."""
    opened = inprocess.inside(model, seed=1)
    keyring = opened.sandbox.front.keyring
    find = keyring.find_issued
    keyring.find_issued = lambda token, now: find(token, now - leeway_s)
    handler, sent = inprocess.over_tls(opened.sandbox.handler), list[Request]()

    def log(request: Request) -> Response | Silence:
        sent.append(request)
        return handler(request)

    found = {role: key for role, key in opened.keys.items() if role.partition(".")[0] == "main"}
    given = found if keys is None else {role: opened.keys[name] for role, name in keys.items()}
    options = Options(seed=1, **asked)
    return inprocess.verify_sandbox(model, opened, options, keys=given, handler=log), sent


def test_run_that_may_not_write_asks_for_tokens_and_reads() -> None:
    live = {"auth": {"schemes": {"token": {"prefixes": {"test_": None}}}}}
    report, sent = run_row(row_model("client-credentials", live))
    assert report.findings == ()
    assert {one.method for one in sent} <= {"GET", "HEAD", "OPTIONS", "POST"}
    posts = [one for one in sent if one.method == "POST"]
    assert posts
    assert {one.path for one in posts} == {"/token"}


@pytest.mark.parametrize(("leeway_s", "verdict"), [(0, "kept"), (60, "kept"), (300, "kept"), (400, "broken")])
def test_clocks_may_differ_as_common_libraries_let_them(leeway_s: float, verdict: str) -> None:
    """Spring Security takes a token for a minute longer, .NET for five."""
    keys = {"main": "main", "operator": "operator"}
    report, _ = run_row(row_model("client-credentials"), keys, leeway_s, only=("client_credentials/ends",))
    (found,) = [r for r in report.results if r.contract.id == "client_credentials/ends@rest"]
    assert found.verdict.value == verdict, found.reason


def test_secret_is_sent_to_the_token_endpoint_alone_and_no_report_has_it() -> None:
    model = row_model("client-credentials")
    report, sent = run_row(model, allow_writes=True)
    opened = inprocess.inside(model, seed=1)
    secret = opened.keys["main"].partition(":")[2]
    calls = [one for one in sent if one.path != "/token"]
    assert len(calls) > 50
    assert not [one for one in calls if secret in repr(one) or encode(opened.keys["main"]) in repr(one)]
    assert secret not in repr(report)
    assert "Bearer cat_" not in repr(report)


def test_token_endpoint_on_another_host_is_reached_there_and_not_judged() -> None:
    flow = {"client_credentials": {"token_url": "https://login.example/token"}}
    model = row_model("client-credentials", {"auth": {"schemes": {"token": {"flows": flow}}}})
    opened = inprocess.inside(model, seed=1)
    handler, reached = inprocess.over_tls(opened.sandbox.handler), list[str]()

    def reach(base: str) -> Any:
        reached.append(base)
        return opened.sandbox.handler

    def run(**more: Any) -> Report:
        return verify(
            model,
            handler,
            Identities({"main": opened.keys["main"]}, **more),
            Options(seed=1, live=False, allow_writes=True),
            clock=opened.sandbox.front.clock.now,
            sleep=opened.sleep,
            wall=lambda: "2026-04-18T16:00:00Z",
            url="https://notes.example",
        )

    report = run(reach=reach)
    assert report.findings == ()
    assert set(reached) == {"https://login.example"}
    assert not [r for r in report.results if r.contract.check == "client_credentials"]
    alone = run()
    assert not alone.footer.complete
    assert "is on another host, https://login.example" in str(alone.footer)


@pytest.mark.parametrize(
    ("id", "lacking", "needs", "removing"),
    [
        (
            "scheme-per-action",
            "main.admin",
            "delete_note@rest",
            [
                "removals/note/get_note@rest",
                "removals/listed/note/list_notes@rest",
                "removals/refused/note/change_note@rest",
            ],
        ),
        ("either-scheme", "main.key", "alternative-key", []),
    ],
)
def test_contract_whose_secret_was_not_given_names_the_identity(
    id: str, lacking: str, needs: str, removing: list[str]
) -> None:
    """`removing` are the contracts of other actions that remove a row with that secret first."""
    report, sent = run_row(row_model(id), {"main": "main"}, allow_writes=True)
    assert report.findings == ()
    reasons = {r.contract.id: r.reason for r in report.results if r.verdict is Verdict.NOT_SELECTED}
    named = [i for i, reason in reasons.items() if f"--identity {lacking}=ENVVAR" in reason]
    assert [i for i in named if needs in i]
    assert [i for i in named if needs not in i and "other-" not in i and lacking[5:] not in i] == removing
    assert len(sent) > 50


def test_either_scheme_alone_is_enough_for_a_run() -> None:
    report, sent = run_row(row_model("either-scheme"), {"main.key": "main.key"}, allow_writes=True)
    assert report.findings == ()
    assert [one for one in sent if one.header("x-api-key")]
    assert any(
        r.contract.id == "valid_calls/example/some/list_notes@rest" and r.verdict is Verdict.KEPT
        for r in report.results
    )


@pytest.mark.matrix
def test_live_key_of_a_further_scheme_forbids_writes() -> None:
    """A run writes with test keys alone, whichever scheme a writing action takes."""
    for prefixes, writes in (({"adm_": "test"}, True), ({"adm_": "live"}, False), (None, False)):
        further = {"auth": {"schemes": {"admin": {"prefixes": prefixes}}}}
        _, sent = run_row(row_model("scheme-per-action", further))
        assert ("POST" in {one.method for one in sent if one.header("content-type")}) == writes, prefixes
