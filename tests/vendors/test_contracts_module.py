"""The generated property tests, run as a user runs them: quiet on a correct server, loud on a wrong one."""

from __future__ import annotations

import os
import re
import runpy
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from pgagents.catalogue.load import load_file
from pgagents.generate.build import build
from pgagents.generate.files import write
from starting import wait_for_ready

SHOP = Path(__file__).parents[1] / "catalogues" / "shop.yaml"
PARK_GRAPH = Path(__file__).parents[2] / "generated" / "pgagents" / "test_contracts.py"
DISPATCHER = "askTheShop"
"""A call of it does what its body says, so that only its name lets the module call it."""


@pytest.fixture(scope="module")
def module(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The generated module, with the document it reads beside it."""
    out = tmp_path_factory.mktemp("generated")
    write(out, build(load_file(SHOP), only=["pgagents/pytest", "openapi/openapi"]).artifacts())
    return out / "pgagents" / "test_contracts.py"


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., dict[str, str]]]:
    """Starts a mock of the shop with some faults; answers the environment that names it."""
    running: list[subprocess.Popen[bytes]] = []

    def start(*faults: str) -> dict[str, str]:
        ready = tmp_path / "ready.json"
        options = [
            "sandbox",
            str(SHOP),
            "--port",
            "0",
            "--ready",
            str(ready),
            *(part for name in faults for part in ("--fault", name)),
        ]
        code = f"import sys; from pgagents.cli.main import main; sys.exit(main({options!r}))"
        running.append(
            subprocess.Popen(
                [sys.executable, "-c", code], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
        )
        told = wait_for_ready(ready, running[-1])
        keys = told["keys"]
        return {
            "PGAGENTS_URL": told["url"],
            "PGAGENTS_TOKEN": keys.get("unlimited") or keys.get("test") or keys["main"],
        }

    yield start
    for process in running:
        process.terminate()
        process.wait()


def _run(module: Path, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("PGAGENTS_", "PYTEST_"))}
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-rs",
        "-p",
        "no:cacheprovider",
        "--rootdir",
        str(module.parent),
        *options,
        str(module),
    ]
    return subprocess.run(
        command,
        env={**clean, "PGAGENTS_EXAMPLES": "3", **environment},
        cwd=module.parent,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.matrix
def test_a_correct_server_passes_with_every_test_run(
    module: Path, serve: Callable[..., dict[str, str]]
) -> None:
    done = _run(module, PGAGENTS_ALLOW=DISPATCHER, **serve())
    assert done.returncode == 0, done.stdout
    assert "skipped" not in done.stdout
    assert re.search(r"nothing here takes back:.* [0-9]+ x placeOrder", done.stdout)


@pytest.mark.matrix
def test_an_operation_that_is_not_in_the_document_cannot_be_allowed(
    module: Path, serve: Callable[..., dict[str, str]]
) -> None:
    done = _run(module, PGAGENTS_ALLOW="askTheShpo", **serve())
    assert done.returncode == 2
    assert "PGAGENTS_ALLOW names no operation of the document: askTheShpo" in done.stdout


def _verdicts(done: subprocess.CompletedProcess[str]) -> dict[str, str]:
    """Each test's verdict, from the lines that `-rA` prints."""
    return {name: word for word, name in re.findall(r"^(PASSED|FAILED|SKIPPED) (\S+)", done.stdout, re.M)}


@pytest.mark.matrix
def test_several_processes_give_the_verdicts_of_one(
    module: Path, serve: Callable[..., dict[str, str]]
) -> None:
    pytest.importorskip("xdist", reason="needs pytest-xdist")
    environment = serve("accept-out-of-range") | {"PGAGENTS_ALLOW": DISPATCHER}
    alone, shared = (_run(module, "-rA", *several, **environment) for several in ((), ("-n", "2")))
    assert _verdicts(alone) == _verdicts(shared)
    assert set(_verdicts(alone).values()) == {"PASSED", "FAILED"}


def test_worker_processes_share_one_pace(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of four sends a fourth of what one would, by the catalogue's limit and by what the server's
    headers tell.
    """
    now = [0.0]

    def sent(workers: int, headers: dict[str, str]) -> int:
        monkeypatch.setenv("PYTEST_XDIST_WORKER_COUNT", str(workers))
        made = runpy.run_path(str(PARK_GRAPH))
        clock = SimpleNamespace(monotonic=lambda: now[0], sleep=lambda s: now.__setitem__(0, now[0] + s))
        monkeypatch.setitem(made["_turn"].__globals__, "time", clock)
        now[0], count = 0.0, 0
        while now[0] < 1200:
            made["_turn"]("createSession")
            made["_heard"]("createSession", SimpleNamespace(headers=headers))
            count += 1
        return count

    assert sent(4, {}) == pytest.approx(sent(1, {}) / 4, rel=0.1)
    told = {"X-RateLimit-Limit": "600", "X-RateLimit-Remaining": "0"}
    assert sent(4, told) == pytest.approx(sent(1, told) / 4, rel=0.1)
    assert sent(1, told) > 2 * sent(1, {})


IN_MATRIX = [pytest.param(name, marks=pytest.mark.matrix) for name in ("accept-out-of-range", "auth-ignored")]


@pytest.mark.parametrize("fault", ["schema-wrong-type", *IN_MATRIX])
def test_a_planted_fault_is_found(fault: str, module: Path, serve: Callable[..., dict[str, str]]) -> None:
    done = _run(module, **serve(fault))
    assert done.returncode == 1, done.stdout


@pytest.mark.matrix
def test_without_a_server_all_is_skipped_with_the_reason(module: Path) -> None:
    done = _run(module)
    assert done.returncode == 0
    assert "PGAGENTS_URL is not set" in done.stdout
    assert "passed" not in done.stdout


@pytest.mark.matrix
def test_with_a_live_key_only_reads_are_called_and_the_rest_is_named(
    module: Path, serve: Callable[..., dict[str, str]]
) -> None:
    environment = serve() | {"PGAGENTS_TOKEN": "buy_unknown"}
    done = _run(module, "-k", "write", **environment)
    assert "1 skipped" in done.stdout
    assert "placeOrder" in done.stdout
    assert f"only PGAGENTS_ALLOW={DISPATCHER} calls them" in done.stdout
    assert "searchProducts" not in done.stdout
