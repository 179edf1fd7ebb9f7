"""The documents that sandboxes of one catalogue host are rendered once in a process."""

from __future__ import annotations

from typing import Any

import pytest

from pgagents.base.errors import PgagentsError
from pgagents.catalogue.load import load_text
from pgagents.generate import build
from pgagents.sandbox.setting import documents
from verifying import PARK_GRAPH

GOOD, BAD = "openai/ai-plugin.json", "openai/openapi.json"


def test_documents_of_a_catalogue_are_rendered_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A document that cannot be made is logged for each sandbox. Another catalogue is rendered for itself."""
    rendered: list[str] = []
    right = build.document

    def document(model: Any, path: str, **more: Any) -> Any:
        rendered.append(path)
        if path == BAD:
            raise PgagentsError("it is too long", "shorten it")
        return right(model, path, **more)

    monkeypatch.setattr(build, "document", document)
    text, wanted = PARK_GRAPH.read_text(encoding="utf-8"), frozenset((GOOD, BAD))
    logged: list[str] = []
    of = load_text(text, "one")
    first, second = (documents(of, wanted, logged.append) for _ in range(2))
    assert first == second
    assert list(first) == [GOOD]
    assert sorted(rendered) == sorted(wanted)
    assert logged == [f"{BAD} is not hosted: it is too long"] * 2
    other = load_text(text.replace("developers@parkgraph.com", "others@parkgraph.com"), "two")
    assert documents(other, wanted, logged.append) != first
    assert len(rendered) == 4
