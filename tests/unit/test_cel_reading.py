"""A tree answers questions about a law: each has laws of which it is true, and others that only look so."""

from __future__ import annotations

import pytest

from pgagents.base.cel.parser import parse
from pgagents.base.cel.reading import (
    applies,
    bounds_of_size,
    compares,
    filter_of,
    first_members,
    functions_of,
    list_begun_at,
    lists_in,
    members_in,
    order_of,
    paths_in,
    place_of,
    reads,
    variables_of,
)
from pgagents.base.cel.rewrite import (
    BETWEEN,
    THERE,
    criteria,
    fill,
    normal,
    pass_lists_by_path,
    pointer,
    rebuild,
    rename_size,
)
from pgagents.base.cel.syntax import print_node

X = ("input", "x")


@pytest.mark.parametrize(
    ("text", "money"),
    [
        ("cents( input.x ) == cents(response.x)", True),
        ("response.l.all(i, cents(i.p) == cents((input . x)))", True),
        ("cents(response.x) == cents(response.price * input.x)", True),
        ("cents(input.xy) == 1.0", False),
        ("cents(input.x.y) == 1.0", False),
        ('response.a == "cents(input.x)"', False),
        ("response.l.all(input, cents(input.x) == 1.0)", False),
        ("accents(input.x) == 1.0", False),
    ],
)
def test_an_argument_is_money_where_its_cents_are_computed(text: str, money: bool) -> None:
    assert applies(parse(text), "cents", X) is money


@pytest.mark.parametrize(
    ("text", "how"),
    [
        ("response.l.all(i, i.a == input.x)", "exactly"),
        ("input.x==response.a && input.y == 1", "exactly"),
        ("(input.x) == upper(response.a)", "exactly"),
        ("upper( input.x ) == response.a", "folded"),
        ("response.a == lower(input.x) || response.a == input.x", "folded"),
        ("response.a == input.x.y", ""),
        ("response.a == input.xy", ""),
        ("response.a != input.x", ""),
        ("response.a == input.x + 'b'", ""),
        ("response.l.all(input, input.x == 1)", ""),
        ('response.a == "input.x"', ""),
    ],
)
def test_a_comparison_is_of_the_whole_argument(text: str, how: str) -> None:
    assert compares(parse(text), X) == how


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("response.a == input.x", True),
        ("has(input.x.y)", True),
        ("response.l.all(i, i.a == input.x)", True),
        ("response.a == input.xy", False),
        ("response.a == 'input.x'", False),
        ("response.l.all(input, input.x)", False),
        ("response.input.x == 1", False),
    ],
)
def test_a_law_reads_an_argument_and_what_is_below_it(text: str, read: bool) -> None:
    assert reads(parse(text), X) is read


def test_paths_come_in_the_order_of_the_text_and_whole() -> None:
    tree = parse("response.a.b > before.c ? response.l[0].d : response.l.exists(i, i.e == input.f.size())")
    assert [*paths_in(tree)] == [
        ("response", "a", "b"),
        ("before", "c"),
        ("response", "l"),
        ("response", "l"),
        ("input", "f"),
    ]
    assert [*members_in(parse("a.b.c(1) + 'x.y' + d.all(e, e.f)"))] == ["b", "f"]
    assert [*variables_of(parse("b.all(a, a.c == d) || a.all(b, true)"))] == ["b", "d", "a"]
    assert [*functions_of(parse("size(a) > b.size() && has(c.d) && e.all(f, g(f))"))] == ["size", "has", "g"]


def test_lists_are_what_macros_and_functions_take() -> None:
    roots = frozenset(("response", "read"))
    text = "size(response.a) > 0 && response.b.all(i, i.c == response.d) && has(response.e) && f(read.h)"
    assert [*lists_in(parse(text), roots)] == [("response", "a"), ("response", "b"), ("read", "h")]
    assert [*lists_in(parse("(response.a == response.b)"), roots)] == []


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ('sorted_by(response.l, "a")', ("response.l", "a", False)),
        ("( sorted_down_by( response.l.map(i, {'a': i}),'a' ) )", ("response.l.map(i, {'a': i})", "a", True)),
        ('sorted_by(response.l, "a") && true', None),
        ("sorted_by(response.l, response.by)", None),
        ('!sorted_by(response.l, "a")', None),
    ],
)
def test_an_order_is_a_whole_law(text: str, order: tuple[str, str, bool] | None) -> None:
    found = order_of(parse(text))
    assert (found and (print_node(found.items), found.member, found.descending)) == order


@pytest.mark.parametrize(
    ("text", "bounds"),
    [
        ("size( response.a.b )<=input.limit", ["limit"]),
        ("input.limit >= response.a.size() && status == 200", ["limit"]),
        ("size(response.a) >= input.limit", []),
        ("size(response.a) < input.limit", []),
        ("size(input.a) <= input.limit", []),
        ("size(response.a) <= input.page.limit", []),
        ("'size(response.a) <= input.limit' == response.a", []),
    ],
)
def test_an_argument_bounds_a_list_of_the_answer(text: str, bounds: list[str]) -> None:
    assert [*bounds_of_size(parse(text))] == bounds


def test_places_have_names_and_indices() -> None:
    assert place_of(parse("response.a [ 0 ] . b['c d'][1]")) == ("response", "a", 0, "b", "c d", 1)
    assert place_of(parse("response.a[input.n]")) == ()
    assert place_of(parse("response.a()")) == ()
    assert list_begun_at(parse("(response.a.b[0])")) == ("response", "a", "b")
    assert list_begun_at(parse("response.a[1]")) == list_begun_at(parse("response.a[0.0]")) == ()
    assert list_begun_at(parse("response.a['0']")) == list_begun_at(parse("response.a[0].b")) == ()


