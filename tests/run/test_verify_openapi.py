"""`verify --openapi` needs no catalogue: it reads what the document says, and names the document's lines."""

from __future__ import annotations

import json
import sys
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

import pytest

from calling import served
from importing import imported
from pgagents.base.http import Request, Response, json_bytes, read_json
from pgagents.cli.inputs.document import is_document
from pgagents.cli.main import main
from pgagents.importer.places import open_source
from small_api import KEY, Notes

DOCUMENT = """openapi: 3.1.0
info: {title: Notes, version: 1.0.0}
servers: [{url: "https://api.example.com"}]
security: [{key: []}]
paths:
  /notes:
    get:
      operationId: listNotes
      summary: List all notes
      responses:
        "200":
          description: All notes
          content: {application/json: {schema: {$ref: "#/components/schemas/Notes"}}}
    post:
      operationId: createNote
      summary: Write a note
      requestBody:
        required: true
        content: {application/json: {schema: {$ref: "#/components/schemas/Text"}}}
      responses:
        "201":
          description: The note
          content: {application/json: {schema: {$ref: "#/components/schemas/Note"}}}
components:
  securitySchemes: {key: {type: http, scheme: bearer}}
  schemas:
    Text: {type: object, required: [text], properties: {text: {type: string, minLength: 1, maxLength: 40}}}
    Note: {type: object, required: [id, text], properties: {id: {type: string}, text: {type: string}}}
    Notes:
      type: object
      required: [notes]
      properties: {notes: {type: array, items: {$ref: "#/components/schemas/Note"}}}
"""
GET_LINE = 1 + DOCUMENT.splitlines().index('        "200":')


