"""What starts the `pgagents` command, and `python -m pgagents`."""

from __future__ import annotations

import sys


def run() -> None:
    """Run the command line and end the process; Ctrl-C while it is still being loaded is no error of ours either."""
    try:
        from pgagents.cli.main import main

        code = main()
    except KeyboardInterrupt:
        sys.stderr.write("stopped\n")
        code = 130
    sys.exit(code)


if __name__ == "__main__":
    run()
