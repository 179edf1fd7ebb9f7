"""The question that a browser asks before a call names headers that need leave, in its own order."""

from __future__ import annotations

import pytest

from pgagents.verify.checks.rest.cors_policy import _fill_path, _list_requested_headers
from pgagents.verify.setting import setting_of
from small_api import NOTES, URL, catalogue, with_resource

TEXT = "input: {text: {type: string, minLength: 1, maxLength: 40, required: true}}"
BEARER = "auth: {schemes: {key: {description: A key, prefixes: {test_: test}}}}"
OWN = "auth: {schemes: {key: {type: api_key, in: header, name: X-API-Key, description: A key}}}"


@pytest.mark.parametrize(
    ("auth", "input", "asked"),
    [
        (BEARER, TEXT, ["authorization", "content-type"]),
        (OWN, TEXT, ["content-type", "x-api-key"]),
        (BEARER, "input: {lang: {type: string, in: header, wire: Accept-Language}}", ["authorization"]),
        (BEARER, "input: {tag: {type: string, in: header, wire: A-Tag}}", ["a-tag", "authorization"]),
        (BEARER, f"content_type: application/x-www-form-urlencoded\n    {TEXT}", ["authorization"]),
    ],
    ids=["body", "own-key", "safe-header", "own-header", "form"],
)
def test_headers_are_sorted_and_those_that_need_no_leave_left_out(
    auth: str, input: str, asked: list[str]
) -> None:
    setting = setting_of(catalogue(NOTES.replace(BEARER, auth).replace(TEXT, input)), URL)
    endpoint = next(one for one in setting.endpoints if one.action.name == "create_note")
    assert _list_requested_headers(setting, endpoint) == asked


@pytest.mark.parametrize(
    ("schema", "path"),
    [
        ("type: string", "/notes/note_id"),
        ("type: integer", "/notes/1"),
        ("type: integer, minimum: 100", "/notes/100"),
        ("type: string, format: uuid", "/notes/8f14e45f-ceea-467f-9b1a-0d3b8f7c2a11"),
        ("type: string, enum: [a/b]", "/notes/a%2Fb"),
    ],
)
def test_path_of_a_question_has_a_value_that_its_placeholder_allows(schema: str, path: str) -> None:
    known = "note_id: {type: string, minLength: 1, maxLength: 40, required: true}"
    setting = setting_of(catalogue(NOTES.replace(known, f"note_id: {{{schema}, required: true}}")), URL)
    endpoint = next(one for one in setting.endpoints if one.action.name == "change_note")
    assert _fill_path(setting, endpoint) == path


def test_path_of_a_question_names_an_instance_that_is_not_there() -> None:
    setting = setting_of(with_resource(), URL)
    endpoint = next(one for one in setting.endpoints if one.action.name == "change_note")
    assert _fill_path(setting, endpoint) == "/notes/no-such-note"
