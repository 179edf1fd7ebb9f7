"""Pack files into a zip that has the same bytes on every system."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

_LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the earliest time a zip can hold


def pack_files(contents: Mapping[str, bytes]) -> bytes:
    """Return the zip of these files, by their paths inside it."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for name, data in sorted(contents.items()):
            entry = zipfile.ZipInfo(name, _LONG_AGO)
            entry.create_system = 3  # the same value on every system
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, data)
    return packed.getvalue()
