"""Store which contracts failed in the last run against a server, for `--last-failed`.

The file is in the user's cache folder, never in the working folder. There is one for each server and
catalogue. It contains contract ids only, nothing from the server's answers.
"""

from __future__ import annotations

import contextlib
import json
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pgagents.model.model import Model
    from pgagents.report.report import Report

MAX_BYTES = 20_000_000


def place(model: Model, url: str) -> Path:
    """Return the path of the file for this server and catalogue."""
    from pgagents.cli.inputs.caches import folder

    name = sha256(
        f"{Path(model.source.file).absolute()}\n{url}".encode("utf-8", "surrogateescape")
    ).hexdigest()[:20]
    return folder() / "last" / f"{name}.json"


def remember(path: Path, report: Report) -> None:
    """Store the failed contracts. Entries of contracts that this run did not try are kept.

    Write errors are ignored.
    """
    from pgagents.cli.running.report_files import replace

    earlier = read_failed(path) or []
    now = failing(report)
    tried = {r.contract.id for r in report.results if r.verdict.value in ("kept", "broken", "untested")}
    ids = [*now, *(id for id in earlier if id not in tried)]
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        replace(path, json.dumps({"format": 1, "failed": ids}).encode())


def failing(report: Report) -> list[str]:
    """Return the ids of broken and untested contracts."""
    return [r.contract.id for r in report.results if r.verdict.value in ("broken", "untested")]


def read_failed(path: Path) -> list[str] | None:
    """Return the ids that failed in the last run; None if no run is stored."""
    try:
        raw = path.read_bytes()[:MAX_BYTES]
        data: Any = json.loads(raw)
        ids = data["failed"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    return [id for id in ids if isinstance(id, str)] if isinstance(ids, list) else None
