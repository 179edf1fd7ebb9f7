"""No workflow waits as long as data is kept.

No check of `pgagents verify` proves `retention`, because it is prose. But a workflow can: its step waits by
`after_s`, with the operator's clock, and expects what is then left of the data. Without such a workflow
nothing proves the statement, and a report does not mention it.

Bad:

    retention: {searches: {after_s: 86400, of: A search, then: It is forgotten}}

Good:

    retention: {searches: {after_s: 86400, of: A search, then: It is forgotten}}
    workflows:
      forget:
        title: Somebody searches on the next day
        steps:
          find: {action: search_products, input: {q: tea}}
          later: {action: search_products, after_s: 86400, input: {q: tea}, expect_timed: [status == 200]}
"""

from __future__ import annotations

from collections.abc import Iterator

from pgagents.catalogue.model.model import Model
from pgagents.catalogue.model.resource import Workflow
from pgagents.lint.rule import Hit, Rule


def find(model: Model) -> Iterator[Hit]:
    longest = max(map(_sum_waits, model.workflows), default=0.0)
    for name, rule in (model.retention or {}).items():
        if longest < rule.after_s:
            yield Hit(
                ("retention", name),
                f"no workflow waits the {rule.after_s:,} s of `{name}`, so nothing proves what happens then",
                f"add a workflow of which a step has `after_s: {rule.after_s}` and expects it",
            )


def _sum_waits(workflow: Workflow) -> float:
    """Return the seconds that a workflow waits; a wait that is computed counts as none."""
    return sum(step.after_s for step in workflow.steps if isinstance(step.after_s, int | float))


RULE = Rule("note", "catalogue.retention-is-shown", find)
