"""The loader: every fault of a catalogue at its place, all in one go, and never a traceback."""

from __future__ import annotations

import codecs
import copy
import json
import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st

from lengths import rarely, share, tried
from pgagents.base.errors import Diagnostic, InputError, PgagentsError, show
from pgagents.base.places import Source
from pgagents.base.reading import MAX_PROBLEMS, parse, read
from pgagents.base.registry import folder
from pgagents.catalogue.load import load, load_file, load_text

PARK_GRAPH = folder("catalogue") / "park_graph.yaml"

SMALL = """\
pgagents: 1
api:
  id: shelf
  title: Shelf
  version: 1.0.0
  server: https://shelf.example
  contact: team@shelf.example
  for_people: Books on a shelf.
  for_models: Find and lend books.
security: [{key: []}]
auth:
  schemes:
    key: {prefixes: {test_: test}}
  scopes: {lend: Lending}
  plans: {all: [lend]}
  roles:
    main: {description: The key under test, plan: all}
limits:
  buckets:
    calls: {requests: 60}
errors:
  envelope: Error
  codes: {BAD: 400, NO_KEY: 401, GONE: 404}
  always: [NO_KEY]
  framework: {invalid: BAD, no_key: NO_KEY}
schemas:
  Error:
    required: [error]
    properties:
      error: {properties: {code: {type: string}, message: {type: string}}}
  Book:
    required: [id, pages]
    properties:
      id: {type: string}
      pages: {type: integer, minimum: 1}
      lent: {type: boolean}
actions:
  find_books:
    title: Find books
    description: Find books with at least so many pages.
    http: GET /books
    effect: read
    bucket: calls
    input:
      pages: {type: integer, minimum: 1, default: 1, description: Fewest pages}
    output:
      200: {required: [books], properties: {books: {type: array, items: {$ref: Book}}}}
    errors: [BAD]
    laws:
      long-enough: response.books.all(b, b.pages >= input.pages)
    examples:
      long: {input: {pages: 100}, output: {books: [{id: b1, pages: 120}]}}
  lend_book:
    title: Lend a book
    description: Lend one book.
    http: POST /books/{book_id}/loans
    effect: write
    scope: lend
    input:
      book_id: {type: string, required: true, refers_to: book, description: The book}
      days: {type: integer, minimum: 1, maximum: 30, description: For how long}
    output:
      201: {$ref: Book}
    errors: [BAD, GONE]
    examples:
      week: {input: {book_id: b1, days: 7}, output: {id: b1, pages: 120, lent: true}}
groups:
  reading: [find_books]
surfaces:
  gemini: {actions: reading}
  chat:
    http: POST /chat
    selector: action
    arguments: parameters
    actions: [find_books, lend_book]
resources:
  book:
    found_by: {action: find_books, input: {pages: 1}, at: response.books, where: book.pages > 1}
    absent: b0
    missing: GONE
workflows:
  loan:
    title: A loan
    steps:
      find: {action: find_books, keep: {book: '=response.books[0]'}}
      lend: {action: lend_book, input: {book_id: =find.book.id}, expect: [response.lent]}
"""


def faults(text: str) -> list[Diagnostic]:
    model, found = load(parse(text, "c.yaml"))
    assert (model is None) == bool(found)
    return found


def told(text: str) -> list[tuple[int, int, str, str]]:
    return [(d.span.line, d.span.column, d.id.removeprefix("catalogue/"), d.message) for d in faults(text)]


def swap(text: str, old: str, new: str) -> str:
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times"
    return text.replace(old, new)


def place(text: str, what: str) -> tuple[int, int]:
    """Line and column of text that stands there once."""
    assert text.count(what) == 1, f"{what!r} stands {text.count(what)} times"
    before = text[: text.index(what)]
    return before.count("\n") + 1, len(before) - before.rfind("\n")


def test_small_catalogue_loads() -> None:
    model = load_text(SMALL)
    assert [a.name for a in model.actions] == ["find_books", "lend_book"]
    assert model.action("lend_book").param("book_id").place == "path"  # type: ignore[union-attr]  # both exist, or the test fails


