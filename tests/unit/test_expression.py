"""CEL behind its one module: bounds, helpers that never raise, money to the cent."""

from __future__ import annotations

import inspect
import json
import math
import subprocess
import sys
import weakref
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lengths import tried
from pgagents.base.cel import functions
from pgagents.base.cel.expression import Scope
from pgagents.base.cel.expression import compile as compiled
from pgagents.base.cel.functions import HELPERS, cents, epoch
from pgagents.base.cel.parser import MAX_CHARS
from pgagents.base.cel.reading import place_of
from pgagents.base.cel.syntax import ExpressionError

ODD: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from([10**400, "id", "2026-11-20T00:00Z"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["id", "lat", "lng", "a"]), inner, max_size=3)
    ),
    max_leaves=8,
)


def evaluate(text: str, **values: Any) -> Any:
    return Scope(values).evaluate(compiled(text, values))


def refusal(text: str, **values: Any) -> str:
    """Why it does not compile or cannot be evaluated; empty where it can."""
    try:
        evaluate(text, **values)
    except ExpressionError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("name", HELPERS)
@tried(25, 100, st.data())
def test_helper_never_raises(name: str, data: st.DataObject) -> None:
    """One that raises prints a line on stderr by itself and ends the law."""
    helper = HELPERS[name]
    arguments = [data.draw(ODD) for _ in inspect.signature(helper).parameters]
    assert repr(helper(*arguments)) == repr(helper(*arguments))


@settings(max_examples=40)
@given(st.sampled_from(sorted(HELPERS)), st.data())
def test_helper_called_from_a_law_raises_nothing_but_our_error(name: str, data: st.DataObject) -> None:
    count = len(inspect.signature(HELPERS[name]).parameters)
    values = {f"v{i}": data.draw(ODD) for i in range(count)}
    assert "\n" not in refusal(f"{name}({', '.join(values)})", **values)


def test_money_is_half_up_to_the_cent_over_the_grid_of_rates_and_hours() -> None:
    """Every rate to 20 dollars in steps of 5 cents, every parking time to 24 h in hundredths, against
    decimal arithmetic.
    """
    wrong = []
    for rate_cents in range(5, 2_001, 5):
        rate = rate_cents / 100
        for hundredths in range(1, 2_401, 7):
            exact = (Decimal(rate_cents) * Decimal(hundredths) / 10_000).quantize(
                Decimal("0.01"), ROUND_HALF_UP
            )
            if cents(rate * (hundredths / 100)) != float(exact * 100):
                wrong.append((rate, hundredths / 100))
    assert wrong == []


@given(st.integers(0, 10**7), st.integers(0, 100))
def test_share_of_an_amount_is_half_up(amount_cents: int, percent: int) -> None:
    exact = (Decimal(amount_cents) * percent / 10_000).quantize(Decimal("0.01"), ROUND_HALF_UP)
    assert cents(amount_cents / 100 * (percent / 100)) == float(exact * 100)


def test_published_sums_hold() -> None:
    assert evaluate("cents(6.0 * 4.02) == cents(24.12)") is True
    assert evaluate("cents(24.12 * 0.9) == cents(21.71)") is True
    assert evaluate("cents(3.50 * 2.0) == cents(7.0)") is True


def test_amounts_may_be_decimal_texts() -> None:
    assert evaluate('cents("41.28") == 4128.0 && cents("-0.5") == -50.0') is True
    assert evaluate('cents(sum_of([{"price": "12.35"}, {"price": 0.33}], "price")) == 1268.0') is True
    assert evaluate('near("1.50", 1.5, 0.001)') is True
    assert evaluate('cents("1e3") == 100000.0 || cents("12 EUR") == 1200.0 || cents("") == 0.0') is False


