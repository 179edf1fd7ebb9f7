"""Bodies of answers are read by their media type: each kind takes some bodies, and refuses others."""

from __future__ import annotations

from typing import Any

import pytest

from pgagents.base.http import Response
from pgagents.base.places import Node, Text
from pgagents.catalogue.decoding.medium import accept_of, find, is_json, read_as
from pgagents.catalogue.model.answers import Output
from pgagents.sandbox import answers

COLUMNS = {"id": ("string",), "count": ("integer", "null"), "on": ("boolean",), "price": ("number",)}


def output(media: str, **more: Any) -> Output:
    return Output(200, Node(), Text("", ()), (), media, **more)


def read(media: str, body: bytes, told: str = "", **more: Any) -> Any:
    answer = Response(200, (("Content-Type", told or media),), body)
    found = read_as(answer, output(media, **more))
    return found.problem or found.value


@pytest.mark.parametrize(
    ("media", "name"),
    [
        ("application/json", "json"),
        ("application/geo+json; charset=utf-8", "json"),
        ("", "json"),
        ("*/*", "json"),
        ("TEXT/CSV", "csv"),
        ("text/markdown", "text"),
        ("image/svg+xml", "text"),
        ("text/event-stream", "event_stream"),
        ("image/png", "file"),
        ("application/octet-stream", "file"),
    ],
)
def test_media_type_has_one_kind(media: str, name: str) -> None:
    assert find(media).name == name
    assert is_json(media) is (name == "json")


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        (b"id,count,on,price\r\na,1,true,2.5\r\n", [{"id": "a", "count": 1, "on": True, "price": 2.5}]),
        (b'\xef\xbb\xbf"on","id"\n"FALSE","a, ""b"""\n', [{"on": False, "id": 'a, "b"'}]),
        (b"id,count,on,further\n,,,x\n", [{"id": "", "count": None, "further": "x"}]),
        (b"id\n007\n1e5\n", [{"id": "007"}, {"id": "1e5"}]),
        (b"count\nabc\n1.5\n", [{"count": "abc"}, {"count": 1.5}]),
        (b"id\n", []),
        (b"", "it has no header row"),
        (b"id,count\na\n", "row 2 has 1 cells, and the header row 2"),
        (b"id,id\na,b\n", "column 'id' stands twice in the header row"),
        (b'id\n"a\n', "it is not CSV: unexpected end of data"),
        (b"id\n\xff\n", "byte 3 is not UTF-8"),
    ],
)
def test_csv_is_rows_by_its_header(body: bytes, wanted: Any) -> None:
    assert read("text/csv", body, columns=COLUMNS) == wanted


def test_text_is_decoded_by_the_charset_that_it_names() -> None:
    assert read("text/plain", "é".encode("latin-1"), 'text/plain; charset="ISO-8859-1"') == "é"
    assert read("text/plain", "é".encode("utf-16"), "text/plain; charset=utf-16") == "é"
    assert read("text/plain", b"", "") == ""
    assert read("text/plain", "é".encode("latin-1")) == "byte 0 is not UTF-8"
    assert "is not known" in read("text/plain", b"a", "text/plain; charset=rot13")
    assert "is not known" in read("text/plain", b"a", "text/plain; charset=a\x00b")


@pytest.mark.parametrize(
    "media",
    ["image/png", "image/gif", "image/jpeg", "application/pdf", "application/zip", "application/gzip"],
)
def test_file_is_held_to_its_own_form(media: str) -> None:
    """The sandbox's smallest files are taken; an error page, nothing, and a first half are not."""
    whole = answers.write_file(media)
    assert read(media, whole) == whole.decode("latin-1")
    assert "does not begin" in read(media, b"<html>")
    assert "does not begin" in read(media, b"")
    if media not in ("application/gzip", "application/zip", "image/gif"):
        assert "cut off" in read(media, whole[: len(whole) // 2])


def test_file_of_no_known_form_may_be_anything() -> None:
    assert read("application/octet-stream", b"") == ""
    assert read("application/octet-stream", b"\xff\x00") == "\xff\x00"
    assert "does not begin as image/png" in read("image/*", b"GIF89a;", "image/png")
    assert read("image/*", b"GIF89a;", "image/gif") == "GIF89a;"
    assert read("application/pdf", b"\n\n%PDF-1.7 %%EOF") == "\n\n%PDF-1.7 %%EOF"


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        (b'event: a\ndata: {"x": 1}\n\n', [{"event": "a", "data": {"x": 1}}]),
        (
            b":hi\r\nid: 7\r\nevent:b\r\ndata: one\r\ndata: two\r\n\r\n",
            [{"event": "b", "data": "one\ntwo", "id": "7"}],
        ),
        (b"data: x\r\rdata:\n\n", [{"event": "message", "data": "x"}, {"event": "message", "data": ""}]),
        (b"retry: 5\n\nevent: a\n\n", []),
        (b"event: a\ndata: {\n\n", "event 0, `a`: its data is not JSON"),
        (b"event: a\ndata: 1\n", "its last event is not followed by an empty line"),
        (b"data: \xff\n\n", "byte 6 is not UTF-8"),
    ],
)
def test_event_stream_is_read_as_clients_read_it(body: bytes, wanted: Any) -> None:
    found = read("text/event-stream", body, events={"a": True, "b": False})
    assert (found[: len(wanted)] if isinstance(wanted, str) else found) == wanted


def test_answer_of_another_type_is_read_as_what_it_says_where_that_is_json() -> None:
    assert read("text/csv", b'{"a": 1}', "application/problem+json", columns=COLUMNS) == {"a": 1}
    assert read("application/hal+json", b'{"a": 1}', "text/plain") == {"a": 1}


def test_accept_names_the_types_of_an_action_and_json_for_its_errors() -> None:
    from language_table import model_of

    action = model_of("answer-csv").action("export_notes")
    other = model_of("answer-csv").action("list_notes")
    assert action is not None
    assert other is not None
    assert accept_of(action) == "text/csv, application/json;q=0.9"
    assert accept_of(other) == "application/json"
