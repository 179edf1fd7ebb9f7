"""A document whose key is no bearer key never ends in a manifest that says Bearer: its catalogue says the
key, and reading it stops.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from importing import imported, openapi, operation
from pgagents.catalogue.load import load_text
from pgagents.cli.main import main
from pgagents.errors import InputError, PgagentsError
from pgagents.importer.catalogue import Imported

BEARER = {"type": "http", "scheme": "bearer"}
HEADER = {"type": "apiKey", "in": "header", "name": "X-API-Key"}
URL = "https://sign-in.example"
OTHER_KEYS: dict[str, tuple[dict[str, Any], str]] = {
    "header": (HEADER, "a key in the header `X-API-Key`"),
    "query": ({"type": "apiKey", "in": "query", "name": "api_key"}, "a key in the query parameter `api_key`"),
    "cookie": ({"type": "apiKey", "in": "cookie", "name": "session"}, "a key in the cookie `session`"),
    "authorization": (
        {"type": "apiKey", "in": "header", "name": "Authorization"},
        "a key in the header `Authorization`",
    ),
    "basic": ({"type": "http", "scheme": "Basic"}, "HTTP Basic"),
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


def told(made: Imported, kind: str) -> str:
    return "\n".join(str(note) for note in made.notes if note.kind == kind)


@pytest.fixture
def _empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("kind", OTHER_KEYS)
@pytest.mark.usefixtures("_empty_folder")
def test_key_that_is_no_bearer_key_stops_every_command_at_its_line(
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
    document = asking({"theKey": HEADER}, [{"theKey": []}])
    Path("doc.json").write_text(json.dumps(document), encoding="utf-8")
    catalogue = Path("catalogue/library.yaml")
    assert main(["import", "doc.json", "--out", str(catalogue)]) == 0
    text = catalogue.read_text(encoding="utf-8")
    entry = "theKey: {type: api_key, in: header, name: X-API-Key}"
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
    document["components"]["securitySchemes"]["theKey"] = HEADER
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
    made = imported(asking({"b": BEARER, "k": HEADER}, [{"b": []}], [{"k": []}], [{"k": []}]))
    assert len(made.data["actions"]) == 3
    assert made.data["auth"]["default"] == "k"
    assert "this operation asks for a bearer key" in told(made, "lost")
    with pytest.raises(InputError, match="1 error"):
        load_text(made.text)


def test_two_keys_that_a_call_needs_together_are_one_error() -> None:
    made = imported(asking({"app": {**HEADER, "name": "X-App"}, "k": HEADER}, [{"app": [], "k": []}]))
    assert set(made.data["auth"]["schemes"]) == {"app", "k"}
    with pytest.raises(InputError) as raised:
        load_text(made.text)
    assert [(d.id, "(and 1 more)" in d.message) for d in raised.value.diagnostics] == [
        ("catalogue/key-kind", True)
    ]


def test_other_faults_of_the_file_are_told_beside_the_key() -> None:
    text = imported(asking({"k": HEADER}, [{"k": []}])).text.replace("effect: read", "effect: reed")
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
    assert "take `key: false` out" in told(made, "decide")
    described = imported({**document, "components": {"securitySchemes": {"k": BEARER}}})
    assert "it describes a bearer key (`k`)" in told(described, "decide")
    assert load_text(described.text).actions


def test_key_that_is_described_and_never_asked_for_is_no_bearer_key_either() -> None:
    made = imported(openapi({"/a": {"get": operation()}}, components={"securitySchemes": {"k": HEADER}}))
    assert "lets every call go without a key, and describes a key in the header `X-API-Key`" in told(
        made, "blocked"
    )
    with pytest.raises(PgagentsError):
        load_text(made.text)


def test_optional_key_and_its_loss_are_told() -> None:
    made = imported(asking({"b": BEARER}, [{"b": []}], [], [{}, {"b": []}]))
    assert [a.key for a in load_text(made.text).actions] == [True, False, False]
    assert "a key is optional here" in told(made, "lost")


def test_scheme_that_an_author_mistypes_is_told_as_before() -> None:
    text = imported(asking({"b": BEARER}, [{"b": []}])).text.replace(
        "    b:", "    b: {type: http_baerer}\n    c:"
    )
    with pytest.raises(InputError) as raised:
        load_text(text)
    assert "it should be 'http_bearer'" in raised.value.diagnostics[0].message
