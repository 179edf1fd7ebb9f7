"""The program on the page about tool calls runs as it stands, with a model that asks for one call."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pgagents.client

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/howto/client.md").read_text(encoding="utf-8")
MODEL = """
import json
from types import SimpleNamespace as Made

ASKED = {"id": "call_1", "type": "function", "function": {
    "name": "search_parking", "arguments": json.dumps({"lat": 39.6403, "lng": -106.3742})}}


class Call(dict):
    pass


def create(model, messages, tools):
    assert "search_parking" in [tool["function"]["name"] for tool in tools]
    if len(messages) == 1:
        return Made(choices=[Made(message=Made(content=None, tool_calls=[Call(ASKED)]))])
    told = messages[-1]
    assert told["role"] == "tool" and told["tool_call_id"] == "call_1"
    lots = json.loads(told["content"])["lots"]
    return Made(choices=[Made(message=Made(content=f"{len(lots)} lots", tool_calls=None))])


chat = Made(completions=Made(create=create))
"""


def test_program_carries_out_a_call_and_is_short(tmp_path: Path) -> None:
    program, *_ = re.findall(r"^```python\n(.*?)^```", PAGE, re.M | re.S)
    assert len(program.splitlines()) <= 16
    (tmp_path / "host.py").write_text(program, encoding="utf-8")
    (tmp_path / "openai.py").write_text(MODEL, encoding="utf-8")
    command = [sys.executable, "-c", "from pgagents.cli.main import run; run()", "sandbox"]
    done = subprocess.run(
        [*command, "--exec", f"{sys.executable} {tmp_path}/host.py"],
        cwd=ROOT,
        env={k: v for k, v in os.environ.items() if not k.startswith("PGAGENTS")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(r"[1-9]\d* lots", done.stdout.strip())


def test_every_exported_name_is_there_and_on_the_page() -> None:
    for name in pgagents.client.__all__:
        assert getattr(pgagents.client, name).__name__ == name
    shown = set(re.findall(r"`(?:client\.)?(\w+)", PAGE))
    assert set(pgagents.client.__all__) - {"Blocking", "Client"} <= shown
