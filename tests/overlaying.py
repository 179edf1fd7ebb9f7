"""Shared parts of the tests of short catalogues: a document, and a way to open a catalogue over it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from importing import fetch
from pgagents.base.errors import InputError, PgagentsError
from pgagents.base.reading import parse
from pgagents.catalogue.model.model import Model
from pgagents.importer.overlay.load import load_overlay

NOTES = Path(__file__).parent / "data" / "overlay" / "notes.json"
"""Notes of a user, as FastAPI describes them: eight operations."""


def notes() -> dict[str, Any]:
    """Return the document as data that a test may change."""
    return dict(json.loads(NOTES.read_bytes()))


def over(
    text: str = "",
    document: dict[str, Any] | None = None,
    *,
    openapi: str = "notes.json",
    indent: int | None = 1,
) -> Model:
    """Return the model of a catalogue with these lines over the notes, or over another document."""
    source = parse(f"pgagents: 1\nopenapi: {openapi}\n{text}", "pgagents.yaml", folder=NOTES.parent)
    raw = json.dumps(document, indent=indent).encode() if document is not None else None

    def read(location: str) -> bytes:
        return raw if raw is not None and location == str(NOTES) else fetch(location)

    return load_overlay(source, read)


def refused(text: str, document: dict[str, Any] | None = None, *, openapi: str = "notes.json") -> list[str]:
    """Return the problems of such a catalogue, each as `LINE ID: MESSAGE (HELP)` of its file."""
    with pytest.raises(InputError) as caught:
        over(text, document, openapi=openapi)
    return [f"{d.span.file}:{d.span.line} {d.id}: {d.message} ({d.help})" for d in caught.value.diagnostics]


def fails(text: str, document: dict[str, Any] | None = None, *, openapi: str = "notes.json") -> PgagentsError:
    """Return the error with which such a catalogue is refused."""
    with pytest.raises(PgagentsError) as caught:
        over(text, document, openapi=openapi)
    return caught.value
