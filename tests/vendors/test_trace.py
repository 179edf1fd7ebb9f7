"""Every member of every generated file leads back to the catalogue."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from loading import read_once
from offering import park
from pgagents.base.errors import PgagentsError
from pgagents.base.places import Pointer, write_step
from pgagents.catalogue.model.model import Model
from pgagents.cli.main import main
from pgagents.generate.build import build, document, origin, read_pointer

SHOP = Path(__file__).parents[1] / "catalogues" / "shop.yaml"


@pytest.fixture(scope="module")
def shop() -> Model:
    return read_once(SHOP)


def _leaves(value: Any, pointer: Pointer = ()) -> Iterator[tuple[Pointer, Any]]:
    if isinstance(value, dict):
        for key, member in value.items():
            yield from _leaves(member, (*pointer, key))
    elif isinstance(value, list):
        for index, member in enumerate(value):
            yield from _leaves(member, (*pointer, index))
    else:
        yield pointer, value


def _at(data: Any, pointer: Pointer) -> Any:
    for step in pointer:
        data = data[step]
    return data


def test_a_text_that_stands_in_the_catalogue_is_traced_to_where_it_stands(shop: Model) -> None:
    """The catalogue has the very value at the traced place, or (a path, a name) contains it or is named by
    it.
    """
    checked = 0
    astray = []
    for rendered in build(shop).rendered:
        if rendered.data is None:
            continue
        traced = document(shop, rendered.made.target.outputs[0])
        assert traced.data == rendered.data
        for pointer, value in _leaves(traced.data):
            found = origin(traced, pointer, shop)
            assert shop.source.has(found)
            if found == ():
                astray.append((rendered.made.id, *pointer))
            if pointer[-1] == "description" and isinstance(value, str) and found[-1:] == ("description",):
                assert str(_at(shop.source.data, found)).split(".")[0][:40] in value
                checked += 1
    assert checked > 50
    assert astray == [("openapi/openapi", "openapi")], (
        "only the word of a format itself comes from nowhere in particular"
    )


def test_a_description_leads_to_its_line(shop: Model) -> None:
    traced = document(shop, "gemini/functions.json")
    pointer = read_pointer("/functionDeclarations/0/parameters/properties/limit/description", traced.data)
    assert origin(traced, pointer, shop) == ("actions", "search_products", "input", "limit", "description")


def test_a_bound_leads_to_its_line_though_it_is_a_plain_number(shop: Model) -> None:
    traced = document(shop, "xai/tools.chat.json")
    pointer = read_pointer("/0/function/parameters/properties/limit/maximum", traced.data)
    assert origin(traced, pointer, shop) == ("actions", "search_products", "input", "limit", "maximum")


def test_a_member_of_a_component_leads_into_the_component(shop: Model) -> None:
    traced = document(shop, "gemini/functions.json")
    pointer = read_pointer(
        "/functionDeclarations/0/response/properties/products/items/properties/id/type", traced.data
    )
    assert origin(traced, pointer, shop) == ("schemas", "Product", "properties", "id", "type")


def test_a_word_of_the_template_leads_to_what_it_is_laid_around(shop: Model) -> None:
    traced = document(shop, "xai/tools.chat.json")
    assert origin(traced, (1, "type"), shop) == ("actions", "get_product")


def test_the_whole_of_a_vendors_file_leads_to_its_surface(shop: Model) -> None:
    traced = document(shop, "xai/tools.chat.json")
    assert origin(traced, (), shop)[0] in ("actions", "surfaces")


def test_keys_with_slashes_and_tildes_are_escaped() -> None:
    data = {"/lots/{id}": {"a~b": [{"": 1}]}}
    pointer = ("/lots/{id}", "a~b", 0, "")
    written = "".join("/" + write_step(step) for step in pointer)
    assert written == "/~1lots~1{id}/a~0b/0/"
    assert read_pointer(written, data) == pointer


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("functionDeclarations", "is not a JSON Pointer"),
        ("/functiondeclarations", "there is no member `functiondeclarations` in the document's root"),
        ("/functionDeclarations/99", "there is no item `99` in /functionDeclarations"),
        ("/functionDeclarations/-1", "there is no item `-1`"),
        ("/functionDeclarations/0/name/x", "there is nothing inside /functionDeclarations/0/name"),
    ],
)
def test_a_pointer_that_leads_nowhere_is_explained(shop: Model, written: str, says: str) -> None:
    with pytest.raises(PgagentsError) as caught:
        read_pointer(written, document(shop, "gemini/functions.json").data)
    assert says in caught.value.message


def test_the_command_shows_the_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["trace", "generated/openapi/openapi.yaml#/paths/~1products/get/summary", str(SHOP)]) == 0
    shown = capsys.readouterr().out
    assert "actions.search_products.title" in shown
    assert "title: Search products" in shown


@pytest.mark.parametrize(
    ("member", "says"),
    [
        ("generated/nothing.json#/a", "is not a file that pgagents generates"),
        ("generated/gemini/functions.json#/nothing", "there is no member `nothing`"),
        ("generated/pgagents/losses.md#/a", "has no members"),
    ],
)
def test_an_unknown_file_or_member_is_a_wrong_call(
    member: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["trace", member, str(SHOP)]) == 2
    assert says in capsys.readouterr().err


def test_a_text_document_has_no_marks_of_tracing() -> None:
    """A skill writes its description as JSON, whose marks nothing would take out of a text."""
    for artifact in document(park(), "agent_plugin/skills/park-graph/SKILL.md", traced=True).artifacts():
        assert b"u0000" not in artifact.data
        assert b"\0" not in artifact.data
