"""The files of a package in one form, from a folder, a ZIP or one file, within limits."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

MAX_ENTRIES = 50_000
"""Most entries that are listed. A store accepts far fewer; a larger package is refused unread."""
MAX_LEVELS = 100
"""Most levels of folders."""
Kind = Literal["file", "folder", "link", "other"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry, by its path from the package's top.

    `size` is in bytes. `packed` is the compressed size, or the same if nothing is compressed. `read` takes a
    number of bytes and returns at most one more; it raises OSError with the reason.
    """

    path: str
    kind: Kind
    size: int = 0
    packed: int = 0
    read: Callable[[int], bytes] = lambda _most: b""


@dataclass(frozen=True)
class Tree:
    """All entries of a package. `name` is the package's name in messages.

    `members` are the entries as they are named in the archive, `zipped` is true for a ZIP. `files` maps a
    path from the plugin's root to its entry; folders are entries of their own, even if the archive lists
    none. `root` is the prefix of the plugin's root, such as `park-graph/`.
    """

    name: str
    members: tuple[Entry, ...]
    zipped: bool
    packed: int = 0
    trouble: Mapping[str, str] = field(default_factory=dict)
    """Reasons why a member of the ZIP cannot be unpacked, by its path."""
    root: str = ""
    single: bool = False
    """True for a single file without its package. The tree then has the package's name."""
    taken: dict[str, int] = field(default_factory=dict)
    """The bytes of every text that was read, by its path from the root; `texts.py` bounds their sum."""

    @cached_property
    def files(self) -> dict[str, Entry]:
        """Return the entries below the root, by their path from the root."""
        found: dict[str, Entry] = {}
        for member in self.members:
            if not member.path.startswith(self.root):
                continue
            path = member.path[len(self.root) :].rstrip("/")
            parts = path.split("/", MAX_LEVELS + 1)
            if len(parts) > MAX_LEVELS:
                continue
            for depth in range(1, len(parts)):
                folder = "/".join(parts[:depth])
                found.setdefault(folder, Entry(folder, "folder"))
            if path:
                found[path] = member
        return found

    @cached_property
    def _children(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for path in self.files:
            parent, _, name = path.rpartition("/")
            found.setdefault(parent, []).append(name)
        return found

    def kind(self, path: str) -> Kind | None:
        """Return the kind of the entry at a path from the root, or None."""
        entry = self.files.get(path)
        return entry.kind if entry else None

    def is_file(self, path: str) -> bool:
        """True for a regular file at this path from the root."""
        return self.kind(path) == "file"

    def names(self, folder: str = "") -> list[str]:
        """Return the names of a folder's entries, sorted; an empty list if there is no such folder."""
        return sorted(self._children.get(folder, []))

    def below(self, folder: str) -> Iterator[str]:
        """Yield the paths of every entry below a folder, sorted."""
        prefix = f"{folder}/"
        yield from sorted(path for path in self.files if path.startswith(prefix))

    def shown(self, path: str) -> str:
        """Return a file's name for messages."""
        if not path or self.single:
            return self.name
        return f"{self.name}/{self.root}{path}"
