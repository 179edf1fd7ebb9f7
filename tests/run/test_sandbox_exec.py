"""`sandbox --exec` serves as long as a command runs, and ends as it does."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

SANDBOX = [sys.executable, "-c", "from pgagents.cli.main import run; run()", "sandbox"]
LIBRARY = str(Path(__file__).parents[1] / "catalogues" / "notes.yaml")
ASK = """
import json, os, sys, urllib.request
asked = urllib.request.Request(os.environ["PGAGENTS_URL"] + "/notes")
asked.add_header("Authorization", "Bearer " + os.environ["PGAGENTS_TOKEN"])
with urllib.request.urlopen(asked) as answer:
    names = sorted(n for n in os.environ if "PGAGENTS" in n or "NOTES" in n)
    told = {"status": answer.status, "names": names}
json.dump(told, open(sys.argv[1], "w"))
"""


def start(*words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*SANDBOX, LIBRARY, *words],
        env={k: v for k, v in os.environ.items() if not k.startswith("PGAGENTS")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_command_has_the_address_and_a_key_and_gives_the_exit_code(tmp_path: Path) -> None:
    (tmp_path / "ask.py").write_text(ASK, encoding="utf-8")
    running = start("--exec", f"{sys.executable} {tmp_path}/ask.py {tmp_path}/told.json; exit 7")
    out, err = running.communicate(timeout=600)
    assert running.returncode == 7, err
    assert out == "", "a command's output stays its own"
    told = json.loads((tmp_path / "told.json").read_text("utf-8"))
    assert told["status"] == 200
    assert {"NOTES_TOKEN", "PGAGENTS_TOKEN", "PGAGENTS_URL"} <= set(told["names"])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_command_ends_with_the_sandbox(tmp_path: Path, number: signal.Signals) -> None:
    begun = tmp_path / "begun"
    running = start("--exec", f"echo $$ > {begun}.new; mv {begun}.new {begun}; exec sleep 300")
    until = time.monotonic() + 60
    while not begun.exists() and time.monotonic() < until:
        time.sleep(0.05)
    running.send_signal(number)
    running.communicate(timeout=600)
    assert running.returncode == 128 + signal.SIGTERM
    with pytest.raises(ProcessLookupError):
        os.kill(int(begun.read_text("utf-8")), 0)


def test_command_does_not_run_where_nothing_can_listen(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        running = start("--port", str(taken.getsockname()[1]), "--exec", f"touch {tmp_path}/ran")
        _, err = running.communicate(timeout=600)
    assert running.returncode == 2
    assert "is in use" in err
    assert not (tmp_path / "ran").exists()
