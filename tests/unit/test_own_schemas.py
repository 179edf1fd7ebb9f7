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
