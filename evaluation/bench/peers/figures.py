"""Measure servers as `make bench` measures ours, turn about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from evaluation.bench.mcp import Through, first_lists, overheads, sandbox
from evaluation.bench.peers.calling import HERE, place_arguments
from evaluation.bench.peers.subjects import Subject

STARTS = 7
CALLS = 200
NOWHERE = "http://127.0.0.1:9"
ROWS = {
    "first": (
        "first `tools/list`, cold, by the clock",
        f"from the start of the process; the middle of {STARTS}, the servers in turns",
    ),
    "first_cpu": ("… of the processor", "of the same start, until the process has ended"),
    "call": (
        "a search through it",
        f"the middle of {CALLS} after 20 to warm up, the servers and a straight request in turns",
    ),
    "added": ("… more than straight", "the difference to the middle of the straight requests"),
}


def figures(several: Sequence[tuple[Subject, Mapping[str, Any]]], stderr: Any) -> dict[str, dict[str, str]]:
    """Return a cell for each of ROWS, by server. Each server is given with its tool for the search."""
    starting = {subject.name: subject.stdio(NOWHERE, "none") for subject, _ in several if subject.stdio}
    first = first_lists(starting, STARTS, stderr)
    with sandbox() as ready:
        url, key = ready["url"], ready["keys"]["unlimited"]
        servers = {
            subject.name: Through(
                subject.stdio(url, key), tool["name"], place_arguments(tool.get("inputSchema", {}), HERE)
            )
            for subject, tool in several
            if subject.stdio
        }
        call = overheads(url, key, servers, CALLS, stderr)
    return {
        name: {
            "first": f"{first[name].wall_s:.2f} s",
            "first_cpu": f"{first[name].cpu_s:.2f} s",
            "call": f"{call[name].mcp_ms:.1f} ms",
            "added": f"{call[name].added_ms:+.1f} ms",
        }
        for name in servers
    }
