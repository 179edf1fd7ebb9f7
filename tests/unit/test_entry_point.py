"""The installed command is the one that the project names; it collects no garbage where it reads once."""

from __future__ import annotations

import gc
import sys
import tomllib
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from pgagents.cli import main

PROJECT = Path(__file__).parents[2] / "pyproject.toml"


@pytest.fixture(autouse=True)
def _collector() -> Iterator[None]:
    yield
    gc.enable()
    gc.unfreeze()


@pytest.mark.parametrize(("command", "collects"), [("build", False), ("lint", False), ("verify", True)])
def test_installed_command_collects_no_garbage_where_it_reads_once(
    command: str, collects: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    module, _, name = tomllib.loads(PROJECT.read_text())["project"]["scripts"]["pgagents"].partition(":")
    met: list[bool] = []

    def command_line() -> int:
        met.append(gc.isenabled())
        return 3

    monkeypatch.setattr(main, "main", command_line)
    monkeypatch.setattr(sys, "argv", ["pgagents", command])
    with pytest.raises(SystemExit) as ended:
        getattr(import_module(module), name)()
    assert (ended.value.code, met) == (3, [collects])


def test_a_clone_that_was_pulled_is_built_anew() -> None:
    """By its own rule uv 0.13.9 looks at pyproject.toml alone: `uvx --from CLONE` kept the earlier commit."""
    assert {"git": {"commit": True}} in tomllib.loads(PROJECT.read_text())["tool"]["uv"]["cache-keys"]
