"""A browser's question about a path with an id, to servers whose routers take ids of one form alone."""

from __future__ import annotations

import re

import pytest

from pgagents.base.http import Request, Response
from pgagents.catalogue.model.model import Model
from small_api import NOTES, Notes, catalogue, verified

BROWSERS = "\nbrowsers: {origins: any}\nsurfaces:"
ID = "note_id: {type: string, minLength: 1, maxLength: 40, required: true}"
CONTRACT = "cors_policy/preflight/change_note@rest"


def with_ids(schema: str) -> Model:
    """The catalogue for web pages, with ids of another form."""
    text = NOTES.replace(ID, f"note_id: {{{schema}, required: true}}")
    return catalogue(text, ("\nsurfaces:", BROWSERS))


def is_reported(model: Model, route: str, methods: str = "GET, PUT, DELETE") -> bool:
    """True if a server is reported whose router takes the ids of `route`, and allows these methods."""
    server, asked = Notes(), list[Request]()
    allowed = (
        ("Access-Control-Allow-Origin", "*"),
        ("Access-Control-Allow-Methods", methods),
        ("Access-Control-Allow-Headers", "authorization, content-type"),
    )

    def handler(request: Request) -> Response:
        asked.append(request)
        if request.method != "OPTIONS":
            return server(request)
        known = re.fullmatch(rf"/notes(?:/{route})?", request.path)
        return Response(204, allowed) if known else Response(404)

    report = verified(model, handler, allow_writes=True, only=("cors_policy/preflight",))
    assert "OPTIONS" in {request.method for request in asked}
    return CONTRACT in {finding.contract.id for finding in report.findings}


FORMS = {
    "number": ("type: integer, minimum: 1", "[1-9][0-9]*"),
    "any number": ("type: integer", "[0-9]+"),
    "uuid": ("type: string, format: uuid", "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
    "pattern": ('type: string, pattern: "^n-[0-9]{3}$"', "n-[0-9]{3}"),
    "text": ("type: string", "[^/]+"),
}


@pytest.mark.parametrize("form", FORMS)
def test_question_has_an_id_that_the_router_takes(form: str) -> None:
    schema, route = FORMS[form]
    assert not is_reported(with_ids(schema), route)


@pytest.mark.parametrize("form", FORMS)
def test_path_or_method_that_is_not_allowed_is_found(form: str) -> None:
    schema, route = FORMS[form]
    assert is_reported(with_ids(schema), "no-such-route")
    assert is_reported(with_ids(schema), route, methods="GET")
