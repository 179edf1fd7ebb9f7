"""A finding shows the beginning and the end of what an app printed."""

from __future__ import annotations

from pgagents.report.layout import list_printed

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
FLASK = """ERROR in app: Exception on /pieces [POST]
Traceback (most recent call last):
  File "/app/.venv/lib/python3.13/site-packages/flask/app.py", line 1511, in wsgi_app
    response = self.full_dispatch_request()
  File "/app/studio.py", line 121, in add_piece
    share = 50000 // weight
            ~~~~~~^^~~~~~~~
ZeroDivisionError: integer division or modulo by zero
"POST /pieces HTTP/1.1" 500 -
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
    assert list_printed(FLASK)[1:5] == [
        "Traceback (most recent call last):",
        "… 2 more lines",
        '  File "/app/studio.py", line 121, in add_piece',
        "    share = 50000 // weight",
    ]
    assert list_printed(NODE) == [*NODE.splitlines()[:2], "… 3 more lines"]


def test_a_long_print_has_its_beginning_and_its_end() -> None:
    lines = [f"line {number}" for number in range(100)]
    assert list_printed("\n".join(lines)) == [*lines[:3], "… 85 more lines", *lines[-12:]]
    assert list_printed("one\n\ntwo\n  ^^^\n") == ["one", "two"]
