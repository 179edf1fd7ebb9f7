"""Run an MCP server over stdio that keeps idempotency keys in its process, or the right one.

`python key_in_process.py HABIT CATALOGUE`. Each key that comes is known to this process alone, by its number.
The habit `right` changes nothing. `slow` answers the first message late, `fickle` starts only once for its
parent, and `noisy` writes to its stderr.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def rotate(key: str) -> str:
    """Return the key as this process alone knows it."""
    turned = os.getpid() % len(key) or 1
    return key[turned:] + key[:turned]


def main(habit: str, catalogue: str) -> None:
    """Pass lines on to `pgagents mcp` and back."""
    if habit == "fickle":
        mark = Path(tempfile.gettempdir()) / f"fickle-{os.getppid()}"
        if mark.exists():
            mark.unlink()
            sys.exit("it runs already")
        mark.touch()
    if habit == "slow":
        time.sleep(1)
    if habit == "noisy":
        print("it starts", file=sys.stderr)
    command = [sys.executable, "-m", "pgagents", "mcp", catalogue]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=sys.stdout.fileno(), text=True) as child:
        assert child.stdin
        for line in sys.stdin:
            message = json.loads(line)
            arguments = (message.get("params") or {}).get("arguments") or {}
            if habit == "keyed" and arguments.get("idempotency_key"):
                arguments["idempotency_key"] = rotate(arguments["idempotency_key"])
            child.stdin.write(json.dumps(message) + "\n")
            child.stdin.flush()
        child.stdin.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
