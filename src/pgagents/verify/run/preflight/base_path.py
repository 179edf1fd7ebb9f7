"""Guess the intended base URL if every path of the given one is unknown.

Its path may be doubled or missing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit, urlunsplit

USUAL = ("/api", "/v1", "/api/v1")


def likely(url: str, server: str, paths: Sequence[str]) -> Iterator[str]:
    """List other base URLs of the same host, the likeliest first. `server` is the catalogue's own base
    URL.
    """
    given, own = _path(url), _path(server)
    common = _common([path.split("/") for path in paths])
    found = []
    half = len(given) // 2
    if given and given[:half] == given[half:]:
        found.append(given[:half])
    if given:
        found += [given.removesuffix(part) for part in (common, own) if part and given.endswith(part)]
        found += [given.rpartition("/")[0], ""]
    if own:
        found += [own, f"{given}{own}"]
    found += [f"{given}{usual}" for usual in USUAL]
    for path in dict.fromkeys(found):
        if path != given:
            yield _with(url, path)


def _common(paths: Sequence[Sequence[str]]) -> str:
    """Return the common path of all these paths, each without its last part."""
    found = []
    for parts in zip(*(path[:-1] for path in paths), strict=False):
        if len(set(parts)) > 1 or parts[0].startswith("{"):
            break
        found.append(parts[0])
    return "/".join(found)


def _path(url: str) -> str:
    return urlsplit(url).path.rstrip("/")


def _with(url: str, path: str) -> str:
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc, path, "", ""))
