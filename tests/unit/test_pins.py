"""Hold the actions that CI uses to one version each."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = sorted([*(ROOT / ".github" / "workflows").glob("*.yml"), ROOT / "action.yml"])
PINNED = re.compile(r"[\w./-]+@(?:[0-9a-f]{40}  # v\d+\.\d+\.\d+)\Z|\./")


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_an_action_is_pinned_to_one_version(file: Path) -> None:
    used = re.findall(r"uses: (.+)", file.read_text(encoding="utf-8"))
    assert used
    assert [one for one in used if not PINNED.match(one.strip())] == []
