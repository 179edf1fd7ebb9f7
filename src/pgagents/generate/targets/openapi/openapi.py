"""The whole REST contract as OpenAPI 3.1: every operation, error, header and example."""

from __future__ import annotations

from pgagents.catalogue.model.model import Model
from pgagents.generate.openapi.dispatch import losses
from pgagents.generate.openapi.document import action_losses, credential_losses, document
from pgagents.generate.openapi.parts import Profile
from pgagents.generate.openapi.refusals import list_lost_signs
from pgagents.generate.target import Target, View


def view(model: Model) -> View:
    """Return the OpenAPI Object. Its only losses are those of a dispatcher's single schema and of security
    schemes.
    """
    profile = Profile("3.1.0", None, complete=True, header_params=True, examples=True, consequential=False)
    lost = (
        *action_losses(model, profile),
        *credential_losses(model.credentials.values()),
        *list_lost_signs(model, model.rest_actions),
        *(loss for d in model.dispatchers for loss in losses(d)),
    )
    return View(document(model, profile), lost)


TARGET = Target(
    "OpenAPI 3.1, the whole contract",
    ("openapi/openapi.yaml", "openapi/openapi.json"),
    view,
    part="path_actions",
    describes="openapi",
)
