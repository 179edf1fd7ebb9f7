"""Lists which keys of the catalogue's language a catalogue uses: classes with their fields."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from pgagents.base.reading import parse
from pgagents.catalogue.language.catalogue import Catalogue
from pgagents.catalogue.refused import candidates


def every_key() -> set[str]:
    """Return every key of the language as `Class.key`."""
    return {f"{kind.__name__}.{name}" for kind in _classes(Catalogue, set()) for name in _names(kind)}


def _names(kind: type[BaseModel]) -> Iterator[str]:
    return (field.alias or name for name, field in kind.model_fields.items())


def _classes(kind: Any, known: set[type[BaseModel]]) -> set[type[BaseModel]]:
    for each in candidates(kind):
        if isinstance(each, type) and issubclass(each, BaseModel):
            if each not in known:
                known.add(each)
                for field in each.model_fields.values():
                    _classes(field.annotation, known)
        else:
            for argument in getattr(each, "__args__", ()):
                _classes(argument, known)
    return known


def keys_used(data: Any) -> set[str]:
    """Return the keys that a catalogue's data uses."""
    found: set[str] = set()
    _note(Catalogue.model_validate(data), found)
    return found


def keys_of_file(path: Path) -> set[str]:
    """Return the keys that a catalogue's file uses."""
    return keys_used(parse(path.read_text(encoding="utf-8"), path.name).data)


def _note(value: Any, found: set[str]) -> None:
    if isinstance(value, BaseModel):
        for name, field in type(value).model_fields.items():
            if name in value.model_fields_set:
                found.add(f"{type(value).__name__}.{field.alias or name}")
                _note(getattr(value, name), found)
    elif isinstance(value, dict):
        for inner in value.values():
            _note(inner, found)
    elif isinstance(value, list | tuple):
        for inner in value:
            _note(inner, found)
