"""The refusals of frameworks name what a call lacks, each in its own form."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from pgagents.verify.fixtures.guesses import _list_asked

FREE = ("first_name", "title", "type", "note")


def list_asked(body: Any) -> list[str]:
    """Return what a refused POST with an empty body is asked for."""
    params = [
        SimpleNamespace(name=name, wire=name, place="body", required=False, refers_to=None) for name in FREE
    ]
    action = SimpleNamespace(effect="write", idempotency=None)
    endpoint: Any = SimpleNamespace(action=action, known_params=params)
    text = body if isinstance(body, str) else json.dumps(body)
    exchange: Any = SimpleNamespace(
        status=422,
        body=None if isinstance(body, str) else body,
        response=SimpleNamespace(body=text.encode()),
        call=SimpleNamespace(input={}, endpoint=endpoint),
        input={},
    )
    return _list_asked(exchange, endpoint, ())


@pytest.mark.parametrize(
    "body",
    [
        {"message": {"first_name": ["Missing data for required field."]}},  # marshmallow
        {"first_name": ["This field is required."]},  # Django REST framework
        {"detail": [{"loc": ["body", "first_name"], "msg": "field required", "type": "value_error.missing"}]},
        {
            "detail": [
                {"type": "missing", "loc": ["body", "first_name"], "msg": "Field required", "input": {}}
            ]
        },
        {"issues": [{"code": "invalid_type", "expected": "string", "path": ["first_name"]}]},  # zod
        [{"instancePath": "", "keyword": "required", "params": {"missingProperty": "first_name"}}],  # Ajv
        {"errors": {"first_name": ["can't be blank"]}},  # Rails
        {"errors": ["First name can't be blank"]},
        {"status": 400, "error": "Bad Request", "errors": [{"field": "first_name", "code": "NotBlank"}]},
        {"type": "about:blank", "title": "Bad Request", "errors": {"FirstName": ["The field is required."]}},
        {"statusCode": 400, "message": ["first_name should not be empty"], "error": "Bad Request"},  # Nest
        "Key: 'NewUser.FirstName' Error: Field validation failed on the 'required' tag",  # Go's validator
    ],
)
def test_refusal_names_what_is_lacking(body: Any) -> None:
    assert list_asked(body) == ["first_name"]


def test_keys_of_an_error_itself_name_nothing() -> None:
    assert list_asked({"type": "about:blank", "title": "Unprocessable Content", "status": 422}) == []
