"""llms.txt: the order and the links that the proposal asks for."""

from __future__ import annotations

import re

import pytest

from offering import OFFERING, shop
from pgagents.generate.build import build
from pgagents.model.model import Model


@pytest.fixture(scope="module", params=OFFERING)
def model(request: pytest.FixtureRequest) -> Model:
    """A catalogue."""
    return OFFERING[request.param]()


def _text(model: Model) -> str:
    return build(model, only=["web"]).artifacts()[0].data.decode()


def test_sections_come_in_the_order_of_the_proposal(model: Model) -> None:
    lines = _text(model).splitlines()
    assert lines[0] == f"# {model.api.title}"
    assert lines[2].startswith("> ")
    assert [line for line in lines if line.startswith("#")][1:] == ["## API descriptions", "## Optional"]


def test_every_line_of_a_list_begins_with_a_link(model: Model) -> None:
    sections = _text(model).split("\n## ")[1:]
    links = [line for section in sections for line in section.splitlines() if line.startswith("- ")]
    assert len(links) >= 4
    for line in links:
        assert re.fullmatch(r"- \[[^\]]+\]\(https://[^\s)]+\): .+", line), line


def test_every_action_and_every_hosted_document_is_named(model: Model) -> None:
    text = _text(model)
    for action in model.actions:
        assert f"`{action.method} {action.path}`" in text
    for path in model.api.hosted.values():
        assert f"({model.api.server}{path})" in text


def test_a_text_cannot_become_a_heading_or_a_link() -> None:
    text = _text(
        shop(
            api__for_people="# Not a heading",
            actions__get_product__description="[a](https://elsewhere.example)",
        )
    )
    assert "> \\# Not a heading" in text
    assert "\\[a\\]" in text
