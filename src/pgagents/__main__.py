"""Entry point of the `pgagents` command and of `python -m pgagents`."""

from __future__ import annotations

import sys


def run() -> None:
    """Run the command line and exit with its code.

    Ctrl-C exits with 130 and no traceback, also while the command line is still being imported.
    """
    try:
        from pgagents.cli import main

        main.run()
    except KeyboardInterrupt:
        sys.stderr.write("stopped\n")
        sys.exit(130)


if __name__ == "__main__":
    run()
