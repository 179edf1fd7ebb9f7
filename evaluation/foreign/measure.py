"""Runs verify, and schemathesis beside it, against the servers of this folder: right, and with one bug each.

`python -m evaluation.foreign.measure --help` lists the options. A bug counts as found by a tool that says
something which it does not say of the right server.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import click
import yaml

from evaluation.foreign.bugs import read_bugs
from evaluation.foreign.serving import APIS, ROOT, serving, why_missing
from language_table import merged
from pgagents.base.reading import parse
from pgagents.base.writing import to_yaml

HERE = Path(__file__).parent

MOST_S = 3_600
PATIENCE_S = 60
"""Seconds in which an interrupted tool must have written its report."""
SETTINGS = "schemathesis.toml"
"""Settings that tell schemathesis what the OpenAPI document of a server cannot say."""
REPORT = "v.json"
AT_ONCE = 2
RIGHT = "right"
"""Stands in a name for the server without a bug."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One run of a tool against one server: what it said, and what that took."""

    api: str
    bug: str
    tool: str
    said: tuple[str, ...]
    untested: tuple[str, ...]
    kept: int
    requests: int
    seconds: float
    interrupted: bool = False


@dataclass(frozen=True, slots=True)
class Settings:
    """The options by which the tools run against one server.

    `serve` are options of the server, `keys` its keys by role, `flags` options of verify, with
    the server's address for `{url}`. `peer` are options of schemathesis; `peer_short` bounds it to about
    as many requests as verify. `server` is written to verify's `--env` file, and `env` are variables.
    """

    serve: tuple[str, ...]
    keys: dict[str, str]
    flags: tuple[str, ...]
    peer: tuple[str, ...]
    peer_short: tuple[str, ...]
    env: dict[str, str]
    server: dict[str, Any]


def settings(api: str) -> Settings:
    """Return the settings that stand beside a server."""
    data: dict[str, Any] = yaml.safe_load((HERE / api / "verify.yaml").read_text(encoding="utf-8"))
    lists = (tuple(map(str, data.get(name, ()))) for name in ("serve", "flags", "peer", "peer_short"))
    serve, flags, peer, peer_short = lists
    described = data.get("env", {}), data.get("server", {})
    return Settings(serve, data["keys"], flags, peer, peer_short, *described)


def catalogue(api: str, folder: Path) -> Path:
    """Return the catalogue of a server, written to a folder with what only the server can keep.

    `promises.yaml` beside the server says more of its prose than the catalogue, which the mock keeps too.
    """
    plain = ROOT / "tests/catalogues" / f"{api}.yaml"
    more = HERE / api / "promises.yaml"
    if not more.exists():
        return plain
    sources = [parse(file.read_text(encoding="utf-8"), file.name) for file in (plain, more)]
    if wrong := [fault.message for source in sources for fault in source.problems]:
        raise SystemExit(f"{more}: {wrong[0]}")
    whole, further = (source.data for source in sources)
    path = folder / f"{api}.yaml"
    path.write_bytes(to_yaml(merged(whole, further)))
    for icon in plain.parent.glob(f"{api}.png"):  # the listing names it, and it stands beside the catalogue
        shutil.copy(icon, folder)
    return path


def verify(api: str, bug: str = "", *, flags: Sequence[str] = ()) -> Measured:
    """Run `pgagents verify` against a server with one bug, or without any."""
    given = settings(api)
    with tempfile.TemporaryDirectory() as name, serving(api, bug or None, options=given.serve) as url:
        words, env = prepare(api, Path(name), url)
        command = [sys.executable, "-m", "pgagents", *words, *flags]
        seconds, printed = _run(command, name, {**os.environ, **env})
        return read_report(api, bug, Path(name), seconds, printed)


