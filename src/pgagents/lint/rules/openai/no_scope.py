"""OAuth is offered, but without a scope.

The GPT builder's form has a field for scopes, and users report that sign-in fails if it is empty. Name at
least one.

Bad:

    security: [{token: []}, {users: []}]
    auth:
      schemes:
        users:
          type: oauth2
          flows: {authorization_code: {authorization_url: /authorize, token_url: /token, scopes: {}}}

Good:

    security: [{token: []}, {users: []}]
    auth:
      schemes:
        users:
          type: oauth2
          flows:
            authorization_code:
              {authorization_url: /authorize, token_url: /token, scopes: {read: Look at products}}
"""

from __future__ import annotations

from collections.abc import Iterator

from pgagents.catalogue.model.model import Model
from pgagents.lint.rule import Hit, Rule


def find(model: Model) -> Iterator[Hit]:
    oauth = model.code_flow
    if oauth is not None and not oauth.scopes:
        yield Hit(
            (*oauth.origin, "scopes"),
            "OAuth has no scope; ChatGPT's sign-in fails with an empty one",
            "name one: `read: …`",
        )


RULE = Rule("warning", "openai.oauth-scope", find, surface="openai")
