"""An app that is started for a run: what another life of the app has under an id is never removed."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

APP = Path(__file__).parents[1] / "started_items.py"
TIMEOUT_S, NEVER = 120.0, 1_000_000
pytestmark = pytest.mark.matrix


def start(folder: Path, *, dies_at: int = NEVER) -> subprocess.Popen[str]:
    app = shlex.join([sys.executable, str(APP), str(folder / "starts"), str(folder / "harm"), str(dies_at)])
    return subprocess.Popen(
        [
            sys.executable, "-m", "pgagents", "verify", "--openapi", "/openapi.json", "--start", app,
            "--allow-writes", "--journal", "journal", "--report", "report.json",
        ],
        cwd=folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
        env={**os.environ, "HOME": str(folder), "XDG_CACHE_HOME": str(folder)},
    )  # fmt: skip


def list_journaled(folder: Path) -> list[int]:
    """The ids of the instances that the journal names as made and not as gone. Its last line may be cut."""
    made = {}
    path = folder / "journal"
    for line in path.read_text().splitlines(keepends=True) if path.exists() else ():
        if not line.endswith("\n"):
            break
        said = json.loads(line)
        kind = next(iter(said))
        if kind == "made":
            made[said["made"]] = said["id"]
        elif kind == "gone":
            made.pop(said["gone"], None)
    return list(made.values())


def read_notes(folder: Path) -> str:
    return " ".join(json.loads((folder / "report.json").read_text())["footer"]["notes"])


def test_a_journal_removes_nothing_of_the_apps_next_life(tmp_path: Path) -> None:
    process = start(tmp_path)
    until = time.monotonic() + TIMEOUT_S
    while time.monotonic() < until:
        if len(list_journaled(tmp_path)) >= 3:
            break
        time.sleep(0.005)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=TIMEOUT_S)
    left = list_journaled(tmp_path)
    assert set(left) & {4, 5, 6}  # ids that somebody else's items have in the next life
    for _ in range(2):
        process = start(tmp_path)
        shown, errors = process.communicate(timeout=TIMEOUT_S)
        assert process.returncode in (0, 1, 3), shown + errors
        assert not (tmp_path / "harm").exists(), (tmp_path / "harm").read_text()
    assert "an earlier run with this journal was cut short" in read_notes(tmp_path)


@pytest.mark.parametrize("dies_at", [20, 60])
def test_an_app_that_ends_during_the_run_has_others_under_the_ids_of_its_first_life(
    dies_at: int, tmp_path: Path
) -> None:
    for _ in range(2):
        process = start(tmp_path, dies_at=dies_at)
        shown, errors = process.communicate(timeout=TIMEOUT_S)
        assert process.returncode in (0, 1, 3), shown + errors
        assert len((tmp_path / "starts").read_text().splitlines()) >= 2
        assert not (tmp_path / "harm").exists(), (tmp_path / "harm").read_text()
