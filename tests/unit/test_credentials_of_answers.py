"""Which answers hold a credential, which is made below the run's own instances alone."""

from __future__ import annotations

from typing import Any

import pytest

from importing import answering, imported, openapi
from pgagents.verify.run.gate import makes_credential

TEXT = {"type": "string"}


@pytest.mark.parametrize(
    ("members", "holds"),
    [
        (["id", "client_secret"], False),  # Stripe's of a payment, which admits nobody
        (["client_id", "client_secret"], True),
        (["id", "apiKey"], True),
        (["id", "name"], False),
    ],
)
@pytest.mark.parametrize("apart", [False, True])
def test_an_answer_holds_a_credential(members: list[str], apart: bool, holds: bool) -> None:
    shown: dict[str, Any] = {"type": "object", "properties": dict.fromkeys(members, TEXT)}
    if apart:
        parts = [{"type": "object", "properties": {name: TEXT}} for name in members]
        shown = {"type": "object", "properties": {"made": {"allOf": parts}}}
    create = {"operationId": "create_payment", "responses": answering(shown)}
    model = imported(openapi({"/payments": {"post": create}})).model
    assert makes_credential(model, model.action("create_payment")) is holds
