"""Compiled templates are kept beside the shipped ones, where Python would keep compiled modules."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from types import CodeType
from typing import Any

import pytest

from pgagents.base import registry
from pgagents.catalogue.load import load_file
from pgagents.catalogue.model.model import Model
from pgagents.generate import render
from pgagents.generate.build import build
from pgagents.generate.render import Artifact


@pytest.fixture
def own_templates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The shipped templates in a folder of the test."""
    own = tmp_path / "templates"
    shutil.copytree(registry.folder("templates"), own, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(render, "folder", lambda name: own if name == "templates" else registry.folder(name))
    return own


@pytest.fixture(scope="module")
def model() -> Model:
    return load_file(registry.folder("catalogue") / "park_graph.yaml")


def _write(model: Model) -> tuple[Artifact, ...]:
    return build(model, only=["gemini"]).files


def _count_compiled(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    from jinja2 import Environment

    compiled: list[Any] = []
    plain = Environment._compile

    def count(self: Environment, source: str, filename: str) -> CodeType:
        compiled.append(filename)
        return plain(self, source, filename)

    monkeypatch.setattr(Environment, "_compile", count)
    return compiled


def test_a_second_build_compiles_nothing(
    own_templates: Path, model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    compiled = _count_compiled(monkeypatch)
    first = _write(model)
    assert compiled
    assert list((own_templates / "__pycache__").iterdir())
    compiled.clear()
    assert _write(model) == first
    assert compiled == []


def test_a_changed_template_is_compiled_again(
    own_templates: Path, model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    _write(model)
    template = own_templates / "tool_list/gemini.j2"
    template.write_text("[]\n")
    [changed] = [a for a in _write(model) if a.path == "gemini/functions.json"]
    assert changed.data == b"[]\n"


@pytest.mark.parametrize("why", ["python is told to write none", "the folder is read-only"])
def test_nothing_is_kept_where_nothing_may_be_written(
    own_templates: Path, model: Model, monkeypatch: pytest.MonkeyPatch, why: str
) -> None:
    told = why == "python is told to write none"
    monkeypatch.setattr(sys, "dont_write_bytecode", told)
    if not told:

        def refuse(*_: Any, **__: Any) -> None:
            raise PermissionError(13, "read-only")

        monkeypatch.setattr(Path, "mkdir", refuse)
    assert _write(model)
    assert not (own_templates / "__pycache__").exists()


def test_a_cache_that_somebody_damaged_is_passed_over(
    own_templates: Path, model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    first = _write(model)
    kept = list((own_templates / "__pycache__").iterdir())
    for path in kept:
        path.write_bytes(path.read_bytes()[:30])
    assert _write(model) == first


def test_a_full_disk_only_costs_the_cache(
    own_templates: Path, model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)

    def refuse(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tempfile.NamedTemporaryFile", refuse)
    assert _write(model)
    assert list((own_templates / "__pycache__").iterdir()) == []