def test_shipped_catalogue_loads() -> None:
    assert load_file(PARK_GRAPH).api.title == "Park Graph"


ONE_FAULT = {
    "unknown key": (
        "    bucket: calls\n",
        "    buckt: calls\n",
        "buckt",
        "unknown-key",
        "unknown key `buckt`",
        "did you mean `bucket`?",
    ),
    "duplicate key": (
        "  title: Shelf\n",
        "  title: Shelf\n  title: Rack\n",
        "title: Rack",
        "duplicate-key",
        "key `title` stands here again; it was first set at line 4",
        "keep one of the two",
    ),
    "wrong type": (
        "requests: 60",
        'requests: "60"',
        '"60"',
        "type",
        "`60` stands here; it should be a whole number",
        "",
    ),
    "value out of a set": (
        "effect: read\n",
        "effect: reads\n",
        "reads",
        "value",
        "`reads` stands here; it should be 'read' or 'write'",
        "did you mean `read`?",
    ),
    "value out of range": (
        "requests: 60",
        "requests: 0",
        "0}\nerrors",
        "value",
        "the number 0 stands here; it should be greater than or equal to 1",
        "",
    ),
    "a mapping for text": (
        "  title: Shelf\n",
        "  title: {a: b}\n",
        "{a: b}",
        "type",
        "a mapping stands here; it should be text",
        "",
    ),
    "missing key": (
        "    title: Find books\n",
        "",
        "find_books:\n",
        "missing-key",
        "key `title` is missing in `actions.find_books`",
        "",
    ),
    "missing section": (
        "pgagents: 1\n",
        "",
        "api:",
        "missing-key",
        "key `pgagents` is missing",
        "",
    ),
    "dangling schema": (
        "items: {$ref: Book}",
        "items: {$ref: Bok}",
        "Bok",
        "unknown-name",
        "`Bok` is not a schema of this catalogue",
        "did you mean `Book`?",
    ),
    "dangling error code": (
        "errors: [BAD, GONE]",
        "errors: [BAD, GNE]",
        "GNE",
        "unknown-name",
        "`GNE` is not an error code of this catalogue",
        "did you mean `GONE`?",
    ),
    "dangling group": (
        "gemini: {actions: reading}",
        "gemini: {actions: raeding}",
        "raeding",
        "unknown-name",
        "`raeding` is not a group of this catalogue",
        "did you mean `reading`?",
    ),
    "dangling resource": (
        "refers_to: book",
        "refers_to: boook",
        "boook",
        "unknown-name",
        "`boook` is not a resource of this catalogue",
        "did you mean `book`?",
    ),
    "unknown argument": (
        "input: {book_id: =find.book.id}",
        "input: {bok_id: =find.book.id}",
        "bok_id",
        "unknown-name",
        "`lend_book` takes no argument `bok_id`",
        "did you mean `book_id`?",
    ),
    "law that does not compile": (
        "b.pages >= input.pages)",
        "b.pages >= input.pages",
        "\n    examples:\n      long:",
        "expression",
        "the expression does not compile: Syntax error: `,` is expected",
        "",
    ),
    "law with an unknown name": (
        "b.pages >= input.pages)",
        "b.pages >= inputs.pages)",
        "inputs.pages",
        "expression",
        (
            "the expression does not compile: `inputs` is not known here; known: before, env, headers, "
            "input, now, ref, response, status, surface"
        ),
        "",
    ),
    "law that fails on its example": (
        "b.pages >= input.pages)",
        "b.pages < input.pages)",
        "response.books.all(b",
        "law",
        "the law `long-enough` does not hold on its own example `long`",
        "correct the law, or the example at line 52",
    ),
    "law that raises on its example": (
        "b.pages >= input.pages)",
        "b.pags >= input.pages)",
        "b.pags",
        "law",
        "the law `long-enough` cannot be evaluated on its own example `long`: there is no member 'pags'",
        "",
    ),
    "same method and path": (
        "http: POST /chat",
        "http: POST /books/{id}/loans",
        "POST /books/{id}/loans",
        "same-route",
        "`chat` has the same method and path as `lend_book` (line 56)",
        "change one of the two",
    ),
    "placeholder without parameter": (
        "http: POST /books/{book_id}/loans",
        "http: POST /books/{book_id}/loans/{loan}",
        "POST /books/{book_id}/loans/{loan}",
        "path",
        "the path has `{loan}`, but no argument has that name",
        "add `loan` under `input`",
    ),
    "literal path hidden by a template": (
        "http: POST /chat",
        "http: POST /books/new/loans",
        "POST /books/new/loans",
        "hidden-path",
        "`chat` at /books/new/loans is hidden by `lend_book` at /books/{book_id}/loans",
        "change the path, or set `behaviour: {literal_path: wins}` if the server tries literal paths first",
    ),
    "example its schema refuses": (
        "days: 7",
        "days: 70",
        "70}",
        "example",
        "its schema refuses this: 70 is greater than the maximum of 30",
        "",
    ),
    "example without a required argument": (
        "{input: {book_id: b1, days: 7}",
        "{input: {days: 7}",
        "input: {days: 7}",
        "example",
        "the example lacks the required argument `book_id`",
        "",
    ),
    "pattern that is none": (
        "id: {type: string}\n",
        'id: {type: string, pattern: "["}\n',
        '"["',
        "schema",
        "the pattern is not a regular expression (ECMA-262)",
        "",
    ),
    "anchor": (
        "  title: Shelf\n",
        "  title: &t Shelf\n",
        "&t",
        "anchor",
        "anchor `&t` is not allowed",
        "write the value out where it is used",
    ),
    "name that is none": (
        "  reading: [find_books]",
        "  reading: [find_books]\n  re ding: [find_books]",
        "re ding",
        "name",
        "`re ding` is not a name that is allowed here: text that matches ^[A-Za-z_][A-Za-z0-9_]{0,63}$",
        "",
    ),
}


