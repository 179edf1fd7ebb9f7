"""Stages the trial of a coding agent, and counts what its catalogue finds.

`python -m evaluation.agents.measure stage pawprint DIR` writes what the agent sees: the skill, the document,
the keys, for pawprint the source without its bugs, and the task. It starts the right server and waits.
`python -m evaluation.agents.measure count pawprint DIR` runs the agent's DIR/pgagents.yaml, with the options
of DIR/flags.txt, against the right server and against one bug at a time.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin

import click

from evaluation.foreign import serving as foreign
from evaluation.foreign.bugs import read_bugs
from evaluation.foreign.measure import settings
from evaluation.sealed import measure as sealed
from evaluation.sealed.bugs import BUGS as PAWPRINT_BUGS

PROGRAM = str(Path(sys.executable).with_name("pgagents"))
SERVERS = ("pawprint", "library", "payments")
BATCH = "fifth"
"""Of the older servers' bugs, only the set that was drawn last."""
MOST_S = 900

TASK = """\
# Task

This folder has an API's document (openapi.yaml){source}, and the skill `pgagents` (skills/pgagents/SKILL.md).
A staging server runs at {url}. It does exactly what its document says. You may write to it.

Prove the API with pgagents, as the skill says: write the lines into pgagents.yaml. Later the same lines are
run against versions of this server that each have one mistake. A finding on the right server is a mistake of
yours.

- The program is `{program}`.
- `set -a; . ./keys.env; set +a` sets the keys: PGAGENTS_TOKEN, and one for each further role ({roles}).
- Write the options of verify that your lines need (such as `--identity second`) into flags.txt, on one line,
  without `--url` and `--report`.
- Read nothing but this folder and what the program prints. No web.
- At the end write notes.md: minutes, rounds of lint and verify, words of documentation that you read, the
  table that the skill asks for, and each place where you lost a round or guessed.
"""


@dataclass(frozen=True, slots=True)
class Staged:
    """What differs between the servers: the document, the source to show, the keys by role, and the bugs."""

    document: Path
    source: Path | None
    keys: dict[str, str]
    bugs: tuple[str, ...]


def describe(server: str) -> Staged:
    """Return what an agent is given for a server. Raises KeyError for an unknown one."""
    if server == "pawprint":
        keys = {"main": sealed.KEY, "second": sealed.SECOND}
        return Staged(sealed.DOCUMENT, sealed.HERE / "app.py", keys, tuple(PAWPRINT_BUGS))
    bugs = tuple(bug.name for bug in read_bugs(server) if bug.batch == BATCH)
    return Staged(foreign.FOREIGN / server / "openapi.yaml", None, settings(server).keys, bugs)


@contextmanager
def serving(server: str, bug: str = "") -> Iterator[str]:
    """Start a server with a bug, or right if it is empty; yield its address."""
    if server == "pawprint":
        with sealed.serving(bug) as url:
            yield url
        return
    with foreign.serving(server, bug or None, options=settings(server).serve) as url:
        yield url


def environment(server: str) -> dict[str, str]:
    """Return the variables that hold the keys."""
    keys = describe(server).keys
    return {"PGAGENTS_TOKEN" + ("" if role == "main" else f"_{role.upper()}"): keys[role] for role in keys}


def verify(server: str, folder: Path, bug: str = "") -> dict[str, str]:
    """Run the agent's lines against a server; return the verdict of each contract that is broken or odd."""
    flags = shlex.split((folder / "flags.txt").read_text(encoding="utf-8"))
    with serving(server, bug) as url, tempfile.TemporaryDirectory() as name:
        report = Path(name) / "report.json"
        words = [PROGRAM, "verify", str(folder / "pgagents.yaml"), "--url", urljoin(url, "/"), *flags]
        env = {**os.environ, **environment(server), "XDG_CACHE_HOME": name}
        done = subprocess.run(
            [*words, "--report", str(report)],
            env=env,
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=MOST_S,
            check=False,
        )
        if not report.exists():
            raise SystemExit(f"{server}/{bug}: verify wrote no report\n{done.stdout}\n{done.stderr}")
        results = json.loads(report.read_text(encoding="utf-8"))["results"]
    return {r["contract"]: r["verdict"] for r in results if r["verdict"] in ("broken", "odd")}


@click.group(help=(__doc__ or "").partition("\n\n")[0])
def main() -> None:
    pass


@main.command()
@click.argument("server", type=click.Choice(SERVERS))
@click.argument("folder", type=click.Path(path_type=Path))
def stage(server: str, folder: Path) -> None:
    """Write what an agent sees into FOLDER, start the right server, and serve until it is ended."""
    staged = describe(server)
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(staged.document, folder / "openapi.yaml")
    if staged.source is not None:
        text = staged.source.read_text(encoding="utf-8")
        (folder / "app.py").write_text(text[: text.index("def main(")], encoding="utf-8")
    shutil.copytree(foreign.ROOT / "skills/pgagents", folder / "skills/pgagents", dirs_exist_ok=True)
    keys = environment(server)
    lines = "".join(f"{name}={shlex.quote(value)}\n" for name, value in keys.items())
    (folder / "keys.env").write_text(lines, encoding="utf-8")
    with serving(server) as url:
        source = ", its source (app.py)" if staged.source is not None else ""
        task = TASK.format(
            source=source, url=urljoin(url, "/"), program=PROGRAM, roles=", ".join(staged.keys)
        )
        (folder / "TASK.md").write_text(task, encoding="utf-8")
        click.echo(url)
        threading.Event().wait()


@main.command()
@click.argument("server", type=click.Choice(SERVERS))
@click.argument("folder", type=click.Path(exists=True, path_type=Path))
def count(server: str, folder: Path) -> None:
    """Print what the agent's lines in FOLDER find: on the right server, and of each bug."""
    right = verify(server, folder)
    click.echo(f"right: {len(right)} false: {', '.join(f'{id} ({right[id]})' for id in right) or 'none'}")
    firm: list[str] = []
    odd: list[str] = []
    bugs = describe(server).bugs
    for bug in bugs:
        said = verify(server, folder, bug)
        new = {id: said[id] for id in said if right.get(id) != said[id]}
        (firm if "broken" in new.values() else odd if new else []).append(bug)
        found = ", ".join(f"{id} ({new[id]})" for id in sorted(new, key=new.__getitem__)[:3])
        click.echo(f"{bug}: {found or 'missed'}")
    missed = sorted(set(bugs) - {*firm, *odd})
    click.echo(
        f"{server}: {len(firm)} of {len(bugs)} as failures, {len(odd)} odd; missed: {', '.join(missed)}"
    )


if __name__ == "__main__":
    main()
