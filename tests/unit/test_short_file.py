"""`pgagents import` writes a short catalogue over a document, and later says what no longer fits."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from calling import served
from importing import openapi, operation
from pgagents.base.http import Request, Response
from pgagents.cli.inputs.catalogue import load_path
from pgagents.cli.main import main

CATALOGUE = Path("pgagents.yaml")
DOCUMENT = Path("openapi.json")
TESTS = Path(__file__).parents[1]
NOTES = TESTS / "data/overlay/notes.json"


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def store(document: dict[str, Any]) -> None:
    DOCUMENT.write_text(json.dumps(document), encoding="utf-8")


def read() -> dict[str, Any]:
    data: dict[str, Any] = yaml.safe_load(CATALOGUE.read_text(encoding="utf-8"))
    return data


def crowd(count: int) -> dict[str, Any]:
    """A document with a bearer key and a resource of four operations for each four of `count`."""
    path = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
    paths = {
        f"/things{n}": {
            "get": operation(operationId=f"list_things{n}"),
            "post": operation(operationId=f"add{n}"),
        }
        for n in range(count // 4)
    } | {
        f"/things{n}/{{id}}": {
            "get": operation(operationId=f"get{n}", parameters=[path]),
            "delete": operation(operationId=f"remove{n}", parameters=[path]),
        }
        for n in range(count // 4)
    }
    document = openapi(paths)
    document["components"] = {"securitySchemes": {"key": {"type": "http", "scheme": "bearer"}}}
    return document | {"security": [{"key": []}]}


def test_import_writes_two_lines_and_questions(capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copy(NOTES, DOCUMENT)
    assert main(["import", "openapi.json"]) == 0
    text = CATALOGUE.read_text(encoding="utf-8")
    assert read() == {"pgagents": 1, "openapi": "./openapi.json"}
    assert text.startswith("# yaml-language-server: $schema=.pgagents/catalogue.schema.json\n")
    schema = Path(".pgagents/catalogue.schema.json").read_text(encoding="utf-8")
    assert json.loads(schema)["$defs"]
    (line,) = [one for one in schema.splitlines() if one.startswith('"stays_taken"')][:1]
    assert "removed instance keeps its values" in line
    assert len(line) < 400
    assert len(text.splitlines()) <= 45
    assert "pgagents.yaml: " in capsys.readouterr().out
    assert main(["build", "--out", "made"]) == 0


def test_next_commands_name_the_file_that_they_would_not_find(capsys: pytest.CaptureFixture[str]) -> None:
    """Commands read ./catalogue before ./pgagents.yaml."""
    Path("catalogue").mkdir()
    Path("catalogue/other.yaml").write_text("pgagents: 1\n", encoding="utf-8")
    store(crowd(4))
    assert main(["import", "openapi.json"]) == 0
    assert "next: pgagents questions pgagents.yaml; " in capsys.readouterr().out


def test_answered_questions_load() -> None:
    """Whoever takes the `#` away from the answers has a catalogue that loads."""
    post = operation(operationId="search_books")
    pay = operation(operationId="buy_book", description="Charges 3 EUR to the card at once.")
    document = crowd(8)
    document["paths"] |= {"/books/search": {"post": post}, "/books/buy": {"post": pay}}
    document["paths"]["/books/start"] = {"get": operation(operationId="start_print")}
    store({key: value for key, value in document.items() if key != "servers"})
    assert main(["import", "openapi.json"]) == 0
    lines = CATALOGUE.read_text(encoding="utf-8").splitlines()
    questions = [line for line in lines if line.startswith("# ") and ("? " in line or line.endswith("?"))]
    assert 4 <= len(questions) <= 7
    answers = [line.removeprefix("# ") for line in lines if line not in questions and "$schema" not in line]
    CATALOGUE.write_text("\n".join(answers).replace("code_at: code", "code_at: null"), encoding="utf-8")
    assert read()["actions"]["search_books"] == {"effect": "read"}
    assert read()["actions"]["buy_book"] == {"costs": False}
    assert str(load_path(CATALOGUE).auth.roles)


@pytest.mark.parametrize("count", [32, 48])
def test_choice_for_agents_is_written_out_in_45_lines(count: int) -> None:
    store(crowd(count))
    assert main(["import", "openapi.json"]) == 0
    data = read()
    assert len(data["groups"]["agents"]) == 20
    assert set(data["actions"]) == set(data["groups"]["agents"])
    assert len(CATALOGUE.read_text(encoding="utf-8").splitlines()) <= 45


@pytest.mark.parametrize(("count", "chooses"), [(30, False), (31, True)])
def test_thirty_actions_are_offered_without_a_choice(count: int, chooses: bool) -> None:
    document = crowd(28)
    document["paths"] |= {f"/more{n}": {"get": operation(operationId=f"more{n}")} for n in range(count - 28)}
    store(document)
    assert main(["import", "openapi.json"]) == 0
    assert ("groups" in read()) is chooses


def test_import_again_writes_nothing_and_names_what_no_longer_fits(
    capsys: pytest.CaptureFixture[str],
) -> None:
    shutil.copy(NOTES, DOCUMENT)
    assert main(["import", "openapi.json"]) == 0
    with CATALOGUE.open("a", encoding="utf-8") as file:
        file.write("\nactions:\n  list_notes: {title: All notes}\n")
    before = CATALOGUE.read_bytes()
    assert main(["import"]) == 0
    assert "fits openapi.json" in capsys.readouterr().out
    store(json.loads(NOTES.read_text(encoding="utf-8").replace("list_notes", "find_notes")))
    assert main(["import", "openapi.json"]) == 2
    error = capsys.readouterr().err
    assert "error[overlay/unknown-operation]" in error
    assert "GET /notes is called `find_notes" in error
    assert CATALOGUE.read_bytes() == before


def test_options_of_an_import_stand_in_the_file() -> None:
    store(crowd(8))
    words = ["--tag", "books", "--include", "GET *", "--max", "3", "--base-path", "/"]
    document = crowd(8)
    for item in document["paths"].values():
        for each in item.values():
            each["tags"] = ["books"]
    store(document)
    assert main(["import", "openapi.json", *words]) == 0
    assert read()["openapi"] == {
        "document": "./openapi.json", "include": ["GET *"], "tags": ["books"], "max": 3, "base_path": "/",
    }  # fmt: skip
    assert len(load_path(CATALOGUE).actions) == 3


def test_what_an_option_decides_stands_at_the_action() -> None:
    document = crowd(4)
    document["paths"]["/books/search"] = {"post": operation(operationId="search_books")}
    store(document)
    assert main(["import", "openapi.json", "--reads", "POST */search"]) == 0
    assert read()["actions"] == {"search_books": {"effect": "read"}}


def test_document_at_a_url_is_copied_and_renewed(capsys: pytest.CaptureFixture[str]) -> None:
    current = [NOTES.read_bytes()]

    def answer(_: Request) -> Response:
        return Response(200, (), current[0])

    with served(answer) as url:
        assert main(["import", f"{url}/openapi.json"]) == 0
        assert DOCUMENT.read_bytes() == current[0]
        assert read()["openapi"] == {"document": "./openapi.json", "from": f"{url}/openapi.json"}
        assert main(["import", "--refresh"]) == 0
        assert "Nothing is written" in capsys.readouterr().out
        document = json.loads(current[0])
        document["paths"]["/more"] = {"get": operation(operationId="list_more")}
        current[0] = json.dumps(document).encode()
        assert main(["import", "--refresh"]) == 0
        assert "list_more" in capsys.readouterr().out
        assert DOCUMENT.read_bytes() == current[0]


WRITTEN = """# ours
pgagents: 1
openapi: {{document: ./openapi.json, from: "{url}/openapi.json"{more}}}
actions: {{list_notes: {{title: All notes}}}}
"""


@pytest.fixture
def origin() -> Iterator[tuple[str, list[Response]]]:
    """A server with the notes' document, and the answer that it gives, which a test may change."""
    answers = [Response(200, (), NOTES.read_bytes())]
    with served(lambda _: answers[0]) as url:
        yield url, answers


