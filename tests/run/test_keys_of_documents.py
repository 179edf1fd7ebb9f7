"""A key in `Authorization` that needs a word, and a document that a server shows whole only with the key."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

import small_api
from calling import served
from importing import imported, openapi
from pgagents.base.errors import PgagentsError
from pgagents.base.http import Request, Response, json_bytes
from pgagents.catalogue.model.model import Model
from pgagents.cli.inputs.document import fetch_document
from pgagents.cli.main import main
from pgagents.importer.catalogue import Choice

KEY = "k9f4c1e7a2b58d3066f1"
SHOWN = 'Example: <code>curl https://host/api -H "Authorization: Token [your-token]"</code>'
WORD = "header:Authorization:Token"


def document(description: str = SHOWN, **scheme: Any) -> dict[str, Any]:
    """A document of two lists. One needs a key, and nothing is said of the other."""
    numbers = {"type": "array", "items": {"type": "integer"}}
    answers = {
        "200": {"description": "All.", "content": {"application/json": {"schema": numbers}}},
        **{code: {"description": "No."} for code in ("401", "404", "405")},
    }
    key = {"type": "apiKey", "in": "header", "name": "Authorization", "description": description, **scheme}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Lists", "version": "1"},
        "paths": {
            "/items": {"get": {"operationId": "items", "security": [{"key": []}], "responses": answers}},
            "/news": {"get": {"operationId": "news", "responses": answers}},
        },
        "components": {"securitySchemes": {"key": key}},
    }


class Server:
    """Takes the key after the word Token. It shows `whole` to whoever has it, and `part` to others."""

    def __init__(self, whole: dict[str, Any], part: dict[str, Any] | None = None) -> None:
        self.whole, self.part = whole, part
        self.requests: list[Request] = []

    def __call__(self, request: Request) -> Response:
        self.requests.append(request)
        known = request.header("Authorization") == f"Token {KEY}"
        if request.path == "/openapi.json":
            shown = self.whole if known or self.part is None else self.part
            return _say(200, shown) if shown else _say(401, {})
        if request.path not in ("/items", "/news"):
            return _say(404, {})
        if request.method != "GET":
            return _say(405, {}).with_header("Allow", "GET")
        return _say(200, [1]) if known or request.path == "/news" else _say(401, {})


def _say(status: int, body: object) -> Response:
    return Response(status, (("Content-Type", "application/json"),), json_bytes(body))


def verify(folder: Path, url: str, *words: str, key: str = KEY) -> tuple[int, str, str]:
    """Verify a server by the document that it serves."""
    with pytest.MonkeyPatch.context() as patch, StringIO() as out, StringIO() as err:
        patch.chdir(folder)
        patch.setenv("PGAGENTS_TOKEN", key)
        patch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
        with redirect_stdout(out), redirect_stderr(err):
            code = main(["verify", "--openapi", f"{url}/openapi.json", "--url", url, *words])
        return code, out.getvalue(), err.getvalue()


def with_auth(whole: dict[str, Any], auth: str) -> Model:
    return imported(json.dumps(whole), Choice(auth=auth)).model


# -- a word before the key
# ---------------------------------------------------------------------------------------------


def test_a_key_that_is_refused_without_its_word_proposes_the_option_that_helps(tmp_path: Path) -> None:
    with served(Server(document())) as url:
        _, _, err = verify(tmp_path, url)
        assert f"add --auth {WORD}, as the document shows in words" in err
        code, out, err = verify(tmp_path, url, "--auth", WORD)
    assert code == 0, out
    assert KEY not in out + err


def test_the_option_says_how_a_declared_key_is_sent_and_fills_what_is_not_said() -> None:
    model = with_auth(document(), WORD)
    (credential,) = model.credentials.values()
    assert (credential.lead, credential.inferred) == ("Token ", True)
    needs = {str(action.name): action.security for action in model.actions}
    assert () not in needs["items"]
    assert () in needs["news"], "the key is sent there, and nothing says that it is refused without"


@pytest.mark.parametrize("auth", ["query:token", "cookie:session", "header:X-API-Key"])
def test_a_key_in_another_place_than_the_documents_is_one_message(auth: str) -> None:
    with pytest.raises(PgagentsError) as caught:
        with_auth(document(), auth)
    assert caught.value.message == (
        f"--auth {auth}: the document says itself which key calls have: header:Authorization"
    )


def test_header_parameters_that_carry_a_key_are_proposed() -> None:
    whole = document()
    del whole["components"], whole["paths"]["/items"]["get"]["security"]
    for path, name in (("/items", "authorization"), ("/news", "X-API-Key")):
        param = {"name": name, "in": "header", "required": True, "schema": {"type": "string"}}
        whole["paths"][path]["get"]["parameters"] = [param]
    assert imported(json.dumps(whole)).schemes == ("bearer", "header:X-API-Key")


@pytest.mark.parametrize("key", ["secret key1234", "secret1234\nkey"])
def test_a_key_with_a_blank_or_a_line_break_is_one_message_without_it(tmp_path: Path, key: str) -> None:
    with served(Server(document())) as url:
        code, out, err = verify(tmp_path, url, "--auth", WORD, key=key)
    assert code == 2
    assert err.count("error: ") == 1
    assert "PGAGENTS_TOKEN holds characters that no key has" in err
    assert "secret" not in out + err


# -- the document itself
# ---------------------------------------------------------------------------------------------


@pytest.fixture
def with_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGAGENTS_TOKEN", KEY)


def part_of(whole: dict[str, Any]) -> dict[str, Any]:
    return {**whole, "paths": {"/news": whole["paths"]["/news"]}}


def test_what_the_server_shows_with_the_key_is_verified_and_the_report_says_so(tmp_path: Path) -> None:
    whole = document()
    with served(Server(whole, part_of(whole))) as url:
        _, out, _ = verify(tmp_path, url, "--auth", WORD, "-v")
    assert "note: openapi.json was fetched with the key, in the header Authorization" in out
    assert "items" in out


def test_a_document_behind_the_key_is_read(tmp_path: Path) -> None:
    with served(Server(document(), {})) as url:
        code, out, _ = verify(tmp_path, url, "--auth", WORD)
        assert code == 0, out
        code, _, err = verify(tmp_path, url)
    assert code == 2
    assert "openapi.json answers 401" in err
    assert "--auth" in err


@pytest.mark.usefixtures("with_key")
def test_the_key_goes_to_no_other_origin() -> None:
    server = Server(document())
    with served(server) as url:
        _, said = fetch_document(f"{url}/openapi.json", Choice(auth=WORD), "http://127.0.0.1:1")
    assert "without the key, which goes only to the origin of --url" in said
    assert not any(request.header("Authorization") for request in server.requests)


@pytest.mark.usefixtures("with_key")
def test_the_key_follows_no_redirect() -> None:
    other = Server(document())
    with served(other) as elsewhere:

        def leads_away(request: Request) -> Response:
            if request.header("Authorization"):
                return Response(302, (("Location", f"{elsewhere}/openapi.json"),))
            return _say(200, document())

        with served(leads_away) as url:
            _, said = fetch_document(f"{url}/openapi.json", Choice(auth=WORD), url)
    assert "was fetched without the key, where it was refused" in said
    assert other.requests == []


@pytest.mark.usefixtures("with_key")
@pytest.mark.parametrize(
    ("auth", "place"),
    [
        ("query:token", lambda request: f"token={KEY}" in request.target),
        ("cookie:sid", lambda request: request.header("Cookie") == f"sid={KEY}"),
        ("bearer", lambda request: request.header("Authorization") == f"Bearer {KEY}"),
    ],
)
def test_the_key_is_sent_as_the_option_says(auth: str, place: Callable[[Request], bool]) -> None:
    server = Server(document())
    with served(server) as url:
        fetch_document(f"{url}/openapi.json", Choice(auth=auth), url)
    assert [place(request) for request in server.requests] == [False, True]


def test_a_file_has_no_sentence_and_a_document_without_a_key_has_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PGAGENTS_TOKEN", raising=False)
    (tmp_path / "a.json").write_text(json.dumps(document()), encoding="utf-8")
    assert fetch_document(str(tmp_path / "a.json"), Choice(), "http://127.0.0.1:1")[1] == ""
    with served(Server(document())) as url:
        said = fetch_document(f"{url}/openapi.json", Choice(), url)[1]
    assert said == "openapi.json was fetched without a key; a server may show only a part of it so"


@pytest.mark.parametrize(("step", "verdict"), [("ready", "odd"), ("secrets", "broken")])
def test_what_a_clusters_probes_read_without_a_key_is_only_odd(step: str, verdict: str) -> None:
    """One scheme of the whole document often means none of these (Unleash 8.2.0)."""
    whole = document()
    whole["paths"][f"/{step}"] = {"get": {**whole["paths"]["/items"]["get"], "operationId": step}}
    may = small_api.accepting(small_api.KEY)

    def serve(request: Request) -> Response:
        if request.path not in ("/items", "/news", f"/{step}"):
            return _say(404, {})
        return _say(200, [1]) if may(request) or request.path != "/items" else _say(401, {})

    keys = {"securitySchemes": {"key": {"type": "http", "scheme": "bearer"}}}
    model = imported(openapi(whole["paths"], components=keys)).model
    report = small_api.verified(model, serve, only=("key_authentication/none",))
    found = {r.contract.id: r.verdict.value for r in report.results}
    assert found[f"key_authentication/none/{step}@rest"] == verdict
    assert found["key_authentication/none/items@rest"] == "kept"


@pytest.mark.parametrize(("hidden", "verdict"), [("from strangers", "kept"), ("from all", "untested")])
def test_a_404_without_a_key_may_hide_what_is_there(hidden: str, verdict: str) -> None:
    """RFC 9110, 15.5.4; so does GitHub with private repositories."""
    may = small_api.accepting(small_api.KEY)

    def serve(request: Request) -> Response:
        if request.path == "/news" or (may(request) and hidden == "from strangers"):
            return _say(200, [1])
        return _say(404, {})

    keys = {"securitySchemes": {"key": {"type": "http", "scheme": "bearer"}}}
    model = imported(openapi(document()["paths"], components=keys)).model
    report = small_api.verified(model, serve, only=("key_authentication/none",))
    found = {r.contract.id: r.verdict.value for r in report.results}
    assert found["key_authentication/none/items@rest"] == verdict


ADMIN = "adm_key_1"
TWO_SCHEMES = (
    (
        "prefixes: {test_: test}}}}",
        """prefixes: {test_: test}},
  admin: {type: api_key, in: header, name: X-Admin-Key, description: A key, prefixes: {adm_: test}}}}
