"""`verify --lost-answers --mcp-stdio`: another session is another process of the command, which ends too."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pgagents.report.read import read

ROOT = Path(__file__).parents[2]
PAYMENTS = ROOT / "tests/catalogues/payments.yaml"
SERVER = ROOT / "tests/key_in_process.py"
PGAGENTS = f"{sys.executable} -m pgagents"
SAME, OTHER = (f"repeated_calls/{kind}/create_customer@mcp" for kind in ("same_call", "new_session"))


def repeat(habit: str, tmp_path: Path) -> tuple[int, dict[str, str]]:
    """Repeat a tool's call in two processes of one server; return the exit code, and what the table says."""
    out = tmp_path / "report.json"
    verify = (
        f"{PGAGENTS} verify {PAYMENTS} --url $PGAGENTS_URL --lost-answers --only {SAME} --only {OTHER} "
        f"--mcp-stdio '{sys.executable} {SERVER} {habit} {PAYMENTS}' --report {out}"
    )
    done = subprocess.run(
        [*PGAGENTS.split(), "sandbox", str(PAYMENTS), "--exec", verify],
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert out.exists(), done.stdout + done.stderr
    left = subprocess.run(["ps", "axo", "args"], capture_output=True, text=True, check=True).stdout
    assert f"{SERVER} {habit} {PAYMENTS}\n" not in left
    results = [r for r in read(out)[0].results if r.contract.id in (SAME, OTHER)]
    return done.returncode, {r.contract.id: r.repeat.value if r.repeat else r.reason for r in results}


@pytest.mark.parametrize(
    ("habit", "code", "other"),
    [
        pytest.param("right", 0, "safe by key", marks=pytest.mark.matrix),
        ("keyed", 1, "visible"),
        pytest.param("slow", 0, "safe by key", marks=pytest.mark.matrix),
        pytest.param("noisy", 0, "safe by key", marks=pytest.mark.matrix),
        pytest.param(
            "fickle",
            3,
            "the MCP server did not open: reset: the process ended with 1; its stderr: it runs",
            marks=pytest.mark.matrix,
        ),
    ],
)
def test_key_must_outlive_the_process(habit: str, code: int, other: str, tmp_path: Path) -> None:
    ended, told = repeat(habit, tmp_path)
    assert told[SAME] == "safe by key"
    assert told[OTHER].startswith(other)
    assert ended == code
