"""The YAML that an import writes says what its data say, and an edit keeps its author's comments."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pgagents.base.reading import parse
from pgagents.importer.patch import MISSING, Edit, apply_edits, patch_text, same
from pgagents.importer.text import render_yaml, scalar

STRANGE = [
    "no", "null", "12:30", "1.0", "0o7", "~", "- a", "a: b", "a #b", "x\ny", "  x\n y", "\n", "é\u2028",
    "{a}", "'", "a\tb", "# x",
    "a\n# b\n", "1.2.3", "=x", "&a",
]  # fmt: skip
TEXTS = st.one_of(st.text(max_size=12), st.sampled_from(STRANGE))
JSON = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(10**20), 10**20),
        st.floats(allow_nan=False, allow_infinity=False),
        TEXTS,
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.one_of(TEXTS, st.integers(100, 599)), inner, max_size=4),
    ),
    max_leaves=20,
)
QUICK = settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))


def sayable(value: Any) -> bool:
    """True if the reader takes it: no lone surrogates, no two keys that JSON makes one."""
    if isinstance(value, str):
        return not any("\ud800" <= c <= "\udfff" for c in value)
    if isinstance(value, dict):
        return len({str(k) for k in value}) == len(value) and all(map(sayable, [*value, *value.values()]))
    return all(map(sayable, value)) if isinstance(value, list) else True


@pytest.mark.matrix
@QUICK
@given(st.dictionaries(TEXTS, JSON, min_size=1, max_size=4).filter(sayable), st.lists(TEXTS, max_size=3))
def test_text_says_the_same_as_the_data(data: dict[Any, Any], said: list[str]) -> None:
    comments = {(key,): said for key in data} | {(): said}
    source = parse(render_yaml(data, comments))
    assert source.problems == []
    assert same(source.data, data)


@QUICK
@given(TEXTS.filter(sayable))
def test_text_of_a_scalar_is_never_taken_for_something_else(text: str) -> None:
    import yaml

    for flow in (True, False):
        shown = scalar(text, flow=flow)
        assert parse(f"[{shown}]" if flow else f"a: {shown}").data == ([text] if flow else {"a": text})
        assert yaml.safe_load(f"[{shown}]" if flow else f"a: {shown}") == ([text] if flow else {"a": text})


PLAIN = st.recursive(
    st.one_of(st.integers(0, 3), st.sampled_from(["a", "b\nc"])),
    lambda inner: st.one_of(
        st.lists(inner, max_size=2), st.dictionaries(st.sampled_from(["p", "q", "r"]), inner, max_size=3)
    ),
    max_leaves=12,
)
TREES = st.dictionaries(st.sampled_from(["one", "two", "three"]), PLAIN, min_size=1, max_size=3)


def list_edits(before: Any, after: Any, at: tuple[str | int, ...] = ()) -> Iterator[Edit]:
    """Yield edits that turn one tree into the other."""
    for key in dict.fromkeys((*before, *after)):
        here = (*at, key)
        if key not in after:
            yield Edit(here, MISSING)
        elif isinstance(before.get(key), dict) and isinstance(after[key], dict):
            yield from list_edits(before[key], after[key], here)
        elif key not in before or not same(before[key], after[key]):
            yield Edit(here, after[key])


@pytest.mark.matrix
@QUICK
@given(TREES, TREES, st.booleans())
def test_edited_text_says_the_edited_data(
    before: dict[str, Any], after: dict[str, Any], commented: bool
) -> None:
    edits = list(list_edits(before, after))
    text = render_yaml(before)
    if commented:
        text = "".join(
            f"{' ' * (len(line) - len(line.lstrip()))}# about it\n{line}" if line.endswith(":\n") else line
            for line in text.splitlines(True)
        )
    source = parse(text)
    edited = parse(patch_text(source, edits))
    assert edited.problems == []
    assert same(edited.data, apply_edits(before, edits))
    assert same(edited.data, after)


def test_edit_in_a_line_of_several_members_rewrites_that_entry_alone() -> None:
    source = parse("k:\n  a: {x: 1, w: {z: 2}} # kept?\n# of b\nb:\n  c: 1 # one\n  # of d\n  d: [1, 2]\n")
    after = patch_text(
        source, [Edit(("k", "a", "w", "z"), 3), Edit(("b", "e"), 4), Edit(("b", "c"), MISSING)]
    )
    assert (
        after == "k:\n  # kept?\n  a: {x: 1, w: {z: 3}}\n# of b\nb:\n  # one\n  # of d\n  d: [1, 2]\n  e: 4\n"
    )


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_members_added_where_several_mappings_end_stand_in_their_own(newline: str) -> None:
    text = "a:\n  # of b\n  b:\n    c: 1 # one\n".replace("\n", newline)
    for edits in (
        [Edit(("d",), 4), Edit(("a", "e"), 3), Edit(("a", "b", "f"), 2)],
        [Edit(("a", "b", "f"), 2), Edit(("a", "e"), 3), Edit(("d",), 4)],
    ):
        after = patch_text(parse(text), edits)
        assert after == "a:\n  # of b\n  b:\n    c: 1 # one\n    f: 2\n  e: 3\n\nd: 4\n".replace(
            "\n", newline
        )
