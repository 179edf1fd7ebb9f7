"""A message about a law points at the part that is wrong, in whatever form of YAML the law is written."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pgagents.base.cel.expression import broken_part, undefined_part
from pgagents.base.cel.parser import parse
from pgagents.base.cel.syntax import print_node
from pgagents.base.places import Place, Source, locate_within
from pgagents.base.reading import parse as read_text
from pgagents.base.writing import to_yaml
from pgagents.catalogue.checks.checker import Checker
from pgagents.catalogue.language import basics
from pgagents.catalogue.language.catalogue import Catalogue
from pgagents.catalogue.load import load_text
from pgagents.cli.main import main
from pgagents.lint.run import lint
from small_api import KNOWN, NOTES
from test_loader import SMALL, faults, swap

LAW = "long-enough: response.books.all(b, b.pages >= input.pages)\n"
GOOD = "response.books.all(b, b.pages >= input.pages)"


def with_law(written: str) -> str:
    return swap(SMALL, LAW, f"long-enough: {written}\n")


FORMS = {
    "plain": "response.books.all(b, b.pages >= inputs.pages)",
    "plain over two lines": "response.books\n        .all(b, b.pages >= inputs.pages)",
    "single quotes": "'response.books.all(b, b.id != ''x'' && b.pages >= inputs.pages)'",
    "double quotes": '"response.books.all(b, b.id != \\"\\u0078\\" && b.pages >= inputs.pages)"',
    "double quotes with a line's end": '"response.books.all(b, \\\n        b.pages >= inputs.pages)"',
    "literal block": "|\n        response.books.all(b,\n          b.pages >= inputs.pages)",
    "folded block": ">-  # why\n        response.books.all(b,\n\n        b.pages >= inputs.pages)",
    "long form": "{that: 'response.books.all(b, b.pages >= inputs.pages)'}",
    "in a condition": "{when: inputs.pages > 0, that: 'response.books.all(b, b.pages >= 1)'}",
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_a_wrong_name_is_shown_where_it_stands(form: str, ends: str) -> None:
    text = with_law(FORMS[form])
    (found,) = faults(text.replace("\n", ends))
    before = text[: text.index("inputs.pages")]
    place = (before.count("\n") + 1, len(before) - before.rfind("\n"))
    assert (found.span.line, found.span.column) == place
    assert found.message.startswith("the expression does not compile: `inputs` is not known here")


@given(st.text(alphabet="ab \"'\\:#\n\té\U0001f600", min_size=1, max_size=30), st.integers(0, 29))
def test_each_character_that_is_no_blank_is_found_in_any_form(value: str, offset: int) -> None:
    """The place has the character itself, or the escape that means it."""
    text = to_yaml({"a": [{"b": value}]}).decode()
    source = read_text(text)
    written = source.data["a"][0]["b"]
    if not isinstance(written, str) or offset >= len(written) or written[offset].isspace():
        return
    span = locate_within(source, ("a", 0, "b"), offset)
    assert span is not None
    there = text.split("\n")[span.line - 1][span.column - 1 :]
    assert there.startswith((written[offset], "\\"))


def test_a_place_that_the_file_does_not_show_is_none() -> None:
    source = read_text("a: one\nb: [*x]")
    assert locate_within(source, ("a", "b"), 0) is None
    assert locate_within(source, ("b",), 0) is None
    assert str(locate_within(source, ("a",), 3)) == "<text>:1:7"
    empty = Source("x", "", {"a": "one"}, Place((0, 0), (0, 0), {"a": Place((0, 0), (0, 0))}))
    assert locate_within(empty, ("a",), 0) is None


WRONG = {
    "does not parse": ("response.books.all(b, b.pages >=)", ")", "Syntax error: a value is expected"),
    "reads nothing": ("1.0 == 1.0", "1.0 == 1.0", "the law `long-enough` reads nothing of the call"),
    "names no argument": ("size(response.books) <= input.page", "input.page", "there is no argument `page`"),
    "compares text with a number": (
        "response.books.all(b, b.pages > 1.0 && b.id > 1.0)", "b.id > 1.0",
        "`b.id` is text and `1.0` a number: neither is the smaller one",
    ),
    "compares a number with text": (
        'status == 200 && input.pages == "many"', 'input.pages == "many"',
        "`\"many\"` is text and `input.pages` a number: they are never equal",
    ),
    "compares lengths with text": (
        "size(response.books) == upper(surface)", "size(response.books)",
        "`upper(surface)` is text and `size(response.books)` a number: they are never equal",
    ),
    "takes no number": ("epoch(now) > 1.0", "now", "`epoch` takes text, and `now` is a number"),
    "takes a list": (
        "response.books.all(b, surface.all(c, c == b.id))", "surface", "`all` takes a list or an object, and",
    ),
    "multiplies text": ("response.books.all(b, b.id * 2.0 > 1.0)", "b.id", "and `b.id` is text"),
    "adds text to a number": ("response.books.all(b, b.id + b.pages > 1)", "b.id", "takes two of a kind"),
    "takes no object": ('headers["link"].contains("a")', "headers", "and `headers.link` is an object"),
    "joins a list": ("response.books && status == 200", "response.books", "`&&` takes true or false, and"),
    "is nested": ("!" * 101 + "response.books", "!response.books", "nested more than 100 levels deep"),
    "is bracketed": ("(" * 31 + "status" + ")" * 31, "(status", "brackets are nested 31 deep"),
    "has a false part": (
        "size(response.books) == 1.0 && (status == 201 ? status == 5 : status == 404)", "status == 404",
        "the law `long-enough` does not hold on its own example `long`",
    ),
    "has a part without a value": (
        "response.books.all(b, b.pages > 1.0 && b.none.x > 1.0)", "b.none.x",
        "the law `long-enough` cannot be evaluated on its own example",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", WRONG)
def test_bad_law_is_one_message_at_its_part_and_exit_code_2(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    law, part, says = WRONG[kind]
    text = with_law(f"'{law}'")
    (found,) = faults(text)
    assert says in found.message
    before = text[: text.index(law) + law.index(part)]
    assert (found.span.line, found.span.column) == (before.count("\n") + 1, len(before) - before.rfind("\n"))
    file = tmp_path / "small.yaml"
    file.write_text(text, encoding="utf-8")
    assert main(["build", str(file), "--out", str(tmp_path / "out")]) == 2
    said = capsys.readouterr().err
    assert said.count("error[") == 1
    assert "Traceback" not in said
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("condition", ["read.text > 3.0", "created.text * 2.0 > 1.0"])
def test_a_law_of_a_resource_reads_what_its_calls_show(condition: str) -> None:
    (found,) = faults(NOTES + KNOWN + (f"    laws: {{many: {condition}}}\n"))
    assert "is text" in found.message


@pytest.mark.parametrize(
    ("condition", "says"),
    [("response.text > 3.0", "is text"), ("one.text > 3.0", "is text"), ('headers["etag"] == "x"', "")],
)
def test_a_condition_of_a_step_reads_its_answer_and_what_was_kept(condition: str, says: str) -> None:
    call = "action: create_note, input: {text: a}"
    steps = f"{{one: {{{call}, keep: {{text: response.text}}}}, two: {{{call}, expect: ['{condition}']}}}}"
    found = faults(NOTES + (f"workflows: {{w: {{title: W, only_verify: true, steps: {steps}}}}}\n"))
    assert [says in one.message for one in found] == ([True] if says else [])


LEGAL = (
    "!has(response.token) && !has(input.token)",
    "response.books.all(b, b.pages == null || b.pages > 1)",
    "response.books.all(b, b.cover == null || b.cover == 1.0)",
    "input.pages > 0.0 ? size(response.books) >= 1 : true",
    "response.books.all(b, size(b.id) > 1.0 && b.id != 'x')",
    "response.books.map(b, b.id).all(id, id != 'none' || status == 404)",
    'surface == "rest" || now > 0.0',
    'response.books.exists(b, (b.pages > 1000 ? b.id : b.pages) == "b1") || status == 200',
    "[input.pages, 'x'].exists(v, v == 'x')",
)


@pytest.mark.parametrize("law", LEGAL)
def test_what_a_schema_does_not_rule_out_is_no_fault(law: str) -> None:
    written = law.replace("'", "''")
    text = with_law(f"'{written}'")
    assert [d.message for d in faults(text) if "example" not in d.message] == []


VALUES = {"a": 1.0, "l": [{"n": 1.0}, {}], "o": {"p": None}}


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("a == 1.0 && a == 2.0 && a == 3.0", "a == 2.0"),
        ("a == 2.0 ? a == 3.0 : a == 1.0 && a > 5.0", "a > 5.0"),
        ("a == 2.0 || a == 3.0", "a == 2.0 || a == 3.0"),
        ("l.all(i, has(i.n))", "l.all(i, has(i.n))"),
    ],
)
def test_the_broken_part_is_the_one_that_is_false(text: str, part: str) -> None:
    assert print_node(broken_part(parse(text), VALUES)) == part


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("a == 1.0 && o.q == 2.0", "o.q"),
        ("l.all(i, i.n > 0.0)", "i.n"),
        ("a == 1.0 ? o.p.q == 1.0 : o.r == 2.0", "o.p.q"),
        ("has(o.q) || a + 1 == 2.0", "a + 1"),
    ],
)
def test_the_undefined_part_is_the_smallest_without_a_value(text: str, part: str) -> None:
    assert print_node(undefined_part(parse(text), VALUES)) == part


@pytest.mark.parametrize(
    ("law", "part"),
    [
        ("'{when: input.pages > 500, that: status == 200}'", "input.pages > 500"),
        ("'{that: status == 200, when: \"input.pages == 100 && now > 0\"}'", "now > 0"),
        ("status == 200 && before == null", "before"),
        ("'{that: \"status == 200 || now > 1\"}'", "now > 1"),
    ],
)
def test_an_untried_law_is_shown_where_it_keeps_from_being_tried(law: str, part: str) -> None:
    text = with_law(law.strip("'"))
    model = load_text(text, "small.yaml")
    (found,) = [d for d in lint(model, ["catalogue/untried-law"]).found if d.id == "catalogue/untried-law"]
    before = text[: text.index(part)]
    assert (found.span.line, found.span.column) == (before.count("\n") + 1, len(before) - before.rfind("\n"))


@pytest.mark.parametrize(
    ("key", "text", "part"),
    [
        ("unless", "size(response.books) >= input.most", "input.most"),
        ("fits", "item.id == 'b1' && input.pages == 'b1'", "input.pages == 'b1'"),
        ("keeps", "response.books.filter(b, b.id > 1.0)", "b.id > 1.0"),
    ],
)
def test_a_relation_is_checked_as_a_law_is(key: str, text: str, part: str) -> None:
    good = {"widen": "pages", "keeps": "response.books", "unless": "size(response.books) >= input.pages"}
    for written, count in ((good, 0), ({**good, key: text}, 1)):
        members = ", ".join(f'{name}: "{value}"' for name, value in {**written, "by": "id"}.items())
        catalogue = swap(
            SMALL,
            "    laws:\n      long-enough",
            f"    relations: {{wide: {{{members}}}}}\n    laws:\n      long-enough",
        )
        found = faults(catalogue)
        assert len(found) == count
        before = catalogue[: catalogue.index(part)] if found else ""
        assert all(d.span.column == len(before) - before.rfind("\n") for d in found)


def test_a_part_is_quoted_where_its_place_is_not_known() -> None:
    source = read_text(SMALL, "small.yaml")
    checker = Checker(Catalogue.model_validate(source.data), source)
    nowhere = ("actions", "find_books", "laws", "none")
    assert checker.compile(nowhere, "status == 200 && inputs.x == 1", basics.LAW) is None
    assert checker.found[0].message.endswith("response, status, surface, in `inputs`")
    assert checker.found[0].span == source.locate(nowhere, at_value=True)
    checker.report_in(nowhere, parse("response.a  == 1"), "law", "it is wrong", "")
    assert checker.found[1].message == "it is wrong, in `response.a == 1`"
