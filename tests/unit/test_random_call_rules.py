"""Random calls: the arguments that may have any value, and the way to a smaller call."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from pgagents.base.http import Request, Response
from pgagents.catalogue.model.model import Model
from pgagents.verify.cases import generated
from pgagents.verify.cases.as_sent import is_invalid, is_sendable
from pgagents.verify.cases.generated import DrawnCall, find_wrong, list_drawn_calls, shrink
from pgagents.verify.fixtures.request_template import ordinary, template_of
from pgagents.verify.setting import Setting, setting_of
from pgagents.verify.values.generators import random_values
from pgagents.verify.wire.asking import answering
from pgagents.verify.wire.call import Call
from pgagents.verify.wire.exchange import Exchange
from small_api import URL, with_resource

CHANGE = """\
    input:
      note_id: {type: string, minLength: 1, maxLength: 40, required: true, refers_to: note}
"""
TEXT = "{text: {type: string, minLength: 1, maxLength: 40, required: true}}"
ARGUMENTS = """\
    if_match: tag
    idempotency: once
    either: [[word], [link]]
    errors: [NOT_FOUND, REFUSED, STALE, MISMATCH]
    input:
      note_id: {type: string, minLength: 1, maxLength: 40, required: true, refers_to: note}
      tag: {type: string, in: header, wire: If-Match, minLength: 1, maxLength: 40}
      once: {type: string, in: header, wire: Idempotency-Key, minLength: 1, maxLength: 40}
      word: {type: string, maxLength: 20}
      link: {type: string, maxLength: 20}
      level: {type: integer, minimum: 1, maximum: 9, in: query, required: true}
      ratio: {type: number, minimum: 0, maximum: 1}
      trace: {type: string, maxLength: 40, in: header, wire: X-Trace}
      mail: {type: string, format: email}
      person: {$ref: Person}
      beside: {type: string, maxLength: 20, refers_to: note}
"""
PERSON = """\
schemas:
  Person: {type: object, properties: {home: {$ref: Home}}}
  Home: {type: object, properties: {page: {anyOf: [{type: string, format: uri}, {type: "null"}]}}}
"""


def changing(*more: tuple[str, str]) -> Model:
    """The notes, with many arguments at the action that changes one."""
    return with_resource(
        (
            f"{CHANGE}      text: {{type: string, minLength: 1, maxLength: 40, required: true}}\n",
            f"{ARGUMENTS}      text: {{type: string, minLength: 1, maxLength: 40, required: true}}\n",
        ),
        (
            "    output: {200: {$ref: Note}}\n    errors: [NOT_FOUND, REFUSED]\n  delete_note",
            "    output: {200: {$ref: Note}}\n  delete_note",
        ),
        ("    title: Get a note\n", "    title: Get a note\n    etag: true\n"),
        ("schemas:\n", PERSON),
        (
            "    NOT_FOUND: {",
            (
                "    STALE: {status: 412, meaning: It has changed}\n"
                "    MISMATCH: {status: 400, meaning: The key was used otherwise}\n    NOT_FOUND: {"
            ),
        ),
        ("surfaces:", "idempotency: {lives_s: 60, of: key, otherwise: MISMATCH}\nsurfaces:"),
        *more,
    )


def drawn(of: Model, action: str, *, valid: bool = True, count: int = 12) -> tuple[DrawnCall, ...]:
    setting = replace(setting_of(of, URL), drawn=count)
    endpoint = setting.endpoint(action, "rest")
    assert endpoint is not None
    return list_drawn_calls(setting, endpoint, valid=valid)


@cache
def changes() -> tuple[DrawnCall, ...]:
    return drawn(changing(), "change_note")


def usual(of: Model, action: str) -> Mapping[str, Any]:
    return template_of(of, of.action(action)).input


@pytest.mark.matrix
def test_as_many_calls_are_drawn_as_there_is_room_for() -> None:
    assert len(changes()) == 12
    assert len(drawn(changing(), "change_note", count=3)) == 3
    assert drawn(changing(), "change_note", count=0) == ()
    varied = [
        {n for n, v in one.call.input.items() if v != usual(changing(), "change_note").get(n)}
        for one in changes()
    ]
    assert {"level", "ratio", "text", "trace"} <= set().union(*varied)


@pytest.mark.parametrize("name", ["note_id", "tag", "once", "link", "mail", "person", "beside"])
def test_what_names_something_or_somebody_keeps_its_ordinary_value(name: str) -> None:
    """Ids, tags and keys; the other group of two; an address, however deep it lies in the schema."""
    ordinary_value = usual(changing(), "change_note").get(name)
    assert {repr(one.call.input.get(name)) for one in changes()} == {repr(ordinary_value)}


def test_a_create_keeps_its_texts_which_carry_the_mark_of_the_run() -> None:
    of = with_resource(
        (
            f"{TEXT}\n    output: {{201",
            f"{TEXT[:-1]}, level: {{type: integer, maximum: 9}}}}\n    output: {{201",
        )
    )
    calls = drawn(of, "create_note")
    assert len({repr(one.call.input.get("level")) for one in calls}) > 1
    assert {repr(one.call.input["text"]) for one in calls} == {repr(usual(of, "create_note")["text"])}


def test_what_an_instance_itself_gives_stays_what_it_gives() -> None:
    of = with_resource(
        (
            "undone_by: {action: delete_note, input: {",
            "undone_by: {action: delete_note, input: {word: =resource.text, ",
        ),
        (
            "    destructive: true\n    input: {",
            "    destructive: true\n    input: {word: {type: string}, level: {type: integer}, ",
        ),
    )
    calls = drawn(of, "delete_note")
    assert len({repr(one.call.input.get("level")) for one in calls}) > 1
    assert {repr(one.call.input["word"]) for one in calls} == {repr(usual(of, "delete_note")["word"])}


@pytest.mark.parametrize(
    ("change", "count"),
    [(None, 12), ("    costs: true\n", 0), ("    may_name_none: true\n", 0)],
    ids=["plain", "costs", "names none"],
)
def test_a_write_is_drawn_only_where_it_changes_what_is_the_runs_own(change: str | None, count: int) -> None:
    more = (
        ()
        if change is None
        else (("    either: [[word], [link]]\n", f"    either: [[word], [link]]\n{change}"),)
    )
    assert len(drawn(changing(*more), "change_note")) == count


def test_a_write_that_names_and_makes_nothing_is_not_drawn() -> None:
    of = with_resource(
        (
            "surfaces:",
            """\
  empty_bin:
    title: Empty the bin
    description: Removes for good what was deleted.
    http: POST /bin
    effect: write
    input: {days: {type: integer, minimum: 1, maximum: 90}}
    output: {204: {}}
    errors: [REFUSED]
