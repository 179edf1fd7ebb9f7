"""Verifies right servers with writes, from their documents alone: `python -m evaluation.right.measure`.

The right servers of `evaluation/foreign` are among them. Nothing may be broken. NAMES choose servers, and
`--seeds 0-19` the seeds. Each run gets a server that was newly started. The last lines are the table of
docs/figures.md. The exit code is 1 if something is broken.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from fnmatch import fnmatch
from functools import cache
from importlib.util import find_spec
from io import StringIO
from pathlib import Path
from urllib.parse import urlencode, urlsplit
from urllib.request import Request, urlopen

import click
import pytest

from evaluation.foreign import serving as foreign
from evaluation.foreign.measure import settings
from evaluation.foreign.serving import LOOPBACK, Launched, install_node_modules
from pgagents.cli.inputs import document as documents
from pgagents.cli.main import main as pgagents

HERE = Path(__file__).parent
START_S = 600.0
"""Seconds in which a server must listen. Some frameworks load for a second, and a machine may be busy."""


@dataclass(frozen=True, slots=True)
class Server:
    """A server of this folder or of `evaluation/foreign`: its framework, and how verify is run against it.

    `least_kept` contracts are kept at least, so that no run is silent because it tried nothing.
    `needs` are packages of Python. `document` is a path of the server where its framework makes it; else it
    is the file of the server's name. `key` is its key, if it has one. `flags` are options of verify that say
    what the document cannot. `node` is true of a script of the folder `node`, and `foreign` of a server of
    `evaluation/foreign`. `narrow` names actions with the arguments that the document bounds more closely than
    the server, on purpose. So what breaks for them is a true finding.
    """

    name: str
    style: str
    least_kept: int
    needs: tuple[str, ...] = ()
    document: str = ""
    key: str = ""
    flags: tuple[str, ...] = ()
    node: bool = False
    foreign: bool = False
    narrow: Mapping[str, str] = field(default_factory=dict)

    @property
    def document_words(self) -> list[str]:
        """Return the words of verify that name the document."""
        beside = foreign.FOREIGN / self.name / "openapi.yaml" if self.foreign else HERE / f"{self.name}.yaml"
        return ["--openapi", self.document or str(beside)]

    @property
    def command(self) -> list[str]:
        """Return the arguments that start it, in the repository's root."""
        if self.node:
            return ["node", str(HERE / f"node/{self.name}.js")]
        return [sys.executable, "-m", f"evaluation.right.{self.name}"]


RPC = (*("--reads", "accounts.list"), *("--reads", "accounts.get"), *("--allow", "accounts_create"))
SERVERS = {
    server.name: server
    for server in (
        Server("library", "FastAPI", 100, foreign=True),
        Server(
            "payments",
            "Flask",
            250,
            foreign=True,
            narrow={"start_report_run": "parameters_interval_end", "make_webhook_endpoint": "url"},
        ),
        Server("documents", "Express, OAuth", 130, foreign=True, narrow={"follow_changes": "wait_s"}),
        Server("albums", "JSON:API, Starlette", 100, ("starlette", "uvicorn")),
        Server("accounts", "JSON-RPC, Werkzeug", 40, ("werkzeug",), flags=RPC),
        Server("words", "Litestar", 60, ("litestar", "uvicorn"), document="/schema/openapi.json"),
        Server("notes", "http.server", 150, key="notes-key-1"),
        Server("rooms", "NestJS", 120, node=True),
        Server("exports", "Django REST framework", 100, ("rest_framework", "werkzeug")),
        Server("posts", "Express", 200, node=True, key="posts-key-1"),
    )
}


@dataclass(frozen=True, slots=True)
class Run:
    """One run of verify: contracts by verdict, those that are broken or odd, and the requests."""

    server: str
    seed: int
    verdicts: Mapping[str, int]
    broken: tuple[str, ...]
    odd: tuple[str, ...]
    requests: int
    printed: str


def why_missing(server: Server) -> str:
    """Name what a server needs and this machine lacks; empty if it can start."""
    if server.foreign:
        return foreign.why_missing(server.name)
    if server.node:
        return install_node_modules(HERE / "node")
    missing = [name for name in server.needs if find_spec(name) is None]
    return f"needs {', '.join(missing)} (pip install '.[foreign]')" if missing else ""


@contextmanager
def serving(server: Server) -> Iterator[str]:
    """Start a server on a free port of this machine; gives its address, and kills it at the end.

    Raises RuntimeError with what the server printed if it does not start.
    """
    if server.foreign:
        with foreign.serving(server.name, options=settings(server.name).serve) as url:
            yield url.removesuffix(urlsplit(url).path)  # the document has the path
        return
    launched = Launched(server.command)
    try:
        url = launched.read_line(START_S)
        if not url.startswith(LOOPBACK):
            launched.process.kill()
            raise RuntimeError(f"{server.name} did not start: {url} {launched.describe_errors()}")
        yield url
    finally:
        launched.close()