@pytest.mark.parametrize("kind", ONE_FAULT)
def test_one_fault_is_one_message_at_its_place(kind: str) -> None:
    old, new, where, id, message, help = ONE_FAULT[kind]
    text = swap(SMALL, old, new) if SMALL.count(old) == 1 else SMALL.replace(old, new, 1)
    found = faults(text)
    assert len(found) == 1, found
    assert (found[0].span.line, found[0].span.column) == place(text, where)
    assert found[0].id == f"catalogue/{id}"
    assert found[0].message.startswith(message)
    if help:
        assert found[0].help == help


# section it stands in, old text, new text, what the message points at, its id and beginning; each the first
# after the section's line
PLANTS = [
    (
        "api:",
        "  version: ",
        "  version: 0.0.0\n  version: ",
        "version: 1",
        "duplicate-key",
        "key `version` stands here again",
    ),
    ("limits:", "  reset_unit:", "  reset_unti:", "reset_unti", "unknown-key", "unknown key `reset_unti`"),
    (
        "limits:",
        "max_body_bytes: 1048576",
        "max_body_bytes: 1 MB",
        "1 MB",
        "type",
        "`1 MB` stands here; it should be a whole number",
    ),
    (
        "errors:",
        "envelope: Error",
        "envelope: Eror",
        "Eror",
        "unknown-name",
        "`Eror` is not a schema of this catalogue",
    ),
    (
        "  search_parking:",
        "<= input.limit",
        "> input.limit",
        "size(response.lots) > input.limit",
        "law",
        "the law `at-most-limit` does not hold on its own example",
    ),
    (
        "  search_parking:",
        "'sorted_by(",
        "'sortd_by(",
        "sortd_by(",
        "expression",
        "the expression does not compile: `sortd_by()` is no",
    ),
    (
        "  get_rates:",
        "{lot_id}/rates",
        "{lot_id}/availability",
        "GET",
        "same-route",
        "`get_rates` has the same method and path as `check_ava",
    ),
    (
        "  get_session:",
        "{session_id}",
        "{sesion_id}",
        "GET",
        "path",
        "the path has `{sesion_id}`, but no argument has that name",
    ),
    ("behaviour:", "  literal_path: wins\n", "", "", "", ""),
    (
        "  search_sessions:",
        "GET",
        "GET",
        "GET",
        "hidden-path",
        "`search_sessions` at /api/v1/sessions/search is hidden by `get_session`",
    ),
]


