"""The environment of an OpenCollection: base URLs, and each key as a secret without a value."""

from __future__ import annotations

from typing import Any

from pgagents.catalogue.model.model import Model
from pgagents.generate.collections import collect
from pgagents.generate.target import Target, View

NAME = "api"
"""The environment's name, which a person chooses in the client."""


def view(model: Model) -> View:
    """Return the variables."""
    variables: list[dict[str, Any]] = [
        {"secret": True, "name": v.name, "description": v.description}
        if v.secret
        else {"name": v.name, "value": v.value, "description": v.description}
        for v in collect(model, model.surfaces["opencollection"]).variables
    ]
    return View({"name": NAME, "variables": variables})


TARGET = Target(
    "Environment of the OpenCollection",
    (f"opencollection/environments/{NAME}.yml",),
    view,
    surface="opencollection",
    lists_actions=False,
)
