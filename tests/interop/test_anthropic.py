"""Anthropic's own package takes the tools: its types, and its transform into what strict mode bears."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

pytestmark = pytest.mark.interop

NEEDS = "needs anthropic (the `interop` extra)"
FILES = ["anthropic/tools.json", "anthropic/tools.strict.json"]


def _read(folder: Path, name: str) -> list[dict[str, Any]]:
    return json.loads((folder / name).read_text(encoding="utf-8"))  # type: ignore[no-any-return]  # our own document


@pytest.mark.parametrize("name", FILES)
def test_tools_have_the_form_of_the_packages_types(offered: Path, name: str) -> None:
    types = pytest.importorskip("anthropic.types", reason=NEEDS)
    adapter: TypeAdapter[Any] = TypeAdapter(types.ToolParam)
    tools = _read(offered, name)
    assert [_listed(adapter.validate_python(tool)) for tool in tools] == tools
    with pytest.raises(ValidationError, match="valid dictionary"):
        _listed(adapter.validate_python({**tools[0], "input_examples": ["Vail"]}))
    with pytest.raises(ValidationError, match="input_schema"):
        adapter.validate_python({"name": "a", "parameters": {}})


@pytest.mark.parametrize("name", FILES)
def test_input_schemas_are_objects(offered: Path, name: str) -> None:
    tool_param = pytest.importorskip("anthropic.types.tool_param", reason=NEEDS)
    adapter: TypeAdapter[Any] = TypeAdapter(tool_param.InputSchemaTyped)
    for tool in _read(offered, name):
        adapter.validate_python(tool["input_schema"])
    with pytest.raises(ValidationError):
        adapter.validate_python({"type": "array"})


def test_the_packages_own_transform_finds_nothing_to_take_out(offered: Path) -> None:
    """It moves what strict mode does not bear into descriptions; a strict schema of ours has nothing of
    the kind.
    """
    anthropic = pytest.importorskip("anthropic", reason=NEEDS)
    strict = [tool["input_schema"] for tool in _read(offered, FILES[1]) if tool["strict"]]
    assert len(strict) >= 4
    for schema in strict:
        assert _bare(anthropic.transform_schema(copy.deepcopy(schema))) == _bare(schema)


def _listed(tool: Any) -> Any:
    """Return a tool whose examples are a list; pydantic reads an iterable only when it is asked."""
    return {**tool, "input_examples": list(tool["input_examples"])} if "input_examples" in tool else tool


def _bare(schema: Any) -> Any:
    """Without texts, into which the transform writes what it does not know, and without the type beside an
    enum, which it leaves out.
    """
    if isinstance(schema, list):
        return [_bare(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: {name: _bare(member) for name, member in value.items()} if key == "properties" else _bare(value)
        for key, value in schema.items()
        if key not in ("description", "default", "title", "pattern")
        and not (key == "type" and "enum" in schema)
    }
