"""The sheet for the GPT builder's form: each field, what goes in, what the form cannot do."""

from __future__ import annotations

import json

import pytest

from offering import OFFERING, park, shop
from pgagents.catalogue.model.model import Model
from pgagents.generate.build import build

OAUTH = {
    "authorization_url": "/sign-in",
    "token_url": "/token",
    "scopes": {"all": "Everything"},
    "pkce_binds": ["confidential"],
}
USERS = {"type": "oauth2", "flows": {"authorization_code": OAUTH}}


@pytest.fixture(scope="module", params=OFFERING)
def model(request: pytest.FixtureRequest) -> Model:
    """A catalogue."""
    return OFFERING[request.param]()


def _sheet(model: Model) -> str:
    return build(model, only=["openai/builder_sheet"]).artifacts()[0].data.decode()


def _fields(model: Model) -> dict[str, list[str]]:
    """By label what to put in, each time it is asked."""
    found: dict[str, list[str]] = {}
    for line in _sheet(model).splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if line.startswith("| ") and len(cells) == 3:
            found.setdefault(cells[0], []).append(cells[1].strip("`"))
    return found


def test_every_field_of_the_form_is_there() -> None:
    fields = _fields(park())
    assert {"Name", "Description", "Instructions", "Import from URL", "Privacy policy"} <= set(fields)
    assert fields["Authentication Type"] == ["API Key", "OAuth"]
    assert fields["Auth Type"] == ["Bearer"]
    assert {"Client ID", "Client Secret", "Token Exchange Method"} <= set(fields)
    assert fields["Authorization URL"] == ["https://parkgraph.com/oauth/authorize"]
    assert fields["Token URL"] == ["https://parkgraph.com/oauth/token"]
    assert fields["Scope"] == ["read sessions:write intelligence"]


def test_every_operation_of_the_schema_is_listed(model: Model) -> None:
    schema = next(
        json.loads(a.data)
        for a in build(model, only=["openai/openapi"]).artifacts()
        if a.path.endswith(".json")
    )
    operations = {
        o["operationId"]: o.get("x-openai-isConsequential", False)
        for item in schema["paths"].values()
        for o in item.values()
    }
    rows = {
        line.split("`")[1]: "every time" in line
        for line in _sheet(model).splitlines()
        if line.startswith("| `")
    }
    assert rows == operations


def test_both_callback_addresses_are_named() -> None:
    for host in ("chatgpt.com", "chat.openai.com"):
        assert f"https://{host}/aip/{{g-ID}}/oauth/callback" in _sheet(park())


def test_pkce_is_said_to_be_out_of_reach() -> None:
    assert "it lets this client sign in without" in _sheet(park())
    either = shop(security=[{"token": []}, {"users": []}], auth__schemes__users=USERS)
    assert "sign-in from a GPT fails" in _sheet(either)


def test_without_oauth_the_sheet_has_no_word_of_it() -> None:
    assert "OAuth" not in _sheet(shop())
    assert _fields(shop())["Authentication Type"] == ["API Key"]


def test_what_is_missing_for_a_public_gpt_is_said() -> None:
    assert "the catalogue has no" in _sheet(shop())
    assert _fields(shop())["Privacy policy"] == ["https://shop.example/terms"]
    assert _fields(shop(api__hosted={}))["Schema"] == ["the contents of openai/openapi.yaml"]
