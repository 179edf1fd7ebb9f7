"""pgagents as `pip install` of its wheel leaves it, without extras: the wheel beside the packages that its
core needs, and no others.
"""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from collections.abc import Iterable, Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]


def build(folder: Path, *targets: str, source: Path = ROOT) -> list[Path]:
    """Build these targets (`wheel`, `sdist`) of a source tree into a folder."""
    words = [
        sys.executable,
        "-m",
        "hatchling",
        "build",
        "-d",
        str(folder),
        *(word for name in targets for word in ("-t", name)),
    ]
    done = subprocess.run(words, cwd=source, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return sorted(folder.iterdir())


def install(wheel: Path, site: Path) -> Path:
    """Lay out the wheel's files and links to the core's packages in a new folder, as site-packages would
    hold them.
    """
    site.mkdir()
    zipfile.ZipFile(wheel).extractall(site)
    for name in closure(metadata.distribution("pgagents").requires or ()):
        distribution = metadata.distribution(name)
        for top in {file.parts[0] for file in distribution.files or ()} - {"..", "__pycache__"}:
            link = site / top
            if not link.exists():
                link.symlink_to(Path(str(distribution.locate_file(top))))
    return site


def closure(lines: Iterable[str]) -> Iterator[str]:
    """Name each distribution that these requirements install, and those that they require in turn."""
    waiting, seen = [(Requirement(line), "") for line in lines], set[tuple[str, str]]()
    while waiting:
        wanted, of = waiting.pop()
        if wanted.marker is not None and not wanted.marker.evaluate({"extra": of}):
            continue
        for extra in ("", *wanted.extras):
            if (wanted.name.lower(), extra) not in seen:
                seen.add((wanted.name.lower(), extra))
                yield wanted.name
                waiting += [(Requirement(line), extra) for line in metadata.requires(wanted.name) or ()]


def run(site: Path, words: Iterable[str], folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run pgagents in a folder, with nothing importable but the standard library and this site."""
    return run_python(site, ["-m", "pgagents", *words], folder, **variables)


def run_python(
    site: Path, words: Iterable[str], folder: Path, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run Python in a folder, with nothing importable but the standard library and this site."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PGAGENTS_")}
    words = [sys.executable, "-S", *words]
    environment = {**kept, "PYTHONPATH": str(site), **variables}
    streams: dict[str, Any] = {"stdin": subprocess.DEVNULL, "capture_output": True, "text": True}
    return subprocess.run(words, cwd=folder, env=environment, check=False, timeout=600, **streams)
