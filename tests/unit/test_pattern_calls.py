"""Calls with each alternative of a pattern: their texts, and the writes that get none."""

from __future__ import annotations

import re
from typing import Any

import pytest

from pgagents.base.jsonschema.patterns import list_alternatives
from pgagents.catalogue.model.model import Model
from pgagents.verify.checks.rest.no_crashes import list_pattern_calls
from pgagents.verify.setting import setting_of
from small_api import URL, with_resource

TAG = r'^"[0-9]+"$|\*'
TEXT = "{text: {type: string, minLength: 1, maxLength: 40, required: true}}"
CONDITION = f"tag: {{type: string, in: header, wire: If-Match, pattern: '{TAG}'}}"
WORD = f"word: {{type: string, maxLength: 3, pattern: '{TAG}'}}"


@pytest.mark.parametrize(
    ("pattern", "texts"),
    [
        (TAG, ('"0"', "*", "0*", "*0")),
        ("^foo$|^bar$", ("foo", "bar")),
        ("^(foo|bar)$", ("foo", "bar")),
        ("^foo|bar$", ("foo", "bar", "0bar", "foo0")),
        ("foo|bar", ("foo", "bar")),
        ("^$|^[a-z]+$", ("", "a")),
    ],
)
def test_each_alternative_has_a_text_and_an_open_one_a_longer_text(
    pattern: str, texts: tuple[str, ...]
) -> None:
    assert list_alternatives(pattern) == texts
    assert all(re.search(pattern, text) for text in texts)


@pytest.mark.parametrize("pattern", ["^a+$", "[0-9]", "(foo|bar)x", "^(ab|cd)(ef|gh)$", "^(?:", "a{99999}|b"])
def test_a_pattern_without_alternatives_or_texts_has_none(pattern: str) -> None:
    assert list_alternatives(pattern) == ()


def test_many_alternatives_are_bounded() -> None:
    assert len(list_alternatives("|".join(f"{i}{i + 1}" for i in range(10, 60)))) < 10


def texts_of(of: Model, action: str, name: str) -> list[Any]:
    setting = setting_of(of, URL)
    endpoint = setting.endpoint(action, "rest")
    assert endpoint is not None
    return [call.input.get(name) for call in list_pattern_calls(setting, endpoint)]


def test_a_read_and_a_change_of_our_instance_are_called_with_each() -> None:
    of = with_resource(
        (
            "    effect: read\n    input: {",
            f"    effect: read\n    input: {{{WORD}, ",
        ),
        ("    destructive: true\n    input: {", f"    destructive: true\n    input: {{{CONDITION}, "),
    )
    assert texts_of(of, "get_note", "word") == ['"0"', "*", "0*", "*0"]
    assert texts_of(of, "delete_note", "tag") == ['"0"', "*", "0*", "*0"]


def test_a_text_that_its_bounds_refuse_is_left_out() -> None:
    of = with_resource(
        (
            "    effect: read\n    input: {",
            f"    effect: read\n    input: {{{WORD.replace('maxLength: 3', 'maxLength: 1')}, ",
        ),
    )
    assert texts_of(of, "get_note", "word") == ["*"]


@pytest.mark.parametrize("more", [WORD, CONDITION])
def test_a_create_gets_none(more: str) -> None:
    """Its texts have the run's mark, and what it makes with an odd condition is not shown to be new."""
    of = with_resource((f"{TEXT}\n    output: {{201", f"{TEXT[:-1]}, {more}}}\n    output: {{201"))
    assert texts_of(of, "create_note", more.partition(":")[0]) == []


@pytest.mark.parametrize("more", ["", "    costs: true\n", "    may_name_none: true\n"])
def test_a_write_that_may_change_something_of_others_gets_none(more: str) -> None:
    named = "note_id: {type: string, refers_to: note}, " if more else ""
    path = "/bin/{note_id}" if more else "/bin"
    of = with_resource(
        (
            "surfaces:",
            f"""\
  empty_bin:
    title: Empty the bin
    description: Removes for good what was deleted.
    http: POST {path}
    effect: write
{more}    input: {{{named}{CONDITION}}}
    output: {{204: {{}}}}
    errors: [REFUSED]
surfaces:""",
        )
    )
    assert texts_of(of, "empty_bin", "tag") == []
