"""A catalogue's credentials: refusals at their lines, masks, curl lines, and the meaning of a change. A
further kind needs one module.
"""

from __future__ import annotations

import base64
import os
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pgagents.base.errors import InputError
from pgagents.base.http import Request, Response
from pgagents.catalogue.load import load_text
from pgagents.catalogue.model import credential as credentials
from pgagents.catalogue.model.credential import Credential, Kind, add_value, list_common, make
from pgagents.catalogue.model.model import Model
from pgagents.cli.inputs.env import Env
from pgagents.cli.inputs.server import _read, read_client_env
from pgagents.diff.compare import compare
from pgagents.report.curl import curl
from pgagents.report.report import RecordedExchange
from pgagents.verify.run.redact import Redactor
from small_api import NOTES

OLD = "auth: {schemes: {key: {description: A key, prefixes: {test_: test}}}}"
LINE = NOTES[: NOTES.index(OLD)].count("\n") + 1


def notes(auth: str, *changes: tuple[str, str]) -> str:
    """The catalogue of notes with another `auth`, which begins at LINE."""
    text = NOTES
    for old, new in ((OLD, auth), *changes):
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


def said(auth: str, *changes: tuple[str, str]) -> list[tuple[int, str, str]]:
    """Line, id and message of each error; the line counts from the first of `auth`."""
    try:
        load_text(notes(auth, *changes), "notes.yaml")
    except InputError as error:
        return [(d.span.line - LINE, d.id.removeprefix("catalogue/"), d.message) for d in error.diagnostics]
    return []


def scheme(entry: str, *more: str) -> str:
    return "\n".join(["auth:", "  schemes:", f"    key: {entry}", *more])


HEADER = "{type: api_key, in: header, name: X-API-Key}"


@pytest.mark.parametrize(
    "auth",
    [
        "",
        "security: []",
        "limits: {buckets: {read: {requests: 9, of: address}}}",
        "auth: {roles: {main: {description: Anybody}}}",
        scheme("{}"),
        scheme("{type: http_bearer}"),
        scheme(HEADER),
        scheme("{type: api_key, in: header, name: Authorization}"),
        scheme('{type: api_key, in: header, name: X-A, value: "Token {key}"}'),
        scheme("{type: http_basic}"),
        scheme("{type: http_basic, also_accepted: [query, bearer]}"),
        scheme(HEADER, "security: [{key: []}]"),
        scheme(HEADER, "security: [{key: []}, {}]"),
        scheme("{type: api_key, in: query, name: api_key}"),
        scheme("{type: api_key, in: cookie, name: session}"),
        scheme("{}", "    b: {type: http_basic}", "security: [{key: []}, {b: []}]"),
        scheme(HEADER, "    b: {type: http_basic}", "security: [{key: [], b: []}, {}]"),
    ],
)
def test_credential_is_taken(auth: str) -> None:
    assert said(auth) == []


