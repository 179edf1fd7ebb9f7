"""Documents from outside are hostile: bounded, one message with its place, exit 2, nothing written or
fetched unasked.
"""

from __future__ import annotations

import copy
import http.server
import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from importing import SWAGGER, answering, holding, imported, openapi, operation, taking
from pgagents.base.errors import PgagentsError
from pgagents.base.reading import parse
from pgagents.catalogue.load import load, load_text
from pgagents.cli.inputs import files
from pgagents.cli.main import main

SECRET = "id: secret-of-another-folder"


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "outside.yaml").write_text(SECRET, encoding="utf-8")
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")


def referring(target: str) -> str:
    """A document whose answer refers to something."""
    return json.dumps(openapi({"/it": {"get": operation(responses=answering({"$ref": target}))}}))


def deep(levels: int) -> str:
    return '{"openapi": "3.1.0", "paths": ' + '{"a": ' * levels + "1" + "}" * levels + "}"


BOMB = (
    "openapi: 3.0.0\na0: &a0 [x, x]\n"
    + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 40))
    + "paths: {/x: *a39}\n"
)
HOSTILE = {
    "empty": ("", "not a mapping"),
    "no document": ("[1, 2]", "not a mapping"),
    "no text": (b"\xff\xfe\x00\x01", "not UTF-8"),
    "another format": ('{"swagger": "1.2"}', "swagger: 1.2"),
    "no version": ('{"paths": {}}', "neither `openapi` nor `swagger`"),
    "cut off": ('{"openapi": "3.1.0", "paths": {', "doc.yaml:1:"),
    "a member twice": ('{"openapi": "3.1.0",\n "paths": {}, "paths": {}}', "doc.yaml:2:"),
    "a key twice": ("openapi: 3.1.0\npaths: {}\npaths: {}\n", "doc.yaml:3:1"),
    "bomb": (BOMB, "more than 1,000,000 values"),
    "an alias within itself": ("openapi: 3.0.0\npaths: &a {/x: *a}\n", "doc.yaml:2:16"),
    "yaml in braces": ("{openapi: 3.1.0, paths: {/x: {get: [}}}", "not valid YAML"),
    "deep": (deep(200), "nested more than"),
    "very deep": (deep(200_000), "nested more than"),
    "deep yaml": ("openapi: 3.1.0\npaths: " + "[" * 5_000, "nested more than"),
    "no number": ('{"openapi": "3.1.0", "paths": {}, "x": NaN}', "NaN"),
    "too large a number": ('{"openapi": "3.1.0", "paths": {"/x": {"get": {"x": 1e999}}}}', "too large"),
    "digits": ('{"openapi": "3.1.0", "paths": {}, "x": ' + "9" * 9_000 + "}", "number"),
    "paths of another kind": ('{"openapi": "3.1.0", "paths": [1]}', "no operations"),
    "no paths": ('{"openapi": "3.1.0", "info": null}', "no operations"),
    "file of another folder": (referring("../outside.yaml"), "outside the document's own folder"),
    "absolute path": (referring("/etc/hostname#/x"), "outside the document's own folder"),
    "another host": (referring("https://evil.example/x.json#/x"), "outside the document's own folder"),
    "another scheme": (referring("file:///etc/hostname"), "cannot read"),
    "missing file": (referring("nosuch.yaml#/x"), "nosuch.yaml"),
    "encoded way out": (referring("%2e%2e/outside.yaml"), "outside the document's own folder"),
}


