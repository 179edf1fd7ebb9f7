"""The lease of `pgagents verify`: once it has ended, no sender of a run sends anything more."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from counted_server import CATALOGUES, TIMEOUT_S, counted, start
from lengths import rarely

DAY_S, ON_THEIR_WAY_S = 86_400.0, 3.0
MCP = ("--mcp-stdio", f"{sys.executable} -m pgagents mcp {CATALOGUES / 'documents.yaml'}")


def grant(folder: Path, seconds: float = DAY_S) -> Path:
    """A lease that lasts so long."""
    path = folder / "lease.json"
    path.write_text(json.dumps({"expires": time.time() + seconds}))
    return path


def take_away(lease: Path, options: Sequence[str] = ()) -> None:
    """Remove a lease, and wait until the requests that other workers had on their way have arrived."""
    lease.unlink()
    if "--workers" in options:
        time.sleep(ON_THEIR_WAY_S)


AT = [
    ("notes", 1, ()),
    ("notes", 2, ()),
    ("notes", 40, ()),
    ("notes", 120, ()),
    ("notes", 60, ("--workers", "8")),
    ("library", 200, ("--workers", "8", "--shard", "1/2")),
    ("documents", 1, ()),
    ("documents", 2, ()),
    ("documents", 50, MCP),
]
"""Catalogues, the request at which the lease ends, and options. That of documents exchanges its key for a
token, and its MCP server calls the API.
"""


@pytest.mark.parametrize(("name", "at", "more"), rarely(AT, AT[2], AT[4]))
def test_nothing_is_sent_once_the_lease_is_gone(
    name: str, at: int, more: tuple[str, ...], tmp_path: Path
) -> None:
    lease, report = grant(tmp_path), tmp_path / "report.json"
    with counted(name) as (server, url):
        server.expect(at, lambda: take_away(lease, more))
        process = start(
            name,
            server,
            url,
            tmp_path,
            "--allow-writes",
            "--lease",
            str(lease),
            "--report",
            str(report),
            *more,
        )
        shown, errors = process.communicate(timeout=TIMEOUT_S)
    assert process.returncode == 3, errors
    assert "is gone, so nothing more is sent" in " ".join((shown + errors).split())
    assert [f"{r.method} {r.target}" for r in server.late] == []
    if report.exists():
        assert json.loads(report.read_text())["footer"]["lease_ended"] is True


MUTANT = """
import sys
from pgagents.verify.run import timing
from pgagents.verify.wire import deadline, lease, send
class Permit(lease.Permit):
    def __init__(self, most_s):
        super().__init__(most_s)
        self.refusal = None
send.Permit = Permit
for module in (lease, send, deadline):
    module.may_send = lambda: True
timing.find_lease = lambda: None
from pgagents.cli.main import main
sys.exit(main(sys.argv[1:]))
"""
"""A pgagents whose sender and client do not ask for the lease."""


def test_a_sender_that_skips_the_lease_would_be_noticed(tmp_path: Path) -> None:
    lease = grant(tmp_path)
    with counted("notes") as (server, url):
        server.expect(40, lambda: take_away(lease))
        more = ("--allow-writes", "--lease", str(lease))
        process = start("notes", server, url, tmp_path, *more, program=("-c", MUTANT))
        shown, errors = process.communicate(timeout=TIMEOUT_S)
    assert len(server.log) > 40, shown + errors
    assert server.late


def test_a_run_within_its_lease_ends_as_without_one(tmp_path: Path) -> None:
    lease = grant(tmp_path)
    with counted("notes") as (server, url):
        process = start("notes", server, url, tmp_path, "--allow-writes", "--lease", str(lease))
        shown, errors = process.communicate(timeout=TIMEOUT_S)
    assert process.returncode == 0, shown + errors
    assert "lease" not in shown


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"expires": "1"}', '{"expires": 1}', "[" * 4_000])
def test_without_a_lease_not_even_the_first_request_is_sent(text: str, tmp_path: Path) -> None:
    path = tmp_path / "lease.json"
    path.write_text(text)
    with counted("notes") as (server, url):
        process = start("notes", server, url, tmp_path, "--lease", str(path))
        shown, errors = process.communicate(timeout=TIMEOUT_S)
    assert (process.returncode, server.log) == (3, [])
    assert errors.count("error:") == 1
    assert "Traceback" not in shown + errors
