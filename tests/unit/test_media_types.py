"""The media type of an answer, and the schema of an OpenAPI parameter, are read in every legal form."""

from __future__ import annotations

from typing import Any

import pytest

from pgagents.base.http import Request, Response
from pgagents.verify.projections import schema_of_parameter


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("application/json", "application/json"),
        (" Text/HTML ; charset=utf-8", "text/html"),
        ("TEXT/EVENT-STREAM;x=1", "text/event-stream"),
        ("text/event-streams", "text/event-streams"),
        ("", ""),
    ],
)
def test_media_type_has_no_parameters_and_no_capitals(written: str, read: str) -> None:
    headers = (("content-TYPE", written),)
    assert Response(200, headers).media_type == read
    assert Request("POST", "/", headers).media_type == read


def test_without_the_header_there_is_no_media_type() -> None:
    assert Response(204).media_type == Request("GET", "/").media_type == ""


@pytest.mark.parametrize(
    ("parameter", "schema"),
    [
        ({"schema": {"type": "string"}}, {"type": "string"}),
        ({"content": {"application/json": {"schema": {"type": "object"}}}}, {"type": "object"}),
        ({"content": {"application/json": {}}}, {}),
        ({}, {}),
    ],
)
def test_schema_of_a_parameter_may_be_in_its_content(parameter: dict[str, Any], schema: object) -> None:
    assert schema_of_parameter({"name": "filter", "in": "query", **parameter}) == schema