def prepare(api: str, folder: Path, url: str) -> tuple[list[str], dict[str, str]]:
    """Write the files that verify needs against a server into a folder, which its report is written to.

    Return the words after `pgagents`, and the variables.
    """
    given = settings(api)
    further = [role for role in given.keys if role != "main"]
    env = {f"PGAGENTS_TOKEN_{role.upper()}": given.keys[role] for role in further}
    env = {**env, **given.env, "PGAGENTS_TOKEN": given.keys["main"], "XDG_CACHE_HOME": str(folder / "cache")}
    words = ["verify", str(catalogue(api, folder)), "--url", url, "--exclusive"]
    words += ["--report", str(folder / REPORT), *(flag.replace("{url}", url) for flag in given.flags)]
    words += [word for role in further for word in ("--identity", role)]
    if given.server:
        server = folder / "server.yaml"
        server.write_text(yaml.safe_dump(given.server), encoding="utf-8")
        words += ["--env", str(server)]
    return words, env


def read_report(api: str, bug: str, folder: Path, seconds: float, printed: str) -> Measured:
    """Return what verify said in its report. Raises SystemExit with what it `printed` if there is none."""
    report = folder / REPORT
    if not report.exists():
        raise SystemExit(f"{api}: verify wrote no report\n{printed}")
    data = json.loads(report.read_text(encoding="utf-8"))
    by = {
        verdict: tuple(r["contract"] for r in data["results"] if r["verdict"] == verdict)
        for verdict in ("broken", "kept", "untested")
    }
    requests = data["footer"]["requests"]
    return Measured(api, bug, "verify", by["broken"], by["untested"], len(by["kept"]), requests, seconds)


def peer(api: str, bug: str = "", *, short: bool = False, most_s: float = MOST_S) -> Measured:
    """Run `schemathesis run` with its defaults, the server's OpenAPI document and its main key.

    If `short` is true, it generates so few examples that it sends about as many requests as verify. With a
    bug it is interrupted after `most_s` seconds, and reports what it has found until then.
    """
    given = settings(api)
    bounds = given.peer_short if short else ()
    tool = "schemathesis, short" if short else "schemathesis"
    with tempfile.TemporaryDirectory() as name, serving(api, bug or None, options=given.serve) as url:
        path = Path(name) / "st.json"
        command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(HERE / api / SETTINGS)]
        command += ["run", str(HERE / api / "openapi.yaml")]
        command += ["--url", url, "--seed", "1", "--generation-database", "none", "--no-color"]
        command += ["--report", "json", "--report-json-path", str(path), *given.peer, *bounds]
        seconds, cut = _run_for(command, name, most_s if bug else MOST_S)
        data = json.loads(path.read_text("utf-8")) if path.exists() else {}
    if not data:
        raise SystemExit(f"{api}/{bug}: schemathesis wrote no report")
    failures = {f"{f['code']} {o}" for f in data.get("failures", ()) for o in f["operations"]}
    calls = data.get("test_cases", {}).get("generated", 0)
    return Measured(api, bug, tool, tuple(sorted(failures)), (), 0, calls, seconds, cut)


def _run_for(command: list[str], folder: str, most_s: float) -> tuple[float, bool]:
    """Run a tool, and interrupt it after some seconds; return its seconds and whether it was interrupted."""
    begun = time.perf_counter()
    silent = subprocess.DEVNULL
    with subprocess.Popen(command, cwd=folder, stdout=silent, stderr=silent) as child:
        try:
            child.wait(most_s)
        except subprocess.TimeoutExpired:
            child.send_signal(signal.SIGINT)
            try:
                child.wait(PATIENCE_S)
            except subprocess.TimeoutExpired:
                child.kill()
            return time.perf_counter() - begun, True
    return time.perf_counter() - begun, False


def _run(command: list[str], folder: str, env: dict[str, str]) -> tuple[float, str]:
    """Run a tool; return its seconds and what it printed."""
    begun = time.perf_counter()
    done = subprocess.run(
        command, env=env, cwd=folder, capture_output=True, text=True, timeout=MOST_S, check=False
    )
    return time.perf_counter() - begun, done.stdout[-3000:] + done.stderr[-3000:]


Tool = Callable[[str, str], Measured]


