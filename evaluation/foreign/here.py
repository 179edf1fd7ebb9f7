"""Runs verify against one of the servers in the process of the tests.

There Python starts once for all runs, and what a run compiles of a catalogue is kept for the next one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

import pytest

from evaluation.foreign.measure import Measured, prepare, read_report, settings
from evaluation.foreign.serving import serving
from pgagents.cli.main import main
from pgagents.cli.running import progress
from pgagents.verify.plan.options import Progress


def verify_here(api: str, bug: str, folder: Path, *, until_found: bool = False, seed: int = 0) -> Measured:
    """Run `pgagents verify` against a server with a bug, or without any if `bug` is empty.

    With `until_found` the run ends at the first finding, as by Ctrl-C. `folder` is empty.
    """
    with serving(api, bug or None, options=settings(api).serve) as url, pytest.MonkeyPatch.context() as patch:
        words, env = prepare(api, folder, url)
        for name, value in env.items():
            patch.setenv(name, value)
        patch.chdir(folder)
        if until_found:
            patch.setattr(progress, "progress", _stop_at_first_finding)
        begun, said = time.perf_counter(), StringIO()
        with redirect_stdout(said), redirect_stderr(said):
            main([*words, "--seed", str(seed)])
        return read_report(api, bug, folder, time.perf_counter() - begun, said.getvalue()[-3000:])


@contextmanager
def _stop_at_first_finding(_tell: object = None) -> Iterator[Callable[[Progress], None]]:
    """Yield a step of a run that shows nothing, and raises KeyboardInterrupt at the first finding."""
    stopped = False

    def step(now: Progress) -> None:
        nonlocal stopped
        if now.found and not stopped:  # what is odd alone is counted as broken, too
            stopped = True
            raise KeyboardInterrupt

    yield step
