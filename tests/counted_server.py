"""A catalogue's mock behind a socket of this machine that counts requests and acts at one of them, and the
process that verifies it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from harm.loopback import loopback
from pgagents.base.http import Request, Response, Silence
from pgagents.sandbox.sandbox import Sandbox, open_sandbox
from verifying import ROOT, model

TIMEOUT_S = 600.0
CATALOGUES = ROOT / "tests" / "catalogues"


class Counted:
    """A mock that calls `act` once, when request number `at` has had its effect and is not answered yet.

    `late` are the requests that arrived after that. With `before`, `act` is called before the effect.
    """

    def __init__(self, box: Sandbox, *, before: bool = False) -> None:
        self.box, self.before = box, before
        self.at: int | None = None
        self.act: Callable[[], None] = lambda: None
        self.log: list[Request] = []
        self.late: list[Request] = []
        self._acted = False
        self._lock = threading.Lock()

    def expect(self, at: int | None, act: Callable[[], None] = lambda: None) -> None:
        """Count anew, and act at this request; at none without a number."""
        self.log, self.late, self._acted = [], [], False
        self.at, self.act = at, act

    def __call__(self, request: Request) -> Response | Silence:
        with self._lock:
            self.log.append(request)
            number, late = len(self.log), self._acted
        if late:
            self.late.append(request)
        if self.before and (self._act_at(number) or late):
            return Silence("reset", "the caller is gone")
        answer = self.box.handler(request)
        self._act_at(number)
        return answer

    def _act_at(self, number: int) -> bool:
        """Act if it is this request's turn; return True if so. The caller may expect anew meanwhile."""
        with self._lock:
            due = number == self.at and not self._acted
            self._acted = self._acted or due
        if due:
            self.act()
        return due

    def count_rows(self) -> dict[str, Any]:
        """Return what the mock holds, by resource."""
        return rows_of(self.box)


def rows_of(box: Sandbox) -> dict[str, Any]:
    """Return what a sandbox holds, by kind and id: the instances and the webhooks."""
    store = box.front.store
    with store.lock:
        held = store.rows("SELECT kind, place, id, data FROM instance WHERE gone = 0")
        hooks = store.rows("SELECT id FROM webhook WHERE deleted_at IS NULL")
    rows = {f"{r['kind']} {r['place']} {r['id']}": json.loads(r["data"]) for r in held}
    return rows | {f"webhook {r['id']}": None for r in hooks}


@contextmanager
def counted(name: str, *, before: bool = False) -> Iterator[tuple[Counted, str]]:
    """Yield the mock of a catalogue of the tests, and its address."""
    server = Counted(open_sandbox(model(CATALOGUES / f"{name}.yaml"), seed=0), before=before)
    with loopback(server) as url:
        yield server, url


def start(
    name: str,
    server: Counted,
    url: str,
    folder: Path,
    *more: str,
    document: Path | None = None,
    program: Sequence[str] = ("-m", "pgagents"),
) -> subprocess.Popen[str]:
    """Start `pgagents verify` of a catalogue or of a document, with the mock's own key.

    `program` are the words for Python that start another one in its place, such as a mutant.
    """
    tokens = dict(server.box.tokens)
    subject = [str(CATALOGUES / f"{name}.yaml")] if document is None else ["--openapi", str(document)]
    command = [sys.executable, *program, "verify", *subject]
    env = {
        **os.environ,
        "PGAGENTS_TOKEN": tokens.get("unlimited", tokens.get("main", "")),
        "XDG_CACHE_HOME": str(folder),
        "HOME": str(folder),
    }
    return subprocess.Popen(
        [*command, "--url", url, *more],
        cwd=folder,
        env=env,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def verdicts(report: Path) -> dict[str, str]:
    """Return the verdict on each contract of a JSON report."""
    return {r["contract"]: r["verdict"] for r in json.loads(report.read_text())["results"]}
