"""Perplexity's own package takes the tools."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

pytestmark = pytest.mark.interop

NEEDS = "needs perplexityai (the `interop` extra)"


def test_tools_have_the_form_of_the_packages_types(offered: Path) -> None:
    types = pytest.importorskip("perplexity.types", reason=NEEDS)
    adapter: TypeAdapter[Any] = TypeAdapter(types.FunctionToolParam)
    tools = json.loads((offered / "perplexity/tools.json").read_text(encoding="utf-8"))
    assert [adapter.dump_python(adapter.validate_python(tool), exclude_none=True) for tool in tools] == tools
    with pytest.raises(ValidationError, match="name"):
        adapter.validate_python({"type": "function", "function": tools[0]})
    with pytest.raises(ValidationError, match="parameters"):
        adapter.validate_python({**tools[0], "parameters": []})


def test_a_call_takes_them_as_tools(offered: Path) -> None:
    params = pytest.importorskip("perplexity.types.response_create_params", reason=NEEDS)
    adapter: TypeAdapter[Any] = TypeAdapter(params.Tool)
    for tool in json.loads((offered / "perplexity/tools.json").read_text(encoding="utf-8")):
        adapter.validate_python(tool)
    with pytest.raises(ValidationError):
        adapter.validate_python({"type": "no_such_tool"})
