"""Check the ZIP's entries, or those of a ZIP made from the folder."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from pgagents.lint.packages.hit import Hit
from pgagents.lint.packages.table import table
from pgagents.lint.packages.tree import Entry, Tree

_DRIVE = re.compile(r"[A-Za-z]:")


def check_archive(tree: Tree) -> Iterator[Hit]:
    """Yield the findings about the archive as a whole, then with its entries."""
    limits = table("openai_portal").values["archive"]
    if not tree.members:
        yield Hit("archive_empty")
        return
    if tree.packed > limits["bytes"]:
        yield Hit("archive_too_large", detail=f"it has {tree.packed:,} bytes")
    if len(tree.members) > limits["entries"]:
        yield Hit("archive_too_many_entries", detail=f"it has {len(tree.members):,}")
    unpacked = sum(member.size for member in tree.members if member.kind == "file")
    if unpacked > limits["unpacked"]:
        yield Hit("archive_uncompressed_too_large", detail=f"it has {unpacked:,} bytes")
    for member in tree.members:
        yield from _check_path(member.path, limits)
        yield from _check_member(member, tree, limits["member"])
    yield from _check_pairs(tree)


def _check_path(path: str, limits: dict[str, int]) -> Iterator[Hit]:
    """Yield the first problem of an entry's path."""
    shown = f"`{path[:120]}`"
    segments = path.removesuffix("/").split("/")
    for code, wrong in (
        ("archive_member_path_empty", not path),
        ("archive_member_path_has_outer_whitespace", path != path.strip()),
        ("archive_member_path_has_backslash", "\\" in path),
        ("archive_member_path_absolute", path.startswith("/") or bool(_DRIVE.match(path))),
        ("archive_member_path_has_parent_segment", ".." in segments),
        ("archive_member_path_has_empty_segment", "" in segments),
        ("archive_member_path_too_deep", len(segments) > limits["segments"]),
        ("archive_member_path_too_long", len(path.encode("utf-8", "replace")) > limits["path"]),
    ):
        if wrong:
            yield Hit(code, detail=shown)
            return


def _check_member(member: Entry, tree: Tree, most: int) -> Iterator[Hit]:
    inner = member.path.removeprefix(tree.root)
    if member.kind in ("link", "other"):
        below = inner.removeprefix("skills/")
        if member.kind == "link" and not tree.zipped and below != inner and "/" not in below:
            yield Hit("skill_symlink_ignored", inner)
        else:
            what = "a symbolic link" if member.kind == "link" else "a device, a pipe or a socket"
            yield Hit("archive_member_type_unsupported", inner, detail=f"it is {what}")
    elif member.size > most:
        yield Hit("archive_member_too_large", inner, detail=f"it has {member.size:,} bytes")
    if why := tree.trouble.get(member.path):
        yield Hit("archive_member_unreadable", inner, detail=why)


def _check_pairs(tree: Tree) -> Iterator[Hit]:
    """Yield entries whose names a file system might not distinguish."""
    paths: set[str] = set()
    files: set[str] = set()
    folded: dict[str, str] = {}
    for member in tree.members:
        path = member.path.rstrip("/")
        if path in paths:
            conflict = (path in files) != (member.kind != "folder")
            code = "archive_member_path_type_conflict" if conflict else "archive_member_path_duplicate"
            yield Hit(code, detail=f"`{path[:120]}`")
        paths.add(path)
        if member.kind != "folder":
            files.add(path)
        same = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", path).casefold())
        if folded.setdefault(same, path) != path:
            both = f"`{folded[same][:120]}` and `{path[:120]}`"
            yield Hit("archive_member_path_normalization_collision", detail=both)
    for path in paths:
        parent = path.rpartition("/")[0]
        if parent and parent in files:
            yield Hit("archive_member_path_type_conflict", detail=f"`{parent[:120]}` is a file too")
