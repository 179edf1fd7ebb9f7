"""A document's credential is carried over; one that a catalogue cannot say never ends in a manifest that says
another: its catalogue names it, and reading it stops.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from importing import imported, openapi, operation
from pgagents.catalogue.load import load_text
from pgagents.cli.main import main
from pgagents.errors import InputError
from pgagents.generate.build import document as built
from pgagents.importer.catalogue import Imported
from pgagents.model.model import Model
from pgagents.verify.run.run import contracts

BEARER = {"type": "http", "scheme": "bearer"}
HEADER = {"type": "apiKey", "in": "header", "name": "X-API-Key"}
QUERY = {"type": "apiKey", "in": "query", "name": "api_key"}
BASIC = {"type": "http", "scheme": "basic"}
RAW = {"type": "apiKey", "in": "header", "name": "Authorization"}
SPECTACULAR = 'Token-based authentication with required prefix "Token"'
URL = "https://sign-in.example"
OTHER_KEYS: dict[str, tuple[dict[str, Any], str]] = {
    "query": (QUERY, "a key in the query parameter `api_key`"),
    "cookie": ({"type": "apiKey", "in": "cookie", "name": "session"}, "a key in the cookie `session`"),
    "digest": ({"type": "http", "scheme": "digest"}, "HTTP authentication by `digest`"),
    "oauth": (
        {"type": "oauth2", "flows": {"clientCredentials": {"tokenUrl": URL, "scopes": {}}}},
        "an OAuth 2.0 token",
    ),
    "openid": ({"type": "openIdConnect", "openIdConnectUrl": URL}, "an OpenID Connect token"),
    "certificate": ({"type": "mutualTLS"}, "a client certificate"),
    "nonsense": ({"type": "telepathy"}, "a scheme that it does not describe"),
}
COMMANDS = (
    ["build"],
    ["build", "--check"],
    ["lint"],
    ["contracts"],
    ["verify", "--url", "http://127.0.0.1:9"],
    ["mcp"],
    ["sandbox"],
)


def asking(schemes: dict[str, Any], *security: Any, **more: Any) -> dict[str, Any]:
    """A document with one operation for each security requirement, GET /0, GET /1, …"""
    paths = {
        f"/{n}": {"get": operation(operationId=f"get{n}", security=need)} for n, need in enumerate(security)
    }
    return openapi(paths, components={"securitySchemes": schemes}, **more)


def text_line(text: str, number: int) -> str:
    return text.splitlines()[number - 1]


def told(made: Imported, kind: str) -> str:
    return "\n".join(str(note) for note in made.notes if note.kind == kind)


def artifact(model: Model, path: str) -> str:
    """The generated file of this path."""
    return next(a.data.decode() for a in built(model, path).artifacts() if a.path == path)


@pytest.fixture
def _empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("kind", OTHER_KEYS)
@pytest.mark.usefixtures("_empty_folder")
def test_key_that_calls_cannot_send_stops_every_command_at_its_line(
    kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    scheme, said = OTHER_KEYS[kind]
    Path("doc.json").write_text(json.dumps(asking({"theKey": scheme}, [{"theKey": []}])), encoding="utf-8")
    assert main(["import", "doc.json", "--out", "catalogue/library.yaml"]) == 0
    out = capsys.readouterr().out
    assert f"blocked: the document asks for {said}" in out.splitlines()[1]  # the first note of all
    assert "stops build, lint and verify until it is changed" in out
    lines = Path("catalogue/library.yaml").read_text(encoding="utf-8").splitlines()
    number = next(n for n, line in enumerate(lines, 1) if line.strip().startswith("theKey:"))
    assert said in lines[number - 2]
    assert "doc.json#/components/securitySchemes/theKey" in lines[number - 2]
    for command in COMMANDS:
        assert main(command) == 2, command
        error = capsys.readouterr().err
        assert error.count("error[") == 1, error
        assert "error[catalogue/key-kind]: `theKey` is" in error
        assert f"catalogue/library.yaml:{number}" in error
        assert "type: http_bearer" in error
    assert not Path("generated").exists()


@pytest.mark.usefixtures("_empty_folder")
def test_author_who_knows_better_writes_it_and_a_later_import_keeps_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    document = asking({"theKey": QUERY}, [{"theKey": []}])
    Path("doc.json").write_text(json.dumps(document), encoding="utf-8")
    catalogue = Path("catalogue/library.yaml")
    assert main(["import", "doc.json", "--out", str(catalogue)]) == 0
    text = catalogue.read_text(encoding="utf-8")
    entry = "theKey: {type: api_key, in: query, name: api_key}"
    assert entry in text
    catalogue.write_text(text.replace(entry, "theKey: {type: http_bearer}"), encoding="utf-8")
    assert main(["build"]) == 0
    document["paths"]["/more"] = {"get": operation(operationId="getMore", security=[{"theKey": []}])}
    Path("doc.json").write_text(json.dumps(document), encoding="utf-8")
    assert main(["import", "doc.json", "--out", str(catalogue)]) == 0
    assert "theKey: {type: http_bearer}" in catalogue.read_text(encoding="utf-8")
    assert main(["build"]) == 0
    capsys.readouterr()


@pytest.mark.usefixtures("_empty_folder")
def test_later_edition_with_another_key_is_merged_and_says_that_it_stops(
    capsys: pytest.CaptureFixture[str],
) -> None:
    document = asking({"theKey": BEARER}, [{"theKey": []}])
    Path("doc.json").write_text(json.dumps(document), encoding="utf-8")
    assert main(["import", "doc.json", "--out", "c.yaml"]) == 0
    assert main(["build", "c.yaml"]) == 0
    document["components"]["securitySchemes"]["theKey"] = QUERY
    Path("doc.json").write_text(json.dumps(document), encoding="utf-8")
    capsys.readouterr()
    assert main(["import", "doc.json", "--out", "c.yaml"]) == 0
    assert "c.yaml:" in (said := capsys.readouterr().out)
    assert "build, lint and verify stop there" in said
    assert main(["build", "c.yaml"]) == 2


@pytest.mark.parametrize(
    ("schemes", "security"),
    [
        ({"k": BEARER}, [{"k": []}]),
        ({"k": {"type": "http", "scheme": "Bearer", "bearerFormat": "JWT"}}, [{"k": []}]),
        ({"k": HEADER, "b": BEARER}, [{"k": []}, {"b": []}]),
        ({"Bearer": {"type": "apiKey", "in": "header", "name": "authorization"}}, [{"Bearer": []}]),
        (
            {"k": {"type": "apiKey", "in": "header", "name": "Authorization", "description": "`Bearer KEY`"}},
            [{"k": []}],
        ),
        ({"o": {"type": "oauth2", "flows": {}}, "b": BEARER}, [{"b": []}, {"o": []}]),
        ({"k": HEADER, "b": BEARER}, [{"b": []}]),
    ],
)
def test_document_that_takes_a_bearer_key_goes_on_as_before(schemes: dict[str, Any], security: Any) -> None:
    made = imported(asking(schemes, security))
    model = load_text(made.text)
    assert [a.key for a in model.actions] == [True]
    assert told(made, "blocked") == ""


def test_operations_that_ask_for_another_key_than_most_are_left_out_and_named() -> None:
    made = imported(
        asking({"b": BEARER, "k": HEADER}, [{"b": []}], [{"b": []}], [{"k": []}], [{"b": [], "k": []}])
    )
    assert [load_text(made.text).actions[n].name for n in range(2)] == ["get0", "get1"]
    assert len(made.data["actions"]) == 2
    assert "GET /2: it asks for a key in the header `X-API-Key` (`k`); calls send a bearer key" in told(
        made, "left out"
    )
    assert "GET /3: it asks for a bearer key (`b`) and a key in the header `X-API-Key` (`k`)" in told(
        made, "left out"
    )


def test_key_that_most_operations_ask_for_decides() -> None:
    made = imported(asking({"b": BEARER, "k": QUERY}, [{"b": []}], [{"k": []}], [{"k": []}]))
    assert len(made.data["actions"]) == 3
    assert made.data["security"] == [{"k": []}]
    assert "this operation asks for a bearer key" in told(made, "lost")
    with pytest.raises(InputError, match="1 error"):
        load_text(made.text)


def test_two_keys_that_a_call_needs_together_are_one_error() -> None:
    made = imported(asking({"app": {**HEADER, "name": "X-App"}, "k": HEADER}, [{"app": [], "k": []}]))
    assert set(made.data["auth"]["schemes"]) == {"app", "k"}
    with pytest.raises(InputError) as raised:
        load_text(made.text)
    assert [(d.id, "calls have 2 keys at once, app, k" in d.message) for d in raised.value.diagnostics] == [
        ("catalogue/key-kind", True)
    ]
    assert "{app: [], k: []}" in text_line(made.text, raised.value.diagnostics[0].span.line)


def test_other_faults_of_the_file_are_told_beside_the_key() -> None:
    text = imported(asking({"k": QUERY}, [{"k": []}])).text.replace("effect: read", "effect: reed")
    with pytest.raises(InputError) as raised:
        load_text(text)
    assert [d.id for d in raised.value.diagnostics] == ["catalogue/key-kind", "catalogue/value"]


def test_security_that_names_no_declared_scheme_is_not_taken_for_a_bearer_key() -> None:
    made = imported(asking({}, [{"ghost": []}]))
    assert made.data["auth"]["schemes"] == {"ghost": {"type": "undeclared"}}
    assert "a scheme that it does not describe (`ghost`)" in told(made, "blocked")


def test_document_without_security_says_so_and_is_called_without_a_key() -> None:
    document = openapi({"/a": {"get": operation()}})
    made = imported(document)
    assert [a.key for a in load_text(made.text).actions] == [False]
    assert "the document declares no security for any operation" in told(made, "decide")
    assert made.data["security"] == []
    assert "auth" not in made.data
    assert "no_key" not in made.data["errors"]["framework"]
    described = imported({**document, "components": {"securitySchemes": {"k": BEARER}}})
    assert "it describes a bearer key (`k`)" in told(described, "decide")
    assert load_text(described.text).actions


def test_key_that_is_described_and_never_asked_for_is_told_and_not_sent() -> None:
    made = imported(openapi({"/a": {"get": operation()}}, components={"securitySchemes": {"k": HEADER}}))
    assert "it describes a key in the header `X-API-Key` (`k`)" in told(made, "decide")
    model = load_text(made.text)
    assert model.credential is None
    assert [a.key for a in model.actions] == [False]


def test_optional_key_and_its_loss_are_told() -> None:
    made = imported(asking({"b": BEARER}, [{"b": []}], [], [{}, {"b": []}]))
    assert [a.key for a in load_text(made.text).actions] == [True, False, False]
    assert "a key is optional here" in told(made, "lost")


def test_scheme_that_an_author_mistypes_is_told_as_before() -> None:
    text = imported(asking({"b": BEARER}, [{"b": []}])).text.replace("type: http_bearer", "type: http_baerer")
    with pytest.raises(InputError) as raised:
        load_text(text)
    assert "`http_baerer` is no type of a scheme" in raised.value.diagnostics[0].message
    assert "http_bearer" in raised.value.diagnostics[0].help


@pytest.mark.parametrize(
    ("scheme", "sent"),
    [
        (BEARER, ("Authorization", "Bearer a:b")),
        (HEADER, ("X-API-Key", "a:b")),
        ({**HEADER, "name": "x_api.key"}, ("x_api.key", "a:b")),
        (RAW, ("Authorization", "a:b")),
        ({**RAW, "description": SPECTACULAR}, ("Authorization", "Token a:b")),
        (BASIC, ("Authorization", "Basic YTpi")),
        ({**BASIC, "scheme": "Basic"}, ("Authorization", "Basic YTpi")),
        ({**HEADER, "description": "Ask us for one"}, ("X-API-Key", "a:b")),
    ],
)
def test_credential_is_carried_over_and_said_again_as_the_document_has_it(
    scheme: dict[str, Any], sent: tuple[str, str]
) -> None:
    made = imported(asking({"theKey": scheme}, [{"theKey": []}], []))
    model = load_text(made.text)
    assert model.credential is not None
    assert model.credential.headers("a:b") == (sent,)
    assert [a.key for a in model.actions] == [True, False]
    assert told(made, "blocked") == ""
    again = json.loads(artifact(model, "openapi/openapi.json"))
    said = {**scheme, **({"scheme": "basic"} if scheme.get("scheme") == "Basic" else {})}
    assert again["components"]["securitySchemes"] == {"theKey": said}
    assert again["security"] == [{"theKey": []}]
    assert [item["get"].get("security") for item in again["paths"].values()] == [None, []]


def test_swagger_of_two_says_basic_and_header_keys_too() -> None:
    for scheme, kind in (({"type": "basic"}, "http_basic"), (HEADER, "api_key")):
        document = {
            "swagger": "2.0",
            "info": {"title": "T", "version": "1"},
            "host": "api.example.com",
            "schemes": ["https"],
            "securityDefinitions": {"k": scheme},
            "security": [{"k": []}],
            "paths": {"/a": {"get": {"responses": {"200": {"description": "x"}}}}},
        }
        credential = load_text(imported(document).text).credential
        assert credential is not None
        assert credential.kind == kind


def test_parameter_that_repeats_the_keys_header_is_no_argument() -> None:
    document = asking({"k": HEADER}, [{"k": []}])
    document["paths"]["/0"]["get"]["parameters"] = [
        {"name": "x-api-key", "in": "header", "required": True, "schema": {"type": "string"}},
        {"name": "X-Trace", "in": "header", "schema": {"type": "string"}},
    ]
    action = load_text(imported(document).text).actions[0]
    assert [p.wire for p in action.params] == ["X-Trace"]


def test_alternatives_that_the_server_accepts_too_are_no_wrong_keys() -> None:
    """A document that takes the key in the query as well says so: no check may expect a refusal there."""
    made = imported(asking({"k": HEADER, "q": QUERY, "b": BEARER}, [{"k": []}, {"q": []}], [{"k": []}]))
    credential = load_text(made.text).credential
    assert credential is not None
    assert credential.also_accepted == {"query"}
    both = load_text(imported(asking({"k": HEADER, "q": QUERY}, [{"k": []}, {"q": []}])).text)
    ids = {c.id for c in contracts(both)}
    assert "key_authentication/garbage/get0@rest" in ids
    assert "key_authentication/query/get0@rest" not in ids
    alone = load_text(imported(asking({"k": HEADER}, [{"k": []}])).text)
    assert "key_authentication/query/get0@rest" in {c.id for c in contracts(alone)}


def test_document_without_keys_says_nothing_of_keys_again() -> None:
    made = imported(asking({}, []))
    again = json.loads(artifact(load_text(made.text), "openapi/openapi.json"))
    assert "security" not in json.dumps(again)