def run_verify(folder: Path, url: str, *words: str, name: str = "notes.yaml") -> tuple[int, str, str]:
    """Return the exit code, the output and the messages of `pgagents verify`, which runs in this process."""
    (folder / name).write_text(DOCUMENT, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch, StringIO() as out, StringIO() as err:
        patch.chdir(folder)
        patch.setenv("PGAGENTS_TOKEN", KEY)
        patch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
        with redirect_stdout(out), redirect_stderr(err):
            code = main(["verify", *words, "--url", url, "--report", "report.json"])
        return code, out.getvalue(), err.getvalue()


class Counting:
    """The right server, or one whose list lacks its member; it notes the methods that it was called with."""

    def __init__(self, *, right: bool) -> None:
        self.notes, self.right, self.methods = Notes(), right, set[str]()

    def __call__(self, request: Request) -> Response:
        self.methods.add(request.method)
        answer = self.notes(request)
        assert isinstance(answer, Response)
        if not self.right and request.method == "GET" and answer.status == 200:
            return Response(200, answer.headers, json_bytes({"items": []}))
        return answer


@pytest.mark.parametrize("words", [("--openapi", "notes.yaml"), ("notes.yaml",)])
def test_finding_names_the_line_of_the_document(tmp_path: Path, words: tuple[str, ...]) -> None:
    server = Counting(right=False)
    with served(server) as url:
        code, out, err = run_verify(tmp_path, url, *words)
    assert code == 1, err
    found = json.loads((tmp_path / "report.json").read_text("utf-8"))["findings"]
    wrong = next(f for f in found if f["contract"] == "response_schema/200/list_notes@rest")
    assert wrong["source"] == {"file": "notes.yaml", "line": GET_LINE, "column": 9}
    assert f" notes.yaml:{GET_LINE}\n" in out
    assert "blocked by these" not in out, "the user has a document, and no vendor's file"
    assert "MCP" not in out
    assert server.methods <= {"GET", "HEAD", "OPTIONS", "PGVERIFY"}


def test_annotations_are_at_the_document_in_its_repository(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "api").mkdir()
    server = Counting(right=False)
    with served(server) as url:
        words = ("--openapi", "api/notes.yaml", "--only", "response_schema/200/list_notes@rest")
        code, _, err = run_verify(tmp_path, url, *words, name="api/notes.yaml")
    assert code == 1, err
    header = json.loads((tmp_path / "report.json").read_text("utf-8"))["header"]
    assert (header["catalogue"], header["in_repository"]) == ("notes.yaml", "api/notes.yaml")


def test_right_server_has_no_finding_and_nothing_is_written(tmp_path: Path) -> None:
    server = Counting(right=True)
    with served(server) as url:
        code, out, _ = run_verify(tmp_path, url, "--openapi", "notes.yaml")
    assert code in (0, 3), out
    assert "\nno finding" in out
    assert server.methods <= {"GET", "HEAD", "OPTIONS", "PGVERIFY"}


def test_operations_that_no_call_can_be_made_of_are_named(tmp_path: Path) -> None:
    redirect = '{responses: {"302": {description: Elsewhere}}}'
    more = f"  /a: {{get: {redirect}}}\n  /b: {{get: {redirect}}}\ncomponents:"
    (tmp_path / "more.yaml").write_text(DOCUMENT.replace("components:", more), encoding="utf-8")
    with served(Counting(right=True)) as url:
        _, out, _ = run_verify(tmp_path, url, "--openapi", "more.yaml")
    said = " ".join(out.split())
    assert "never called: GET /a: it answers a redirect alone (302)" in said
    assert "(as 1 more); `pgagents import` names each" in said


@pytest.mark.parametrize("over", [False, True])
def test_a_reference_to_nothing_is_named_and_nothing_is_kept_by_it(tmp_path: Path, over: bool) -> None:
    text = DOCUMENT.replace('schemas/Note"', 'schemas/Noet"')
    assert text != DOCUMENT
    (tmp_path / "wrong.yaml").write_text(text, encoding="utf-8")
    (tmp_path / "over.yaml").write_text("pgagents: 1\nopenapi: wrong.yaml\n", encoding="utf-8")
    words = ("over.yaml",) if over else ("--openapi", "wrong.yaml")
    with served(Counting(right=True)) as url:
        _, out, _ = run_verify(tmp_path, url, *words)
    said = " ".join(out.split())
    assert (
        "note: nothing is held to a part of the document: `$ref: #/components/schemas/Noet` leads nowhere "
        "(did you mean `Note`?) (wrong.yaml#/paths/"
    ) in said
    results = json.loads((tmp_path / "report.json").read_text("utf-8"))["results"]
    kept = [r["contract"] for r in results if r["verdict"] == "kept"]
    assert not [id for id in kept if id.startswith(("response_schema/", "honours_manifest/answers/"))]
    [listed] = [r for r in results if r["contract"] == "response_schema/200/list_notes@rest"]
    assert listed["verdict"] == "untested"
    assert "leads nowhere" in listed["reason"]


def test_a_law_that_reads_what_no_schema_names_is_told_in_the_words_of_lint(tmp_path: Path) -> None:
    law = "actions: {create_note: {laws: {same: response.txt == input.text}}}\n"
    (tmp_path / "over.yaml").write_text(f"pgagents: 1\nopenapi: notes.yaml\n{law}", encoding="utf-8")
    with served(Counting(right=True)) as url:
        _, out, _ = run_verify(tmp_path, url, "over.yaml")
    said = " ".join(out.split())
    assert (
        "note: the law `same` of `create_note` reads `response.txt`, and no schema names it; "
        "did you mean `text`? (over.yaml:3:"
    ) in said


def test_catalogue_and_document_together_are_one_message(tmp_path: Path) -> None:
    code, _, err = run_verify(tmp_path, "http://127.0.0.1:1", "notes.yaml", "--openapi", "notes.yaml")
    assert code == 2
    assert "both say what the API is" in err


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("hello: world\n", "neither `openapi` nor"),
        ("hello: world\n", "give an OpenAPI 3.0"),
        ("pgagents: 1\napi: {id: a}\n", "`pgagents verify FILE` takes it without --openapi"),
        ("openapi: 3.1.0\ninfo: {title: A, version: '1'}\n", "no operations"),
        ("<html><script>x({url: '/v1/openapi.json'})</script>", "it names `/v1/openapi.json`"),
        ("\n<?xml version='1.0'?><a/>", "servers often have it at /openapi.json"),
    ],
)
def test_document_without_operations_is_one_message(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "odd.yaml").write_text(text, encoding="utf-8")
    code, out, err = run_verify(tmp_path, "http://127.0.0.1:1", "--openapi", "odd.yaml")
    assert (code, out) == (2, "")
    assert says.lower() in err.lower()


