"""The MCP server has more skills than OpenAI imports.

A package and the MCP server have one skill about all tools, and one for each workflow that a user could ask
for. OpenAI's scan of a plugin's MCP server takes up to five. One entry over a limit leaves all skills of the
draft as they were. So `pgagents mcp` lists the first five only. Clients reach the others by address.

Bad:

    workflows:
      look: {title: Look at it, steps: {look: {action: get_product, input: {product_id: p-1}}}}
      one: {title: Buy one, steps: {buy: {action: place_order, input: {product_id: p-1, quantity: 1}}}}
      two: {title: Buy two, steps: {buy: {action: place_order, input: {product_id: p-1, quantity: 2}}}}
      three: {title: Buy three, steps: {buy: {action: place_order, input: {product_id: p-1, quantity: 3}}}}
      four: {title: Buy four, steps: {buy: {action: place_order, input: {product_id: p-1, quantity: 4}}}}

Good:

    workflows:
      look: {title: Look at it, steps: {look: {action: get_product, input: {product_id: p-1}}}}
      some: {title: Buy some, steps: {buy: {action: place_order, input: {product_id: p-1, quantity: 2}}}}
"""

from __future__ import annotations

from collections.abc import Iterator

from pgagents.catalogue.model.model import Model
from pgagents.generate.skills import MOST_LISTED, find_heading, make_skills
from pgagents.lint.rule import Hit, Rule


def find(model: Model) -> Iterator[Hit]:
    if len(model.workflows) < MOST_LISTED:
        return
    heading = find_heading(model)
    skills = make_skills(model, heading).skills
    if len(skills) <= MOST_LISTED:
        return
    unlisted = ", ".join(f"`{skill.name}`" for skill in skills[MOST_LISTED:])
    choose = (
        "name fewer workflows in the listing's `skills`"
        if heading.origin
        else "mark a workflow that only tests `only_verify: true`"
    )
    yield Hit(
        skills[MOST_LISTED].origin,
        f"{len(skills)} skills; OpenAI imports at most {MOST_LISTED}, so the MCP server does not list "
        f"{unlisted}",
        f"make one workflow of two that are alike, or {choose}",
    )


RULE = Rule("warning", "mcp.most-skills", find, surface="mcp")
