"""A finding shows an excerpt of a long answer."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pgagents.report.layout import excerpt, list_printed

LOTS = {
    "lots": [
        {
            "id": f"lot_{n}",
            "name": "x" * 30,
            "rate": 8.0,
            "distance_km": n / 10,
            "place": {"lat": 1.0, "lng": 2.0},
        }
        for n in range(10)
    ],
    "total": 10,
}


def said(value: Any, *words: str, most: int = 600) -> str:
    return excerpt(json.dumps(value).encode(), frozenset(words), most)


def test_named_members_are_shown_and_the_others_are_not() -> None:
    assert said({"session": {"id": "s", "x": "y" * 600, "fee": 1.5, "plate": "p"}}, "session", "fee") == (
        '{"session":{"id":"s",…,"fee":1.5,…}}'
    )


def test_items_are_told_apart_by_their_first_member() -> None:
    shown = said(LOTS, "lots", "distance_km", most=900)
    assert shown.startswith(
        '{"lots":[{"id":"lot_0",…,"distance_km":0.0,…},{"id":"lot_1",…,"distance_km":0.1,…}'
    )
    assert shown.endswith(",… 2 more],…}")
    assert said(LOTS, "lat", most=900).count('"lat":1.0') == 8


def test_named_object_is_shown_whole_where_nothing_in_it_is_named() -> None:
    shown = said({"x": ["z" * 600], "session": {"id": "s", "list": [1, 2]}}, "session")
    assert shown == '{…,"session":{"id":"s","list":[1,2]}}'


def test_long_text_is_cut() -> None:
    shown = said({"message": "z" * 900, "code": "A"}, "message", "code", most=600)
    assert shown.endswith(',"code":"A"}')
    assert len(shown) < 250


def test_short_answers_and_those_without_a_named_member_are_left_to_others() -> None:
    assert said({"fee": 1}, "fee") == ""
    assert said(LOTS, "status") == ""
    assert excerpt(b"<html>" * 200, frozenset({"html"}), 100) == ""
    assert excerpt(b'{"a":1,"a":2}' + b" " * 700, frozenset({"a"}), 600) == ""


@given(
    st.recursive(
        st.none() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    ),
    st.integers(20, 90),
)
def test_excerpt_is_one_short_line_that_cannot_steer_a_terminal(value: Any, most: int) -> None:
    shown = said({"a": value, "b": "x" * 100}, "b", "a", most=most)
    assert "\n" not in shown
    assert "\x1b" not in shown
    assert shown == "" or len(shown.replace("\\x", "")) <= 5 * most


PYTHON = """INFO: "GET /notes?after= HTTP/1.1" 500
ERROR: Exception
Traceback (most recent call last):
  File "/app/.venv/lib/python3.13/site-packages/uvicorn/protocols.py", line 409, in run
    result = await app(
             ^^^^^^^^^^
  File "/usr/lib/python3.13/asyncio/runners.py", line 7, in run
    return self.result
  File "/app/notes.py", line 18, in list_notes
    return [note for note in notes if note.id > int(after)]
                                                ~~~^^^^^^^
ValueError: invalid literal for int() with base 10: ''
"""
NODE = """TypeError: Cannot read properties of undefined (reading 'id')
    at show (/app/notes.js:7:12)
    at Layer.handle (/app/node_modules/express/lib/router/layer.js:95:5)
    at next (/app/node_modules/express/lib/router/route.js:149:13)
    at process.processTicksAndRejections (node:internal/process/task_queues:95:5)
"""


def test_what_an_app_printed_is_shown_without_its_libraries() -> None:
    assert list_printed(PYTHON)[2:] == [
        "Traceback (most recent call last):",
        "… 4 more lines",
        '  File "/app/notes.py", line 18, in list_notes',
        "    return [note for note in notes if note.id > int(after)]",
        "ValueError: invalid literal for int() with base 10: ''",
    ]
    assert list_printed(NODE) == [*NODE.splitlines()[:2], "… 3 more lines"]


def test_a_long_print_has_its_beginning_and_its_end() -> None:
    lines = [f"line {number}" for number in range(100)]
    assert list_printed("\n".join(lines)) == [*lines[:3], "… 85 more lines", *lines[-12:]]
    assert list_printed("one\n\ntwo\n  ^^^\n") == ["one", "two"]