def test_document_is_told_from_a_catalogue_by_its_first_keys(tmp_path: Path) -> None:
    texts = {
        "a.yaml": (DOCUMENT, True),
        "b.json": ('{"swagger": "2.0", "paths": {}}', True),
        "c.json": ('{\n  "openapi": "3.0.0"\n}', True),
        "d.yaml": ("pgagents: 1\nopenapi: {x: 1}\n", False),
        "e.yaml": ("api: {id: a}\nsurfaces:\n  openai: {}\n", False),
    }
    for name, (text, expected) in texts.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
        assert is_document(tmp_path / name) is expected, name
    assert not is_document(tmp_path / "missing.yaml")


def test_places_of_arguments_answers_and_schemas_are_those_of_the_document() -> None:
    made = imported(DOCUMENT)
    source = open_source(made.document, "notes.yaml", made.data, made.places)
    lines = DOCUMENT.splitlines()

    def line(*pointer: str | int) -> str:
        return lines[source.locate(pointer).line - 1].strip()

    assert line("actions", "list_notes") == "get:"
    assert line("actions", "list_notes", "output", 200) == '"200":'
    assert line("actions", "create_note", "output", 201, "anything") == '"201":'
    assert line("schemas", "Note", "properties", "text").startswith("Note:")
    assert source.locate(("api", "title")).line == 1


def test_place_of_an_inferred_resource_is_an_operation_that_shows_it() -> None:
    by_id = """  /notes/{id}:
    get:
      operationId: getNote
      parameters: [{name: id, in: path, required: true, schema: {type: string}}]
      responses:
        "200":
          description: One note
          content: {application/json: {schema: {$ref: "#/components/schemas/Note"}}}
    delete:
      operationId: deleteNote
      parameters: [{name: id, in: path, required: true, schema: {type: string}}]
      responses: {"204": {description: It is gone}}
components:
"""
    text = DOCUMENT.replace("components:\n", by_id, 1)
    made = imported(text)
    source = open_source(made.document, "notes.yaml", made.data, made.places)
    lines = text.splitlines()

    def find_line(*pointer: str) -> int:
        return source.locate(("resources", "note", *pointer)).line

    assert find_line() == lines.index("      operationId: getNote")
    assert find_line("undone_by") == lines.index("      operationId: deleteNote")
    assert find_line("made_by") == lines.index("      operationId: createNote")
    assert find_line("id") == find_line()


def restless(request: Request) -> Response:
    """A server whose lists give ids by which its reads find nothing: the inferred resource is none."""
    scheme, _, key = (request.header("Authorization") or "").partition(" ")
    if (scheme.lower(), key) != ("bearer", KEY):
        return Response(401, (("Content-Type", "application/json"),), b"{}")
    path = request.path
    if path == "/notes" and request.method == "GET":
        return Response(200, (("Content-Type", "application/json"),), b'{"notes":[{"id":"n-1","text":"a"}]}')
    return Response(404, (("Content-Type", "application/json"),), b"{}")


READ = """  /notes/{note_id}:
    get:
      operationId: getNote
      parameters: [{name: note_id, in: path, required: true, schema: {type: string, maxLength: 40}}]
      responses:
        "200":
          description: The note
          content: {application/json: {schema: {$ref: "#/components/schemas/Note"}}}
        "404": {description: Not there}
components:
"""


