"""The last lines of `pgagents demo` are typed as they stand, and then its curl lines work."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from pgagents.base.http import Request, Silence
from pgagents.cli.demo import another
from pgagents.report.curl import TOKEN, curl
from pgagents.report.report import RecordedExchange
from sandboxes import VAIL

SHELL, CURL = shutil.which("sh"), shutil.which("curl")


@pytest.mark.matrix
@pytest.mark.skipif(not (SHELL and CURL), reason="there is no shell or no curl here")
def test_hint_starts_a_sandbox_that_the_curl_lines_reach(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as bound:
        url = f"https://127.0.0.1:{bound.getsockname()[1]}"
    asked = Request("GET", VAIL, (("Authorization", "Bearer [key of main]"),))
    line = curl(RecordedExchange(1, asked, Silence("timeout"), 0.0, ""), url)
    assert f"${TOKEN}" in line
    lines = [*another(url, ("search-unsorted",)), line.replace(" -i ", " "), "kill $!", "wait"]
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    shell = subprocess.Popen(
        [str(SHELL), "-c", "\n".join(lines)], cwd=tmp_path, env={**os.environ, "PATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, start_new_session=True,
    )  # fmt: skip
    try:
        out, _ = shell.communicate(timeout=600)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(shell.pid, signal.SIGKILL)
    answer = next((text for text in out.splitlines() if text.startswith("{")), "")
    away = [lot["distance_km"] for lot in json.loads(answer or "{}").get("lots", [])]
    assert away != sorted(away), out
