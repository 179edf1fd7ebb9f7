"""`pgagents demo`: builds, starts a sandbox, verifies it, prints the report, stops it."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pgagents.cli.inputs import report_files
from pgagents.cli.inputs.options import examples, only_option, reports_option, require_extras, seed_option

if TYPE_CHECKING:
    import subprocess

    from pgagents.catalogue.model.model import Model
    from pgagents.verify.wire.oauth import OAuthClient

SEED = 0
_SANDBOX = "from pgagents.cli.main import run; run()"


@click.command(
    short_help="Build, start a sandbox, verify it, stop it.",
    epilog=examples(
        ("the whole line, with nothing found", "pgagents demo"),
        ("what a finding looks like", "pgagents demo --fault money-rounded-down"),
    ),
)
@click.option(
    "--fault",
    multiple=True,
    metavar="NAME",
    help="Switch on a fault of the sandbox: see `pgagents sandbox --list-faults`. Repeatable.",
)
@reports_option
@only_option
@seed_option
def command(fault: tuple[str, ...], reports: tuple[Path, ...], only: tuple[str, ...], seed: int) -> int:
    """Build Park Graph's manifests, start its sandbox with TLS, verify it, and stop it."""
    import tempfile

    require_extras("pgagents demo", "sandbox")
    from pgagents.base.registry import folder
    from pgagents.catalogue.load import load_file
    from pgagents.cli.inputs import companions
    from pgagents.cli.inputs.env import Env
    from pgagents.cli.inputs.files import keep_out_of_here
    from pgagents.cli.inputs.server import Target
    from pgagents.cli.inputs.verification import check_selection
    from pgagents.cli.running import run
    from pgagents.sandbox import fault_registry
    from pgagents.verify.plan.options import Options

    keep_out_of_here()
    report_files.check(reports)
    for name in fault:
        fault_registry.find("faults", name)  # before the build, whose output would hide the message
    pages = _page()
    catalogue = folder("catalogue") / "park_graph.yaml"
    model = load_file(catalogue, name="catalogue/park_graph.yaml")
    options = Options(seed=seed, only=only)
    check_selection(model, options)
    with tempfile.TemporaryDirectory(prefix="pgagents-demo-") as scratch, run.signals():
        _build(catalogue, Path(scratch))
        with _sandbox(catalogue, Path(scratch), fault) as ready:
            click.echo(
                f"\nverifying the sandbox at {ready['url']}"
                + (f" with {', '.join(fault)}" if fault else "")
                + "\n"
            )
            there = Target(
                model,
                ready["url"],
                ready["plain_url"],
                Path(ready["ca_file"]),
                Env(oauth=client_of(ready["oauth"])),
            )
            again = " ".join(["pgagents demo", *(f"--fault {name}" for name in fault)])
            output = report_files.Output((*reports, *pages), again)
            with companions.receiving(companions.AUTO, 0) as inbox:
                code = run.run(there, _choose_keys(model, ready), options, output, run.Aids(receiver=inbox))
    for page in pages:
        click.echo(f"\nthe report as a page: {page.as_uri()}", err=True)
    if code == 1:
        _describe_another(ready["url"], fault)
    return code


def _choose_keys(model: Model, ready: Mapping[str, Any]) -> dict[str, str]:
    """Return the sandbox's keys by role. The main one has no rate limit."""
    keys = {role: key for role, key in ready["keys"].items() if role in model.auth.roles}
    keys["main"] = ready["keys"]["unlimited"]
    if "stripe" in model.auth.roles:
        keys["stripe"] = ready["stripe_secret"]
    return keys


def _describe_another(url: str, fault: tuple[str, ...]) -> None:
    """Print how to start a sandbox for the report's curl lines."""
    click.echo(
        (
            "\nthis sandbox is stopped; the curl lines are for another at the same port, with its CA and "
            "its key:"
        ),
        err=True,
    )
    for line in another(url, fault):
        click.echo(f"  {line}", err=True)


def another(url: str, faults: tuple[str, ...]) -> list[str]:
    """Return POSIX shell lines that start such a sandbox again.

    It has the same address, and the lines set the variables of the report's curl lines.
    """
    words = [
        "pgagents sandbox --tls --port",
        url.rpartition(":")[2],
        *(f"--fault {name}" for name in faults),
        "--ready live.json &",
    ]
    told = "$(python3 -c \"import json; print(json.load(open('live.json')){})\")"
    return [
        "rm -f live.json; " + " ".join(words),
        "until [ -s live.json ] || ! kill -0 $!; do sleep 0.1; done",
        "export CURL_CA_BUNDLE=" + told.format("['ca_file']"),
        "export PGAGENTS_TOKEN=" + told.format("['keys']['unlimited']"),
    ]


