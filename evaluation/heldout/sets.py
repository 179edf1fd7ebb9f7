"""The sets of held-out faults, each by somebody who had not seen the checks as they were then."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType

HERE = Path(__file__).parent
FOLDERS = {
    "first": HERE / "faults",
    **{which: HERE / which / "faults" for which in ("second", "third", "fourth", "fifth")},
}
NAMES = [
    f"{which}/{path.stem}"
    for which, folder in FOLDERS.items()
    for path in sorted(folder.glob("*.py"))
    if path.stem != "__init__"
]
"""Every fault as SET/NAME."""


def fault(name: str) -> ModuleType:
    """The fault of a set, `SET/NAME`."""
    which, _, stem = name.partition("/")
    within = FOLDERS[which].relative_to(HERE).parts
    return importlib.import_module(".".join(("evaluation.heldout", *within, stem)))
