"""A model is asked to fill in a secret.

Keys and passwords belong in the client's configuration. A value that a model fills in is kept in the
conversation, in logs, and at the vendor.

Bad:

    actions:
      place_order: {input: {api_key: {type: string, description: The shop's key}}}

Good:

    actions:
      place_order: {input: {coupon: {type: string, description: A coupon's number}}}
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pgagents.catalogue.model.model import Model
from pgagents.lint.rule import Hit, Rule
from pgagents.lint.texts import list_model_actions

_SECRET = re.compile(
    r"(?:^|_)(?:api_?key|password|passwd|passphrase|secret|client_secret|access_token|auth_token|bearer"
    r"|private_key|pin_code|cvv|cvc)$",
    re.I,
)


def find(model: Model) -> Iterator[Hit]:
    for action in list_model_actions(model):
        for param in action.params:
            if param.place != "header" and (_SECRET.search(param.name) or str(param.name) in model.secrets):
                said = (
                    f"argument `{param.name}` of `{action.name}` is a secret, which a model would have "
                    "to receive"
                )
                yield Hit(
                    param.origin, said, "take it from the credentials instead (`auth`), or from a header"
                )


RULE = Rule("warning", "mcp.no-secrets-in-arguments", find)
