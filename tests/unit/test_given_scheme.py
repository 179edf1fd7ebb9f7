"""`--auth` puts a scheme into a document that declares none; what the document says itself stays."""

from __future__ import annotations

from typing import Any

import pytest

from importing import SWAGGER, imported, openapi, operation
from pgagents.base.errors import PgagentsError
from pgagents.importer.catalogue import Choice, Imported
from pgagents.importer.security import parse_scheme

PATHS = {"/books": {"get": operation()}, "/health": {"get": operation(operationId="health", security=[])}}
BARE = openapi(PATHS)
KEY = {"type": "apiKey", "in": "header", "name": "X-API-Key"}


def declaring(scheme: dict[str, Any], *, required: bool = True) -> dict[str, Any]:
    needed = {"security": [{"own": []}]} if required else {}
    return openapi(PATHS, components={"securitySchemes": {"own": scheme}}, **needed)


def with_auth(document: dict[str, Any], auth: str) -> Imported:
    return imported(document, Choice(auth=auth))


@pytest.mark.parametrize(
    ("auth", "shown"),
    [
        ("bearer", "Authorization: Bearer KEY"),
        ("Basic", "Authorization: Basic BASE64(user:password)"),
        ("header:X-API-Key", "X-API-Key: KEY"),
        ("query:token", "?token=KEY"),
        ("cookie:session", "Cookie: session=KEY"),
        ("header:Authorization:Token", "Authorization: Token KEY"),
        ("header:Authorization:Bearer", "Authorization: Bearer KEY"),
    ],
)
@pytest.mark.parametrize("document", [BARE, {k: v for k, v in SWAGGER.items() if "ecurity" not in k}])
def test_scheme_is_that_of_every_call(auth: str, shown: str, document: dict[str, Any]) -> None:
    made = with_auth(document, auth)
    credential = made.model.credential
    assert credential is not None
    assert credential.show() == shown
    assert credential.inferred
    assert "# inferred: from --auth, because the document declares no key" in made.text
    assert all(a.key is (a.name != "health") for a in made.model.actions)


@pytest.mark.parametrize(
    ("auth", "says"),
    [
        ("token", "is no way to send a key"),
        ("header", "is no way to send a key"),
        ("bearer:x", "is no way to send a key"),
        ("header:Accept", "is a header that clients set by themselves"),
        ("header:a b", "is not a name of a header"),
        ("header:X-Key:Token", "no word can stand before the key there"),
        ("header:\x1b[31m", "is not a name of a header"),
    ],
)
def test_what_is_no_scheme_is_one_message(auth: str, says: str) -> None:
    with pytest.raises(PgagentsError) as caught:
        parse_scheme(auth)
    assert says in caught.value.message
    assert caught.value.message.isprintable()
    assert "header:" in caught.value.help


def test_scheme_that_the_document_declares_itself_is_left_as_it_is() -> None:
    made = with_auth(declaring(KEY), "header:X-API-Key")
    assert made.data == imported(declaring(KEY)).data
    assert not made.model.credentials["own"].inferred


def test_another_scheme_than_the_documents_is_refused() -> None:
    with pytest.raises(PgagentsError) as caught:
        with_auth(declaring(KEY), "bearer")
    assert caught.value.message == (
        "--auth bearer: the document says itself which key calls have: header:X-API-Key"
    )


def test_scheme_that_is_described_and_not_required_keeps_its_name() -> None:
    document = declaring({**KEY, "description": "Ask us"}, required=False)
    assert imported(document).schemes == ("header:X-API-Key",)
    made = with_auth(document, "header:X-API-Key")
    assert made.data["auth"]["schemes"]["own"]["description"] == "Ask us"
    assert made.model.credentials["own"].inferred


def test_tokens_of_a_sign_in_may_be_given_as_bearer_keys() -> None:
    document = declaring({"type": "openIdConnect", "openIdConnectUrl": "https://a.example/.well-known"})
    made = with_auth(document, "bearer")
    assert made.model.credentials["own"].kind == "http_bearer"
