"""What the document's own schemas hold a request to."""

from __future__ import annotations

import pytest

from importing import answering, openapi
from overlaying import over


@pytest.mark.parametrize("version", ["3.0.3", "3.1.0"])
@pytest.mark.parametrize("further", [False, True, {"type": "string"}])
def test_that_further_members_are_refused_is_no_gap(version: str, further: object) -> None:
    schema = {"type": "object", "properties": {"name": {"type": "string"}}, "additionalProperties": further}
    body = {"required": True, "content": {"application/json": {"schema": schema}}}
    made = {"operationId": "make_shelf", "requestBody": body, "responses": answering({"type": "object"})}
    model = over("", openapi({"/shelves": {"post": made}}, openapi=version))
    assert model.document is not None
    request = model.document.find_request("make_shelf")
    assert request is not None
    assert request.gaps == ()


def test_an_author_may_say_that_a_tag_is_sent_where_the_document_has_its_header() -> None:
    headers = {"ETag": {"schema": {"type": "string"}}}
    responses = {
        "200": {**answering({"type": "object"})["200"], "headers": headers},
        "304": {"description": "same"},
    }
    document = openapi({"/shelf": {"get": {"operationId": "get_shelf", "responses": responses}}})
    action = over("actions: {get_shelf: {etag: true}}", document).action("get_shelf")
    assert [(output.status, [h.name for h in output.headers]) for output in action.outputs] == [
        (200, ["ETag"]),
        (304, []),
    ]