security: [{key: []}]""",
    ),
    ("always: [UNAUTHORIZED]", "always: [UNAUTHORIZED, FORBIDDEN]"),
    (
        "    REFUSED: {status: 422",
        "    FORBIDDEN: {status: 403, meaning: Not yours}\n    REFUSED: {status: 422",
    ),
    ("    http: GET /notes\n", "    http: GET /notes\n    security: [{admin: []}]\n"),
)


@pytest.mark.parametrize(("status", "verdict"), [(403, "kept"), (401, "kept"), (200, "broken")])
def test_a_known_caller_without_the_right_scheme_is_refused_as_one_who_may_not(
    status: int, verdict: str
) -> None:
    model = small_api.catalogue(small_api.NOTES, *TWO_SCHEMES)

    def serve(_: small_api.Notes, request: Request) -> Response | None:
        if request.path != "/notes" or request.method != "GET" or request.header("X-Admin-Key") == ADMIN:
            return None
        return _say(status, {"notes": []} if status == 200 else {"detail": "no"}) if plain(request) else None

    plain, both = small_api.accepting(small_api.KEY), lambda request: plain(request) or with_admin(request)

    def with_admin(request: Request) -> bool:
        return request.path == "/notes" and request.header("X-Admin-Key") == ADMIN

    report = small_api.verified(
        model,
        small_api.Notes(odd=serve, key=both),
        keys={"main": small_api.KEY, "main.admin": ADMIN},
        only=("key_authentication/other-key",),
    )
    found = {r.contract.id: r.verdict.value for r in report.results}
    assert found["key_authentication/other-key/list_notes@rest"] == verdict


@pytest.mark.parametrize(("reads", "verdict"), [(True, "kept"), (False, "untested")])
def test_a_form_of_a_key_that_is_not_read_is_not_shown(reads: bool, verdict: str) -> None:
    may = small_api.accepting(small_api.KEY)
    server = small_api.Notes(key=may if reads else lambda _: True)
    id = "key_authentication/either_case/list_notes@rest"
    report = small_api.verified(small_api.catalogue(), server, only=(id,))
    assert next(r.verdict.value for r in report.results if r.contract.id == id) == verdict
