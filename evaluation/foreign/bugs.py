"""The bugs that the servers can be started with; `python -m evaluation.foreign.bugs` writes their tables."""

import subprocess
from typing import NamedTuple

from .serving import FOREIGN, ROOT, command

APIS = ("library", "payments")
"""The servers that can be started with a bug, of which `evaluation.agents` counts what an agent finds."""

HEAD = """\
# Bugs that this server can be started with

`--bug NAME` plants one, `--bugs` lists them; without the option the server is right.
Each is a mistake that somebody made in a real server, as the thread tells, planted as the smallest change of
the ordinary code. The sections are those of `tests/catalogues/{api}.md`.
Those of the later sets were written down before any check was looked at for them; `../SAMPLING.md` says how
the fourth and the fifth were drawn.
Written by `python -m evaluation.foreign.bugs` from the server's own list. `test_bugs.py` shows each on the
wire.

| bug | set | noticing it is | what is wrong | section | what a client sees | thread |
|---|---|---|---|---|---|---|
"""


class Bug(NamedTuple):
    """A line of what `--bugs` prints."""

    name: str
    level: str
    wrong: str
    section: str
    seen: str
    thread: str
    batch: str


def read_bugs(api: str) -> list[Bug]:
    """Ask the server of an API for its bugs; one that has none is not asked."""
    if api not in APIS:
        return []
    done = subprocess.run(
        [*command(api), "--bugs"], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    return [Bug(*line.split("\t")) for line in done.stdout.splitlines()]


def write_table(api: str) -> str:
    """The text of an API's BUGS.md."""
    levels, sets = ["easy", "middling", "subtle"], ["first", "second", "third", "fourth", "fifth"]
    bugs = sorted(read_bugs(api), key=lambda bug: (sets.index(bug.batch), levels.index(bug.level), bug.name))
    return HEAD.format(api=api) + "".join(
        f"| `{bug.name}` | {bug.batch} | {bug.level} | {bug.wrong} | {bug.section} | {bug.seen} "
        f"| <{bug.thread}> |\n"
        for bug in bugs
    )


if __name__ == "__main__":
    for each in APIS:
        (FOREIGN / each / "BUGS.md").write_text(write_table(each), encoding="utf-8")