@pytest.mark.parametrize(
    ("auth", "line", "id", "message"),
    [
        (scheme("{type: http_baerer}"), 2, "credential", "`http_baerer` is not a type of a scheme"),
        (scheme("{type: http_basic, in: header}"), 2, "idle", "`in` does nothing for `type: http_basic`"),
        (scheme("{type: http_bearer, name: X-A}"), 2, "idle", "`name` does nothing for `type: http_bearer`"),
        (scheme('{value: "Token {key}"}'), 2, "idle", "`value` does nothing for `type: http_bearer`"),
        (scheme("{type: api_key, name: X-A}"), 2, "missing-key", "an API key needs `in`, its place"),
        (scheme("{type: api_key, in: header}"), 2, "missing-key", "an API key needs `name`"),
        (
            scheme("{type: api_key, in: body, name: a}"),
            2,
            "credential",
            "`body` is not a place of an API key",
        ),
        (
            scheme("{type: api_key, in: query, name: 'a b'}"),
            2,
            "credential",
            "not a name of a query parameter",
        ),
        (
            scheme("{type: api_key, in: cookie, name: 'a;b'}"),
            2,
            "credential",
            "this is not a name of a cookie",
        ),
        (
            scheme('{type: api_key, in: cookie, name: s, value: "Token {key}"}'),
            2,
            "credential",
            "a cookie cannot have this value",
        ),
        (scheme("{type: oauth2}"), 2, "key-kind", "an OAuth 2.0 token by no flow that calls can take"),
        (
            scheme("{type: api_key, in: header, name: 'X Y'}"),
            2,
            "credential",
            "this is not a name of a header",
        ),
        (
            scheme("{type: api_key, in: header, name: Content-Type}"),
            2,
            "credential",
            "`Content-Type` is a header that",
        ),
        (
            scheme('{type: api_key, in: header, name: X-A, value: "Token"}'),
            2,
            "credential",
            "the value does not have `{key}` once",
        ),
        (
            scheme('{type: api_key, in: header, name: X-A, value: "{key} {key}"}'),
            2,
            "credential",
            "the value does not have",
        ),
        (
            scheme('{type: api_key, in: header, name: X-A, value: "{key} "}'),
            2,
            "credential",
            "a header cannot have",
        ),
        (scheme("{}", "    other: {}"), 1, "missing-key", "there are 2 schemes, and nothing says which"),
        (
            scheme("{}", "    other: {}", "security: [{key: []}]"),
            3,
            "idle",
            "no call uses the scheme `other`",
        ),
        (scheme("{}", "security: []"), 2, "idle", "no call uses the scheme `key`"),
        (scheme("{}", "security: [{kye: []}]"), 3, "unknown-name", "`kye` is not a scheme"),
        (
            scheme("{}", "security: [{key: [read]}]"),
            3,
            "credential",
            "scopes stand under `needs` of the flow",
        ),
        (scheme("{}", "security: [{key: []}, {key: []}]"), 3, "idle", "alternative 1 admits every call"),
        (
            scheme(HEADER, "    b: {type: http_basic}", "security: [{key: []}, {key: [], b: []}]"),
            4,
            "idle",
            "alternative 1 admits every call",
        ),
        (
            scheme("{}", "    b: {type: http_basic}", "security: [{key: [], b: []}]"),
            4,
            "credential",
            "`key` and `b` stand in the same place, Authorization",
        ),
        (
            scheme(HEADER, "  oauth: {authorize: /a, token: /t, scopes: {read: Read}}"),
            3,
            "unknown-key",
            "unknown key `oauth`",
        ),
        (
            scheme(HEADER, "limits: {end_user: [header x-api-key]}"),
            3,
            "credential",
            "the header `x-api-key` carries",
        ),
        ("limits: {buckets: {read: {requests: 9}}}", 0, "idle", "calls are counted for each key"),
    ],
)
def test_misuse_is_an_error_at_its_line(auth: str, line: int, id: str, message: str) -> None:
    found = said(auth)
    assert [(at, kind) for at, kind, _ in found] == [(line, id)]
    assert message in found[0][2]


def test_argument_in_the_keys_header_is_an_error_at_the_argument() -> None:
    given = (
        "    input: {note_id: {type: string, minLength: 1, maxLength: 40, required: true}}\n    output: {204"
    )
    argued = given.replace("input: {", "input: {trace: {type: string, in: header, wire: x-api-KEY}, ")
    found = said(scheme(HEADER), (given, argued))
    assert [(id, message) for _, id, message in found] == [
        ("credential", "the header `x-api-KEY` carries the key already (`auth.schemes.key`)")
    ]
    assert said(scheme("{}"), (given, argued)) == []