def find_key(server: Server, url: str) -> str:
    """Return the key of a server, empty if it has none; a client of OAuth gets a token for its own."""
    key = settings(server.name).keys["main"] if server.foreign else server.key
    if server.name != "documents":
        return key
    client, _, secret = key.partition(":")
    sent = urlencode({"grant_type": "client_credentials", "client_id": client, "client_secret": secret})
    with urlopen(Request(f"{url}/2.0/oauth2/token", sent.encode()), timeout=START_S) as answer:
        token: str = json.load(answer)["access_token"]
    return token


_import_once = cache(documents.load_document)
"""An import depends on no seed. What a run compiles of a model is kept for the next one, too."""


def verify(server: Server, seed: int, folder: Path) -> Run:
    """Run `pgagents verify` once against a new server, in this process. `folder` is empty."""
    report = folder / "report.json"
    with serving(server) as url, pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
        if key := find_key(server, url):
            patch.setenv("PGAGENTS_TOKEN", key)
        else:
            patch.delenv("PGAGENTS_TOKEN", raising=False)
        patch.chdir(folder)
        if not server.document:
            patch.setattr(
                documents, "load_document", lambda file, choice, *_, **__: _import_once(file, choice)
            )
        words = ["verify", *server.document_words, "--url", url, "--allow-writes", "--odd", *server.flags]
        said = StringIO()
        with redirect_stdout(said), redirect_stderr(said):
            pgagents([*words, "--seed", str(seed), "--report", str(report)])
    if not report.exists():
        raise RuntimeError(f"{server.name}, seed {seed}: verify wrote no report\n{said.getvalue()[-3000:]}")
    return _read_run(server, seed, report, said.getvalue())


def _read_run(server: Server, seed: int, report: Path, printed: str) -> Run:
    data = json.loads(report.read_text(encoding="utf-8"))
    if failed := [r["reason"] for r in data["results"] if "internal error" in r.get("reason", "")]:
        raise RuntimeError(f"{server.name}, seed {seed}: {failed[0]}")
    narrow = [
        pattern
        for action, argument in server.narrow.items()
        for pattern in (f"invalid_input/*/{argument}/{action}@*", f"honours_manifest/refuses/{action}@*")
    ]
    by = {
        verdict: tuple(
            r["contract"]
            for r in data["results"]
            if r["verdict"] == verdict and not any(fnmatch(r["contract"], each) for each in narrow)
        )
        for verdict in ("broken", "odd")
    }
    counts = Counter(result["verdict"] for result in data["results"])
    return Run(server.name, seed, counts, *by.values(), data["footer"]["requests"], printed)


def measure(server: Server, seeds: Iterable[int]) -> Iterator[Run]:
    """Yield a run of each seed."""
    for seed in seeds:
        folder = Path(tempfile.mkdtemp(prefix="right-"))
        try:
            yield verify(server, seed, folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def describe(server: Server, runs: Sequence[Run]) -> str:
    """Return a server's row of docs/figures.md: the smallest and the largest count of all seeds."""

    def between(counts: Iterable[int]) -> str:
        ordered = sorted(counts)
        return f"{ordered[0]:,}" if ordered[0] == ordered[-1] else f"{ordered[0]:,} to {ordered[-1]:,}"

    cells = [server.name, server.style, str(len(runs)), between(sum(run.verdicts.values()) for run in runs)]
    cells += [between(run.verdicts.get("kept", 0) for run in runs)]
    cells += [between(map(len, found)) for found in ((r.odd for r in runs), (r.broken for r in runs))]
    return f"| {' | '.join([*cells, between(run.requests for run in runs)])} |"


def read_seeds(text: str) -> range:
    """Read `3` or `0-19`. Raises click.BadParameter."""
    first, _, last = text.partition("-")
    if not (first.isdecimal() and (last or first).isdecimal()):
        raise click.BadParameter(f"{text}: say a seed, or the first and the last (0-19)")
    return range(int(first), int(last or first) + 1)


@click.command()
@click.argument("names", nargs=-1)
@click.option("--seeds", default="0-19", show_default=True, help="A seed, or the first and the last.")
@click.option("--show", is_flag=True, help="Print the report of each run that finds something.")
def main(names: tuple[str, ...], seeds: str, *, show: bool) -> None:
    """Verify the servers NAMES, or all."""
    if unknown := set(names) - set(SERVERS):
        raise click.BadParameter(f"{min(unknown)} is not a server; choose {', '.join(SERVERS)}")
    rows = ["| server | written in | seeds | contracts | kept | odd | broken | requests |", "|" + "---|" * 8]
    broken = False
    for server in [SERVERS[name] for name in names or SERVERS]:
        if why := why_missing(server):
            click.echo(f"{server.name} is left out: {why}", err=True)
            continue
        runs = []
        for run in measure(server, read_seeds(seeds)):
            runs.append(run)
            counts = ", ".join(f"{count} {verdict}" for verdict, count in sorted(run.verdicts.items()))
            click.echo(f"{run.server}, seed {run.seed}: {run.requests} requests, {counts}")
            for id in (*run.broken, *run.odd):
                click.echo(f"    {id}")
            if show and (run.broken or run.odd):
                click.echo(run.printed)
        rows.append(describe(server, runs))
        broken |= any(run.broken for run in runs)
    click.echo("\n".join(rows))
    if broken:
        raise click.exceptions.Exit(1)


if __name__ == "__main__":
    main()