@pytest.mark.parametrize(
    ("text", "values", "result"),
    [
        ("size(r.items) <= input.limit", {"r": {"items": [1, 2]}, "input": {"limit": 2}}, True),
        ("size(r.items) == 2", {"r": {"items": [1, 2]}}, True),
        ("size('a)b') + 1.0", {}, 4.0),
        ("n == 5", {"n": 5}, True),
        ("n * 2.0", {"n": 5}, 10.0),
        ("has(r.a) && r.a", {"r": {}}, False),
        ("r.all(x, x.a > 0)", {"r": []}, True),
        ("sorted_by(r, 'd')", {"r": [{"d": 1}, {"d": 1}, {"d": 3}]}, True),
        ("sorted_by(r, 'd')", {"r": [{"d": 1}, {"d": None}]}, False),
        ("sorted_down_by(r, 'd')", {"r": [{"d": 3}, {"d": 1}]}, True),
        ("unique_by(r, 'd')", {"r": [{"d": 3}, {"d": 3}]}, False),
        ("sum_of(r, 'd')", {"r": [{"d": 0.1}] * 10}, 1.0),
        ("first(alnum(upper('sess_01HXYZ')), 8)", {}, "SESS01HX"),
        ("file_size('data:image/png;name=a.png;base64,iVBORw==')", {}, 4.0),
        ("file_type('data:Image/PNG;base64,iVBORw==')", {}, "image/png"),
        ("file_type('data:image/png;base64,iVBORſ==')", {}, None),
        ("file_type('no file')", {}, None),
        ("file_size('é')", {}, 2.0),
        ("sha256('data:text/plain;base64,aGVsbG8=') == sha256('hello')", {}, True),
        ("first(sha256('hello'), 8)", {}, "2cf24dba"),
        ("ceil(2.0000000001)", {}, 2.0),
        ("floor(1.9999999999)", {}, 2.0),
        ("least(r.cap, 3.0)", {"r": {"cap": None}}, 3.0),
        ("near(1.0, 1.4, 0.5)", {}, True),
        ("r == null", {"r": None}, True),
        ("r == 'a'", {"r": None}, False),
        ('r["@id"] == "x"', {"r": {"@id": "x"}}, True),
        ('r["a.b"]["in"] == 1 && r["*"] == 2', {"r": {"a.b": {"in": 1}, "*": 2}}, True),
        ('has(r["@id"]) || has(r["größe x"])', {"r": {"größe x": None}}, True),
        ('has(r["@id"]) && r["@id"] == ""', {"r": {}}, False),
        ('unique_by(r["@graph"], "@id")', {"r": {"@graph": [{"@id": 1}, {"@id": 1}]}}, False),
        ('sum_of(r["a.b"]["c.d"], "e f")', {"r": {"a.b": {"c.d": [{"e f": 2}, {"e f": 3}]}}}, 5.0),
        ('r["@graph"].all(x, x["2fa"])', {"r": {"@graph": [{"2fa": True}, {"2fa": False}]}}, False),
    ],
)
def test_laws_read_json_as_people_expect(text: str, values: dict[str, Any], result: Any) -> None:
    assert evaluate(text, **values) == result


def test_distance_is_that_of_the_great_circle() -> None:
    assert evaluate("distance_km(a, b)", a={"lat": 0, "lng": 0}, b={"lat": 0, "lng": 180}) == pytest.approx(
        math.pi * 6371.0088
    )
    assert evaluate(
        "distance_km(a, b)", a={"lat": 90, "lng": 17}, b={"lat": -90, "lng": -5}
    ) == pytest.approx(math.pi * 6371.0088)


def test_epoch_wants_an_offset() -> None:
    assert epoch("1970-01-02T00:00:00Z") == 86_400
    assert epoch("1970-01-02T01:00:00+01:00") == 86_400
    assert math.isnan(epoch("1970-01-02T00:00:00"))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("inptu.limit > 1", "`inptu` is not known here; known: input"),
        ("celi(input.a) > 1", "`celi()` is not a function here; known: alnum, "),
        ("input.a >", "at character 10: Syntax error"),
        ("", "at character 1"),
        ("size(input.a) == size(input.b) == ", "at character 35"),
        ("input.a" + " || input.a" * 400, "at most 2,000 are allowed"),
        ("(" * 31 + "1" + ")" * 31, "brackets are nested 31 deep; at most 30 are allowed"),
    ],
)
def test_expression_that_does_not_compile_says_why(text: str, says: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        compiled(text, ["input"])
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_whole_number_in_arithmetic_is_told_how_to_be_written() -> None:
    with pytest.raises(ExpressionError, match="numbers are doubles here") as caught:
        evaluate("n * 2", n=5)
    assert caught.value.help == "write `2.0`"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a < n", "an operator or a function got a value of a type that it does not take, as in `text < 3`"),
        ("a + n == 2.0", "`+` got string and float"),
        (
            "a && true",
            "an operator or a function got a value of a type that it does not take, as in `text < 3`",
        ),
    ],
)
def test_value_of_a_wrong_type_is_told_in_a_sentence(text: str, says: str) -> None:
    assert refusal(text, a="x", n=1) == says


def test_missing_member_and_value_that_is_no_condition_are_errors() -> None:
    with pytest.raises(ExpressionError, match="there is no member"):
        evaluate("r.a.b == 1", r={"a": {}})
    with pytest.raises(ExpressionError, match="not true or false"):
        Scope({"n": 1}).holds(compiled("n", ["n"]))


def test_long_list_in_nested_macros_is_refused_instead_of_tried() -> None:
    long = {"r": [{"a": n} for n in range(2_000)]}
    assert evaluate("r.all(x, x.a >= 0)", **long) is True
    with pytest.raises(ExpressionError, match="more than 5,000,000 steps"):
        evaluate("r.all(x, r.all(y, r.all(z, x.a + y.a + z.a >= 0)))", **long)


def test_deep_data_is_refused() -> None:
    deep: Any = 1
    for _ in range(500):
        deep = [deep]
    with pytest.raises(ExpressionError, match="nested more than 100 levels deep"):
        evaluate("r == 1", r=deep)


