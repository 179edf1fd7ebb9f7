"""The API hosts `ai-plugin.json`, which no product of OpenAI reads any more.

A host that served it failed the scan of a plugin submission (strelov1/freehire#3025, 2026-09). The file is
still generated for those who need it; a plugin package and an AI catalogue take its place.

Bad:

    api: {hosted: {openai/ai-plugin.json: /.well-known/ai-plugin.json}}
    surfaces:
      ai_plugin: {name: Corner Shop, namespace: shop, auth: {type: user_http, authorization_type: bearer}}

Good:

    surfaces:
      ai_plugin: {name: Corner Shop, namespace: shop, auth: {type: user_http, authorization_type: bearer}}
"""

from __future__ import annotations

from collections.abc import Iterator

from pgagents.catalogue.model.model import Model
from pgagents.lint.rule import Hit, Rule

FILE = "openai/ai-plugin.json"


def find(model: Model) -> Iterator[Hit]:
    if FILE in model.api.hosted:
        yield Hit(
            ("api", "hosted", FILE),
            "`ai-plugin.json` is hosted, though nothing reads it and a plugin submission may fail by it",
            "leave the line out, unless someone still asks for the file",
        )


RULE = Rule("note", "openai.plugin-manifest-unread", find)
