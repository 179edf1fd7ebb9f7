"""A document's credential is carried over. One that a catalogue cannot say never ends in a manifest that says
another: its catalogue names it, and reading it stops.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from importing import imported, openapi, operation
from pgagents.base.errors import InputError
from pgagents.base.http import Request
from pgagents.catalogue.load import load_text
from pgagents.catalogue.model.model import Model
from pgagents.cli.main import main
from pgagents.generate.build import document as built
from pgagents.importer.catalogue import Imported
from pgagents.verify.run.run import contracts

BEARER = {"type": "http", "scheme": "bearer"}
HEADER = {"type": "apiKey", "in": "header", "name": "X-API-Key"}
QUERY = {"type": "apiKey", "in": "query", "name": "api_key"}
BASIC = {"type": "http", "scheme": "basic"}
RAW = {"type": "apiKey", "in": "header", "name": "Authorization"}
SPECTACULAR = 'Token-based authentication with required prefix "Token"'
WORDED = "Prefix value with 'Apikey ' as in, 'Apikey SECRET'"
DIGEST = {"type": "http", "scheme": "digest"}
URL = "https://sign-in.example"
OTHER_KEYS: dict[str, tuple[dict[str, Any], str]] = {
    "digest": (DIGEST, "HTTP authentication by `digest`"),
    "openid": ({"type": "openIdConnect", "openIdConnectUrl": URL}, "an OpenID Connect token"),
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
    assert main(["import", "--full", "doc.json", "--out", "catalogue/library.yaml"]) == 0
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
def test_author_who_knows_better_writes_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    document = asking({"theKey": DIGEST}, [{"theKey": []}])
    Path("doc.json").write_text(json.dumps(document), encoding="utf-8")
    catalogue = Path("catalogue/library.yaml")
    assert main(["import", "--full", "doc.json", "--out", str(catalogue)]) == 0
    text = catalogue.read_text(encoding="utf-8")
    entry = "theKey: {type: http, scheme: digest}"
    assert entry in text
    catalogue.write_text(text.replace(entry, "theKey: {type: http_bearer}"), encoding="utf-8")
    assert main(["build"]) == 0
    capsys.readouterr()


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


def test_operations_that_ask_for_a_key_that_cannot_be_said_are_left_out_and_named() -> None:
    made = imported(
        asking({"b": BEARER, "d": DIGEST}, [{"b": []}], [{"b": []}], [{"d": []}], [{"b": [], "d": []}])
    )
    assert [load_text(made.text).actions[n].name for n in range(2)] == ["get0", "get1"]
    assert len(made.data["actions"]) == 2
    lost = told(made, "left out")
    assert "GET /2: it asks for HTTP authentication by `digest` (`d`), which cannot be said" in lost
    assert "GET /3: it asks for a bearer key (`b`) and HTTP authentication by `digest` (`d`)" in lost


def test_operations_keep_the_schemes_that_they_ask_for() -> None:
    made = imported(
        asking(
            {"b": BEARER, "k": QUERY, "h": HEADER, "d": DIGEST},
            [{"b": []}],
            [{"k": []}],
            [{"k": []}],
            [{"b": [], "h": []}],
            [{"h": []}, {"d": []}, {}],
        )
    )
    assert made.data["security"] == [{"k": []}]
    model = load_text(made.text)
    assert [a.security for a in model.actions] == [
        (("b",),),
        (("k",),),
        (("k",),),
        (("b", "h"),),
        (("h",), ()),
    ]
    assert [c.place for c in model.credentials.values()] == ["query", "header", "header"]
    again = json.loads(artifact(model, "openapi/openapi.json"))
    assert [item["get"].get("security") for item in again["paths"].values()] == [
        [{"b": []}],
        None,
        None,
        [{"b": [], "h": []}],
        [{"h": []}, {}],
    ]


def test_scheme_of_an_operation_that_is_left_out_is_not_described() -> None:
    document = asking({"b": BEARER, "k": QUERY}, [{"b": []}], [{"k": []}])
    document["paths"]["/1 x"] = document["paths"].pop("/1")
    made = imported(document)
    assert set(made.data["auth"]["schemes"]) == {"b"}
    assert load_text(made.text).actions


def test_schemes_that_one_call_cannot_have_together_are_left_out() -> None:
    made = imported(asking({"b": BEARER, "p": BASIC}, [{"b": []}], [{"b": [], "p": []}]))
    assert len(load_text(made.text).actions) == 1


def test_other_faults_of_the_file_are_told_beside_the_key() -> None:
    text = imported(asking({"k": DIGEST}, [{"k": []}])).text.replace("effect: read", "effect: reed")
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


def test_client_credentials_are_carried_over_and_other_flows_are_not() -> None:
    flow = {"tokenUrl": f"{URL}/token", "scopes": {"read": "Read  it"}}
    oauth = {"type": "oauth2", "flows": {"clientCredentials": flow}}
    made = imported(asking({"o": oauth}, [{"o": ["read"]}]))
    assert made.data["auth"]["schemes"]["o"] == {
        "type": "oauth2",
        "flows": {"client_credentials": {"token_url": f"{URL}/token", "scopes": {"read": "Read it"}}},
    }
    again = json.loads(artifact(load_text(made.text), "openapi/openapi.json"))
    said = {"tokenUrl": f"{URL}/token", "scopes": {"read": "Read it"}}
    assert again["components"]["securitySchemes"]["o"]["flows"] == {"clientCredentials": said}
    implicit = {"type": "oauth2", "flows": {"implicit": {"authorizationUrl": URL, "scopes": {}}}}
    other = imported(asking({"o": implicit}, [{"o": []}]))
    assert "an OAuth 2.0 token (`o`)" in told(other, "blocked")
    with pytest.raises(InputError, match="1 error"):
        load_text(other.text)


def test_optional_key_is_carried_over() -> None:
    made = imported(asking({"b": BEARER}, [{"b": []}], [], [{}, {"b": []}]))
    actions = load_text(made.text).actions
    assert [(a.key, a.optional_key) for a in actions] == [(True, False), (False, False), (True, True)]
    assert made.data["actions"]["get2"]["security"] == [{"b": []}, {}]


def test_scheme_that_an_author_mistypes_is_told_as_before() -> None:
    text = imported(asking({"b": BEARER}, [{"b": []}])).text.replace("type: http_bearer", "type: http_baerer")
    with pytest.raises(InputError) as raised:
        load_text(text)
    assert "`http_baerer` is not a type of a scheme" in raised.value.diagnostics[0].message
    assert "http_bearer" in raised.value.diagnostics[0].help


@pytest.mark.parametrize(
    ("scheme", "sent"),
    [
        (BEARER, ("Authorization", "Bearer a:b")),
        (HEADER, ("X-API-Key", "a:b")),
        ({**HEADER, "name": "x_api.key"}, ("x_api.key", "a:b")),
        (RAW, ("Authorization", "a:b")),
        ({**RAW, "description": SPECTACULAR}, ("Authorization", "Token a:b")),
        ({**RAW, "description": WORDED}, ("Authorization", "Apikey a:b")),
        ({**RAW, "description": "Prefixed with `Key`."}, ("Authorization", "Key a:b")),
        ({**RAW, "description": 'Do not prefix it, for example with "Key".'}, ("Authorization", "a:b")),
        ({**HEADER, "description": WORDED}, ("X-API-Key", "a:b")),
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
    assert model.credential.add_to(Request("GET", "/"), "a:b").headers == (sent,)
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
    assert made.data["security"] in ([{"k": []}, {"q": []}], [{"k": []}])
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


def test_users_sign_in_by_a_flow_of_the_scheme() -> None:
    flow = {"authorizationUrl": "/a", "tokenUrl": "/t", "scopes": {"notes": "See notes"}}
    schemes = {"people": {"type": "oauth2", "flows": {"authorizationCode": flow}}}
    made = imported(asking(schemes, [{"people": ["notes"]}]))
    users = load_text(made.text, "made.yaml").code_flow
    assert users is not None
    assert (users.authorize, users.token, users.scopes) == ("/a", "/t", {"notes": "See notes"})
    assert users.needs == {"notes": ["get0"]}


def test_second_authorization_server_is_left_out_and_told() -> None:
    flow = {"authorizationUrl": f"{URL}/a", "tokenUrl": f"{URL}/t", "scopes": {}}
    users = {"type": "oauth2", "flows": {"authorizationCode": flow}}
    client = {"clientCredentials": {"tokenUrl": "/t", "scopes": {}}, "authorizationCode": flow}
    schemes = {"people": users, "staff": users, "apps": {"type": "oauth2", "flows": client}}
    needs = [[{"people": []}], [{"people": []}], [{"staff": []}, {"apps": []}]]
    made = imported(asking(schemes, *needs))
    model = load_text(made.text, "made.yaml")
    assert list(model.credentials) == ["people", "apps"]
    assert model.code_flow is not None
    assert model.code_flow.scheme == "people"
    assert model.credentials["apps"].exchange is not None
    assert "the flow of `staff` is not carried" in told(made, "lost")


@pytest.mark.parametrize("name", ["api key", "a\nb", "", "X:Key", "\x1b[2J", "Schlüssel", "a;b", "x" * 300])
@pytest.mark.parametrize("place", ["header", "query", "cookie", "body"])
def test_a_key_under_a_name_that_no_request_can_carry_is_named(name: str, place: str) -> None:
    """The catalogue says so at the scheme, and nothing is made of it; a second scheme takes its place."""
    odd = {"type": "apiKey", "in": place, "name": name}
    schemes = {"odd": odd, "usual": {"type": "http", "scheme": "bearer"}}
    alone = openapi(
        {"/it": {"get": operation()}}, components={"securitySchemes": schemes}, security=[{"odd": []}]
    )
    with_other = {**alone, "security": [{"odd": []}, {"usual": []}]}
    if (place, name) in (("query", "X:Key"), ("query", "a;b")):
        load_text(imported(alone).text)  # a query takes any printable name
        return
    made = imported(alone)
    assert [str(note) for note in made.notes if note.kind == "blocked"]
    with pytest.raises(InputError) as refused:
        load_text(made.text)
    assert "a key under a name that no request can carry" in refused.value.diagnostics[0].message
    model = load_text(imported(with_other).text)
    assert list(model.credentials) == ["usual"]


def test_a_header_whose_name_no_request_can_carry_is_left_out_and_named() -> None:
    parameters = [
        {"name": name, "in": "header", "schema": {"type": "string"}} for name in ("X a", "X-B\r\nY: 1", "X-C")
    ]
    made = imported(openapi({"/it": {"get": operation(parameters=parameters)}}))
    assert [p.wire for p in load_text(made.text).actions[0].params] == ["X-C"]
    assert sum("is not sent" in str(note) for note in made.notes) == 2


@pytest.mark.parametrize("scheme", [{"scheme": "bearer", "bearerFormat": "JWT"}, {"flows": {}}, {}])
def test_oauth_without_a_flow_is_a_bearer_key_with_a_note(scheme: dict[str, Any]) -> None:
    """NestJS writes `{type: oauth2, scheme: bearer}` for a bearer token."""
    made = imported(asking({"access-token": {"type": "oauth2", **scheme}}, [{"access-token": []}]))
    (written,) = made.data["auth"]["schemes"].values()
    assert written == {"type": "http_bearer"}
    assert "a bearer key, as the document says OAuth 2.0 and no flow" in told(made, "inferred")
    assert told(made, "blocked") == ""
    assert load_text(made.text).credential is not None
