"""Loads each catalogue once for all tests of a process, because tests only read what they get."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

from pgagents.catalogue.load import load_text
from pgagents.catalogue.model.action import Action
from pgagents.catalogue.model.model import Model


@cache
def load_once(text: str, file: str) -> Model:
    """Return the model of a catalogue's text; `file` is the name that its messages give."""
    return load_text(text, file)


def change_actions(model: Model, change: Callable[[Action], Action]) -> Model:
    """Return the model with each action as `change` returns it, on every surface."""
    actions = tuple(map(change, model.actions))
    surfaces = {
        name: replace(s, actions=tuple(actions[model.actions.index(a)] for a in s.actions))
        for name, s in model.surfaces.items()
    }
    return replace(model, actions=actions, surfaces=surfaces)


def read_once(path: Path) -> Model:
    """Return the model of a catalogue's file as it is now."""
    return load_once(path.read_text(encoding="utf-8"), str(path))
