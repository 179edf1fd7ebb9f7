"""Wait until a server in a process of its own has started, however slow the machine is."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path
from typing import Any

import mcp.client.session
import pytest

START_S = 600.0
"""The longest time, in seconds, that a server may take to start.

It is ten times what a start took on a machine with eight times as many busy processes as cores. A server that
ends is not waited for.
"""


def wait_for_ready(ready: Path, child: subprocess.Popen[Any]) -> dict[str, Any]:
    """Return what a sandbox wrote into its ready file; fail with its output if it ends or never starts."""
    until = time.monotonic() + START_S
    while not (ready.exists() and ready.stat().st_size) and child.poll() is None and time.monotonic() < until:
        time.sleep(0.02)
    ended = child.poll() is not None
    assert ready.exists(), child.stdout.read() if child.stdout and ended else "no ready file"
    found: dict[str, Any] = json.loads(ready.read_text(encoding="utf-8"))
    return found


def give_clients_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the vendor's own MCP client wait as long for a server's first answer, instead of ten seconds."""
    monkeypatch.setattr(mcp.client.session, "DISCOVER_TIMEOUT_SECONDS", START_S)
