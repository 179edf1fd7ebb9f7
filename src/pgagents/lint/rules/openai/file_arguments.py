"""Files are sent or returned in a way that ChatGPT does not support.

It fills `openaiFileIdRefs` only in a POST, and only if that is an array of texts. It shows files only from a
top-level array `openaiFileResponse`.

Bad:

    actions:
      search_products:
        input: {openaiFileIdRefs: {type: array, items: {type: string}, description: Photos of what is wanted}}

Good:

    actions:
      place_order:
        input:
          openaiFileIdRefs: {type: array, items: {type: string}, description: Photos of the delivery place}
"""

from __future__ import annotations

from collections.abc import Iterator

from pgagents.base.jsonschema.schema import resolve
from pgagents.catalogue.model.model import Model
from pgagents.lint.rule import Hit, Rule

_IN, _OUT = "openaiFileIdRefs", "openaiFileResponse"


def find(model: Model) -> Iterator[Hit]:
    for action in model.surfaces["openai"].actions:
        if (param := action.param(_IN)) is not None:
            schema = resolve(param.schema, model.schemas)
            if action.method != "POST":
                yield Hit(
                    param.origin,
                    f"`{_IN}` is filled only in a POST; `{action.name}` is a {action.method}",
                    "call it by POST",
                )
            elif (
                schema.get("type") != "array"
                or resolve(schema.get("items", {}), model.schemas).get("type") != "string"
            ):
                yield Hit(
                    param.origin, f"`{_IN}` must be an array of texts", "`type: array, items: {type: string}`"
                )
        for output in action.outputs:
            answer = resolve(output.schema or {}, model.schemas).get("properties", {}).get(_OUT)
            if answer is not None and resolve(answer, model.schemas).get("type") != "array":
                yield Hit(output.origin, f"`{_OUT}` must be an array", "`type: array`")


RULE = Rule("error", "openai.files", find, surface="openai")
