"""The sandbox decodes every call by code of its own, and each value comes back as it was."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from language_table import model_of, rows
from pgagents.base.http import Request
from pgagents.catalogue.encoding.medium import File, find_problem, parse_url
from pgagents.catalogue.encoding.request import MAX_NESTED, pairs, unsendable
from pgagents.catalogue.model.action import Action, FileLimits, Param
from pgagents.catalogue.model.model import Model
from pgagents.client.send import request_of
from pgagents.diff.compare import compare
from pgagents.sandbox.decode import Arguments, Decoder, Problem

KINDS = ("form-body", "form-nested", "multipart", "text-body")
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30)


def decoded(model: Model, name: str, arguments: dict[str, Any]) -> Any:
    """The arguments that the sandbox reads of a call; a text if it refuses it."""
    action = find_action(model, name)
    request = request_of(action, arguments)
    found = Decoder(model).request(action, request, {})
    return dict(found.values) if isinstance(found, Arguments) else found.message


def find_action(model: Model, name: str) -> Action:
    action = model.action(name)
    assert action is not None
    return action


@settings(max_examples=60, deadline=None)
@given(text=TEXTS, stars=st.integers(-9, 5), tags=st.lists(TEXTS, min_size=1, max_size=9))
def test_form_comes_back_as_it_was(text: str, stars: int, tags: list[str]) -> None:
    sent = {"text": text, "stars": stars, "tags": tags}
    assert decoded(model_of("form-body"), "create_note", sent) == sent


@settings(max_examples=60, deadline=None)
@given(city=TEXTS, rooms=st.lists(st.integers(), min_size=1, max_size=3))
def test_nested_form_comes_back_as_it_was(city: str, rooms: list[int]) -> None:
    sent = {"text": "a", "place": {"city": city, "rooms": rooms}}
    assert decoded(model_of("form-nested"), "create_note", sent) == sent


@settings(max_examples=60, deadline=None)
@given(text=TEXTS, data=st.binary(max_size=200))
def test_file_comes_back_byte_for_byte(text: str, data: bytes) -> None:
    sent = {"text": text, "page": File("application/x-odd", data).url}
    assert decoded(model_of("multipart"), "create_note", sent) == sent


@settings(max_examples=60, deadline=None)
@given(tags=st.lists(TEXTS.filter(lambda t: len(t) <= 20), min_size=1, max_size=5))
def test_list_in_one_text_comes_back_as_it_was(tags: list[str]) -> None:
    assert decoded(model_of("query-list"), "list_notes", {"tags": tags}) == {"tags": tags}


@settings(max_examples=60, deadline=None)
@given(
    body=st.binary(max_size=300), kind=st.sampled_from(["form-body", "form-nested", "multipart", "text-body"])
)
def test_odd_body_is_read_or_refused(body: bytes, kind: str) -> None:
    model = model_of(kind)
    action = find_action(model, "rewrite_note" if kind == "text-body" else "create_note")
    headers = (("Content-Type", f"{action.content_type}; boundary=x"),)
    framed = b"--x\r\n" + body + b"\r\n--x--" if kind == "multipart" else body
    found = Decoder(model).request(action, Request("POST", "/notes", headers, framed), {"note_id": "n"})
    assert isinstance(found, Arguments | Problem)


@pytest.mark.parametrize(
    "body",
    [
        b"place" + b"[a]" * 500 + b"=1",
        b"&".join(b"place[rooms][]=1" for _ in range(2_000)),
        b"text=a&place[city]=x&place[city][a]=y",
        b"text=%ff",
    ],
)
def test_hostile_form_is_refused(body: bytes) -> None:
    model = model_of("form-nested")
    headers = (("Content-Type", "application/x-www-form-urlencoded"),)
    request = Request("POST", "/notes", headers, body)
    assert isinstance(Decoder(model).request(find_action(model, "create_note"), request, {}), Problem)


def _param(style: str, *, explode: bool = True) -> Param:
    found = find_action(model_of("form-nested"), "create_note").param("place")
    assert found is not None
    return Param(found.name, "p", "query", False, found.schema, None, (), style=style, explode=explode)


@pytest.mark.parametrize(
    ("style", "explode", "value", "wanted"),
    [
        ("form", True, ["a b", "c&d"], "p=a%20b&p=c%26d"),
        ("form", False, ["a,b", "c"], "p=a%2Cb,c"),
        ("spaceDelimited", False, ["a", "b"], "p=a%20b"),
        ("pipeDelimited", False, ["a", "b"], "p=a%7Cb"),
        ("form", True, {"R": 100, "G": True}, "R=100&G=true"),
        ("form", False, {"R": 100, "G": 2.0}, "p=R,100,G,2"),
        ("deepObject", True, {"a": {"b": [1, 2]}}, "p%5Ba%5D%5Bb%5D%5B%5D=1&p%5Ba%5D%5Bb%5D%5B%5D=2"),
        ("deepObject", True, [{"x": 1}], "p%5B0%5D%5Bx%5D=1"),
        ("form", True, [], ""),
    ],
)
def test_styles_are_those_of_openapi(style: str, explode: bool, value: Any, wanted: str) -> None:
    assert "&".join(f"{k}={v}" for k, v in pairs(_param(style, explode=explode), value)) == wanted


def test_value_without_a_form_says_why() -> None:
    assert unsendable(_param("spaceDelimited", explode=False), ["a b"])
    assert unsendable(_param("pipeDelimited", explode=False), ["a|b"])
    assert unsendable(_param("form"), [["a"]])
    assert unsendable(_param("form"), [None])
    assert unsendable(_param("deepObject"), {"a": []})
    nested: Any = "x"
    for _ in range(MAX_NESTED + 2):
        nested = {"a": nested}
    assert unsendable(_param("deepObject"), nested)
    assert not unsendable(_param("deepObject"), {"a": [{"b": "|, "}]})


def test_data_url_is_a_file_or_nothing() -> None:
    assert parse_url("data:image/png;name=a%20b.png;base64,AAE=") == File("image/png", b"\x00\x01", "a b.png")
    for text in ("data:image/png,AAE=", "data:;base64,AAE=", "AAE=", "data:image/png;base64,A*E=", None, 5):
        assert parse_url(text) is None
    limits = FileLimits(("image/png",), 2)
    assert find_problem(limits, "data:image/png;base64,AAE=") == ""
    assert "3 bytes" in find_problem(limits, "data:image/png;base64,AAEC")
    assert "image/gif" in find_problem(limits, "data:image/gif;base64,AAE=")
    assert "data URL" in find_problem(limits, "AAE=")


def _changed(id: str, say: str) -> set[tuple[str, str]]:
    from pgagents.catalogue.load import load_text

    new = load_text(rows()[id].text(yaml.safe_load(say)), "notes.yaml")
    return {(change.id, change.severity) for change in compare(model_of(id), new)}


@pytest.mark.parametrize(
    ("id", "say", "change"),
    [
        ("form-body", "actions: {create_note: {content_type: multipart/form-data}}", "body-type"),
        ("query-list", "actions: {list_notes: {input: {tags: {explode: true}}}}", "argument-style"),
        ("constant-headers", "api: {request_headers: {Notes-Version: '2027-01-01'}}", "request-headers"),
    ],
)
def test_other_way_to_send_is_a_breaking_change(id: str, say: str, change: str) -> None:
    assert (change, "breaking") in _changed(id, say)
