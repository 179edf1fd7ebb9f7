"""The file that names an OpenCollection 1.0.0.

https://docs.usebruno.com/opencollection-yaml and npm @usebruno/cli 4.1.0, read 2026-11-26.
"""

from __future__ import annotations

from pgagents.catalogue.model.model import Model
from pgagents.generate.target import Target, View


def view(model: Model) -> View:
    """Return title, version and text of the API."""
    return View(
        {
            "info": {"name": model.api.title, "version": model.api.version},
            "docs": {"content": model.api.for_people, "type": "text/markdown"},
        }
    )


TARGET = Target(
    "OpenCollection 1.0.0 (Bruno)",
    ("opencollection/opencollection.yml",),
    view,
    surface="opencollection",
    lists_actions=False,
)
