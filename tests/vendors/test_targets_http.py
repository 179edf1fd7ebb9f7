"""The .http file: every documented call, as the catalogue has it."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest

from offering import OFFERING, shop
from pgagents.catalogue.model.model import Model
from pgagents.generate.build import build


@pytest.fixture(scope="module", params=OFFERING)
def model(request: pytest.FixtureRequest) -> Model:
    """A catalogue."""
    return OFFERING[request.param]()


def _text(model: Model) -> str:
    return build(model, only=["http"]).artifacts()[0].data.decode()


def _requests(model: Model) -> list[dict[str, Any]]:
    """The file as its readers take it."""
    found = []
    for block in re.split(r"^### .*\n", _text(model), flags=re.M)[1:]:
        head, _, body = block.strip("\n").partition("\n\n")
        line, *headers = head.splitlines()
        method, _, url = line.partition(" ")
        assert url.startswith("{{server}}/")
        found.append(
            {
                "method": method,
                "target": urlsplit(url.removeprefix("{{server}}")),
                "headers": dict(header.split(": ", 1) for header in headers),
                "body": json.loads(body) if body else None,
            }
        )
    return found


def _examples(model: Model) -> list[Any]:
    return [
        (action, example) for action in model.actions if action.signed is None for example in action.examples
    ]


def test_every_example_is_a_request(model: Model) -> None:
    assert len(_requests(model)) == len(_examples(model)) >= 6


def test_a_request_is_what_the_example_says(model: Model) -> None:
    for (action, example), request in zip(_examples(model), _requests(model), strict=True):
        assert request["method"] == action.method
        sent = dict(parse_qsl(request["target"].query))
        for param in action.params:
            if param.name not in example.input:
                continue
            value = example.input[param.name]
            if param.place == "body":
                assert request["body"][param.wire] == value
            elif param.place == "header":
                assert request["headers"][param.wire] == value
            elif param.place == "query":
                assert sent[param.wire] == (value if isinstance(value, str) else json.dumps(value))
            else:
                assert str(value) in unquote(request["target"].path)
        assert "{" not in request["target"].path


def test_no_key_and_no_host_stands_in_a_request(model: Model) -> None:
    text = _text(model)
    assert text.count(model.api.server) == 1
    assert f"@server = {model.api.server}\n" in text
    for (action, _), request in zip(_examples(model), _requests(model), strict=True):
        assert request["headers"].get("Authorization") == ("Bearer {{token}}" if action.key else None)


def test_a_text_of_the_catalogue_cannot_begin_a_request() -> None:
    hard = "### Two {{server}} GET https://elsewhere.example"
    short = {f"surfaces__{store}__name": "Shop" for store in ("openai", "anthropic", "gemini")}
    model = shop(actions__get_product__examples__kettle__title=hard, api__title=hard, **short)
    assert len(_requests(model)) == len(_examples(model))
