"""The OpenAPI 3.0.3 document behind a Microsoft 365 Copilot plugin.

Microsoft's own parser refuses 3.1. Its service supports no composition, no nested objects in requests, and no
cycles (schemas/requirements/microsoft.yaml, read 2026-11-20).
"""

from __future__ import annotations

from pgagents.base.places import Node
from pgagents.catalogue.model.model import Model
from pgagents.generate import apiplugin
from pgagents.generate.dialect import OPENAPI_30_FLAT
from pgagents.generate.lower import lower
from pgagents.generate.openapi.document import document, losses
from pgagents.generate.openapi.parts import Profile
from pgagents.generate.target import Loss, Target, View


def view(model: Model) -> View:
    """Return the OpenAPI Object, with every schema in 3.0.3 and references replaced by their targets."""
    sign_in = apiplugin.api_sign_in(model)
    profile = Profile(
        "3.0.3",
        sign_in.surface,
        complete=False,
        header_params=True,
        examples=False,
        consequential=True,
        schemes=sign_in.schemes,
    )
    lost: dict[Loss, None] = dict.fromkeys([*sign_in.losses, *losses(model, profile)])

    def flat(schema: Node) -> Node:
        lowered, more = lower(schema, model.schemas, OPENAPI_30_FLAT)
        lost.update(dict.fromkeys(more))
        return lowered

    made = document(model, profile, flat)
    made["components"].pop("schemas", None)
    return View(made, tuple(lost))


TARGET = Target(
    "Microsoft 365 Copilot (OpenAPI 3.0.3)",
    ("copilot/openapi-3.0.yaml",),
    view,
    surface="copilot",
    max_bytes=102_400,
    describes="openapi",
)