def test_all_faults_of_a_real_catalogue_are_told_in_one_go() -> None:
    text = PARK_GRAPH.read_text(encoding="utf-8")
    for section, old, new, *_ in PLANTS:
        start = text.index(f"\n{section}\n")
        at = text.index(old, start)
        text = text[:at] + new + text[at + len(old) :]
    expected = []
    for section, _, _, where, id, message in PLANTS:
        if where:
            before = text[: text.index(where, text.index(f"\n{section}\n"))]
            expected.append(
                (before.count("\n") + 1, len(before) - before.rfind("\n"), f"catalogue/{id}", message)
            )
    found = faults(text)
    assert [(d.span.line, d.span.column, d.id) for d in found] == [e[:3] for e in sorted(expected)]
    for diagnostic, (*_, message) in zip(found, sorted(expected), strict=True):
        assert diagnostic.message.startswith(message)


def test_refused_part_makes_no_follow_up_faults() -> None:
    """`actions: find_books` and the section `auth` are refused; who refers to them is not to blame."""
    text = swap(SMALL, "    title: Find books\n", "    title: [1]\n")
    text = swap(text, "auth:\n", "auht:\n")
    assert [(line, id) for line, _, id, _ in told(text)] == [
        (11, "unknown-key"),
        (39, "type"),
    ]


@pytest.mark.parametrize(
    ("old", "new", "id"),
    [
        ("    effect: read\n", "    effect: reed\n", "value"),
        ("    effect: read\n", "", "missing-key"),
        ("    http: GET /books\n", "    http: FETCH /books\n", "value"),
        ("    title: Find books\n", "    title: [x]\n", "type"),
        ("    description: Find books with at least so many pages.\n", "", "missing-key"),
    ],
)
def test_refused_line_of_an_action_hides_no_other_fault_of_it(old: str, new: str, id: str) -> None:
    """A wrong `effect` alone must not hide a law that does not compile and a schema that is not there."""
    text = swap(
        swap(SMALL, "long-enough: response.books.all(", "long-enough: response.books.all(("),
        "items: {$ref: Book}",
        "items: {$ref: Bok}",
    )
    assert sorted(f[2] for f in told(swap(text, old, new))) == sorted([id, "unknown-name", "expression"])


def test_refused_step_stays_a_name_for_the_steps_after_it() -> None:
    text = swap(SMALL, "find: {action: find_books,", "find: {action: [find_books],")
    assert [(id, message) for _, _, id, message in told(text)] == [
        ("type", "a list stands here; it should be text")
    ]


STEP = "lend: {action: lend_book, input: {book_id: =find.book.id}, expect: [response.lent]}"


@pytest.mark.parametrize(
    ("member", "message"),
    [
        ("via: gemini", "gemini neither dispatches lend_book nor has headers to send with it"),
        ("via: chatt", "`chatt` is not a surface of this catalogue"),
        ("key: find.book.", "the expression does not compile"),
        ("after_s: finds.at", "the expression does not compile"),
    ],
)
def test_step_that_goes_nowhere_is_a_fault(member: str, message: str) -> None:
    text = swap(SMALL, "    title: A loan\n", "    title: A loan\n    only_verify: true\n")
    found = told(swap(text, STEP, STEP.replace("expect:", f"{member}, expect:")))
    assert len(found) == 1
    assert found[0][3].startswith(message)


@pytest.mark.parametrize(
    "member",
    ["via: chat", "key: find.book.id", "headers: {X-End-User: one}", "expect_alone: [response.lent]"],
)
def test_what_no_manifest_tells_stands_in_workflows_of_verify_alone(member: str) -> None:
    text = swap(SMALL, STEP, STEP.replace("expect:", f"{member}, expect:"))
    assert [(id, "only_verify: true" in message) for _, _, id, message in told(text)] == [("workflow", True)]
    assert told(swap(text, "    title: A loan\n", "    title: A loan\n    only_verify: true\n")) == []