@pytest.mark.parametrize(("words", "exits"), [((), {0, 3}), (("--fail-on", "odd"), {1})])
def test_what_contradicts_an_inferred_resource_is_odd_and_fails_a_run_that_asks_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], exits: set[int]
) -> None:
    monkeypatch.setitem(globals(), "DOCUMENT", DOCUMENT.replace("components:\n", READ, 1))
    with served(restless) as url:
        code, out, _ = run_verify(tmp_path, url, "--openapi", "notes.yaml", *words)
    report = json.loads((tmp_path / "report.json").read_text("utf-8"))
    verdicts = {one["contract"]: one["verdict"] for one in report["results"]}
    assert verdicts["valid_calls/ordinary/get_note@rest"] == "odd", out
    assert report["footer"]["odd"] == sum(v == "odd" for v in verdicts.values())
    assert code in exits, out


CHANGE = READ.replace(
    "components:\n",
    """    put:
      operationId: changeNote
      parameters: [{name: note_id, in: path, required: true, schema: {type: string, maxLength: 40}}]
      requestBody:
        required: true
        content: {application/json: {schema: {$ref: "#/components/schemas/Text"}}}
      responses:
        "200":
          description: The note
          content: {application/json: {schema: {$ref: "#/components/schemas/Note"}}}
        "404": {description: Not there}
        "422": {description: A wrong argument}
components:
""",
)


