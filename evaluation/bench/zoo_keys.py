"""Print what `verify` and `schemathesis run` find on a real server: `python -m evaluation.bench.zoo_keys
NAME`.

A key is an operation, a kind, and a status or a place in the body. Each run has a server that was newly
started and filled, both tools about as many requests. `--seeds 1,2` takes these seeds (default 1 to 5),
`--kind edited` the catalogue with a reviewer's lines. Reports stay in .zoo/keys; `--kept` prints them again.
Nothing here judges: `!!` marks a key that only Schemathesis has, each with an example.
"""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from evaluation.bench.zoo import EDITS, RUN
from evaluation.zoo.zoo import ZOO, load, serving

HOME = ZOO / "keys"
MOST_S = 1_500
LONGEST, MOST_EXAMPLES = 160, 8
"""Characters of a body that are printed, and examples of a key."""
_BODY = ("response_schema", "error_envelope")
SAME: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("ST101", "ST102"), ("no_crashes",)),
    "ST103": ("documented_status", "error_codes"),
    **dict.fromkeys(("ST104", "ST105", "ST106"), ("content_type",)),
    "ST107": ("response_headers",),
    **dict.fromkeys(("ST108", "ST109", "ST110"), _BODY),
    "ST201": ("invalid_input", "look_alike_input", "merge_patch"),
    "ST202": ("valid_calls", "arbitrary_text", "upserts"),
    "ST203": ("invalid_input",),
    **dict.fromkeys(("ST204", "ST205"), ("framework",)),
    "ST301": ("removals",),
    "ST302": ("read_after_write",),
    "ST401": ("key_authentication",),
}
"""Our checks that say the same as a code of Schemathesis's failures."""
OF_NO_OPERATION = ("ST204", "ST205")
"""Codes whose contracts of ours are about all paths."""


@dataclass(frozen=True, slots=True)
class Said:
    """One thing that a tool said: the operation, its check or code, and what came, with an example."""

    operation: str
    kind: str
    what: str
    example: str = ""


def main(words: Sequence[str]) -> None:
    """Run both tools with each seed, and print their keys."""
    rest = list(words)
    seeds = [int(seed) for seed in _take(rest, "--seeds", "1,2,3,4,5").split(",")]
    kind = _take(rest, "--kind", "write")
    name = next(word for word in rest if not word.startswith("--"))
    HOME.mkdir(parents=True, exist_ok=True)
    for seed in seeds if "--kept" not in rest else ():
        requests = run_ours(name, kind, seed)
        run_theirs(name, seed, requests)
    show(name, kind, seeds)


def _take(rest: list[str], option: str, default: str) -> str:
    return rest.pop(rest.index(option) + 1) if option in rest else default


def run_ours(name: str, kind: str, seed: int) -> int:
    """Verify a new server, and return the number of requests. The report and the catalogue are kept."""
    report = HOME / f"{name}-{kind}-{seed}.json"
    with tempfile.TemporaryDirectory(prefix="zoo-run-") as folder, serving(load(name)) as server:
        before, catalogue = server.look(), Path(folder, "catalogue.yaml")
        options = (*server.server.auth, *server.server.imported)
        called = _call(["import", "--full", server.document, *options, "--out", str(catalogue)], folder, {})
        if not catalogue.exists():
            raise SystemExit(f"import failed: {called}")
        (HOME / f"{name}.yaml").write_bytes(catalogue.read_bytes())
        given = ["--openapi", server.document, *server.server.auth]
        if kind == "edited":
            patch = ["patch", "-s", "catalogue.yaml", str(EDITS / f"{name}.diff")]
            subprocess.run(patch, cwd=folder, check=True)
            given = [str(catalogue), *server.server.edited]
        given += ["--url", server.url, "--allow-writes", "--seed", str(seed), "--report", str(report)]
        cache = str(Path(folder, "cache"))
        _call(["verify", *given], folder, {"PGAGENTS_TOKEN": server.key, "XDG_CACHE_HOME": cache})
        after = server.look()
    requests: int = json.loads(report.read_text("utf-8"))["footer"]["requests"]
    changed = [thing for thing, value in before.items() if after.get(thing) != value]
    print(f"{name}, {kind}, seed {seed}: {requests} requests; changed: {changed}", flush=True)
    return requests


def _call(words: Sequence[str], folder: str, env: Mapping[str, str]) -> str:
    """Run pgagents, and return what it says on stderr."""
    command = [sys.executable, "-c", RUN, *words]
    known = {**os.environ, **env}
    ended = subprocess.run(
        command, cwd=folder, env=known, capture_output=True, check=False, timeout=MOST_S, text=True
    )
    return ended.stderr


