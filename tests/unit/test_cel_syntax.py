"""Expressions are parsed once: as the evaluator parses them, and whatever their formatting is."""

from __future__ import annotations

import time
from random import Random
from typing import get_args

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from expression_texts import expressions, reformat
from pgagents.base.cel.expression import compile as compiled
from pgagents.base.cel.expression import load_evaluator
from pgagents.base.cel.parser import MAX_CHARS, MAX_DEPTH, parse
from pgagents.base.cel.reading import variables_of
from pgagents.base.cel.syntax import (
    Choice,
    ExpressionError,
    FunctionCall,
    Index,
    Infix,
    ListOf,
    Literal,
    Macro,
    Member,
    Name,
    Node,
    ObjectOf,
    Unary,
    print_node,
    walk,
)


def accepts(text: str) -> bool:
    """True if the evaluator compiles a text."""
    try:
        load_evaluator().compile(text)
    except BaseException as error:  # it panics on some texts, and a panic is not a Exception
        if isinstance(error, KeyboardInterrupt | SystemExit):
            raise
        return False
    return True


def result(text: str) -> str:
    """Return the evaluator's result for a text on some data."""
    context = load_evaluator().Context()
    values = {
        "a": {"b": [1.0, 2.0]},
        "g": {"c": "x"},
        "b": 2.0,
        "c": [{"a": 1.0}, {"a": 3.0}],
        "d": True,
        "e": None,
    }
    for name, value in values.items():
        context.add_variable(name, value)
    try:
        return _in_order(load_evaluator().compile(text).execute(context))
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt | SystemExit):
            raise
        return type(error).__name__


def _in_order(value: object) -> str:
    """Write a value with the members of objects in order, which the evaluator gives in any."""
    if isinstance(value, dict):
        return f"{{{', '.join(sorted(f'{_in_order(k)}: {_in_order(v)}' for k, v in value.items()))}}}"
    return f"[{', '.join(map(_in_order, value))}]" if isinstance(value, list) else repr(value)


BLANKS = st.sampled_from(["", " ", "\n", "\t ", " // a comment: '\n"])
VALUES = st.sampled_from(
    ["a", "b", "c", "d", "e", "1", "1.5", ".5", "2e3", "0x1F", "7u", "true", "false", "null", "'x'", '"a.b"',
     r"'\''", r"r'\'", "'''it's'''", r"'\x41\u00e9\101'", "b'x'", "[]", "{}", "[1, 2,]", "{'a': 1.0}",
     "a.b", "g.c", "c[0].a", "a['b']", "size(c)", "c.size()", "has(a.b)", "g.c.startsWith('x')"]
)  # fmt: skip
SIGNS = ["+", "-", "*", "/", "%", "<", "<=", ">", ">=", "==", "!=", "in", "&&", "||"]


def _larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    spaced = st.tuples(BLANKS, inner, BLANKS).map("".join)
    return st.one_of(
        st.tuples(spaced, st.sampled_from(SIGNS), spaced).map(lambda p: " ".join(p)),
        st.tuples(spaced, st.sampled_from(SIGNS), spaced, st.sampled_from(SIGNS), spaced).map(" ".join),
        spaced.map(lambda t: f"({t})"),
        st.tuples(st.sampled_from(["!", "-", "!!", "--"]), inner).map("".join),
        st.tuples(spaced, spaced, spaced).map(lambda p: f"{p[0]} ?{p[1]}:{p[2]}"),
        st.tuples(spaced, st.sampled_from(["all", "exists", "exists_one", "map", "filter"]), spaced).map(
            lambda p: f"({p[0]}).{p[1]}(a, {p[2]})"
        ),
        spaced.map(lambda t: f"({t}).a"),
        spaced.map(lambda t: f"[1, {t}][1]"),
        spaced.map(lambda t: f"f({t})"),
    )


EXPRESSIONS = st.recursive(VALUES, _larger, max_leaves=8)


@pytest.mark.matrix
@settings(max_examples=400)
@given(EXPRESSIONS)
def test_what_the_evaluator_accepts_is_parsed_and_means_the_same(text: str) -> None:
    assume(accepts(text))
    tree = parse(text)
    printed = print_node(tree)
    assert result(printed) == result(text), printed
    assert parse(printed) == tree


ALPHABET = st.sampled_from(
    [*"abcdef", *"01.", "()", "(", ")", "[", "]", "{", "}", ".", ",", ":", "?", "'x'", '"', "'", "\\", " ",
     "\n", "!", "in", "true", "null", "has(", ".all(", ".map(a,", "1u", "1e5", "0x", "r'", "b'", *SIGNS, "//",
     "if", "é"]
)  # fmt: skip
EVALUATOR_ALONE = (
    "a value is expected",  # at a leading dot, or a comma alone in a list
    "an operator is expected before `{`",  # a message
    "such as `has(input.name)`",  # without any argument
)


@settings(max_examples=800)
@given(st.lists(ALPHABET, max_size=7).map("".join))
def test_any_text_is_accepted_by_both_or_by_neither(text: str) -> None:
    """The differences are listed: messages, leading dots, lone commas, an empty has; mixed negations."""
    tree: Node | None = None
    refused = ExpressionError("")
    try:
        tree = parse(text)
    except ExpressionError as error:
        refused = error
    if tree is None:
        begins = text[refused.start or 0 :][:1]
        listed = refused.reason.endswith(EVALUATOR_ALONE) and begins in (".", "{", ",", "h")
        assert listed or not accepts(text), refused
    elif not accepts(text):
        pairs = [(n, n.operand) for n in walk(tree) if isinstance(n, Unary)]
        assert any(isinstance(inner, Unary) and inner.sign != n.sign for n, inner in pairs)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (".a", "a value is expected"),
        ("Type{a: 1}", "an operator is expected before `{`"),
        ("a.b{c: 1}", "an operator is expected before `{`"),
        ("[,]", "a value is expected"),
        ("has()", "takes one member"),
    ],
)
def test_what_the_evaluator_alone_accepts_is_refused_with_a_reason(text: str, why: str) -> None:
    assert accepts(text)
    with pytest.raises(ExpressionError, match=why):
        parse(text)