@pytest.mark.parametrize(
    ("old", "new"), [("BAD: 400", "B AD: 400"), ("codes: {BAD: 400, NO_KEY: 401, GONE: 404}", "codes: none")]
)
def test_refused_names_leave_no_dangling_references(old: str, new: str) -> None:
    assert len(told(swap(SMALL, old, new))) == 1


@pytest.mark.parametrize(
    "section", ["auth", "errors", "actions", "schemas", "api", "limits", "groups", "surfaces", "resources"]
)
def test_misspelt_section_is_one_fault(section: str) -> None:
    found = told(SMALL.replace(f"\n{section}:\n", f"\n{section}z:\n"))
    assert [f[2] for f in found if f[2] != "missing-key"] == ["unknown-key"]
    assert len(found) <= 2


def test_two_faults_in_one_list_are_both_told() -> None:
    text = swap(SMALL, "actions: [find_books, lend_book]", "actions: [find_books, 5, lend_bok]")
    assert [(id, message) for _, _, id, message in told(text)] == [
        ("type", "the number 5 stands here; it should be text"),
        ("unknown-name", "`lend_bok` is not an action of this catalogue"),
    ]


def test_several_keys_missing_in_one_place_are_all_told() -> None:
    text = swap(swap(SMALL, "    title: Lend a book\n", ""), "    effect: write\n", "")
    assert [m for *_, m in told(text)] == [
        "key `effect` is missing in `actions.lend_book`",
        "key `title` is missing in `actions.lend_book`",
    ]


def test_columns_count_code_points() -> None:
    text = swap(SMALL, "scopes: {lend: Lending}", "scopes: {lend: 🅿️𝒳, lent: 7}")
    line, column, _, message = told(text)[0]
    assert message == "the number 7 stands here; it should be text"
    assert text.splitlines()[line - 1][column - 1] == "7"


def test_faults_without_end_are_cut() -> None:
    many = "".join(f"  k{n}: 1\n" for n in range(5000))
    found = faults(SMALL.replace("groups:\n", f"groups:\n{many}"))
    assert len(found) == MAX_PROBLEMS
    assert "not shown" in found[-1].help


@pytest.mark.parametrize(
    ("text", "id"),
    [
        ("", "empty"),
        ("# nothing\n", "empty"),
        ("null\n", "empty"),
        ("a: 1\n---\nb: 2\n", "many-documents"),
        ("a: !!python/object:os.system {}\n", "tag"),
        ("a: {b: *c}\n", "alias"),
        ("*a : 1\n", "alias"),
        ("? [a, b]\n: 1\n", "key"),
        ("a: [1\n", "syntax"),
        ("a:\n\t- b\n", "syntax"),
        ("a: \x00\n", "character"),
        ("a: b\u2028c\n", "character"),
        ("a: \ud800\n", "character"),
        ("[" * 10_000 + "]" * 10_000, "too-deep"),
        ("".join(" " * n + "a:\n" for n in range(10_000)), "too-deep"),
        ("- " * 10_000, "too-deep"),
        ("a: 1e999\n", "number"),
        ("a: .nan\n", "number"),
        ("base: &b {a: 1}\nuse:\n  <<: *b\n", "merge-key"),
        ("- 1\n", "type"),
        ("just text\n", "type"),
        ("[]\n", "type"),
        ("{}\n", "missing-key"),
        ("a: &a [x, x]\nb: &b [*a, *a, *a]\nc: &c [*b, *b, *b]\n", "alias"),
    ],
)  # fmt: skip
def test_hostile_text_is_refused(text: str, id: str) -> None:
    found = faults(text)
    assert f"catalogue/{id}" in {d.id for d in found}
    for diagnostic in found:
        assert "\n" not in diagnostic.message
        show(diagnostic, parse(text, "c.yaml"))


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        ("openapi: 3.1.0\ninfo: {}\npaths: {}\n", True),
        ('{"swagger": "2.0", "paths": {}}', True),
        ("pgagents: 1\nopenapi: 3.1.0\n", False),
        ("api: {}\n", False),
    ],
)
def test_openapi_document_in_place_of_a_catalogue_is_one_message(text: str, refused: bool) -> None:
    _, found = load(parse(text, "a.yaml"))
    ids = [d.id for d in found]
    assert (ids == ["catalogue/other-format"]) is refused
    assert refused or "catalogue/other-format" not in ids