def test_uses_of_a_variable_have_their_first_member() -> None:
    found = [*first_members(parse("'a-' + fresh.slug + f(fresh) + l.all(fresh, fresh.x)"), "fresh")]
    assert [(kind, print_node(part)) for kind, part in found] == [("slug", "fresh.slug"), ("", "fresh")]


def test_variables_are_replaced_where_they_are_free() -> None:
    assert print_node(fill("size(text) > 1 ? text : l.all(text, text)", text=parse("a + b"))) == (
        "size(a + b) > 1 ? a + b : l.all(text, text)"
    )


def test_sizes_and_lists_are_rewritten_where_they_are_called() -> None:
    tree = rebuild(
        parse("size(r.a) > 1 && 'size(b)' == r.c.size() && r.size.all(i, size(size(i)) > 0)"), rename_size
    )
    assert print_node(tree) == (
        "len_(r.a) > 1 && 'size(b)' == r.c.len_() && r.size.all(i, len_(len_(i)) > 0)"
    )
    by_path, paths = pass_lists_by_path(
        parse("len_(r.a) > 0 && r.b.all(i, unique_by(i.c, 'd') && sum_of(r.e, 'f') > len_(g))")
    )
    assert paths == (("r", "a"), ("r", "e"))
    assert print_node(by_path).replace(THERE, "@").replace(BETWEEN, "/") == (
        "len_(\"@r/a\") > 0 && r.b.all(i, unique_by(i.c, 'd') && sum_of(\"@r/e\", 'f') > len_(g))"
    )


def test_names_of_items_make_no_difference_and_what_they_hide_does() -> None:
    same = ["a.all(x, x.b.all(y, y == x))", "a.all(p, p.b.all(q, q == p))", "a.all(y, y.b.all(x, x == y))"]
    assert len({print_node(normal(parse(text))) for text in same}) == 1
    others = ["a.all(x, x.b.all(y, x == y))", "a.all(x, x.b.all(x, x == x))", "a.all(x, x.b.all(y, y == z))"]
    assert len({print_node(normal(parse(text))) for text in [same[0], *others]}) == 4


def test_conditions_of_arazzo_lead_through_any_name_that_they_can_write() -> None:
    def said(place: tuple[str | int, ...]) -> str:
        return pointer(place[1:])

    found = [
        criterion.condition if criterion else None
        for _, criterion in criteria(
            parse(
                'response["@id"] == "x" && response["a/b"]["c~d"] && response["a b"] == 1'
                ' && response["a\'b"] == 1'
                ' && response["@graph"].exists(i, i["@type"] == "T") && response["it\'s"].exists(i, i.a == 1)'
            ),
            said,
        )
    ]
    assert found == [
        "$response.body#/@id == 'x'",
        "$response.body#/a~1b/c~0d == true",
        None,
        None,
        "$['@graph'][?(@['@type'] == 'T')]",
        None,
    ]


def test_only_a_path_is_a_condition_by_itself() -> None:
    text = "true && !false && !(1 == 1) && response.a && !response.b && -response.c && 'x' && f(response.d)"
    found = [criterion.condition if criterion else None for _, criterion in criteria(parse(text), pointer_of)]
    assert found == [
        None,
        None,
        None,
        "$response.body#/a == true",
        "$response.body#/b == false",
        None,
        None,
        None,
    ]


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("size(response.l) >= 1", "$response.body#/l/0 != null"),
        ("size(response.l) > 0.0", "$response.body#/l/0 != null"),
        ("size(response.l) > 1", None),
        ("size(response.l) == 0", None),
        ("size(response) > 0", None),
        ("size(input.l) > 0", None),
        ("response.a == -1", "$response.body#/a == -1"),
        ('"it\'s" != response.a', "'it''s' != $response.body#/a"),
        ("response.a == -'x'", None),
        ("response.a + 1 == 2", None),
        ("response.a in response.b", None),
    ],
)
def test_a_comparison_is_a_condition_if_arazzo_has_both_sides(text: str, condition: str | None) -> None:
    ((_, found),) = criteria(parse(text), pointer_of)
    assert (found.condition if found else None) == condition


def pointer_of(place: tuple[str | int, ...]) -> str | None:
    return pointer(place[1:]) if place[0] == "response" else None


@pytest.mark.parametrize(
    ("text", "member", "folded"),
    [
        ("response.items.all(i, i.name == input.x)", "name", False),
        ("response.items.all(i, input.x == i.name)", "name", False),
        ("response.all(i, upper(i.name).contains(upper(input.x)))", "name", True),
        ("response.items.all(i, i.name.startsWith(input.x) && i.age > 3)", "name", False),
    ],
)
def test_filter_of_a_list_has_its_member(text: str, member: str, folded: bool) -> None:
    found = filter_of(parse(text), X)
    assert found is not None
    assert (found.member, found.folded) == (member, folded)


@pytest.mark.parametrize(
    "text",
    [
        "response.items.exists(i, i.name == input.x)",
        "response.items.all(i, i.name == input.y)",
        "response.items.all(i, i.name != input.x)",
        "input.x.all(i, i.name == input.x)",
        "response.items.all(i, i.owner.name == input.x)",
        "response.items.all(i, input.x.contains(i.name))",
        "response.items.all(i, input.x.all(t, t in i.tags))",
        "response.name == input.x",
    ],
)
def test_what_is_no_filter_of_one_member_is_none(text: str) -> None:
    assert filter_of(parse(text), X) is None