def test_a_negation_of_a_negative_value_is_written_so_that_the_evaluator_takes_it() -> None:
    assert not accepts("-!d")
    assert accepts(print_node(parse("-!d")))
    assert accepts(print_node(parse("!-b")))


@pytest.mark.parametrize("text", expressions())
def test_an_expression_of_the_catalogues_is_printed_as_it_parses_and_each_part_has_its_place(
    text: str,
) -> None:
    tree = parse(text)
    assert parse(print_node(tree)) == tree
    assert result(print_node(tree)) == result(text)
    assert [part for part in walk(tree) if parse(text[part.start : part.end]) != part] == []


@settings(max_examples=300)
@given(st.sampled_from(expressions()), st.randoms(use_true_random=False))
def test_blanks_brackets_and_names_of_items_change_neither_what_is_read_nor_what_is_called(
    text: str, random: Random
) -> None:
    other = reformat(text, random)
    assume(len(other) <= MAX_CHARS)
    names = variables_of(parse(text))
    a, b = compiled(text, names), compiled(other, names)
    assert (a.names, a.paths, a.calls, a.path, a.lists, a.quick_paths, a.plain) == (
        b.names, b.paths, b.calls, b.path, b.lists, b.quick_paths, b.plain
    )  # fmt: skip
    assert (a.tree == b.tree) is not any(isinstance(part, Macro) for part in walk(a.tree))


def test_every_kind_of_node_has_a_place() -> None:
    text = "-a.b[0] + size(c) == 1 ? [d] : {'e': !f.all(g, g)}"
    met = {type(part): text[part.start : part.end] for part in walk(parse(text))}
    assert set(met) == set(get_args(Node))
    assert met == {
        Choice: text,
        Infix: "-a.b[0] + size(c)",
        Unary: "!f.all(g, g)",
        Index: "a.b[0]",
        Member: "a.b",
        Name: "g",
        Literal: "'e'",
        FunctionCall: "size(c)",
        ListOf: "[d]",
        ObjectOf: "{'e': !f.all(g, g)}",
        Macro: "f.all(g, g)",
    }


@pytest.mark.parametrize(
    ("text", "start", "end", "says"),
    [
        ("a.b ==", 6, 6, "a value is expected"),
        ("a.b = 1", 4, 5, "no meaning"),
        ("a.b == 'x", 7, 8, "not closed"),
        (r"a == '\q'", 5, 6, "unknown escape"),
        ("a.b == 1 c", 9, 10, "an operator is expected before `c`"),
        ("a.in", 2, 4, "the name of a member is expected"),
        ("if", 0, 2, "a reserved word"),
        ("has(a)", 0, 3, "takes one member"),
        ("a.all(b.c, true)", 2, 5, "takes a name for the item first"),
        ("f(a", 3, 3, "`,` is expected"),
        ("f(a,)", 4, 5, "an argument is expected"),
        ("9223372036854775808", 0, 19, "the number is too large"),
        ("a ? b", 5, 5, "`:` is expected"),
    ],
)
def test_a_mistake_is_found_at_its_place(text: str, start: int, end: int, says: str) -> None:
    with pytest.raises(ExpressionError, match=says) as caught:
        parse(text)
    assert (caught.value.start, caught.value.end) == (start, end)


def test_nesting_is_bounded_by_a_message_and_a_long_sum_is_not_nested() -> None:
    for text in ("!" * 101 + "a", "a" + ".b" * 101, "a" + "[0]" * 101, "a?1:" * 102 + "1"):
        with pytest.raises(ExpressionError, match=f"nested more than {MAX_DEPTH} levels deep"):
            parse(text)
    parse("!" * 99 + "a")
    parse("a" + ".b" * 99)
    assert len(parse("1" + "+1" * 900).operands) == 901  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("token", "value"),
    [
        ("'a'", "a"),
        (r"'\n\x41\101\u00e9\U0001F600\`'", "\nAAé\U0001f600`"),
        (r"r'\n'", "\\n"),
        ("'''it's'''", "it's"),
        (r"b'\x41'", b"A"),
        ("0x1F", 31),
        ("7u", 7),
        ("1e3", 1000.0),
        ("null", None),
    ],
)
def test_literals_have_their_values(token: str, value: object) -> None:
    node = parse(token)
    assert isinstance(node, Literal)
    assert (node.value, type(node.value)) == (value, type(value))


def test_equal_numbers_of_other_types_are_other_nodes() -> None:
    assert len({parse(text) for text in ("1", "1.0", "1u", "true", "0x1")}) == 4


HOSTILE = {
    "blanks": " " * 1_990 + "#",
    "comments": "//\n" * 600 + "#",
    "slashes": "/" * 1_990,
    "quotes": '"' * 1_999,
    "escapes": "'" + "\\x4" * 600,
    "raw": "r'" * 900,
    "digits": "9" * 1_999,
    "dots": "." * 1_999,
    "opened triple quotes": "'''" * 660 + "\\",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_text_takes_no_time(text: str) -> None:
    begun = time.process_time()
    with pytest.raises(ExpressionError):
        parse(text)
    assert time.process_time() - begun < 10, "it grows with a power of the text"