def test_root_that_is_no_mapping_is_said_plainly() -> None:
    assert told("- 1\n") == [(1, 1, "type", "a list stands here; it should be a mapping")]


def test_huge_values_are_one_short_line() -> None:
    long = "x" * 1_000_000
    for text in (
        swap(SMALL, "requests: 60", f"requests: {long}"),
        swap(SMALL, "requests: 60", "requests: " + "9" * 300),
        swap(SMALL, "requests: 60", f"{long[:900]}: 60"),
        swap(SMALL, "bucket: calls", f"bucket: {long}"),
        swap(SMALL, "long-enough: response", f"long-enough: {long}"),
        swap(SMALL, "{pages: 100}", '{pages: "' + long + '"}'),
    ):
        found = faults(text)
        assert len(found) <= 2
        for diagnostic in found:
            assert len(diagnostic.message) < 400
            assert all(len(line) < 400 for line in show(diagnostic, parse(text, "c.yaml")).splitlines())


def _refusal(path: Path) -> str:
    with pytest.raises(PgagentsError) as caught:
        load_file(path)
    assert caught.value.exit_code == 2
    if not isinstance(caught.value, InputError):
        return caught.value.message
    first = caught.value.diagnostics[0]
    return f"{first.span.line}:{first.span.column} {first.message}"


def test_what_is_no_file_is_refused_at_once(tmp_path: Path) -> None:
    assert "cannot read" in _refusal(tmp_path / "absent.yaml")
    assert "cannot read" in _refusal(tmp_path)
    assert "not a file" in _refusal(Path(os.devnull))
    os.mkfifo(tmp_path / "pipe.yaml")
    assert "not a file" in _refusal(tmp_path / "pipe.yaml")


