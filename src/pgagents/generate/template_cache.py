"""Keep compiled templates beside the templates, as Python keeps compiled modules beside modules.

To compile the shipped templates takes an eighth of a small build.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from jinja2 import FileSystemBytecodeCache
from jinja2.bccache import Bucket


class TemplateCache(FileSystemBytecodeCache):
    """Jinja's cache in a folder. A damaged file in it, or a full disk, costs time and is no error."""

    def load_bytecode(self, bucket: Bucket) -> None:
        """Load a compiled template, unless its file is missing or damaged."""
        try:
            super().load_bytecode(bucket)
        except Exception:  # Jinja unpickles the file's head, and damage there can raise anything
            bucket.reset()

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Write a compiled template, if the disk takes it."""
        try:
            super().dump_bytecode(bucket)
        except OSError:
            return


def find_bytecode_cache(templates: Path) -> TemplateCache | None:
    """Return the cache of a folder of templates; None if nothing can, or may, be written there."""
    kept = templates / "__pycache__"
    if sys.dont_write_bytecode:
        return None
    try:
        kept.mkdir(exist_ok=True)
    except OSError:
        return None
    return TemplateCache(str(kept)) if os.access(kept, os.W_OK) else None
