"""An action is said not to be destructive, and the catalogue shows otherwise.

Hosts decide by `destructiveHint` whether they ask a person, and stores refuse an app whose hint is wrong. A
PUT, PATCH or DELETE and a call that costs money are destructive. So are a call that takes back what another
made, and one that moves a state without a way back. If yours is not, say why at the line: a reviewer of the
store reads the reason, and `verify` tests the hint. Without the line, the hint is true for all of these.

OpenAI's guidelines of October 2026 decide: deletion, overwriting, cancellation, the revoking of access and
irreversible sends or transactions are destructive. That a person can undo them is not an excuse. MCP's text
agrees: what is not destructive only adds. OpenAI's older skill of June 2026 had the same rule, and counted
each mode and argument of a call.

The texts differ about `open_world`. For the older skill it was true only of what changes something
public; the guidelines and MCP count reading too. Both call an API that is confined to its own data closed,
wherever it is hosted. That is the default here.

Bad:

    actions:
      cancel_order: {http: "DELETE /orders/{order_id}", destructive: false}

Good:

    actions:
      cancel_order:
        http: "DELETE /orders/{order_id}"
        destructive: {value: false, reason: The order moves to an archive where it can be read unchanged.}
"""

from __future__ import annotations

from collections.abc import Iterator

from pgagents.catalogue.model.model import Model
from pgagents.lint.rule import Hit, Rule
from pgagents.lint.texts import list_model_actions


def find(model: Model) -> Iterator[Hit]:
    for action in list_model_actions(model):
        hint = action.hints.destructive
        if hint.written and not hint.value and not hint.reasoned and action.hints.facts:
            fact = action.hints.facts[0]
            said = f"`{action.name}` is said not to be destructive. {fact}"
            yield Hit(
                hint.origin,
                said,
                "leave the line out, or give a reason: `destructive: {value: false, reason: …}`",
            )


RULE = Rule("error", "catalogue.destructive", find)