def without_list_notes() -> bytes:
    """The notes' document without the operation that the catalogue names."""
    document = json.loads(NOTES.read_bytes())
    del document["paths"]["/notes"]["get"]
    return json.dumps(document).encode()


@pytest.mark.parametrize(
    "former", [without_list_notes(), None, b"<html>", b'{"openapi": "3.1.0", "paths": {}}']
)
def test_copy_is_renewed_whatever_the_former_one_was(
    former: bytes | None, origin: tuple[str, list[Response]], capsys: pytest.CaptureFixture[str]
) -> None:
    CATALOGUE.write_text(WRITTEN.format(url=origin[0], more=""), encoding="utf-8")
    if former is not None:
        DOCUMENT.write_bytes(former)
    assert main(["import", "--refresh"]) == 0
    assert DOCUMENT.read_bytes() == NOTES.read_bytes()
    assert f"openapi.json is {'written' if former is None else 'renewed'}" in capsys.readouterr().out
    assert str(load_path(CATALOGUE).actions[0].title) == "All notes"


def test_renewed_copy_says_what_changed_and_what_no_longer_fits(
    origin: tuple[str, list[Response]], capsys: pytest.CaptureFixture[str]
) -> None:
    CATALOGUE.write_text(WRITTEN.format(url=origin[0], more=""), encoding="utf-8")
    shutil.copy(NOTES, DOCUMENT)
    origin[1][0] = Response(200, (), without_list_notes())
    assert main(["import", "--refresh"]) == 2
    output = capsys.readouterr()
    assert "openapi.json is renewed" in output.out
    assert "Breaking (1)\n  list_notes: " in output.out
    assert "error[overlay/unknown-operation]" in output.err
    assert "pgagents.yaml:4:" in output.err
    assert DOCUMENT.read_bytes() == without_list_notes()


