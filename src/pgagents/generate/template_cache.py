"""Keep compiled templates beside their sources, as Python does with compiled modules.

Compiling the shipped templates takes an eighth of a small build.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from jinja2 import FileSystemBytecodeCache
from jinja2.bccache import Bucket


class TemplateCache(FileSystemBytecodeCache):
    """Jinja's cache in a folder. A damaged file in it or a full disk only costs time."""

    def load_bytecode(self, bucket: Bucket) -> None:
        """Load a compiled template, unless its file is missing or damaged."""
        try:
            super().load_bytecode(bucket)
        except Exception:  # Jinja unpickles the head of the file; a damaged one can raise any exception
            bucket.reset()

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Write a compiled template. A disk that refuses it is ignored."""
        try:
            super().dump_bytecode(bucket)
        except OSError:
            return


def find_bytecode_cache(templates: Path) -> TemplateCache | None:
    """Return the cache for a folder of templates; None if the folder is not writable."""
    kept = templates / "__pycache__"
    if sys.dont_write_bytecode:
        return None
    try:
        kept.mkdir(exist_ok=True)
    except OSError:
        return None
    return TemplateCache(str(kept)) if os.access(kept, os.W_OK) else None