def test_calls_with_a_key_need_the_code_of_a_refusal() -> None:
    without = (", no_key: UNAUTHORIZED", "")
    assert said(scheme(HEADER), without) == [], "it is the only code with status 401"
    forbidden = ("UNAUTHORIZED: {status: 401", "UNAUTHORIZED: {status: 403")
    assert [(id, message) for _, id, message in said(scheme(HEADER), without, forbidden)] == [
        ("missing-key", "key `no_key` is missing in `errors.framework`, and calls have a key")
    ]
    assert said("security: []", without) == []


def test_action_can_go_without_the_key() -> None:
    open_one = ("    http: GET /notes\n", "    http: GET /notes\n    security: []\n")
    model = load_text(notes(scheme(HEADER), open_one))
    assert [a.key for a in model.actions] == [False, True, True, True, True]
    closed = ("    http: GET /notes\n", "    http: GET /notes\n    security: [{key: []}]\n")
    model = load_text(notes(scheme(HEADER, "security: []"), closed))
    assert [a.key for a in model.actions] == [True, False, False, False, False]


# masking


PAIR = "ada:correct-Horse-7"
CODED = base64.b64encode(PAIR.encode()).decode()
KEY = "k3y-8f2a61c09be74d53"
CREDENTIALS = {
    "bearer": make("k", {"type": "http_bearer"}),
    "header": make("k", {"type": "api_key", "in": "header", "name": "X-API-Key"}),
    "word": make("k", {"type": "api_key", "in": "header", "name": "X-Auth", "value": "Token {key}"}),
    "basic": make("k", {"type": "http_basic"}),
    "cookie": make("k", {"type": "api_key", "in": "cookie", "name": "sid"}),
    "query": make("k", {"type": "api_key", "in": "query", "name": "api_key"}),
}


def exchanged(kind: str, secret: str, value: str | None = None, body: str = "{}") -> RecordedExchange:
    credential = CREDENTIALS[kind]
    given = value if value is not None else credential.value(secret)
    sent = add_value(credential, Request("GET", "/notes", (("Accept", "application/json"),)), given)
    exchange = RecordedExchange(
        1, sent, Response(401, (), body.encode()), 0.1, f"a call with {secret}", "main"
    )
    model = replace(load_text(NOTES), credential=credential, credentials={"k": credential})
    return Redactor({"main": secret}, (), model=model).exchange(exchange)


@pytest.mark.parametrize(
    ("kind", "secret", "shown", "command"),
    [
        ("bearer", KEY, "Bearer [key of main]", '-H "Authorization: Bearer $PGAGENTS_TOKEN"'),
        ("header", KEY, "[key of main]", '-H "X-API-Key: $PGAGENTS_TOKEN"'),
        ("word", KEY, "Token [key of main]", '-H "X-Auth: Token $PGAGENTS_TOKEN"'),
        ("basic", PAIR, "Basic [key of main, base64]", '-u "$PGAGENTS_TOKEN"'),
        ("cookie", KEY, "sid=[key of main]", '-H "Cookie: sid=$PGAGENTS_TOKEN"'),
    ],
)
def test_key_is_shown_by_its_role_and_a_variable_in_curl(
    kind: str, secret: str, shown: str, command: str
) -> None:
    masked = exchanged(kind, secret)
    assert masked.request.header(CREDENTIALS[kind].header) == shown
    assert masked.key_header == CREDENTIALS[kind].header
    assert command in curl(masked, "http://127.0.0.1:1")
    for part in CREDENTIALS[kind].list_secrets(secret):
        assert part not in repr(masked) + curl(masked, "http://127.0.0.1:1")


@pytest.mark.parametrize(
    "leak", [PAIR, CODED, "correct-Horse-7", "correct-horse-7", CODED[:-2], CODED.lower()]
)
def test_no_part_of_user_and_password_is_shown(leak: str) -> None:
    body = f'{{"seen": "{leak}", "user": "ada"}}'
    assert isinstance((answer := exchanged("basic", PAIR, body=body).answer), Response)
    assert leak not in answer.body.decode()
    assert '"ada"' in answer.body.decode()  # a user's name is not a secret