def test_renewed_copy_with_another_hash_is_compared_and_the_hash_is_told(
    origin: tuple[str, list[Response]], capsys: pytest.CaptureFixture[str]
) -> None:
    pin = f", sha256: {hashlib.sha256(NOTES.read_bytes()).hexdigest()}"
    CATALOGUE.write_text(WRITTEN.format(url=origin[0], more=pin), encoding="utf-8")
    shutil.copy(NOTES, DOCUMENT)
    document = json.loads(NOTES.read_bytes())
    document["paths"]["/more"] = {"get": operation(operationId="list_more")}
    raw = json.dumps(document).encode()
    origin[1][0] = Response(200, (), raw)
    assert main(["import", "--refresh"]) == 2
    output = capsys.readouterr()
    assert "list_more" in output.out
    assert f"write sha256: {hashlib.sha256(raw).hexdigest()}" in output.err
    assert DOCUMENT.read_bytes() == raw


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (Response(503, (), b"{}"), "answers 503"),
        (Response(302, (("Location", "/login"),), b""), "redirects to"),
        (Response(200, (), b"<html>Sign in</html>"), "this is a web page"),
        (Response(200, (), b'{"openapi": "3.1.0", "paths": {'), "not valid JSON"),
        (Response(200, (), b'{"error": "busy"}'), "neither `openapi` nor `swagger`"),
        (Response(200, (), b'{"openapi": "3.1.0", "paths": {}}'), "has no operation"),
        (
            Response(200, (), NOTES.read_bytes().replace(b"#/components/schemas/", b"other.json#/")),
            "refers to",
        ),
    ],
)
def test_refused_renewal_leaves_the_former_copy(
    answer: Response,
    message: str,
    origin: tuple[str, list[Response]],
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    CATALOGUE.write_text(WRITTEN.format(url=origin[0], more=""), encoding="utf-8")
    shutil.copy(NOTES, DOCUMENT)
    origin[1][0] = answer
    assert main(["import", "--refresh"]) == 2
    output = capsys.readouterr()
    assert message in output.err
    assert output.out == ""
    assert DOCUMENT.read_bytes() == NOTES.read_bytes()
    assert {path.name for path in tmp_path.iterdir()} == {"openapi.json", "pgagents.yaml"}


def test_settled_resource_is_the_authors_word(capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copy(NOTES, DOCUMENT)
    assert main(["import", "openapi.json"]) == 0
    assert main(["import", "--settle", "not_there"]) == 2
    assert "there is no resource `not_there`" in capsys.readouterr().err
    before = CATALOGUE.read_text(encoding="utf-8")
    assert main(["import", "--settle", "note"]) == 0
    text = CATALOGUE.read_text(encoding="utf-8")
    assert text.startswith(before.rstrip("\n"))
    assert "undone_by" in read()["resources"]["note"]
    resource = next(r for r in load_path(CATALOGUE).resources.values() if str(r.name) == "note")
    assert resource.undone_by is not None


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["import", "missing.json"], "cannot read missing.json"),
        (["import"], "Give OPENAPI, or --mcp CMD|URL"),
        (["import", "--refresh"], "cannot read pgagents.yaml"),
        (["import", "--settle", "note"], "cannot read pgagents.yaml"),
        (["import", "openapi.json", "--full", "--refresh"], "--refresh goes alone"),
        (["import", "openapi.json", "--out", "."], "--out . is a folder"),
    ],
)
def test_wrong_use_is_told_and_nothing_is_written(
    words: list[str], message: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    store(crowd(4))
    assert main(words) == 2
    assert message in capsys.readouterr().err
    assert {path.name for path in tmp_path.iterdir()} == {"openapi.json"}


def test_whole_catalogue_in_the_way_is_left(capsys: pytest.CaptureFixture[str]) -> None:
    store(crowd(4))
    assert main(["import", "openapi.json", "--full", "--out", "pgagents.yaml"]) == 0
    before = CATALOGUE.read_bytes()
    assert main(["import", "openapi.json"]) == 2
    assert "is a whole catalogue" in capsys.readouterr().err
    assert CATALOGUE.read_bytes() == before
