"""An expression's cost is known before it is evaluated, because the evaluator cannot be interrupted."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pgagents.base.cel import growth
from pgagents.base.cel.expression import Scope
from pgagents.base.cel.expression import compile as compiled
from pgagents.base.cel.growth import TooMuch
from pgagents.base.cel.parser import parse
from pgagents.base.cel.syntax import ExpressionError
from pgagents.catalogue.model.action import Law
from pgagents.cli.main import main
from pgagents.verify import laws
from pgagents.verify.laws import evaluate_law
from sandboxes import ROOT

SHOP = ROOT / "tests/catalogues/shop.yaml"
TENFOLD = ".map(a, a+a+a+a+a+a+a+a+a+a)"
GROWING = {
    "texts in a chain of maps": "size(['aaaaaaaaaa']" + TENFOLD * 9 + "[0]) > 0",
    "the same with a comment and a raw string": "size([r'\\']" + TENFOLD * 8 + " // )\n [0]) > 0",
    "lists in a chain of maps": "size([[1]]" + ".map(a, [a,a,a,a,a,a,a,a,a,a])" * 9 + ") > 0",
    "objects in a chain of maps": (
        "size([[1]]" + ".map(a, {'a':a,'b':a,'c':a,'d':a,'e':a,'f':a,'g':a,'h':a})" * 9 + ") > 0"
    ),
    "lists that are added": "size([[1]]" + TENFOLD * 9 + ") > 0",
    "written lists in one another": (
        "".join(f"[{','.join('1' * 70)}].all({n}, " for n in "abcdefg") + "true" + ")" * 7
    ),
    "an older name of a macro": (
        "".join(f"[{','.join('1' * 70)}].existsOne({n}, " for n in "abcdefg") + "true" + ")" * 7
    ),
}


@pytest.mark.parametrize("text", GROWING.values(), ids=GROWING)
def test_an_expression_that_grows_by_itself_does_not_compile(text: str) -> None:
    with pytest.raises(
        ExpressionError,
        match=r"^it may take more than 5,000,000 steps$|^a value that it makes may grow too large$",
    ):
        compiled(text, ())


def test_a_law_that_grows_is_one_error_at_its_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = SHOP.read_text(encoding="utf-8")
    found = re.search(r"^( +)laws:\n +[a-z-]+: ", text, re.M)
    assert found
    law = GROWING["texts in a chain of maps"]
    file = tmp_path / "shop.yaml"
    file.write_text(
        text[: found.end()] + f'"{law}"\n{found[1]}  other: ' + text[found.end() :], encoding="utf-8"
    )
    assert main(["build", str(file), "--out", str(tmp_path / "out")]) == 2
    said = capsys.readouterr().err
    assert said.count("error[") == 1
    assert f"{file}:{text[: found.end()].count(chr(10)) + 1}:" in said
    assert not (tmp_path / "out").exists()


def _items(count: int, members: int = 20) -> dict[str, Any]:
    return {"response": {"items": [{f"m{n}": "text" for n in range(members)} for _ in range(count)]}}


LAWS = {
    "a filter copies what it has for each item": (
        "size(response.items.filter(i, i == response.items[0])) == size(response.items)"
    ),
    "a map of a sum of texts": "size(response.items.map(i, i.m0 + i.m1 + i.m2)) > 0",
    "each item beside each": "response.items.all(i, response.items.all(j, i.m0 == j.m0))",
}


@pytest.mark.parametrize("text", LAWS.values(), ids=LAWS)
def test_a_law_on_much_data_is_not_begun_and_on_little_it_holds(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    law = Law("law", compiled(text, ["response"]), None, (), ())
    assert evaluate_law(law, Scope(_items(50))).outcome == "held"
    with pytest.raises(TooMuch):
        Scope(_items(20_000)).evaluate(law.that)
    monkeypatch.setattr(laws, "say_nan", None)  # looking for a reason took seven minutes
    held = evaluate_law(law, Scope(_items(20_000)))
    assert (held.outcome, held.why) == ("error", "it may take more than 5,000,000 steps")


def test_a_plain_law_on_much_data_is_judged() -> None:
    text = "response.items.all(i, i.m0 == 'text' && size(i.m1) <= 4.0) && size(response.items) == 20000.0"
    assert Scope(_items(20_000)).holds(compiled(text, ["response"]))


def test_what_changes_is_measured_anew() -> None:
    expression = compiled("response.items.all(i, response.items.all(j, i.m0 == j.m0))", ["response"])
    scope = Scope(_items(10))
    assert scope.holds(expression)
    scope.change("response", _items(20_000)["response"])
    with pytest.raises(TooMuch):
        scope.holds(expression)
    scope.change("response", _items(10)["response"])
    assert scope.holds(expression)


def test_a_quote_that_is_never_closed_takes_no_time() -> None:
    code = (
        "from pgagents.base.cel.parser import parse\nfrom pgagents.base.cel.syntax import ExpressionError\n"
        "try:\n    parse('\"' * 3 + chr(92) * 1_900)\nexcept ExpressionError:\n    print('refused')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=600
    )
    assert done.stdout == "refused\n"


VALUES = st.recursive(
    st.sampled_from([1.0, "a", "some text", "x" * 300, True, None]),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["a", "b"]), inner, max_size=2)
    ),
    max_leaves=12,
)
NAMES = ("r", "s")


def _texts(names: tuple[str, ...], depth: int) -> st.SearchStrategy[str]:
    """Expressions, most of which have a value on some data."""
    plain = st.sampled_from(
        [
            *names,
            *(f"{name}.a" for name in names),
            *(f"{name}[0]" for name in names),
            "'t'",
            "1.0",
            "[1.0, 'u']",
        ]
    )
    if not depth:
        return plain
    inner = _texts(names, depth - 1)
    own = f"v{depth}"
    body = _texts((*names, own), depth - 1)
    return st.one_of(
        plain,
        st.lists(inner, min_size=2, max_size=4).map(" + ".join),
        st.lists(inner, max_size=3).map(lambda found: f"[{', '.join(found)}]"),
        st.tuples(inner, inner).map(lambda found: f"{{'a': {found[0]}, 'b': {found[1]}}}"),
        st.tuples(inner, inner, inner).map(
            lambda found: f"({found[0]} == {found[1]} ? {found[2]} : {found[0]})"
        ),
        st.tuples(inner, body).map(lambda found: f"({found[0]}).map({own}, {found[1]})"),
        st.tuples(inner, body).map(lambda found: f"({found[0]}).filter({own}, {found[1]} == {own})"),
        inner.map(lambda found: f"string({found})"),
    )


@settings(max_examples=150)
@given(_texts(NAMES, 3), VALUES, VALUES)
def test_no_value_is_larger_than_its_bound(text: str, r: Any, s: Any) -> None:
    """Whatever the evaluator makes of an expression, the bound is at least as large."""
    values = {"r": r, "s": s}
    try:
        value = Scope(values).evaluate(compiled(text, NAMES))
    except ExpressionError:
        return
    estimate = growth._Estimate({})
    most = estimate.size(estimate.of(parse(text), {name: (None, given) for name, given in values.items()}))
    made = growth.measure(value, {})
    assert (made.weight <= most.weight, made.deep <= most.deep) == (True, True), text


FEW = "[response.a, response.b, 2.0].all(n, n > 1.0)"
"""A macro over a short list that is written out, as laws of several amounts have it."""


def test_the_work_of_a_macro_over_a_few_written_paths_is_not_estimated() -> None:
    scope = Scope({"response": {"a": 2.0, "b": 3.0}})
    law = compiled(FEW, ("response",))
    assert law.plain
    assert scope.holds(law)


@pytest.mark.parametrize(
    "text",
    [
        f"[{', '.join(['response.a'] * (growth.LONG_SUM + 1))}].all(n, n > 1.0)",
        "[response.a + response.a].all(n, n > 1.0)",
        "[[response.a]].all(n, n.all(m, m > 1.0))",
        f"[response.a].all(n, {FEW})",
    ],
    ids=["long", "made", "nested lists", "nested macros"],
)
def test_the_work_of_any_other_macro_over_a_written_list_is_estimated(text: str) -> None:
    assert not compiled(text, ("response",)).plain
