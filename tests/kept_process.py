"""pytest and schemathesis, each in one process that runs them again and again: importing and warming up cost
more than most runs.

`python kept_process.py PROGRAM` is that process. It reads a JSON object a line (`words`, `folder`,
`environment`) and answers each with another (`code`, `printed`, `seconds` of the processor).
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

LEFT_OUT = ("cacheprovider", "faker", "xdist", "unraisableexception")
BARE = (*(word for name in LEFT_OUT for word in ("-p", f"no:{name}")), "--assert=plain")
"""The last of these plugins has the collector come five times at the end of each run. To explain an
assertion, pytest lists the files of every package and compiles the module once more.
"""


def run_pytest(
    options: Sequence[str | Path], folder: Path, environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run pytest with these options in a folder, and return its code and what it printed."""
    return _run("pytest", [*BARE, *map(str, options)], folder, environment)


def run_schemathesis(words: Sequence[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run `schemathesis` with these words in a folder, and return its code and what it printed."""
    return _run("schemathesis", words, folder, os.environ)


def _run(
    program: str, words: Sequence[str], folder: Path, environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    import gate

    process = _process(program)
    assert process.stdin
    assert process.stdout
    asked = {"words": list(words), "folder": str(folder), "environment": dict(environment)}
    process.stdin.write(json.dumps(asked) + "\n")
    process.stdin.flush()
    answer = process.stdout.readline()
    if not answer:
        _process.cache_clear()
        raise AssertionError(f"the process of {program} ended with {process.wait()}")
    told = json.loads(answer)
    gate.add_used(told["seconds"])
    return subprocess.CompletedProcess(list(words), told["code"], told["printed"], "")


@cache
def _process(program: str) -> subprocess.Popen[str]:
    """It ends with this process, whose end of the pipe is closed then."""
    return subprocess.Popen(
        [sys.executable, __file__, program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )


def _serve(program: str) -> None:
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    known = set(sys.modules)
    for line in sys.stdin:
        start = time.process_time()
        told = _do(program, **json.loads(line))
        for name in [name for name in sys.modules if name not in known and name.startswith("test_")]:
            del sys.modules[name]
        answers.write(json.dumps({**told, "seconds": time.process_time() - start}) + "\n")
        answers.flush()


def _do(program: str, words: list[str], folder: str, environment: dict[str, str]) -> dict[str, Any]:
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        code = _main(program, words)
    return {"code": int(code or 0), "printed": printed.getvalue()}


def _main(program: str, words: list[str]) -> Any:
    if program == "pytest":
        import pytest

        return pytest.main(words)
    from schemathesis.cli import schemathesis

    try:
        return schemathesis.main(words, standalone_mode=False)
    except SystemExit as ended:
        return ended.code


if __name__ == "__main__":
    _serve(sys.argv[1])
