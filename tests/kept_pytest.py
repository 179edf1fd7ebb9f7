"""pytest in one process that runs module after module: importing and warming up cost more than most runs.

`python kept_pytest.py` is that process. It reads a JSON object a line (`options`, `folder`, `environment`)
and answers each with another (`code`, `printed`, `seconds` of the processor).
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest

BARE = ("-p", "no:cacheprovider", "-p", "no:faker", "-p", "no:xdist")


def run_pytest(
    options: Sequence[str | Path], folder: Path, environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run pytest with these options in a folder, and return its code and what it printed."""
    import gate

    words = [*BARE, *map(str, options)]
    process = _process()
    assert process.stdin
    assert process.stdout
    asked = {"options": words, "folder": str(folder), "environment": dict(environment)}
    process.stdin.write(json.dumps(asked) + "\n")
    process.stdin.flush()
    answer = process.stdout.readline()
    if not answer:
        _process.cache_clear()
        raise AssertionError(f"the process of pytest ended with {process.wait()}")
    told = json.loads(answer)
    gate.add_used(told["seconds"])
    return subprocess.CompletedProcess(words, told["code"], told["printed"], "")


@cache
def _process() -> subprocess.Popen[str]:
    """It ends with this process, whose end of the pipe is closed then."""
    return subprocess.Popen(
        [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
    )


def _serve() -> None:
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    known = set(sys.modules)
    for line in sys.stdin:
        start = time.process_time()
        told = _run(**json.loads(line))
        for name in [name for name in sys.modules if name not in known and name.startswith("test_")]:
            del sys.modules[name]
        answers.write(json.dumps({**told, "seconds": time.process_time() - start}) + "\n")
        answers.flush()


def _run(options: list[str], folder: str, environment: dict[str, str]) -> dict[str, Any]:
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        code = pytest.main(options)
    return {"code": int(code), "printed": printed.getvalue()}


if __name__ == "__main__":
    _serve()
