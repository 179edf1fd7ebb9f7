"""Each of 44 mistakes in a catalogue is one message, at its place, with what to write."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import NamedTuple

import pytest

from pgagents.base.reading import parse
from pgagents.base.yaml_advice import quote
from pgagents.cli.main import main

LOANS = (Path(__file__).parents[1] / "data" / "loans.yaml").read_text(encoding="utf-8")
CHECKS = Path(__file__).parents[2] / "src" / "pgagents" / "catalogue" / "checks"


class Mistake(NamedTuple):
    """A mistake: what stands in its place in the catalogue, and what the message says of it.

    Without `right`, the file is empty.
    """

    name: str
    right: str | None
    wrong: str
    place: str
    id: str
    help: str


MISTAKES = [
    Mistake(
        "misspelt key 'descripton'",
        "    description: Get one book by its id",
        "    descripton: Get one book by its id",
        "124:5",
        "catalogue/unknown-key",
        "did you mean `description`?",
    ),
    Mistake(
        "misspelt top key 'action:'",
        "\nactions:",
        "\naction:",
        "99:1",
        "catalogue/unknown-key",
        "did you mean `actions`?",
    ),
    Mistake(
        "wrong indent of input",
        "    input:\n      book_id",
        "      input:\n      book_id",
        "127:12",
        "catalogue/syntax",
        "indent it by 4 blanks, as `effect` above it",
    ),
    Mistake(
        "tab instead of blanks",
        "    title: Look at a member",
        "\ttitle: Look at a member",
        "136:1",
        "catalogue/syntax",
        "indent with blanks: YAML takes no tabs",
    ),
    Mistake(
        "law with unknown member",
        "response.days == input.days",
        "response.day == input.days",
        "162:18",
        "catalogue/law",
        "did you mean `days`?",
    ),
    Mistake(
        "law with unknown argument",
        "response.days == input.days",
        "response.days == input.dayz",
        "162:35",
        "catalogue/law",
        "did you mean `days`?",
    ),
    Mistake(
        "law type mismatch",
        "response.days == input.days",
        "response.days == input.book_id",
        "162:18",
        "catalogue/law",
        "compare two of a kind: `double(input.book_id)` is a number, `string(response.days)` a text",
    ),
    Mistake(
        "bad CEL syntax",
        "response.days == input.days",
        "response.days = input.days",
        "162:32",
        "catalogue/expression",
        "write `==` to compare two values",
    ),
    Mistake(
        "bad CEL function",
        'response.status == "open"',
        'lower(response.status) == "open"',
        "163:19",
        "catalogue/expression",
        "compare `upper(…)` of both texts",
    ),
    Mistake(
        "wrong type: 'maximum: thirty'",
        "maximum: 30, default: 14",
        "maximum: thirty, default: 14",
        "157:50",
        "catalogue/type",
        "write digits, such as 30",
    ),
    Mistake(
        "wrong type name 'int'",
        "days: {type: integer, minimum: 1, maximum: 30, default",
        "days: {type: int, minimum: 1, maximum: 30, default",
        "157:20",
        "catalogue/schema",
        "did you mean `integer`?",
    ),
    Mistake(
        "default out of range",
        "default: 14",
        "default: 40",
        "157:63",
        "catalogue/example",
        "change the default, or the schema beside it",
    ),
    Mistake(
        "duplicate action",
        "  get_member:\n    title",
        "  get_book:\n    title",
        "135:3",
        "catalogue/duplicate-key",
        "keep one of the two",
    ),
    Mistake(
        "duplicate path",
        "GET /v1/members/{member_id}",
        "GET /v1/books/{member_id}",
        "138:11",
        "catalogue/same-route",
        "change one of the two",
    ),
    Mistake(
        "path argument missing in input",
        "GET /v1/members/{member_id}",
        "GET /v1/members/{id}",
        "138:11",
        "catalogue/path",
        "add `id` under `input`",
    ),
    Mistake(
        "missing title",
        "    title: Borrow a book\n",
        "",
        "148:3",
        "catalogue/missing-key",
        "add `title: …` (a short title, as a list of actions shows it)",
    ),
    Mistake(
        "missing example",
        "    examples:\n      one: {input: {loan_id: l-1}, output: {id: l-1, book_id: b-17, member_id: m-1, "
        "days: 7, status: open}}\n",
        "",
        "167:3",
        "catalogue/exampleless-action",
        "add one under `examples`, with `input` and `output`",
    ),
    Mistake(
        "bad $ref",
        "201: {$ref: Loan,",
        "201: {$ref: Loans,",
        "159:19",
        "catalogue/unknown-name",
        "did you mean `Loan`?",
    ),
    Mistake(
        "OpenAPI style ref",
        "201: {$ref: Loan,",
        '201: {$ref: "#/components/schemas/Loan",',
        "159:19",
        "catalogue/unknown-name",
        "did you mean `Loan`?",
    ),
    Mistake(
        "unknown error code",
        "errors: [INVALID, NOT_FOUND, CONFLICT]",
        "errors: [INVALID, NOTFOUND, CONFLICT]",
        "160:23",
        "catalogue/unknown-name",
        "did you mean `NOT_FOUND`?",
    ),
    Mistake(
        "example breaks schema",
        "days: 7, status: open}}",
        "days: seven, status: open}}",
        "165:117",
        "catalogue/example",
        "correct the value, or its schema (line 158)",
    ),
    Mistake(
        "example breaks law",
        "days: 7, status: open}}",
        "days: 8, status: open}}",
        "162:18",
        "catalogue/law",
        "correct the law, or the example at line 165",
    ),
    Mistake(
        "example lacks required arg",
        "{input: {book_id: b-17, member_id: m-1, days: 7}",
        "{input: {book_id: b-17, days: 7}",
        "165:13",
        "catalogue/example",
        "add `member_id: …` under its `input`",
    ),
    Mistake(
        "effect wrong word",
        "effect: write",
        "effect: writes",
        "152:13",
        "catalogue/value",
        "did you mean `write`?",
    ),
    Mistake(
        "effect missing",
        "    effect: read\n    input:\n      book_id",
        "    input:\n      book_id",
        "122:3",
        "catalogue/missing-key",
        "add `effect: …` (`write` if a call changes anything; writes are confirmed",
    ),
    Mistake(
        "write without confirm",
        '    confirm: {body: "Borrow this book?"}\n',
        "",
        "148:3",
        "catalogue/unconfirmed-write",
        "add `confirm: {body: Do you want to …?}`",
    ),
    Mistake(
        "resource refers to unknown action",
        "read_by: {action: get_loan",
        "read_by: {action: read_loan",
        "222:23",
        "catalogue/unknown-name",
        "did you mean `create_loan`?",
    ),
    Mistake(
        "refers_to unknown resource",
        "refers_to: member,",
        "refers_to: person,",
        "141:60",
        "catalogue/unknown-name",
        "known here: book, loan, member",
    ),
    Mistake(
        "state unknown",
        "initial: open",
        "initial: opened",
        "228:14",
        "catalogue/unknown-name",
        "did you mean `open`?",
    ),
    Mistake(
        "surface unknown",
        "  gemini: {actions: all}",
        "  gemeni: {actions: all}",
        "247:3",
        "catalogue/unknown-surface",
        "did you mean `gemini`?",
    ),
    Mistake(
        "surface action unknown",
        "  gemini: {actions: all}",
        "  gemini: {actions: [search_books, borrow]}",
        "247:36",
        "catalogue/unknown-name",
        "known here: create_hook, create_loan, get_book, get_loan, get_member, return_loan, search_books",
    ),
    Mistake(
        "unquoted colon in text",
        "description: Lend one copy of a book to",
        "description: Lend: one copy of a book to",
        "150:22",
        "catalogue/syntax",
        'quote the text: `description: "Lend: one copy of a book to a member for up to 30 days. Ret…"`',
    ),
    Mistake(
        "unquoted ${...} / brace at value",
        "title: Return a book",
        "title: {book} return",
        "181:19",
        "catalogue/syntax",
        'quote the text: `title: "{book} return"`',
    ),
    Mistake(
        "webhook signature wrong key",
        "signature: {header: Library-Signature",
        "signature: {name: Library-Signature",
        "238:15",
        "catalogue/unknown-key",
        "known here: header, scheme, tolerance_s",
    ),
    Mistake(
        "oauth flow camelCase",
        "authorization_code:",
        "authorizationCode:",
        "26:9",
        "catalogue/unknown-key",
        "did you mean `authorization_code`?",
    ),
    Mistake(
        "oauth wrong url key",
        "token_url: /oauth/token",
        "tokenUrl: /oauth/token",
        "28:11",
        "catalogue/unknown-key",
        "did you mean `token_url`?",
    ),
    Mistake(
        "yes/no boolean",
        "required: true, refers_to: book",
        "required: yes, refers_to: book",
        "128:41",
        "catalogue/type",
        "write `true`",
    ),
    Mistake(
        "version missing",
        "pgagents: 1 #",
        "#",
        "5:1",
        "catalogue/missing-key",
        "add `pgagents: 1` (the version of this language)",
    ),
    Mistake(
        "anchor/merge",
        "  book:\n    read_by",
        "  book: &b\n    read_by",
        "210:9",
        "catalogue/anchor",
        "write the value out where it is used",
    ),
    Mistake(
        "empty file",
        None,
        None,
        "1:1",
        "document/no-object",
        "give a catalogue (`pgagents init` begins one), an OpenAPI document or a list of tools",
    ),
    Mistake(
        "JSON Schema nullable OpenAPI 3.0",
        "name: {type: string, description: The member's name}",
        "name: {type: string, nullable: true, description: The member's name}",
        "74:28",
        "catalogue/unknown-key",
        'leave it out, and write `type: [string, "null"]`',
    ),
    Mistake(
        "id of API with blank", "id: loans", "id: my loans", "6:7", "catalogue/value", "such as `myloans`"
    ),
    Mistake(
        "http without method",
        "http: GET /v1/members/{member_id}",
        "http: /v1/members/{member_id}",
        "138:11",
        "catalogue/value",
        "such as `GET /v1/members/{member_id}`",
    ),
    Mistake(
        "status as text quoted '200'",
        "      200: {$ref: Member",
        '      "200": {$ref: Member',
        "143:7",
        "catalogue/name",
        "write it without quotes: `200:`",
    ),
]


@pytest.mark.parametrize("mistake", MISTAKES, ids=[mistake.name for mistake in MISTAKES])
def test_a_mistake_is_one_message_with_what_to_write(mistake, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert mistake.right is None or mistake.right in LOANS
    text = LOANS.replace(mistake.right, mistake.wrong, 1) if mistake.right is not None else ""
    Path("bad.yaml").write_text(text, encoding="utf-8")
    main(["lint", "bad.yaml"])
    said = "".join(capsys.readouterr())
    assert re.findall(r"^(?:error|warning|note)\[(.*?)\]", said, re.M) == [mistake.id]
    assert re.findall(r"--> bad\.yaml:(\S+)", said) == [mistake.place]
    (help,) = re.findall(r"^ *=? ?help: (.*)", said, re.M)
    assert help.startswith(mistake.help)


NOT_YAML = {
    "a: b: c\n": ("1:5", 'quote the text: `a: "b: c"`'),
    "a: {b} c\n": ("1:8", 'quote the text: `a: "{b} c"`'),
    "a: 'it's'\n": ("1:8", 'quote the text: `a: "it\'s"`'),
    'a: "b" c\n': ("1:8", "quote the text: `a: '\"b\" c'`"),
    "a: @b\n": ("1:4", 'quote the text: `a: "@b"`'),
    'a: "\\d"\n': ("1:5", "write `\\\\d`, or take single quotes"),
    'a: "b\nc: 1\n': ("3:1", 'close it with "; between single quotes an apostrophe is written twice'),
    "a: {b: c: d}\n": ("1:9", 'quote the text: `b: "c: d"`'),
    "a: {b: c\nd: e\n": ("2:2", "separate its members by commas, close it with `}`, or quote"),
    "a: [b\n": ("2:1", "separate its members by commas, close it with `]`, or quote"),
    "a: - b\n": ("1:4", "write `a: [A, B]`, or each item on a line of its own"),
    "a: 1\nb c\nd: 1\n": ("3:1", "write a colon and a blank after the key"),
    "a:\n\tb: 1\n": ("2:1", "indent with blanks: YAML takes no tabs"),
    "a:\n  b: 1\n    c:\n      d: 1\n": ("3:6", "indent it by 2 blanks, as `b` above it"),
    "a: b\n  c: d\n": ("2:4", "indent it by no blank, as `a` above it"),
    "a:\n  b: 1\n c: 2\n": ("3:2", "indent `c` by 2 blanks, as the key that it stands beside"),
    "a:\n    b: 1\n  c: 2\n": ("3:3", "indent `c` by 4 blanks, as the key that it stands beside"),
    "a: {{b}}\n": ("1:5", "quote a text that begins with a brace"),
    "a: >x\n": ("1:5", "look at the indent of this line"),
}


@pytest.mark.parametrize("text", NOT_YAML)
def test_a_text_that_is_no_yaml_has_what_to_write(text: str) -> None:
    """The indent, or the line with its quotes, as it can be copied."""
    first = parse(text, "f.yaml").problems[0]
    place, help = NOT_YAML[text]
    assert first.span.position == f"f.yaml:{place}"
    assert first.help.startswith(help)
    if copied := re.search(r"quote the text: `(.*)`", first.help):
        assert not parse(copied[1]).problems, "what it says is YAML"


def test_a_long_text_is_quoted_in_part() -> None:
    assert len(quote("x" * 1_000)) < 100
    assert quote("b # a comment") == '"b"'


def test_every_error_of_a_check_says_what_to_write() -> None:
    lacking = []
    for path in sorted(CHECKS.rglob("*.py")):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)):
                continue
            before = {"report": 3, "report_in": 4}.get(call.func.attr)
            if before is None or len(call.args) > before or any(k.arg == "help" for k in call.keywords):
                continue
            lacking.append(f"{path.name}:{call.lineno}")
    assert lacking == [], "give the help of each: what to write, in a few words"


def test_what_follows_from_a_misspelt_key_is_no_error() -> None:
    """The key is read as what it means: names in it are known, and what is wrong in it comes later."""
    from pgagents.catalogue.load import load

    text = LOANS.replace("\nresources:", "\nresource:").replace(
        "      one: {input: {loan_id", "      1: {input: {loan_id"
    )
    _, found = load(parse(text, "f.yaml"))
    assert [(d.id, d.help) for d in found if "resource" in d.message] == [
        ("catalogue/unknown-key", "did you mean `resources`?")
    ]
