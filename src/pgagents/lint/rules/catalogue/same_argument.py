"""Two arguments of an action are sent under one name.

ChatGPT puts path, query and body into one namespace and drops the operation. Generated clients overwrite one
argument with the other. Names that differ only in case (`id`, `ID`) collide in generated code in the same
way.

Bad:

    actions:
      get_product:
        http: GET /products/{product_id}
        input: {Product_ID: {type: string, in: query, enum: [de, en], description: The language of the name}}

Good:

    actions:
      get_product:
        http: GET /products/{product_id}
        input: {lang: {type: string, in: query, enum: [de, en], description: The language of the name}}
"""

from __future__ import annotations

from collections.abc import Iterator

from pgagents.catalogue.model.action import Action, Param
from pgagents.catalogue.model.model import Model
from pgagents.lint.rule import Hit, Rule


def find(model: Model) -> Iterator[Hit]:
    openai = model.surfaces.get("openai")
    noted = {a.name for a in openai.actions} if openai else set()
    for action in model.actions:
        first: dict[str, str] = {}
        for param in action.params:
            if param.place == "header":
                continue
            for name in {param.wire, str(param.name)}:
                other = first.setdefault(name.lower(), str(param.name))
                if other != param.name and (action.name not in noted or not _exact(action, param)):
                    said = (
                        f"`{param.name}` of `{action.name}` is sent as `{param.wire}`, the name of "
                        f"`{other}` too"
                    )
                    yield Hit(param.origin, said, "give one of the two another name, or another `wire`")
                    break


def _exact(action: Action, param: Param) -> bool:
    """True if another argument is sent under exactly the same name, which the target `openai/openapi`
    reports itself.
    """
    return any(
        other.wire == param.wire and other.name != param.name
        for other in action.params
        if other.place != "header"
    )


RULE = Rule("error", "catalogue.distinct-names", find)
