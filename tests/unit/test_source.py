"""The reader: YAML 1.2's values, every value's place, and how a place is shown."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from pgagents.base.errors import Diagnostic, InputError, in_order, show
from pgagents.base.places import LONG_LINE, MOST_POINTER, Span
from pgagents.base.reading import TOO_DEEP, parse, read_json
from pgagents.base.text import brief, did_you_mean
from pgagents.importer.document import read

TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp", "Cn"]), max_size=12)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=20,
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"), ("on", "on"), ("y", "y"), ("12:30", "12:30"), ("010", 10), ("0o10", 8), ("0x1F", 31),
        ("1_000", "1_000"),
        ("2026-11-20", "2026-11-20"), ("1e3", 1000.0), ("1.", 1.0), (".5", 0.5), ("-1", -1), ("+1", 1),
        ("~", None), ("", None),
        ("null", None), ("True", True), ("FALSE", False), ("1.4.0", "1.4.0"), ("'1'", "1"),
        ('"true"', "true"), ("=a", "=a"),
        ("0b1", "0b1"), ("1e05", 100000.0), ("1" * 401, "1" * 401), ("|\n  a\n  b\n", "a\nb\n"),
        (">-\n  a\n  b", "a b"),
        ('"\\U0001f17f\\n"', "🅿\n"),
    ],
)  # fmt: skip
def test_scalars_are_those_of_yaml_1_2(text: str, value: Any) -> None:
    source = parse(f"k: {text}")
    assert source.problems == []
    assert source.data == {"k": value}
    assert type(source.data["k"]) is type(value)


@given(JSON)
def test_json_reads_as_itself(value: Any) -> None:
    source = parse(json.dumps(value, ensure_ascii=False))
    assert source.problems == []
    assert source.data == value
    assert repr(source.data) == repr(value)  # 1 and 1.0 and True are told apart


@given(JSON)
def test_yaml_that_another_writer_wrote_reads_as_itself(value: Any) -> None:
    source = parse(yaml.safe_dump(value, allow_unicode=False, default_flow_style=None))
    if not source.problems:  # a tag or an alias of the writer's is refused, which is fine here
        assert json.dumps(source.data) == json.dumps(value) or any(isinstance(v, str) for v in _leaves(value))


@given(JSON.filter(lambda v: isinstance(v, dict | list)), st.sampled_from([None, 2]))
def test_every_value_stands_where_its_place_says(value: Any, indent: int | None) -> None:
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    source = parse(text)
    if source.problems:
        return
    lines = text.split("\n")
    decoder = json.JSONDecoder()
    for pointer in source.pointers():
        there: Any = value
        for step in pointer:
            there = there[step]
        span = source.locate(pointer, at_value=True)
        rest = "\n".join([lines[span.line - 1][span.column - 1 :], *lines[span.line :]])
        assert decoder.raw_decode(rest)[0] == there
        key = source.locate(pointer)
        if pointer and isinstance(pointer[-1], str):
            assert decoder.raw_decode(lines[key.line - 1][key.column - 1 :])[0] == pointer[-1]


def _leaves(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [leaf for k, v in value.items() for leaf in [k, *_leaves(v)]]
    return [leaf for v in value for leaf in _leaves(v)] if isinstance(value, list) else [value]


def test_pointer_without_value_is_placed_at_its_nearest_ancestor() -> None:
    source = parse("a:\n  b: [1, 2]\n")
    assert str(source.locate(("a", "b", 7, "x"))) == "<text>:2:3"
    assert str(source.locate(("a", "b", 1))) == "<text>:2:10"
    assert str(source.locate(("z",))) == "<text>:1:1"
    assert source.has(("a", "b", 1))
    assert not source.has(("a", "b", 2))


@given(st.text(), st.binary(max_size=200))
def test_any_text_is_read_without_a_traceback(text: str, raw: bytes) -> None:
    for one in (text, raw.decode("latin-1"), raw.decode("utf-8", "surrogateescape")):
        for problem in parse(one).problems:
            assert problem.span.line >= 1
            assert problem.span.column >= 1


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_line_endings_of_any_system_count_alike(ending: str) -> None:
    source = parse(ending.join(["a: 1", "b: 2", "a: 3", ""]))
    assert [(f.id, f.span.line, f.span.column) for f in source.problems] == [("duplicate-key", 3, 1)]


@pytest.mark.parametrize("text", ["a: 1\n'a': 2\n", '200: 1\n"200": 2\n', "{a: 1, a: 2}", "0x10: 1\n16: 2\n"])
def test_one_key_in_two_spellings_stands_twice(text: str) -> None:
    assert [f.id for f in parse(text).problems] == ["duplicate-key"]


def test_did_you_mean_names_the_nearest_or_all_of_few() -> None:
    assert did_you_mean("buckt", ["bucket", "scope"]) == "did you mean `bucket`?"
    assert did_you_mean("zzz", ["bucket", "scope"]) == "known here: bucket, scope"
    assert did_you_mean("zzz", [f"k{n}" for n in range(50)]) == ""
    assert did_you_mean("x" * 10_000_000, ["x" * 10_000_000, *("a" * 21)]).startswith("known here")


@given(st.text(max_size=200))
def test_brief_is_one_printable_line(text: str) -> None:
    assert brief(text).isprintable()


def _shown(text: str, line: int, column: int) -> list[str]:
    return show(
        Diagnostic(Span("c.yaml", line, column), "x/y", "error", "what is"), parse(text, "c.yaml")
    ).splitlines()


def test_diagnostic_is_shown_with_its_line() -> None:
    one = Diagnostic(
        Span("c.yaml", 2, 4), "x/y", "error", "what is; what may be", "the next keystroke", ("source: a.b",)
    )
    assert show(one, parse("a: 1\nb: two\n", "c.yaml")) == (
        "error[x/y]: what is; what may be\n"
        "  --> c.yaml:2:4\n"
        "     |\n"
        "   2 | b: two\n"
        "     |    ^\n"
        "   = help: the next keystroke\n"
        "   = source: a.b"
    )


def test_mark_stands_under_its_character_after_tabs_and_wide_characters() -> None:
    *_, row, mark = _shown("k:\t\tv\n", 1, 5)
    assert row[mark.index("^")] == "v"
    *_, row, mark = _shown("k: {停车: x, e\u0301: 7}\n", 1, 16)
    before = row[: row.index("7")]
    assert mark.index("^") == len(before) + 2 - 1  # two wide characters, one combining one


@pytest.mark.parametrize("column", [1, 5, 50, 99, 100, 101, 500, 951, 990, 1000])
def test_long_line_is_cut_around_the_mark(column: int) -> None:
    text = "k: " + "".join(f"{n:>5}" for n in range(1, 201)) + "\n"
    *_, row, mark = _shown(text, 1, column)
    assert len(row) <= 99
    there = row[mark.index("^")]
    assert there in (text[column - 1], "…")


def test_place_past_the_end_is_shown_without_harm() -> None:
    assert _shown("a: 1\n", 1, 99)[-1].endswith("^")
    assert _shown("a: 1\n", 99, 1) == ["error[x/y]: what is", "  --> c.yaml:99:1"]


def test_diagnostics_are_sorted_by_place_and_each_once() -> None:
    a, b = Diagnostic(Span("f", 10, 1), "i", "error", "m"), Diagnostic(Span("f", 9, 2), "i", "error", "m")
    assert in_order([a, b, a]) == [b, a]


def test_diagnostic_moves_no_cursor_whatever_it_is_about() -> None:
    span = Span("a\x1b[2J.yaml", 1, 1)
    shown = show(
        Diagnostic(span, "a/b", "error", "`\x1b]0;x\x07` and \u202e", "remove \x9b", ("said of \x1b[31m",)),
        parse('"\\e": 1', span.file),
    )
    assert all(c.isprintable() or c == "\n" for c in shown)
    assert "`\\x1b]0;x\\x07` and \\x202e" in shown


@pytest.mark.parametrize("indent", [None, 2])
def test_a_place_in_json_has_its_pointer(indent: int | None) -> None:
    data = {"paths": {"/items": {"get": {"parameters": [{"name": "a~b"}, {"name": "b"}]}}}}
    source = read_json(json.dumps(data, indent=indent), "openapi.json", 100)
    assert source is not None
    span = source.locate(("paths", "/items", "get", "parameters", 1, "nothing there"))
    assert str(span) == f"{span.position} (/paths/~1items/get/parameters/1)"
    assert span.position == f"openapi.json:{span.line}:{span.column}"
    assert str(source.locate(())) == "openapi.json:1:1"
    (first, *_) = show(Diagnostic(span, "id", "error", "wrong"), source).splitlines()[1:]
    assert first == f"  --> {span}"


@pytest.mark.parametrize(("length", "named"), [(LONG_LINE, False), (LONG_LINE + 1, True)])
def test_a_place_in_a_very_long_line_of_yaml_has_its_pointer(length: int, named: bool) -> None:
    head, tail = "long: {text: ", ", b: 2}"
    text = "x" * (length - len(head) - len(tail))
    source = parse(f"short: {{a: 1}}\n{head}{text}{tail}\n", "a.yaml")
    assert source.locate(("long", "b")).pointer == ("/long/b" if named else "")
    assert str(source.locate(("short", "a"))) == "a.yaml:1:9"


def test_a_long_pointer_is_cut_and_has_no_control_character() -> None:
    source = parse(json.dumps({"a\x1b[2J": {"b" * 1000: 1}}), "a.json")
    span = source.locate(("a\x1b[2J", "b" * 1000))
    assert str(span).isprintable()
    assert len(span.pointer) < MOST_POINTER + 10


@pytest.mark.parametrize(
    ("text", "pointer"),
    [
        ('{"a": {"b": 1, "b": 2}}', "/a/b"),
        ('{"a": [{"c": 0}, {"b": 1, "b": 2}]}', "/a/1/b"),
        ('{"a": [1, [2, &x 3]]}', "/a/1/1"),
        ('{"a": {"b": {"c": &x {}}}}', "/a/b/c"),
    ],
)
def test_a_problem_of_json_has_its_pointer(text: str, pointer: str) -> None:
    (problem,) = parse(text, "a.json").problems
    assert problem.span.pointer == pointer


def test_places_that_differ_in_the_pointer_alone_are_one() -> None:
    assert Span("a", 1, 2, "/x") == Span("a", 1, 2)


# -- depth
# --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("foreign", [False, True])
@pytest.mark.parametrize(
    "nest",
    [
        lambda levels: "[" * levels + "]" * levels,
        lambda levels: '{"a":' * levels + "1" + "}" * levels,
        lambda levels: "".join(f"{' ' * level}a:\n" for level in range(levels)),
        lambda levels: "- " * levels + "a",
    ],
    ids=["JSON lists", "JSON objects", "YAML mappings", "YAML lists"],
)
def test_a_hundred_levels_are_read_and_one_more_is_too_deep(
    nest: Callable[[int], str], foreign: bool
) -> None:
    """PyYAML 6.0.4 has no events for more than 1,000 levels in brackets: libyaml refuses them itself."""
    assert not parse(nest(100), foreign=foreign).problems
    for levels in (101, 1_001, 3_000):
        (only,) = parse(nest(levels), foreign=foreign).problems
        assert (only.id, only.message) == ("too-deep", TOO_DEEP), levels


@pytest.mark.parametrize("opened", ['{"a":', '{"a":\n'], ids=["on one line", "on lines"])
def test_a_document_of_others_has_the_same_bound(opened: str) -> None:
    assert read((opened * 99 + "{}" + "}" * 99).encode(), "doc", "doc").data
    with pytest.raises(InputError) as raised:
        read((opened * 100 + "{}" + "}" * 100).encode(), "doc", "doc")
    assert [one.message for one in raised.value.diagnostics] == [TOO_DEEP]
