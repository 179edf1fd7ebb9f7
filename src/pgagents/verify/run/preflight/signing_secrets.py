"""Refuse a run whose secrets cannot sign the calls that need a signature."""

from __future__ import annotations

from pgagents.errors import PgagentsError
from pgagents.model.model import Model
from pgagents.model.signature import schemes
from pgagents.verify.plan.options import Identities
from pgagents.verify.wire.signature import find_secret_problem


def check_signing_secrets(model: Model, identities: Identities) -> None:
    """Raise PgagentsError for a secret from the caller that its action's format cannot use."""
    for action in model.actions:
        secret = identities.keys.get(action.signed.role) if action.signed is not None else None
        if secret and (problem := find_secret_problem(schemes()[action.signed.scheme], secret)):
            raise PgagentsError(
                f"the secret of `{action.signed.role}` cannot sign {action.name}: {problem}",
                f"{action.signed.scheme} takes a secret such as `whsec_` and base64",
            )
