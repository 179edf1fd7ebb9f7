"""Loads each catalogue once for all tests of a process, because tests only read what they get."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from pgagents.catalogue.load import load_text
from pgagents.model.model import Model


@cache
def load_once(text: str, file: str) -> Model:
    """Return the model of a catalogue's text; `file` is the name that its messages give."""
    return load_text(text, file)


def read_once(path: Path) -> Model:
    """Return the model of a catalogue's file as it is now."""
    return load_once(path.read_text(encoding="utf-8"), str(path))
