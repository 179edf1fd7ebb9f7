"""The generated `test_contracts.py` is a second program that calls the server: it keeps the rule "do no harm"
too.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from harm.cases import CASES
from harm.loopback import loopback
from harm.runs import harms, model_of, server_of, writes
from harm.servers.base import KEYS, Answer
from kept_process import run_pytest
from lengths import rarely
from pgagents.base.http import Request, Response
from pgagents.catalogue.model.model import Model
from pgagents.generate.build import build
from pgagents.generate.files import write

MODULES = ["pgagents/pytest", "openapi/openapi"]
ENVIRONMENT = ("HOME", "HYPOTHESIS_STORAGE_DIRECTORY", "PATH", "TMPDIR")
"""`requests` looks through all variables for proxies, twice a call."""


def pytest_of(name: str, server: Callable[[Request], Answer], folder: Path, **environment: str) -> str:
    """Run the module of a case with pytest against its server, and return what pytest printed."""
    with loopback(server) as url:
        return run_module(model_of(name), folder, url, **environment)


def run_module(model: Model, folder: Path, url: str, **environment: str) -> str:
    """Run the module of a catalogue with pytest against a server, and return what pytest printed."""
    artifacts = build(model, only=MODULES).artifacts()
    if not any(one.path.endswith(".py") for one in artifacts):
        pytest.skip("no operation of this catalogue is on REST")
    write(folder, artifacts)
    clean = {k: os.environ[k] for k in ENVIRONMENT if k in os.environ}
    module = folder / "pgagents" / "test_contracts.py"
    usual = {"PGAGENTS_TOKEN": KEYS["main"], "PGAGENTS_EXAMPLES": "2"}
    done = run_pytest(
        ["-q", "-rA", "--rootdir", folder, module],
        folder,
        {**clean, **usual, "PGAGENTS_URL": url, **environment},
    )
    assert done.returncode in (0, 1), done.stdout
    return done.stdout


@pytest.mark.parametrize("name", rarely(CASES, "open_door", "get_deeds"))
def test_with_a_live_key_the_module_only_reads(name: str, tmp_path: Path) -> None:
    """Also on a server that checks no keys: there a call without one does what it asks for."""
    server = server_of(name)
    printed = pytest_of(name, server, tmp_path)
    assert server.log or "skipped" in printed
    assert harms(server) == []
    assert server.tables == server.at_start
    assert [str(entry) for entry in writes(name, server.log)] == []


@pytest.mark.parametrize("name", rarely(CASES, "open_door"))
def test_with_leave_to_write_the_module_changes_nothing_that_was_there(name: str, tmp_path: Path) -> None:
    server = server_of(name)
    printed = pytest_of(name, server, tmp_path, PGAGENTS_ALLOW_WRITES="1")
    assert harms(server) == []
    if server.tables != server.at_start:
        assert "nothing here takes back" in printed


def test_the_module_follows_no_redirect_with_a_key(tmp_path: Path) -> None:
    """Wherever a server sends a call, nothing but the server itself gets the key or a write."""
    reached: list[Request] = []

    def elsewhere(request: Request) -> Response:
        reached.append(request)
        return Response(200)

    with loopback(elsewhere) as other:
        redirecting = Redirecting(other)
        pytest_of("bare", redirecting, tmp_path, PGAGENTS_ALLOW_WRITES="1")
    assert {request.method for request in redirecting.log} >= {"GET", "POST", "DELETE"}
    assert reached == []


class Redirecting:
    """A server that sends each call on to another address, and keeps its method and body."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.log: list[Request] = []

    def __call__(self, request: Request) -> Response:
        self.log.append(request)
        return Response(307, (("Location", f"{self.address}{request.target}"),))