surfaces:""",
        )
    )
    assert drawn(of, "empty_bin") == ()


def test_calls_are_as_valid_as_they_are_wanted_and_can_be_sent() -> None:
    setting = setting_of(changing(), URL)
    for valid in (True, False):
        calls = drawn(changing(), "change_note", valid=valid)
        assert [is_invalid(setting, one.call) for one in calls] == [not valid] * len(calls)
        assert len(calls) > 5
        for one in calls:
            assert one.call.endpoint is not None
            assert all(
                is_sendable(one.call.endpoint, p, one.call.input.get(str(p.name)))
                for p in one.call.endpoint.params
            )


def test_a_number_in_a_query_is_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    given = [
        {"level": "7", "ratio": 0.5, "text": "7", "word": "w"},
        {"level": "x", "ratio": 0.5, "text": "8", "word": "w"},
    ]
    monkeypatch.setattr(generated, "random_inputs", lambda *_, **__: given)
    (call,) = drawn(changing(), "change_note")
    assert (call.call.input["level"], call.call.input["text"]) == (7, "7")
    (wrong,) = drawn(changing(), "change_note", valid=False)
    assert (wrong.call.input["level"], wrong.wrong) == ("x", {"level": "type"})


def test_json_in_a_query_is_a_value_and_not_its_text() -> None:
    said = "content_type: application/json, properties: {limit: {type: integer, minimum: 1, maximum: 50}}"
    listing = "    http: GET /notes\n    effect: read\n"
    of = with_resource((listing, f"{listing}    input: {{filter: {{{said}, required: true}}}}\n"))
    given = [one.call.input["filter"] for one in drawn(of, "list_notes")]
    assert {type(value) for value in given} == {dict}
    assert len({str(value.get("limit")) for value in given}) > 1


def test_what_cannot_be_sent_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    given = [{"level": 3, "text": "a", "trace": text} for text in ("\n", "漢", "fine")]
    monkeypatch.setattr(generated, "random_inputs", lambda *_, **__: given)
    assert [one.call.input["trace"] for one in drawn(changing(), "change_note")] == ["fine"]


def call_of(setting: Setting, given: Mapping[str, Any]) -> Call:
    endpoint = setting.endpoint("change_note", "rest")
    assert endpoint is not None
    template = template_of(setting.model, endpoint.action)
    return ordinary(endpoint, template, "explore", "", input={**template.input, **given})


@pytest.mark.parametrize(
    ("given", "lacks", "wrong"),
    [
        ({"level": 3}, None, {}),
        ({"level": 10}, None, {"level": "maximum"}),
        ({"level": 10, "ratio": -1}, None, {"level": "maximum", "ratio": "minimum"}),
        ({"text": ""}, None, {"text": "minLength"}),
        ({"ratio": 2}, "text", {"ratio": "maximum", "text": "required"}),
        ({"person": {"home": {"page": 3}}}, None, {"person": "anyOf"}),
    ],
)
def test_each_wrong_argument_is_named_with_the_keyword_it_breaks(
    given: Mapping[str, Any], lacks: str | None, wrong: Mapping[str, str]
) -> None:
    setting = setting_of(changing(), URL)
    call = call_of(setting, given)
    call = replace(call, input={name: value for name, value in call.input.items() if name != lacks})
    assert find_wrong(setting, call) == wrong


# -- smaller
# -----------------------------------------------------------------------------------------------


def shrunk(
    given: Mapping[str, Any], shows: Callable[[Mapping[str, Any]], bool]
) -> tuple[Exchange, list[Call]]:
    """Make a call smaller at a server whose fault `shows` tells of the arguments; give the calls sent."""
    setting = setting_of(changing(), URL)
    first = call_of(setting, given)
    sent: list[Call] = []

    def answer(call: Call) -> Exchange:
        sent.append(call)
        status = 500 if shows(call.input) else 200
        request = Request("PUT", "/notes/x", ())
        return Exchange(
            len(sent), call, call.input, request, Response(status, (), b"{}"), seconds=0.0, sent_at=0.0,
            codes=setting.model.codes, errors=setting.model.error_reader, limits=setting.model.limit_reader,
        )  # fmt: skip

    usual_values = usual(setting.model, "change_note")
    begun = answer(first)
    with answering(answer):
        return shrink(begun, usual_values, lambda exchange: exchange.status == 500, setting), sent


def test_only_what_shows_the_fault_is_left_and_is_sent_last() -> None:
    given = {"level": 7, "trace": "abc", "text": "odd", "ratio": 0.25}
    found, sent = shrunk(given, lambda now: now.get("ratio") == 0.25)
    usual_values = usual(changing(), "change_note")
    assert {n: v for n, v in found.call.input.items() if usual_values.get(n) != v} == {"ratio": 0.25}
    assert (found.status, sent[-1]) == (500, found.call)
    assert all(call.again and call.shrunk for call in sent[1:])
    assert all(set(call.input) >= {"level", "text", "note_id"} for call in sent), "a valid call stays valid"


def test_a_call_that_cannot_be_smaller_is_shown_as_it_was_and_not_sent_again() -> None:
    given = {"level": 7, "ratio": 0.25}
    found, sent = shrunk(given, lambda now: (now.get("level"), now.get("ratio")) == (7, 0.25))
    assert found.call is sent[0]
    assert [call.input for call in sent].count(sent[0].input) == 1
    assert len(sent) == 3, "an argument with its usual value is not tried"


def test_a_wrong_call_stays_wrong() -> None:
    """Else the answer 200 of a right call would be taken for the fault."""
    found, sent = shrunk({"level": 10, "ratio": 0.25}, lambda _: True)
    assert (found.call.input["level"], "ratio" in found.call.input) == (10, False)
    assert all(is_invalid(setting_of(changing(), URL), call) for call in sent)


def test_no_more_requests_are_spent_than_the_bound() -> None:
    many = {f"extra{n}": n for n in range(24)}
    found, sent = shrunk({"level": 10, **many}, lambda now: len(now) > 20)
    assert 12 < len(sent) <= 14, "the first one, twelve smaller ones, and the smallest once more"
    assert found.status == 500


def test_the_modules_that_are_loaded_change_no_drawn_value(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    schema = {"type": "integer", "minimum": 100_000, "maximum": 9_000_000}
    before = random_values(schema, {}, 300, 1)
    (tmp_path / "rich_in_numbers.py").write_text(f"NUMBERS = {[700_001 + 7 * i for i in range(90)]}\n")
    monkeypatch.syspath_prepend(tmp_path)
    importlib.import_module("rich_in_numbers")
    assert random_values(schema, {}, 300, 1) == before