SHAPES = {
    "brackets": "(" * 950 + "1" + ")" * 950,
    "brackets behind a raw string": r"r'\'+" + "(" * 900 + "1" + ")" * 900 + "+'a'",
    "lists behind a raw string": r"r'\'+" + "[" * 900 + "]" * 900 + "+'a'",
    "nots": "!" * (MAX_CHARS - 4) + "true",
    "minuses": "-" * (MAX_CHARS - 1) + "1",
    "members": "r" + ".a" * 900,
    "indexes": "r" + "[0]" * 600,
    "sums": "1" + "+1" * 900,
    "questions": "true?1:" * 280 + "1",
    "conditions": "true" + "&&true" * 280,
    "comment": "//" + "(" * 1_900,
    "open quote": "'" + "\\" * 1_900,
    "control characters": "\x00\x01\ud7ff",
}
TRY = """
import json, sys
from pgagents.base.cel.expression import ExpressionError, compile
from pgagents.base.cel.expression import Scope
for text in json.load(sys.stdin):
    try:
        Scope({"r": {"a": 1}}).evaluate(compile(text, ["r"]))
    except ExpressionError as error:
        assert "\\n" not in str(error)
print("done")
"""


def test_hostile_expression_ends_in_a_message() -> None:
    """In a process of its own: where the parser ran out of stack, nothing could be caught."""
    texts = json.dumps(list(SHAPES.values()))
    done = subprocess.run(
        [sys.executable, "-c", TRY], input=texts, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "done\n", "")


@given(st.text(alphabet="r.a[]()'\"\\!&|?:<>=+-*/ 01{},\n", max_size=40))
def test_any_text_compiles_or_says_why(text: str) -> None:
    assert "\n" not in refusal(text, r={}, a=1)


def test_text_with_half_a_surrogate_pair_is_no_crash() -> None:
    assert evaluate("r.a == 'a'", r={"a": "\ud800", "\udfff": 1}) is False


def test_a_scope_is_let_go_with_what_it_holds() -> None:
    """The evaluator holds our functions, and is nothing that Python's collector looks into."""
    scope = Scope({"response": {"list": [1, 2, 3]}})
    assert scope.holds(
        compiled('size(response.list) == 3 && unique_by(response.list, "id") == false', ["response"])
    )
    gone = weakref.ref(scope)
    del scope
    assert gone() is None


@pytest.mark.parametrize("value", [[1, 2], [], "äö", {"a": 1}, 7, None])
def test_a_list_at_a_plain_path_is_read_as_any_other(value: object) -> None:
    """The function gets its path instead of a copy; where it is none, or is not there, nothing differs."""
    at_path, copied = ("size(response.value) == 2.0", "[response.value].all(v, size(v) == 2.0)")
    scope = Scope({"response": {"value": value}})
    assert (
        scope.holds(compiled(at_path, ["response"]))
        == scope.holds(compiled(copied, ["response"]))
        == (value in ([1, 2], "äö"))
    )
    with pytest.raises(ExpressionError, match="there is no member 'other'"):
        scope.holds(compiled("size(response.other) == 2.0", ["response"]))
    assert scope.holds(compiled("has(response.other) && size(response.other) == 2.0 || true", ["response"]))
    scope.change("response", {"value": [1, 2]})
    assert scope.holds(compiled(at_path, ["response"]))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("r.items[-1].id", "c"),
        ("r.items[-3].id", "a"),
        ("r.items.filter(i, i.n < 3)[-1].id", "b"),
        ("size(r.items) > 0 && r.items[-1].n == 3", True),
        ("r.rows[-1][-2]", 1.0),
        ("r.items.map(i, r.rows[-1][-1])[-1]", 2.0),
    ],
)
def test_index_may_count_from_the_end(text: str, expected: object) -> None:
    data = {"items": [{"id": "a", "n": 1}, {"id": "b", "n": 2}, {"id": "c", "n": 3}], "rows": [[1, 2]]}
    assert Scope({"r": data}).evaluate(compiled(text, {"r"})) == expected


@pytest.mark.parametrize("text", ["r.items[-4]", "r.none[-1]", "r[-1]"])
def test_index_from_the_end_of_too_short_a_list_is_an_error(text: str) -> None:
    with pytest.raises(ExpressionError):
        Scope({"r": {"items": [1, 2, 3], "none": []}}).evaluate(compiled(text, {"r"}))


def test_place_of_an_index_from_the_end_is_negative() -> None:
    assert place_of(compiled("r.items[-2].id", {"r"}).tree) == ("r", "items", -2, "id")


@pytest.mark.parametrize(("count", "kept"), [("2.0", "cd"), ("0.0", ""), ("9.0", "abcd"), ("-1.0", "")])
def test_last_takes_so_many_characters_from_the_end(count: str, kept: str) -> None:
    assert functions.last("abcd", float(count)) == kept
    assert functions.last(None, float(count)) is None
    assert functions.last("abcd", "2") is None
