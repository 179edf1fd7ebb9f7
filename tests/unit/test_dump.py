"""One document in two forms is one document, whoever reads it."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from pgagents.base.reading import parse
from pgagents.base.writing import to_json, to_yaml

ODD = [
    '', ' ', 'no', 'No', 'y', 'on', 'null', '~', 'true',
    '12:30', '2026-01-01', '2026-01-01T00:00:00Z', '1e5', '1e-05', '0o10', '010', '0x1F', '1_000',
    '+1', '-', '- a', '?', '? a', ':', 'a: b', 'a:', 'a #b',
    'a#b', '#a', '=', '<<', '&a', '*a', '!a', '%a', '@a',
    '`a', "'a'", '"a"', '[a]', '{a}', 'a, b', '|', '>', '.inf',
    '.nan', 'NaN', '---', '...', 'a\n', '\na', 'a\nb', ' a\nb', 'a \nb',
    'a\n\n', 'a\r\nb', '\t', 'a\tb', '\x7f', '\x85', '\xa0', '\u2028', '\u2029',
    '\ufeff', 'a\ufeffb', '\x00', '\x1b[0m', '\U0001f600', '\xe9', "a" * 200, "x" * 2000, "a: " * 60,
    '//', '/a/{b}', '$ref', 'http://a.b/c#d', '\\', '\\n', 'a\\', 'a  b', 'a ',
    '-1.0e-5', '1.', '.5', '0b1', '12e03', '685_230.15', '190:20:30', 'a\n  b\n c', '\ud7ff',
    '\ue000', '\ufffd', '\uffff', '\U0010ffff',
]  # fmt: skip

texts = st.text(st.characters(exclude_categories=["Cs"])) | st.sampled_from(ODD)
numbers = st.integers(-(10**20), 10**20) | st.floats(allow_nan=False, allow_infinity=False)
documents = st.recursive(
    texts | numbers | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


def _readings(data: Any) -> dict[str, Any]:
    text = to_yaml(data).decode()
    return {
        "YAML 1.1 in C": yaml.load(text, Loader=yaml.CSafeLoader),
        "YAML 1.1 in Python": yaml.safe_load(text),
        "YAML 1.2": parse(text).data,
        "JSON": json.loads(to_json(data)),
    }


def _same(a: Any, b: Any) -> bool:
    return repr(a) == repr(b)  # tells 1 from 1.0 and from True


@pytest.mark.parametrize("text", ODD, ids=ascii)
def test_a_text_is_itself_to_every_reader(text: str) -> None:
    for reader, value in _readings({"value": text, "in": [text]}).items():
        assert value == {"value": text, "in": [text]}, reader


@pytest.mark.parametrize("text", ODD, ids=ascii)
def test_a_key_is_itself_to_every_reader(text: str) -> None:
    for reader, value in _readings({text: {text: 1}}).items():
        assert value == {text: {text: 1}}, reader


@pytest.mark.parametrize(
    "number", [0, -1, 8.0, 0.1, 1e-05, 1.5e-07, 1e16, 1e300, -0.0, 5e-324, 10**25], ids=repr
)
def test_a_number_is_itself_to_every_reader(number: float) -> None:
    for reader, value in _readings([number]).items():
        assert _same(value, [number]), reader


@pytest.mark.matrix
@settings(max_examples=500, deadline=None)
@given(documents)
def test_both_forms_hold_the_same_data_for_every_reader(data: Any) -> None:
    for reader, value in _readings(data).items():
        assert _same(value, data), reader


@settings(max_examples=200, deadline=None)
@given(documents)
def test_writing_what_was_read_gives_the_same_bytes(data: Any) -> None:
    assert to_yaml(yaml.load(to_yaml(data), Loader=yaml.CSafeLoader)) == to_yaml(data)
    assert to_json(json.loads(to_json(data))) == to_json(data)


def test_yaml_reads_well() -> None:
    data = {
        "openapi": "3.1.0",
        "paths": {"/lots/{lot_id}": {"get": {"summary": "Find parking – near a point", "tags": []}}},
        "text": "Two\nlines",
        "answers": [{"200": {"description": "A: b"}}],
        "$ref": "#/components",
    }
    assert to_yaml(data).decode() == (
        'openapi: "3.1.0"\n'
        "paths:\n"
        "  /lots/{lot_id}:\n"
        "    get:\n"
        "      summary: Find parking – near a point\n"
        "      tags: []\n"
        "text: |-\n"
        "  Two\n"
        "  lines\n"
        "answers:\n"
        '- "200":\n'
        '    description: "A: b"\n'
        '$ref: "#/components"\n'
    )


@given(documents)
def test_json_is_what_the_standard_library_writes_with_an_indent(data: Any) -> None:
    """Characters that act on whoever shows the file are written as escapes, for the same value."""
    written = to_json(data).decode()
    assert json.loads(written) == data
    bare = re.sub(
        "[\x7f-\x9f\u2028-\u202e\u2066-\u2069]",
        lambda found: f"\\u{ord(found[0]):04x}",
        json.dumps(data, indent=2, ensure_ascii=False),
    )
    assert written == bare + "\n"