def test_anchors_of_a_yaml_document_are_followed() -> None:
    book = "{type: object, properties: {title: &title {type: string, maxLength: 80}, subtitle: *title}}"
    text = f"""openapi: 3.1.0
info: {{title: Library, version: 1.0.0}}
paths:
  /book: {{get: {{operationId: getBook, responses: {{200:
    {{description: A book, content: {{application/json: {{schema: {book}}}}}}}}}}}}}
"""
    assert imported(text).text.count("maxLength: 80") == 2


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_document_is_one_message_and_writes_nothing(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    document, said = HOSTILE[name]
    Path("doc.yaml").write_bytes(document if isinstance(document, bytes) else document.encode())
    assert main(["import", "--full", "doc.yaml", "--out", "made.yaml"]) == 2
    told = capsys.readouterr()
    assert said in told.err, told.err
    assert "Traceback" not in told.err
    assert len(told.err) < 2_000
    assert SECRET.partition(" ")[2] not in told.err
    assert sorted(p.name for p in Path.cwd().iterdir()) == ["doc.yaml"]


def test_link_out_of_the_folder_is_not_followed(capsys: pytest.CaptureFixture[str]) -> None:
    Path("link.yaml").symlink_to("../outside.yaml")
    Path("doc.json").write_text(referring("link.yaml"), encoding="utf-8")
    assert main(["import", "--full", "doc.json", "--out", "made.yaml"]) == 2
    assert "outside the document's own folder" in capsys.readouterr().err


def test_reference_out_of_the_folder_is_followed_where_it_is_allowed() -> None:
    Path("../outside.yaml").write_text(
        "Book: {type: object, properties: {title: {type: string}}}\n", encoding="utf-8"
    )
    Path("doc.json").write_text(referring("../outside.yaml#/Book"), encoding="utf-8")
    assert main(["import", "--full", "doc.json", "--out", "made.yaml", "--allow-remote"]) == 0
    assert "title: {type: string}" in Path("made.yaml").read_text(encoding="utf-8")


def test_document_of_a_hundred_megabytes_is_refused_unread(capsys: pytest.CaptureFixture[str]) -> None:
    with Path("big.json").open("wb") as stream:
        stream.truncate(100_000_000)
    assert main(["import", "--full", "big.json"]) == 2
    assert "bytes" in capsys.readouterr().err


@pytest.mark.parametrize("source", ["/dev/zero", ".", "nosuch.json", "nul\0byte"])
def test_what_is_no_file_is_refused(source: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["import", "--full", source]) == 2
    assert "cannot read" in capsys.readouterr().err


@pytest.mark.parametrize(
    "schemas",
    [
        {"A": {"$ref": "#/components/schemas/B"}, "B": {"$ref": "#/components/schemas/A"}},
        {"A": {"$ref": "#/components/schemas/A"}},
        {"A": {"allOf": [{"$ref": "#/components/schemas/A"}]}},
        {"A": {"anyOf": [{"$ref": "#/components/schemas/A"}, {"type": "string"}]}},
    ],
)
def test_schema_that_is_only_itself_ends(schemas: dict[str, Any]) -> None:
    whole = {"$ref": "#/components/schemas/A"}
    paths = {
        "/a": {"get": operation(responses=answering(whole))},
        "/b": {"post": operation(requestBody=taking(whole))},
    }
    made = imported(openapi(paths, components={"schemas": schemas}))
    assert load_text(made.text).action("get_book")


BOOK = {
    "type": "object",
    "required": ["t"],
    "properties": {"t": {"type": "string", "maxLength": 9}, "of": {"$ref": "#/components/schemas/B"}},
}
WHOLE = openapi(
    {
        "/books/{id}": {
            "parameters": [
                {"name": "id", "in": "path", "required": True, "schema": {"type": "string", "pattern": "^b"}}
            ],
            "get": operation(
                parameters=[
                    {"name": "n", "in": "query", "schema": {"type": "integer", "default": 3}, "example": 4}
                ]
            ),
            "put": operation(
                operationId="put",
                requestBody={
                    "required": True,
                    **holding({"$ref": "#/components/schemas/B"}, example={"t": "x"}),
                },
                security=[{"k": []}],
                tags=["x"],
            ),
        }
    },
    components={"schemas": {"B": BOOK}, "securitySchemes": {"k": {"type": "http", "scheme": "bearer"}}},
)


def places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield at
    for key, member in (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    ):
        yield from places(member, (*at, key))


@pytest.mark.parametrize("text", ["\ud800", "a\0b", "http://[", "x%00y", "z" * 9_000])
def test_reference_that_can_be_no_document_is_one_message(text: str) -> None:
    document = copy.deepcopy(WHOLE)
    next(iter(document["components"]["schemas"].values()))["properties"] = {"odd": {"$ref": text}}
    with pytest.raises(PgagentsError, match="refers to"):
        imported(json.dumps(document), offering=False)


STRANGE = [
    "", " ", "a b", "#/", "\ud800", "é\u2028\x00", "{}", "{x}", "#/components/schemas/B", "null", "- x",
    "a: b", "'", '"', "x" * 9_000,
]  # fmt: skip
SHAPES: list[Any] = [
    [],
    {},
    [[]],
    [None],
    {"": {}},
    {"$ref": "#/components/schemas/B"},
    {"$ref": 1},
    10**30,
    1e300,
    0.5,
]
ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 2),
    st.text(max_size=6),
    st.sampled_from(STRANGE),
    st.sampled_from(SHAPES),
)


@pytest.mark.parametrize("host", ["0\x0c0", "a b", "api example.com", "[", "[::1", "\x85", "<host>", ""])
def test_text_that_is_no_host_is_asked_for(host: str) -> None:
    made = imported(json.dumps({**SWAGGER, "host": host}), offering=False)
    model, found = load(parse(made.text), any_key=True)
    assert model, found
    assert model.api.server == "https://api.example.com"
    assert "the document names no host" in made.text