def _page() -> tuple[Path, ...]:
    """Return the report's page as a tuple of one path; empty if its folder cannot be written.

    The folder is the user's cache folder, else a new one that stays.
    """
    import tempfile

    from pgagents.cli.inputs.files import lasting

    try:
        home = lasting()
        page = (home / "demo" if home else Path(tempfile.mkdtemp(prefix="pgagents-page-"))) / "report.html"
        page.parent.mkdir(parents=True, exist_ok=True)
    except OSError:
        return ()
    return (page,) if os.access(page.parent, os.W_OK) else ()


def _build(catalogue: Path, scratch: Path) -> None:
    """Build into generated/ in a checkout, else into a temporary folder."""
    from contextlib import redirect_stdout
    from io import StringIO

    from pgagents.base.errors import PgagentsError
    from pgagents.cli.main import cli

    here = Path("catalogue/park_graph.yaml")
    out = (
        Path("generated")
        if here.is_file() and here.resolve() == catalogue.resolve()
        else scratch / "generated"
    )
    words = ["build", str(here if out.parent != scratch else catalogue), "--out", str(out)]
    with redirect_stdout(StringIO()) as listed:
        code = cli.main(args=words, prog_name="pgagents", standalone_mode=False)
    lines = listed.getvalue().splitlines()
    click.echo("\n".join(lines if code else lines[-1:]))
    if code:
        raise PgagentsError("the build failed, so there is nothing to verify")


@contextmanager
def _sandbox(catalogue: Path, scratch: Path, faults: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    """Run a sandbox in a process of its own until the block ends; yield the content of its ready file."""
    import subprocess

    ready, log = scratch / "ready.json", scratch / "sandbox.log"
    words = [
        sys.executable,
        "-c",
        _SANDBOX,
        "sandbox",
        str(catalogue),
        "--port",
        "0",
        "--seed",
        str(SEED),
        "--ready",
        str(ready),
        "--tls",
    ]
    words.append("--allow-loopback-webhooks")
    for name in faults:
        words += ["--fault", name]
    with log.open("wb") as stream:
        child = subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=stream, stderr=stream, env={**os.environ, "NO_COLOR": "1"}
        )
    try:
        yield _ready(child, ready, log)
    finally:
        child.terminate()
        try:
            child.wait(5)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _ready(child: subprocess.Popen[bytes], ready: Path, log: Path) -> dict[str, Any]:
    import json

    from pgagents.base.errors import PgagentsError
    from pgagents.cli.running.app import READY_S

    until = time.monotonic() + READY_S
    while time.monotonic() < until:
        if child.poll() is not None:
            break
        try:
            found: dict[str, Any] = json.loads(ready.read_text(encoding="utf-8"))
            return found
        except (OSError, ValueError):
            time.sleep(0.05)
    said = log.read_text(encoding="utf-8", errors="replace").strip()
    what = (
        f"ended with exit code {child.returncode}"
        if child.poll() is not None
        else f"was not ready within {READY_S:.0f} s"
    )
    raise PgagentsError(f"the sandbox {what}" + (f":\n{said[-2000:]}" if said else ""))


def client_of(kinds: Mapping[str, Mapping[str, object]]) -> OAuthClient | None:
    """Return the public OAuth client among the sandbox's clients, with a user's decisions.

    None if there is no public client.
    """
    from pgagents.verify.wire.oauth import OAuthClient

    public = kinds.get("public")
    if public is None:
        return None
    others = kinds.get("confidential")
    other = (
        OAuthClient(str(others["client_id"]), _first(others), str(others["client_secret"]))
        if others
        else None
    )
    user = {"user": "demo_user"}
    return OAuthClient(
        str(public["client_id"]),
        _first(public),
        consent={**user, "decision": "allow"},
        refuse={**user, "decision": "deny"},
        other=other,
    )


def _first(client: Mapping[str, object]) -> str:
    """Return a client's first redirect URI."""
    uris = client["redirect_uris"]
    return str(uris[0]) if isinstance(uris, list) and uris else ""