def test_key_in_the_query_is_a_variable_in_curl() -> None:
    masked = exchanged("query", KEY)
    assert masked.request.target == "/notes?api_key=[key of main]"
    assert "'http://127.0.0.1:1/notes?api_key='\"$PGAGENTS_TOKEN\"" in curl(masked, "http://127.0.0.1:1")
    odd = "k3y+8f/2a61=c09&be74d53"
    assert exchanged("query", odd).request.target.startswith("/notes?api_key=[key of main")
    near = exchanged("query", KEY, KEY[:-1] + "A").request.target
    assert "8f2a61c09" not in near
    assert exchanged("query", KEY, "pgv000000").request.target == "/notes?api_key=pgv000000"


def test_key_that_nearly_is_right_is_not_shown_and_an_invented_one_is() -> None:
    near = base64.b64encode(b"ada:correct-Horse-8").decode()
    assert exchanged("basic", PAIR, f"Basic {near}").request.header("Authorization") == "Basic [redacted]"
    invented = base64.b64encode(b"pgv00000:pgv00000").decode()
    assert (
        exchanged("basic", PAIR, f"Basic {invented}").request.header("Authorization") == f"Basic {invented}"
    )
    assert exchanged("header", KEY, "pgv000000").request.header("X-API-Key") == "pgv000000"
    assert exchanged("header", KEY, KEY[:-1] + "A").request.header("X-API-Key") == "[redacted]"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (f"Basic {CODED}", f"Authorization: Basic {CODED}"),
        (f"Basic {PAIR}", f"Authorization: Basic {PAIR}"),
        (CODED, f"Authorization: {CODED}"),
        (f"Bearer {CODED}", f"Authorization: Bearer {CODED}"),
        ("correct-Horse-7", "Authorization: correct-Horse-7"),
    ],
)
def test_curl_sends_what_was_sent(value: str, said: str) -> None:
    """The shell puts the key where it stood; curl itself makes the header of `-u`."""
    command = curl(exchanged("basic", PAIR, value), "http://127.0.0.1:1")
    assert PAIR not in command
    assert CODED not in command
    program = "curl() { printf '%s\\n' \"$@\"; }; " + command
    got = subprocess.run(
        ["bash", "-c", program],
        env={"PGAGENTS_TOKEN": PAIR, "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=True,
    )
    words = got.stdout.splitlines()
    assert said in words or (said.endswith(f"Basic {CODED}") and words[words.index("-u") + 1] == PAIR)


def test_password_that_is_empty_makes_the_user_the_secret() -> None:
    credential = CREDENTIALS["basic"]
    assert "sk_test_123" in credential.list_secrets("sk_test_123:")
    assert "ada" not in credential.list_secrets(PAIR)


# changes


def severities(old: str, new: str) -> set[tuple[str, str]]:
    before, after = (load_text(notes(auth)) for auth in (old, new))
    return {(c.severity, c.id) for c in compare(before, after)}


@pytest.mark.parametrize(
    ("old", "new", "change"),
    [
        (scheme("{}"), scheme(HEADER), ("breaking", "auth-scheme")),
        (scheme(HEADER), scheme(HEADER.replace("X-API", "X-Other")), ("breaking", "auth-scheme")),
        (scheme(HEADER), scheme(HEADER.replace("}", ', value: "Token {key}"}')), ("breaking", "auth-scheme")),
        (scheme("{}"), scheme("{type: http_basic}"), ("breaking", "auth-scheme")),
        (scheme(HEADER), "security: []", ("may break", "key")),
        ("security: []", scheme(HEADER), ("breaking", "key")),
        (scheme(HEADER.replace("}", ", also_accepted: [query]}")), scheme(HEADER), ("breaking", "key-form")),
        (scheme(HEADER), scheme(HEADER.replace("}", ", also_accepted: [query]}")), ("addition", "key-form")),
    ],
)
def test_change_of_the_credential_is_told(old: str, new: str, change: tuple[str, str]) -> None:
    assert change in severities(old, new)


def test_scheme_of_another_name_or_spelling_breaks_nobody() -> None:
    renamed = scheme(HEADER).replace("key:", "k:")
    assert {severity for severity, _ in severities(scheme(HEADER), renamed)} == {"wording"}
    assert severities(scheme(HEADER), scheme(HEADER, "security: [{key: []}]")) == set()


# a further kind


def _make_ticket(name: str, given: Any) -> Credential:
    return Credential(
        name,
        "ticket",
        "X-Ticket",
        "<",
        {"type": "apiKey", "in": "header", "name": "X-Ticket"},
        noun="ticket",
        tail=">",
        **list_common(given),
    )


def test_further_kind_is_one_module(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its KIND alone makes it known to the language, the documents, the sandbox and verify."""
    import inprocess
    from pgagents.verify.plan.options import Options

    every = {**credentials.kinds(), "ticket": Kind(_make_ticket, lambda _: None, "a ticket")}
    monkeypatch.setattr(credentials, "kinds", lambda: every)
    monkeypatch.setattr("pgagents.catalogue.checks.security.kinds", lambda: every)
    model: Model = load_text(notes(scheme("{type: ticket, prefixes: {test_: test}}")))
    opened = inprocess.inside(model, seed=1)
    report = inprocess.verify_sandbox(model, opened, Options(seed=1, allow_writes=True))
    assert report.findings == ()
    kept = {
        r.contract.detail
        for r in report.results
        if r.verdict.value == "kept" and r.contract.check == "key_authentication"
    }
    assert {"none", "garbage", "flip", "bare", "query"} <= kept
    assert opened.sandbox.handler(Request("GET", "/notes")).status == 401  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("auth", "key"),
    [
        ("copilot: {actions: all, auth: {type: None, reference_id: key}}", "reference_id"),
        ("copilot: {actions: all, auth: {type: ApiKeyPluginVault, reference_id: key, name: x}}", "name"),
        ("ai_plugin: {auth: {type: none, authorization_type: bearer}}", "authorization_type"),
        ("ai_plugin: {auth: {type: user_http, authorization_type: bearer, scope: all}}", "scope"),
    ],
)
def test_key_of_a_surface_without_an_effect_is_an_error_at_its_line(auth: str, key: str) -> None:
    with pytest.raises(InputError) as error:
        load_text(NOTES.replace("surfaces: {", f"surfaces: {{{auth}, "), "notes.yaml")
    assert f"`{key}` does nothing for `type: " in str([d.message for d in error.value.diagnostics])


@pytest.mark.parametrize(
    ("written", "header"),
    [
        ("{}", "authorization"),
        (HEADER, "x-api-key"),
        ("{type: api_key, in: cookie, name: session}", "Cookie"),
        ("{type: http_basic}", "Authorization"),
        ("{type: oauth2, flows: {client_credentials: {token_url: /t}}}", "Authorization"),
        (
            "{type: oauth2, flows: {authorization_code: {authorization_url: /a, token_url: /t, scopes: {}}}}",
            "Authorization",
        ),
    ],
)
@pytest.mark.parametrize("read", [_read, read_client_env])
def test_header_of_a_scheme_is_no_header_of_a_description(
    written: str, header: str, read: Callable[[Model, Path], Env], tmp_path: Path
) -> None:
    model = load_text(NOTES.replace(OLD, f"auth: {{schemes: {{key: {written}}}}}"), "notes.yaml")
    path = tmp_path / "staging.yaml"
    path.write_text(f"url: https://a.example\nheaders: {{{header}: secret}}\n", encoding="utf-8")
    with pytest.raises(InputError) as error:
        read(model, path)
    found = error.value.diagnostics
    assert [d.message for d in found] == [f"`{header}` cannot be given as a header"]
    assert "--identity" in found[0].help