@pytest.mark.matrix
@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data(), st.sampled_from([WHOLE, SWAGGER]))
def test_wrong_types_anywhere_end_in_a_catalogue_or_a_message(
    data: st.DataObject, base: dict[str, Any]
) -> None:
    document = copy.deepcopy(base)
    for _ in range(data.draw(st.integers(1, 3))):
        *path, last = data.draw(st.sampled_from([p for p in places(document) if p]))
        holder: Any = document
        for step in path:
            holder = holder[step]
        if data.draw(st.booleans()) and isinstance(holder, dict):
            holder[data.draw(st.sampled_from(["x y", "", "oneOf", "$ref", "é", "200", "items", "-"]))] = (
                holder.pop(last)
            )
        else:
            holder[last] = copy.deepcopy(data.draw(ODD))
    try:
        made = imported(json.dumps(document), offering=False)
    except PgagentsError:
        return  # one message; a traceback would fail the test
    model, found = load(
        parse(made.text), any_key=True
    )  # a changed key may be one that a catalogue cannot say
    assert model, found
    assert model.actions


def test_schemas_that_all_refer_to_each_other_end() -> None:
    names = [f"#/components/schemas/S{n}" for n in range(40)]
    schemas = {f"S{n}": {"anyOf": [{"$ref": name} for name in names]} for n in range(40)}
    answers = {**answering({"$ref": names[0]}), "404": {"description": "No", **holding({"$ref": names[1]})}}
    post = operation(operationId="send", requestBody=taking({"$ref": names[2]}))
    document = openapi(
        {"/a": {"get": operation(responses=answers), "post": post}}, components={"schemas": schemas}
    )
    assert "40 schemas" in imported(document, offering=False).text


def test_more_operations_than_a_catalogue_holds_are_refused_with_the_way_out() -> None:
    document = openapi({f"/p{n}": {"get": {"responses": {}}} for n in range(4_001)})
    with pytest.raises(PgagentsError, match="4,001 operations are too many") as raised:
        imported(document)
    assert "--tag" in raised.value.help


class Answering(http.server.BaseHTTPRequestHandler):
    """One document, a redirect, and a file beside it."""

    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        Answering.asked.append(self.path)
        if self.path in ("/moved/openapi.json", "/closed/openapi.json"):
            away = {"/moved": "http://127.0.0.1:9/openapi.json", "/closed": "/login?next=/openapi.json"}
            self.send_response(302)
            self.send_header("Location", away[self.path.removesuffix("/openapi.json")])
            self.end_headers()
            return
        known = {
            "/v1/openapi.json": referring("book.json#/Book"),
            "/v1/book.json": '{"Book": {"type": "object"}}',
            "/v1/out.json": referring("/v2/book.json"),
        }
        self.send_response(200 if self.path in known else 404)
        self.end_headers()
        self.wfile.write(known.get(self.path, "no").encode())

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: pytest shows what failed."""


@pytest.fixture
def address() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    Answering.asked = []
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_document_at_an_address_is_read_with_what_stands_beside_it(address: str) -> None:
    assert main(["import", "--full", f"{address}/v1/openapi.json", "--out", "made.yaml"]) == 0
    assert Answering.asked == ["/v1/openapi.json", "/v1/book.json"]


@pytest.mark.parametrize(
    ("path", "said"),
    [("/moved/openapi.json", "redirects"), ("/nosuch", "answers 404"), ("/v1/out.json", "--allow-remote")],
)
def test_address_is_not_left(address: str, path: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["import", "--full", address + path, "--out", "made.yaml"]) == 2
    assert said in capsys.readouterr().err
    assert Answering.asked == [path]
    assert not Path("made.yaml").exists()


@pytest.mark.parametrize(
    ("path", "help"), [("/moved", "give that address, if you trust it"), ("/closed", "it wants a login")]
)
def test_redirect_of_a_document_says_what_to_do(
    address: str, path: str, help: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["import", "--full", f"{address}{path}/openapi.json", "--out", "made.yaml"]) == 2
    assert f"help: {help}" in capsys.readouterr().err


def test_server_that_never_ends_its_headers_is_given_up(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each byte comes in time; the whole would take for ever."""
    monkeypatch.setattr(files, "TIMEOUT_S", 0.5)
    over = threading.Event()

    def drip(connection: socket.socket) -> None:
        with connection:
            while not over.wait(0.05):
                connection.send(b"HTTP/1.1 102 Processing\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listening:
        served = threading.Thread(target=lambda: drip(listening.accept()[0]), daemon=True)
        served.start()
        assert (
            main(
                [
                    "import",
                    "--full",
                    f"http://127.0.0.1:{listening.getsockname()[1]}/openapi.json",
                    "--out",
                    "made.yaml",
                ]
            )
            == 2
        )
        over.set()
        served.join(600)
    assert "was not read within 0.5 s" in capsys.readouterr().err
    assert not Path("made.yaml").exists()


def test_file_that_cannot_be_written_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init", "/proc/made.yaml"]) == 2
    assert "cannot write /proc/made.yaml: " in capsys.readouterr().err
