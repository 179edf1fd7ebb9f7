"""Commands of a page (` ```console ` blocks, lines that begin with `$ `), run as written in a folder of
their own.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).parents[1]
SET_UP = ("make ", "pip ", ". .venv/")  # they install, which a test does not


def commands(text: str) -> list[str]:
    """List the commands that a reader is asked to type."""
    blocks = re.findall(r"^```console\n(.*?)^```", text, re.M | re.S)
    return [line[2:] for block in blocks for line in block.splitlines() if line[:2] == "$ "]


MERGE = """
import sys, pathlib, yaml
file, more = map(pathlib.Path, sys.argv[1:])
def merge(old, new):
    if not (isinstance(old, dict) and isinstance(new, dict)):
        return new
    return old | {key: merge(old.get(key), value) for key, value in new.items()}
class Dumper(yaml.SafeDumper):
    ignore_aliases = lambda *_: True
old = yaml.safe_load(file.read_text("utf-8")) if file.exists() else {}
file.write_text(yaml.dump(merge(old, yaml.safe_load(more.read_text("utf-8"))), Dumper=Dumper), "utf-8")
"""
"""A program that does with a block what a reader does: each part goes under the same keys of its file."""


def steps(text: str, folder: Path) -> list[str]:
    """List what a reader does in the order of the page: commands, and blocks of YAML that go into a file.

    A block has the file's name: ` ```yaml title="catalogue/api.yaml" `. It becomes a command that needs what
    this writes into the folder.
    """
    (folder / "merge.py").write_text(MERGE, encoding="utf-8")
    found = []
    blocks = re.findall(r'^```(console|yaml title="(.*?)")\n(.*?)^```', text, re.M | re.S)
    for number, (kind, file, block) in enumerate(blocks):
        if kind == "console":
            found += [line[2:] for line in block.splitlines() if line[:2] == "$ "]
        else:
            (folder / f"block{number}.yaml").write_text(block, encoding="utf-8")
            found.append(f"{sys.executable} merge.py {file} block{number}.yaml")
    return found


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def runnable(lines: Iterable[str]) -> list[str]:
    """Leave out the lines that install, and those with curl where it is not installed."""
    return [
        line for line in lines if not line.startswith(SET_UP) and ("curl" not in line or shutil.which("curl"))
    ]


def run(
    lines: Iterable[str],
    folder: Path,
    *,
    copied: Iterable[str] = ("catalogue", "generated", "tests/catalogues"),
    port: int | None = None,
) -> list[tuple[str, int, str]]:
    """Each command with its exit code and its output, all in one shell, beside a copy of the files; only the
    port differs.

    The folder may be that of an earlier run.
    """
    for part in copied:
        if not (folder / part).exists():
            shutil.copytree(ROOT / part, folder / part)
    chosen = runnable(lines)
    script = ["set -m", *(f"{{ {line}\n}} > {n}.out 2>&1\necho $? >> codes" for n, line in enumerate(chosen))]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PGAGENTS_")}
    environment["PATH"] = f"{_bin(folder)}:{environment['PATH']}"
    text = "\n".join(script).replace("8080", str(port or free_port()))
    (folder / "codes").unlink(missing_ok=True)
    subprocess.run(
        ["bash", "-c", text], cwd=folder, env=environment, check=False, timeout=600, stdin=subprocess.DEVNULL
    )
    codes = [int(code) for code in (folder / "codes").read_text(encoding="utf-8").split()]
    return [
        (line, code, (folder / f"{n}.out").read_text(encoding="utf-8"))
        for n, (line, code) in enumerate(zip(chosen, codes, strict=True))
    ]


def _bin(folder: Path) -> Path:
    """A folder with `pgagents`, run by the Python of this test."""
    made = folder / "bin"
    made.mkdir(exist_ok=True)
    script = made / "pgagents"
    script.write_text(f"#!{sys.executable}\nfrom pgagents.cli.main import run\nrun()\n", encoding="utf-8")
    script.chmod(0o755)
    return made