def list_tasks(chosen: Sequence[str]) -> list[tuple[str, str]]:
    """Return the runs by server and bug, which is empty for the right server; that run is the server's first.

    A server that cannot start here is left out, with a line on stderr. Raises click.BadParameter for a name
    that is neither a server nor a bug.
    """
    found: list[tuple[str, str]] = []
    unknown = set(chosen)
    for api in (api for api in APIS if (HERE / api / "verify.yaml").exists()):
        known = [bug.name for bug in read_bugs(api)]
        unknown -= {api, f"{api}/{RIGHT}", *(f"{api}/{name}" for name in known)}
        bugs = [b for b in known if not chosen or api in chosen or f"{api}/{b}" in chosen]
        if chosen and not bugs and not {api, f"{api}/{RIGHT}"} & {*chosen}:
            continue
        if why := why_missing(api):
            click.echo(f"{api} is left out: {why}", err=True)
        else:
            found += [(api, bug) for bug in ("", *bugs)]
    if unknown:
        names = f"{', '.join(APIS)}, a server with its bug (library/NAME), or library/{RIGHT}"
        raise click.BadParameter(f"{', '.join(sorted(unknown))} is not known; choose {names}")
    return found


def measure(chosen: Sequence[str], tools: dict[str, Tool], at_once: int = AT_ONCE) -> Iterator[Measured]:
    """Yield the runs of each tool against the chosen servers."""
    tasks = [(run, *task) for task in list_tasks(chosen) for run in tools.values()]
    with ThreadPoolExecutor(at_once) as pool:
        yield from pool.map(lambda task: task[0](task[1], task[2]), tasks)


@click.command()
@click.argument("names", nargs=-1)
@click.option("--peer", "whole", is_flag=True, help="Run `schemathesis run` too, with its defaults.")
@click.option("--peer-short", "short", is_flag=True, help="The same with about as many requests as verify.")
@click.option("--peer-alone", "alone", is_flag=True, help="Leave verify out.")
@click.option("--record", type=click.Path(dir_okay=False, path_type=Path), help="Add the new runs as JSON.")
@click.option("--most-s", default=MOST_S, show_default=True, help="Interrupt schemathesis after SECONDS.")
@click.option("--at-once", default=AT_ONCE, show_default=True, help="So many runs go on at the same time.")
def main(
    names: tuple[str, ...],
    *,
    whole: bool,
    short: bool,
    alone: bool,
    record: Path | None,
    most_s: int,
    at_once: int,
) -> None:
    """Print one line for each run, and the sum for each server and tool.

    NAMES are servers (`library`), bugs (`library/NAME`) or a server without a bug (`library/right`); all
    servers if there are none.
    """
    tools: dict[str, Tool] = {} if alone else {"verify": verify}
    if whole:
        tools["schemathesis"] = partial(peer, most_s=most_s)
    if short:
        tools["schemathesis, short"] = partial(peer, short=True, most_s=most_s)
    right: dict[tuple[str, str], Measured] = {}
    found: list[Measured] = []
    for one in measure(names, tools, at_once):
        found.append(one)
        plain = right.setdefault((one.api, one.tool), one)
        new = sorted(set(one.said) - set(plain.said))
        said = f"{len(new)} new: {', '.join(new[:3])}" if one.bug else f"said {len(one.said)}"
        counts = f"{one.kept} kept, {len(one.untested)} untested, " if one.tool == "verify" else ""
        took = f"{one.requests} requests, {one.seconds:.0f} s{', interrupted' if one.interrupted else ''}"
        print(f"{one.api}/{one.bug or '(right)'}, {one.tool}: {said}; {counts}{took}", flush=True)
        for id in () if one.bug else (*one.said, *(f"untested {id}" for id in one.untested)):
            print(f"    {id}", flush=True)
    for (api, tool), plain in right.items():
        bugs = [one for one in found if (one.api, one.tool) == (api, tool) and one.bug]
        seen = {one.bug for one in bugs if set(one.said) - set(plain.said)}
        missed = ", ".join(sorted({one.bug for one in bugs} - seen)) or "none"
        print(f"{api}, {tool}: {len(seen)} of {len(bugs)} bugs found; missed: {missed}")
    if record is not None:
        _record(record, found)


def _record(file: Path, found: Sequence[Measured]) -> None:
    """Add the runs to a file; those that it has stay as they are, for they are of an earlier day."""
    known = json.loads(file.read_text(encoding="utf-8")) if file.exists() else []
    runs = {(one["api"], one["bug"], one["tool"]) for one in known}
    known += [asdict(one) for one in found if (one.api, one.bug, one.tool) not in runs]
    file.write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
