"""Builds the documentation as a site, in site/, by zensical: `python docs/make_site.py`.

The link to the repository is that of whoever builds: REPO_URL, else git's `origin`, if it is on the web. The
configuration, zensical.toml, names no repository, so a fork needs no edit. Without either there is no link.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

ROOT = Path(__file__).resolve().parents[1]
CONFIGURATION = ROOT / "zensical.toml"
WITH_LINK = ROOT / ".zensical.toml"
"""Stands beside the other while the site is built, because paths in it are relative to it."""
SSH = re.compile(r"(?:ssh://)?git@([\w.-]+)[:/]([\w./-]+)")


def find_page(address: str) -> str | None:
    """Return the web page of a repository by the address that git fetches it from; None for a folder.

    A key in the address is left out.
    """
    if match := SSH.fullmatch(address):
        address = f"https://{match[1]}/{match[2]}"
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return None
    place = parts.hostname + (f":{parts.port}" if parts.port else "")
    return urlunsplit(("https", place, parts.path.rstrip("/").removesuffix(".git"), "", ""))


def add_link(configuration: str, address: str | None) -> str:
    """Return the configuration with the page of the repository, if there is one."""
    page = find_page(address) if address else None
    if page is None:
        return configuration
    name = "/".join(page.split("/")[-2:])
    lines = f"[project]\nrepo_url = {json.dumps(page)}\nrepo_name = {json.dumps(name)}\n"
    return configuration.replace("[project]\n", lines, 1)


def read_origin() -> str | None:
    """Return the address of git's `origin`; None outside of a clone."""
    command = ["git", "-C", str(ROOT), "remote", "get-url", "origin"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return None
    return done.stdout.strip() or None


def main() -> int:
    """Build the site; return zensical's exit code."""
    address = os.environ.get("REPO_URL") or read_origin()
    WITH_LINK.write_text(add_link(CONFIGURATION.read_text("utf-8"), address), "utf-8")
    try:
        command = [sys.executable, "-m", "zensical", "build", "--strict", "--clean", "-f", str(WITH_LINK)]
        code = subprocess.run(command, cwd=ROOT, check=False).returncode
    finally:
        WITH_LINK.unlink()
    for program in (ROOT / "site").rglob("*.py"):  # zensical copies whatever stands beside the pages
        program.unlink()
    return code


if __name__ == "__main__":
    sys.exit(main())
