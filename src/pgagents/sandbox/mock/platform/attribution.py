"""The mock's attribution: new instances record the surface or the integration that made them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pgagents.model.model import Model
from pgagents.sandbox.call import AcceptedCall


def attribution_of(model: Model, call: AcceptedCall) -> Mapping[str, str]:
    """Return the attribution of a call: its dispatcher's, or else that of its key's surface."""
    if call.attribution:
        return call.attribution
    integration = call.key.integration if call.key is not None else None
    surfaces = (s.attribution for s in model.surfaces.values() if integration is not None)
    return next((stamps for stamps in surfaces if integration in stamps.values()), {})


def stamp(model: Model, call: AcceptedCall, row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a new instance with the members of its attribution, which are null if the call has none."""
    members = {member for surface in model.surfaces.values() for member in surface.attribution}
    told = attribution_of(model, call)
    return {**row, **{member: told.get(member) for member in members if member in row}}
