"""An error that no document has is one with `only: []` in errors that are inferred; nothing else says so."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from importing import imported, openapi
from pgagents.catalogue.load import load_text
from pgagents.catalogue.model.model import Model
from pgagents.verify.run.ledger import find_guesses
from test_import_resources import answer


def list_things(**responses: Any) -> dict[str, Any]:
    one = answer({"type": "array", "items": {"type": "string"}})
    one["responses"] |= {status: {"description": text} for status, text in responses.items()}
    return one


def load(data: dict[str, Any]) -> Model:
    return load_text(yaml.safe_dump(data, sort_keys=False))


def test_an_error_that_the_document_lacks_is_inferred() -> None:
    made = imported(openapi({"/things": {"get": list_things(**{"404": "There is none"})}}))
    invalid = made.data["errors"]["framework"]["invalid"]
    assert made.data["errors"]["codes"][invalid]["only"] == []
    assert made.model.codes[invalid].inferred
    assert "invalid" in find_guesses(made.model).refusals


def test_an_error_of_the_document_is_not() -> None:
    made = imported(openapi({"/things": {"get": list_things(**{"400": "A wrong argument"})}}))
    invalid = made.data["errors"]["framework"]["invalid"]
    assert not made.model.codes[invalid].inferred
    assert "invalid" not in find_guesses(made.model).refusals


@pytest.mark.parametrize("change", [{"only": None}, {"only": ["list_things"]}, {"inferred": False}])
def test_an_author_who_writes_it_down_makes_it_a_promise(change: dict[str, Any]) -> None:
    data = imported(openapi({"/things": {"get": list_things(**{"404": "There is none"})}})).data
    errors = data["errors"]
    code = errors["codes"][errors["framework"]["invalid"]]
    if "inferred" in change:
        errors["inferred"] = False
    else:
        code["only"] = change["only"]
    assert "invalid" not in find_guesses(load(data)).refusals
