"""The jobs of a fleet: one for each API, or for each of its shards, with the arguments of `pgagents verify`.

A CI matrix gets them as JSON, and `pgagents fleet run` carries out the same ones.
"""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pgagents.base.errors import PgagentsError
from pgagents.fleet.fleet_file import OPTIONS, Api, Fleet

MOST_JOBS = 256
"""Jobs of one matrix on GitHub (docs.github.com, "Actions limits", read 2026-11-26)."""
MOST_OUTPUT = 1_000_000
"""Characters of a job's outputs on GitHub, which counts them in UTF-16 (the same page)."""


@dataclass(frozen=True, slots=True)
class Job:
    """The verification of an API, or of one shard of it.

    `shard` is its number and the number of all, or None for a whole API.
    """

    api: Api
    shard: tuple[int, int] | None = None

    @property
    def name(self) -> str:
        """The name of the job, by which its files are named: `library`, or `library.2-of-4`."""
        return self.api.name if self.shard is None else f"{self.api.name}.{self.shard[0]}-of-{self.shard[1]}"

    @property
    def report(self) -> str:
        """The file name of the job's report."""
        return f"{self.name}.json"


def list_jobs(fleet: Fleet) -> list[Job]:
    """Return the jobs of a fleet in the order of its file."""
    jobs = []
    for api in fleet.apis:
        shards = [(n, api.shards) for n in range(1, api.shards + 1)] if api.shards > 1 else [None]
        jobs += [Job(api, shard) for shard in shards]
    return jobs


def list_arguments(job: Job, folder: Path | None = None) -> list[str]:
    """Return the arguments of `pgagents verify`, without keys and without the name of the report.

    Paths are absolute, or begin at `folder`. A value stands behind `=`, so that none is taken for an option.
    """
    api = job.api
    words = [f"--url={api.url}"] if api.url else []
    if api.openapi:
        is_file = Path(api.openapi).is_file()
        words.append(f"--openapi={_relate(api.openapi, folder) if is_file else api.openapi}")
    for name, option in OPTIONS.items():
        value, flag = api.options.get(name), f"--{name.replace('_', '-')}"
        if value is None or value is False:
            continue
        if option.kind == "flag":
            words.append(flag)
        elif option.kind == "file":
            words.append(f"{flag}={_relate(value, folder)}")
        elif option.kind == "map":
            words += [f"{flag}={each}={url}" for each, url in value.items()]
        else:
            words += [f"{flag}={each}" for each in (value if option.kind == "list" else [value])]
    words += [f"--identity={role}" for role in api.identities]
    if job.shard is not None:
        words.append(f"--shard={job.shard[0]}/{job.shard[1]}")
    if api.catalogue:
        words.append(_relate(api.catalogue, folder))
    return words


def _relate(path: str, folder: Path | None) -> str:
    """Return a path from a folder with slashes, and never with a dash in front.

    The name of a shipped catalogue is none, and stays.
    """
    if folder is None or not Path(path).is_absolute():
        return path
    try:
        relative = os.path.relpath(path, folder)
    except ValueError:  # another drive of Windows
        return path
    relative = relative.replace(os.sep, "/")
    return f"./{relative}" if relative.startswith("-") else relative


def make_matrix(fleet: Fleet, folder: Path, *, part: tuple[int, int], most: int) -> dict[str, Any]:
    """Return a matrix for `fromJSON` with one entry for each job. Paths begin at `folder`.

    `part` is the number of this part and the number of all; a part has at most `most` jobs. Raises
    PgagentsError if it would have more, or none.
    """
    jobs = list_jobs(fleet)
    number, count = part
    chosen = jobs[number - 1 :: count]
    if len(chosen) > most:
        least = -(-len(jobs) // most)
        raise PgagentsError(
            f"{fleet.file} has {len(jobs):,} jobs, and this matrix {len(chosen):,}; {most:,} are the most"
            + (" on GitHub" if most == MOST_JOBS else ""),
            f"write {least} matrices, with --part 1/{least} to {least}/{least}; --most N is for another CI",
        )
    if not chosen:
        raise PgagentsError(
            f"part {number} of {count} has no job: the fleet has {len(jobs):,}", "take fewer parts"
        )
    return {"include": [_describe(job, folder) for job in chosen]}


def _describe(job: Job, folder: Path) -> dict[str, Any]:
    arguments = list_arguments(job, folder)
    return {
        "name": job.name,
        "api": job.api.name,
        "shard": f"{job.shard[0]}/{job.shard[1]}" if job.shard is not None else "",
        "arguments": arguments,
        "command": shlex.join(arguments),
        "keys": dict(job.api.keys),
        "report": job.report,
    }