def run_theirs(name: str, seed: int, requests: int) -> None:
    """Run Schemathesis on a new server with about as many requests. Its events are kept."""
    server, events = load(name), HOME / f"{name}-theirs-{seed}.ndjson"
    each = max(1, requests // server.operations)
    with tempfile.TemporaryDirectory(prefix="zoo-run-") as folder, serving(server) as running:
        headers = [w for n, v in running.api.headers.items() for w in ("--header", f"{n}: {v}")]
        command = [sys.executable, "-m", "schemathesis.cli", "run", running.document, *headers]
        command += ["--url", running.peer_url, "--seed", str(seed), "--max-examples", str(each)]
        command += [
            "--generation-database",
            "none",
            "--report",
            "ndjson",
            "--report-ndjson-path",
            str(events),
            *server.peer,
        ]
        subprocess.run(command, cwd=folder, capture_output=True, check=False, timeout=MOST_S)
    print(f"{name}, schemathesis, seed {seed}: {each} examples an operation", flush=True)


def read_ours(name: str, kind: str, seed: int) -> Iterator[Said]:
    """Yield each broken or odd contract of a kept report."""
    catalogue = yaml.safe_load((HOME / f"{name}.yaml").read_text("utf-8"))
    http = {action: str(one.get("http", "")) for action, one in catalogue["actions"].items()}
    for one in json.loads((HOME / f"{name}-{kind}-{seed}.json").read_text("utf-8"))["results"]:
        if one["verdict"] in ("broken", "odd"):
            operation = _without_names(http.get(one.get("action", ""), ""))
            yield Said(operation, one["check"], f"{one['contract']} ({one.get('reason', '')[:50]})")


def read_theirs(name: str, seed: int) -> Iterator[Said]:
    """Yield each failure in the kept events of Schemathesis."""
    for line in (HOME / f"{name}-theirs-{seed}.ndjson").open(encoding="utf-8"):
        ((event, data),) = json.loads(line).items()
        recorder = data["recorder"] if event == "ScenarioFinished" else {}
        for id, checks in recorder.get("checks", {}).items():
            call = recorder.get("interactions", {}).get(id, {})
            for failure in (c["failure_info"]["failure"] for c in checks if c.get("failure_info")):
                yield _read_failure(failure, call.get("request") or {}, call.get("response") or {})


def _read_failure(failure: Mapping[str, Any], request: Mapping[str, Any], answer: Mapping[str, Any]) -> Said:
    place = failure.get("instance_path")
    if isinstance(place, list):
        where = ".".join("*" if isinstance(step, int) else str(step) for step in place)
        what = f"{where} {failure.get('validation_message', '')[:60]}"
    else:
        what = next(iter(str(failure.get("message") or "").splitlines()), "")[:100]
    sent, came = _text(request.get("body", "")), _text(answer.get("content", ""))
    status = answer.get("status_code")
    example = f"{request.get('method')} {request.get('uri')} {sent!r} -> {status} {came!r}"
    what = re.sub(r"\d{4,}|[0-9a-f-]{20,}", "#", f"{status} {what}")
    return Said(_without_names(str(failure.get("operation"))), str(failure.get("code")), what, example)


def _text(part: Any) -> str:
    """Return the beginning of a body, which is Base64 where it may be no text."""
    if isinstance(part, dict) and "$base64" in part:
        part = base64.b64decode(part["$base64"]).decode("utf-8", "replace")
    return str(part)[:LONGEST]


def _without_names(operation: str) -> str:
    """Return an operation without the names of its placeholders, which the tools choose."""
    return re.sub(r"\{[^{}]*\}", "{}", operation)


def is_same(ours: Said, theirs: Said) -> bool:
    """True if two keys have one operation and kind. A document's base path stands in ours alone."""
    if ours.kind not in SAME.get(theirs.kind, ()):
        return False
    if theirs.kind in OF_NO_OPERATION:
        return not ours.operation
    method, _, path = theirs.operation.partition(" ")
    return ours.operation.startswith(f"{method} ") and ours.operation.rstrip("/").endswith(path.rstrip("/"))


def show(name: str, kind: str, seeds: Sequence[int]) -> None:
    """Print the keys of Schemathesis with what we say of them, those that only it has first."""
    ours, theirs = defaultdict[Said, set[int]](set), defaultdict[Said, set[int]](set)
    for seed in seeds:
        for said in read_ours(name, kind, seed):
            ours[said].add(seed)
        for said in read_theirs(name, seed):
            theirs[said].add(seed)
    groups = defaultdict[tuple[str, str], list[Said]](list)
    for said in theirs:
        groups[said.kind, said.operation].append(said)
    known = {key: [one for one in ours if is_same(one, several[0])] for key, several in groups.items()}
    for key in sorted(groups, key=lambda key: (bool(known[key]), key)):
        print(f"\n{'==' if known[key] else '!!'} {' '.join(key)}")
        for one in known[key]:
            print(f"      ours {sorted(ours[one])}: {one.what}")
        shown = {said.what: said for said in reversed(groups[key])}
        for what, said in list(shown.items())[:MOST_EXAMPLES]:
            found = {seed for other in groups[key] if other.what == what for seed in theirs[other]}
            print(f"   {sorted(found)} {what}\n        {said.example}")


if __name__ == "__main__":
    main(sys.argv[1:])