def test_bytes_that_are_no_utf8_are_placed(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_bytes("pgagents: 1\napi: 🅿".encode() + b"\xff\n")
    assert _refusal(path) == "2:7 byte 0xff is not UTF-8"
    path.write_bytes(codecs.BOM_UTF8 + "api: é".encode() + b"\xff\n")
    assert _refusal(path) == "1:7 byte 0xff is not UTF-8"
    path.write_bytes("pgagents: 1".encode("utf-16"))
    assert "not UTF-8" in _refusal(path)
    for without_mark in ("utf-16-le", "utf-16-be"):
        path.write_bytes("pgagents: 1".encode(without_mark))
        assert read(path).problems[0].help == "save the file as UTF-8"


BOUNDED = """
import resource, sys
from pathlib import Path
from pgagents.catalogue.load import load_file
from pgagents.base.errors import InputError
resource.setrlimit(resource.RLIMIT_AS, (1_500_000_000, 1_500_000_000))
resource.setrlimit(resource.RLIMIT_CPU, (40, 40))
try:
    load_file(Path(sys.argv[1]))
except InputError as error:
    print(*{d.id for d in error.diagnostics})
"""

BIG = {
    "more bytes": ("too-large", lambda: b"a: b\n" * 20_000_000),
    "more values": ("too-many", lambda: b"[" + b"1," * 1_000_000 + b"1]"),
    "one huge text": ("missing-key", lambda: b"k: |\n" + b"  " + b"x" * 15_000_000 + b"\n"),
    "more levels": ("too-deep", lambda: b"[" * 15_000_000),
    "one key again and again": ("duplicate-key", lambda: b"a: 1\n" * 3_000_000),
    "a bomb of aliases": (
        "anchor",
        lambda: (
            b"a: &a [" + b"x," * 9 + b"x]\n" + b"".join(b"b%d: [*a, *a, *a]\n" % n for n in range(100_000))
        ),
    ),
    "keys nobody knows": (
        "unknown-key",
        lambda: b"pgagents: 1\n" + b"".join(b"k%d: 1\n" % n for n in range(30_000)),
    ),
    "names that are none": (
        "missing-key",
        lambda: b"actions:\n" + b"".join(b"  k %d: {}\n" % n for n in range(30_000)),
    ),
    "keys that are missing": (
        "missing-key",
        lambda: b"actions:\n" + b"".join(b"  k%d: {}\n" % n for n in range(100_000)),
    ),
    "names of nothing": (
        "missing-key",
        lambda: b"schemas:\n" + b"".join(b"  a%d: {$ref: b}\n" % n for n in range(50_000)),
    ),
}


SLOW = ("keys that are missing", "names of nothing")
"""Files of which each line is a fault of its own."""


@pytest.mark.parametrize("kind", [*rarely(SLOW), *share((kind for kind in BIG if kind not in SLOW), 3)])
def test_huge_file_is_refused_in_bounded_time_and_memory(kind: str, tmp_path: Path) -> None:
    id, make = BIG[kind]
    path = tmp_path / "big.yaml"
    path.write_bytes(make())
    done = subprocess.run(
        [sys.executable, "-c", BOUNDED, str(path)], capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    assert f"catalogue/{id}" in done.stdout.split()


LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 700), st.just(10**30),
    st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=8),
    st.sampled_from([
        "=", "=(", "=env.x", "find_books", "Book", "GET /books", "POST /books/{}", "GET /{a}{b}", "x" * 300,
        "{", "all", "ſ",
    ]),
    st.sampled_from([
        [], {}, [None], [1, "a", {}], {"a": {"b": []}}, {"$ref": "Book"}, {"*": 1}, [[[]]],
        {"type": ["string", 1]}, "\x00",
    ]),
    st.just({"action": "find_books"}),
)  # fmt: skip


@cache
def _small() -> Source:
    return parse(SMALL)


@tried(150, 1_000, data=st.data())
def test_single_mutation_of_a_catalogue_never_gives_a_traceback(data: st.DataObject) -> None:
    """Any value replaced, removed, renamed, doubled or moved: a model, or faults at places of the file."""
    source = _small()
    tree = copy.deepcopy(source.data)
    pointer = data.draw(st.sampled_from([p for p in source.pointers() if p]))
    parent: Any = tree
    for step in pointer[:-1]:
        parent = parent[step]
    last = pointer[-1]
    match data.draw(st.sampled_from(["replace", "remove", "rename", "extra", "nest"])):
        case "replace":
            parent[last] = data.draw(LEAVES)
        case "remove":
            del parent[last]
        case "rename" if isinstance(parent, dict):
            parent[
                data.draw(
                    st.one_of(st.text(max_size=6), st.sampled_from(["*", "$ref", "input", "all", "200", "x"]))
                )
            ] = parent.pop(last)
        case "extra" if isinstance(parent, dict):
            parent[
                data.draw(
                    st.sampled_from(
                        ["x", "title", "scope", "http", "required", "const", "enum", "when", "$ref"]
                    )
                )
            ] = data.draw(LEAVES)
        case _:
            parent[last] = [parent[last]]
    text = json.dumps(tree, ensure_ascii=True)
    again = parse(_whole_number_keys(text), "m.yaml")
    model, found = load(again)
    assert (model is None) == bool(found)
    for diagnostic in found:
        assert diagnostic.span.line >= 1
        assert "\n" not in diagnostic.message
        show(diagnostic, again)


def _whole_number_keys(text: str) -> str:
    """JSON makes text of the statuses' numbers; the catalogue writes them bare."""
    return re.sub(r'"([1-5][0-9][0-9])":', r"\1 :", text)


def test_mutations_start_from_a_catalogue_that_loads() -> None:
    model, found = load(parse(_whole_number_keys(json.dumps(_small().data))))
    assert found == []
    assert model is not None
