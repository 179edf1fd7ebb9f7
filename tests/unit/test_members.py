"""An expression's members are known: leaving out others of a value never changes the expression's result."""

from __future__ import annotations

import pytest

from pgagents.base.cel.expression import EACH, WHOLE, Reading, Scope, only
from pgagents.base.cel.expression import compile as compiled
from pgagents.base.cel.expression import paths_of as paths_of_tree
from pgagents.base.cel.parser import parse


def paths_of(text, names):
    return paths_of_tree(parse(text), names)


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("a.b.c == 1.0", {("b", "c")}),
        ("a.b == a.c.d", {("b",), ("c", "d")}),
        ("has(a.b.c) && a.b.c.startsWith('x')", {("b", "c")}),
        ("a.items.all(i, i.b > 0)", {("items", EACH, "b"), ("items", EACH, "")}),
        (
            "a.items.exists(i, i.b.all(j, j.c > i.d))",
            {("items", EACH, p) for p in ("", "d")} | {("items", EACH, "b", EACH, p) for p in ("", "c")},
        ),
        ("a.items.all(i, f(i))", {("items", EACH), ("items", EACH, "")}),
        ("a.items.map(i, i['b'])", {("items", EACH, "b"), ("items", EACH, "")}),
        ("a.items.filter(i, i.b > 0)[0].c", {("items",)}),
        ("a.items[0].all(i, i.b > 0)", {("items",)}),
        (
            "a.b.all(i, i.c) || a.d.all(i, i.e)",
            {("b", EACH, ""), ("b", EACH, "c"), ("d", EACH, ""), ("d", EACH, "e")},
        ),
        ("[a.b, a.c].all(i, i.d)", {("b",), ("c",)}),
        ("a.b.map(i, i.c).all(i, i.d)", {("b", EACH, ""), ("b", EACH, "c")}),
        ("a.b.map(i, i).all(i, i.d)", {("b", EACH, ""), ("b", EACH)}),
        ("b.all(a, a.c > 0) && a.d", {("d",)}),
        ("a.b.existsOne(i, i.c)", {("b", EACH, ""), ("b", EACH, "c")}),
        ("a.b[0].c", {("b",)}),
        ("a['b']", {("b",)}),
        ('a["@b"].all(i, i["c.d"])', {("@b", EACH, "c.d"), ("@b", EACH, "")}),
        ("cents(a . b)", {("b",)}),
        ("{'a': a.b}", {("b",)}),
        ("'a.c' == a.b", {("b",)}),
        ("size(a)", {()}),
        ("a" + ".b" * 99, {("b",) * 20}),
        (r"r'\\' + a.b + 'x'", {("b",)}),
        (r"'\'' + a.b", {("b",)}),
        ("'''x''' + a.b", {("b",)}),
        ('"""x""" + a.b', {("b",)}),
        ("a.b // 'x\n + a.c // y'", {("b",), ("c",)}),
    ],
)
def test_paths_are_those_that_an_expression_may_read(text, paths):
    assert paths_of(text, ["a"]) == {"a": frozenset(paths)}


def test_a_name_that_is_given_out_again_and_again_takes_no_time_without_bound():
    """Each macro over `x` calls its items `x`."""
    one, many = "x.all(x, true)", "x.b.all(x, x.c.all(x, x.d.all(x, true)))"
    assert paths_of(f"a.l.all(x, {' && '.join([one] * 60)})", ["a"])["a"] == {
        ("l", EACH, ""),
        ("l", EACH, EACH, ""),
    }
    inner = [("l", EACH, "b"), ("l", EACH, "b", EACH, "c"), ("l", EACH, "b", EACH, "c", EACH, "d")]
    assert paths_of(f"a.l.all(x, {' && '.join([many] * 40)})", ["a"])["a"] == {
        ("l", EACH, ""), *((*path, EACH, "") for path in inner)
    }  # fmt: skip
    nested = "x.all(x, " * 25 + "true" + ")" * 25
    assert paths_of(f"a.l.all(x, {nested})", ["a"])["a"] == {
        *(("l", *[EACH] * n, "") for n in range(1, 19)), ("l", *[EACH] * 19)
    }  # fmt: skip


def test_an_expression_that_does_not_read_a_variable_keeps_all_of_it():
    assert paths_of("b == 1", ["a"]) == {"a": WHOLE}


def test_a_member_of_another_value_with_the_same_name_is_none_of_it():
    assert paths_of("b.a.c == a.d", ["a", "b"]) == {"a": {("d",)}, "b": {("a", "c")}}


def test_only_what_lies_on_the_paths_is_kept():
    value = {"a": {"b": 1, "c": 2}, "d": [{"e": 1}], "f": None}
    assert only(value, frozenset([("a", "b"), ("d",), ("f", "g"), ("h", "i")])) == {
        "a": {"b": 1},
        "d": [{"e": 1}],
        "f": None,
    }
    assert only(value, frozenset([("a",), ()])) is value
    items = {"a": [{"b": 1, "c": 2}, {"c": 3}, 4], "d": {"e": {"b": 1, "c": 2}}}
    read = frozenset([("a", EACH, "b"), ("a", EACH, ""), ("d", EACH, "b")])
    assert only(items, read) == {"a": [{"b": 1}, {}, 4], "d": {"e": {"b": 1, "c": 2}}}, (
        "a macro goes through an object's keys"
    )


VALUES = {
    "r": {
        "a": {"b": 2, "n": None, "t": "tè"},
        "list": [{"x": 1, "y": [1, 2]}, {"x": 3, "y": []}],
        "flag": True,
    },
    "s": {"a": {"b": 2}},
}


@pytest.mark.parametrize(
    "text",
    [
        "r.a.b == s.a.b",
        "has(r.a.zz) || has(r.a.n)",
        "r.list.all(i, i.x >= 1.0 && i.y.size() >= 0)",
        "r.list.all(i, i.y.all(j, j <= i.x + 1.0))",
        "r.list.map(i, i.x) == [1.0, 3.0] && r.list.exists_one(i, has(i.y) && size(i.y) == 2.0)",
        "r.list.filter(i, i.x > 1.0).all(j, j.y == [])",
        "unique_by(r.list, 'x') && r.list.all(i, i.x > 0.0)",
        "unique_by(r.a, 'x') || r.a.b == 2.0",
        "size(r.a) == 3.0",
        "r.a == {'b': 2.0, 'n': null, 't': 'tè'}",
        "r.list[1].x == r.list.filter(i, i.x > 2.0)[0].x",
        "r['a']['b'] == 2.0",
        "r.a.t.endsWith('è') && r.flag",
        "sum_of(r.list, 'x') == 4.0 && size(r) == 3",
    ],
)
def test_an_expression_gives_the_same_when_others_were_tried_before_it(text):
    expression = compiled(text, VALUES)
    alone = Scope(VALUES).evaluate(expression)
    scope = Scope(VALUES, Reading.of([expression, compiled("r.a.b == 2.0", VALUES)]))
    assert scope.holds(compiled("s.a.b == r.a.b", VALUES))
    assert scope.evaluate(expression) == alone


def test_a_changed_value_counts_from_then_on():
    expression = compiled("cents(r.a.b) + s.a.b", VALUES)
    scope = Scope(VALUES, Reading.of([expression]))
    assert scope.evaluate(expression) == 202.0
    scope.change("r", {"a": {"b": 3}})
    assert scope.evaluate(expression) == 302.0