def test_undocumented_status_is_an_error_on_a_create_and_on_a_change_of_the_same_resource(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = DOCUMENT.replace(
        '      responses:\n        "201"', '      responses:\n        "422": {description: No}\n        "201"'
    )
    monkeypatch.setitem(globals(), "DOCUMENT", document.replace("components:\n", CHANGE, 1))

    def refuse(_: Notes, request: Request) -> Response | None:
        """Refuse a body that is not JSON with a status that no operation documents."""
        wrong = request.method in ("POST", "PUT") and read_json(request.body).problem
        return Response(400, (("Content-Type", "application/json"),), b"{}") if wrong else None

    with served(Notes(odd=refuse)) as url:
        code, out, _ = run_verify(tmp_path, url, "--openapi", "notes.yaml", "--allow-writes")
    report = json.loads((tmp_path / "report.json").read_text("utf-8"))
    verdicts = {one["contract"]: one["verdict"] for one in report["results"]}
    told = {name: verdicts[f"documented_status/{name}@rest"] for name in ("create_note", "change_note")}
    assert told == {"create_note": "broken", "change_note": "broken"}, out
    assert code == 1


def test_an_argument_without_a_sure_value_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    document = DOCUMENT.replace("minLength: 1, maxLength: 40", 'pattern: "^(?!ftp)ftp://"')
    monkeypatch.setitem(globals(), "DOCUMENT", document.replace("components:\n", READ, 1))
    with served(Notes()) as url:
        run_verify(tmp_path, url, "--openapi", "notes.yaml", "--allow-writes")
    report = json.loads((tmp_path / "report.json").read_text("utf-8"))
    reasons = {one["reason"] for one in report["results"] if one["verdict"] == "untested"}
    assert "no value of `text` is sure, and an example would show one" in reasons


def test_what_stays_is_said_before_the_first_request_and_is_little(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(globals(), "DOCUMENT", DOCUMENT.replace("components:\n", READ, 1))
    said = (
        "note: no call removes what is made of note: at most 5 of each are made, each reused, and they stay"
    )
    early: list[bool] = []

    def listen(_: Notes, request: Request) -> None:
        if request.method == "POST":
            early.append(said in str(sys.stderr.getvalue()))  # type: ignore[attr-defined]

    server = Notes(before=listen)
    with served(server) as url:
        _, _, err = run_verify(tmp_path, url, "--openapi", "notes.yaml", "--allow-writes")
    assert all(early)
    assert err.count(said) == 1
    assert 1 <= len([note for note in server.notes.values() if "pgv-" in note["text"]]) <= 5


OPEN = DOCUMENT.replace("security: [{key: []}]\n", "").replace(
    "securitySchemes: {key: {type: http, scheme: bearer}}", "examples: {}"
)


def keyed(status: int) -> Notes:
    """The server, whose key stands in X-API-Key, and whose refusal has this status."""

    def refuse(_: Notes, request: Request) -> Response | None:
        told = (("Content-Type", "application/json"),)
        return None if request.header("X-API-Key") == KEY else Response(status, told, b'{"detail":"key?"}')

    return Notes(before=refuse, key=lambda _: True)


@pytest.mark.parametrize("status", [401, 403])
def test_key_that_the_document_does_not_declare_is_one_line_and_then_an_option(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    monkeypatch.setitem(globals(), "DOCUMENT", OPEN)
    with served(keyed(status)) as url:
        code, out, err = run_verify(tmp_path, url, "--openapi", "notes.yaml")
        assert (code, out) == (3, "")
        assert err.splitlines() == [
            f"error: the server answers {status} to GET /notes, and the document declares no key",
            (
                "  help: export PGAGENTS_TOKEN=… and add --auth bearer or --auth basic or "
                "--auth header:X-API-Key or --auth query:token, whichever the API takes"
            ),
        ]
        code, out, err = run_verify(tmp_path, url, "notes.yaml", "--auth", "header:X-API-Key")
        assert "\nno finding" in out, out + err
        odd = json.loads((tmp_path / "report.json").read_text("utf-8"))["footer"]["odd"]
        assert odd == 0  # the document says neither, so that either refuses
        _, out, err = run_verify(tmp_path, url, "notes.yaml", "--auth", "header:X-Other")
        assert "is it sent in the header X-Other (--auth)?" in err
        _, _, err = run_verify(tmp_path, url, "notes.yaml", "--auth", "header:")
        assert "no way to send a key" in err


def test_scheme_for_a_catalogue_is_wrong_usage(tmp_path: Path) -> None:
    code, _, err = run_verify(tmp_path, "http://127.0.0.1:1", "--auth", "bearer")
    assert code == 2
    assert "--auth is for an OpenAPI document" in err


def test_end_of_a_run_says_what_a_catalogue_would_add(tmp_path: Path) -> None:
    with served(Counting(right=True)) as url:
        _, out, _ = run_verify(tmp_path, url, "notes.yaml", "--report", "report.html", "-v")
    lines = out.splitlines()
    begin = lines.index("a catalogue would add:")
    assert lines[-2] == "next: pgagents import notes.yaml"
    gains = json.loads((tmp_path / "report.json").read_text("utf-8"))["footer"]["gains"]
    said = " ".join(line.strip() for line in lines[begin + 1 :])
    assert len(gains) > 1
    assert all(gain in said for gain in gains[:-1])
    assert lines[-2].endswith(gains[-1])
    assert "A catalogue would add" in (tmp_path / "report.html").read_text("utf-8")


@pytest.mark.parametrize(("status", "firm"), [(501, False), (500, True), (502, True)])
def test_501_to_a_documented_method_is_odd_and_other_statuses_are_crashes(
    tmp_path: Path, status: int, firm: bool
) -> None:
    """Chroma 1.5.9, 2026-11-28: a single node answers 501 to the fork of a collection."""
    server, calls = Counting(right=True), 0

    def forgetful(request: Request) -> Response:
        nonlocal calls
        calls += request.method == "GET"
        return Response(status) if request.method == "GET" and calls > 3 else server(request)

    with served(forgetful) as url:
        code, _, err = run_verify(tmp_path, url, "--openapi", "notes.yaml")
    assert (code == 1) is firm, err
    found = json.loads((tmp_path / "report.json").read_text("utf-8"))["findings"]
    crash = next(one for one in found if one["contract"] == "no_crashes/list_notes@rest")
    assert crash["verdict"] == ("broken" if firm else "odd")
