"""Calls with a text for each alternative of a pattern.

A valid text of an argument is usually the shortest one, and so it fits one alternative alone. A pattern such
as `^a$|b` anchors one alternative and leaves the other open, which servers often overlook.
"""

from __future__ import annotations

from collections.abc import Iterator

from pgagents.jsonschema.patterns import list_alternatives
from pgagents.model.argument import Param
from pgagents.verify.cases.as_sent import is_invalid, is_sendable
from pgagents.verify.cases.generation.random_calls import is_free, may_vary
from pgagents.verify.check.setting import Setting
from pgagents.verify.fixtures.request_template import RequestTemplate, ordinary, template_of
from pgagents.verify.fixtures.target import makes
from pgagents.verify.wire.call import Call, EntityTag
from pgagents.verify.wire.endpoint import Endpoint

CONDITIONS = frozenset(("if-match", "if-none-match", "if-modified-since", "if-unmodified-since", "if-range"))
"""Headers that can only keep a call from being done (RFC 9110, 13.1), so they name nothing that changes."""


def list_pattern_calls(setting: Setting, endpoint: Endpoint) -> tuple[Call, ...]:
    """Return valid calls of a REST endpoint with each alternative of its arguments' patterns.

    Each call takes the next alternative of all these arguments at once. Empty without such a pattern, and for
    a write that may change an instance of others. Empty for a create, too: its texts have the run's mark, or
    could lead to an older instance.
    """
    if not endpoint.on_rest or not endpoint.leads or makes(setting.model, endpoint.action):
        return ()
    if endpoint.action.effect == "write" and not may_vary(setting, endpoint):
        return ()
    return setting.compute_once(
        ("pattern calls", endpoint.place), lambda: tuple(_make_calls(setting, endpoint))
    )


def _make_calls(setting: Setting, endpoint: Endpoint) -> Iterator[Call]:
    template = template_of(setting.model, endpoint.action)
    texts = {
        str(param.name): found
        for param in endpoint.params
        if (found := _list_texts(setting, endpoint, param, template))
    }
    for number in range(max(map(len, texts.values()), default=0)):
        chosen = {name: found[number] for name, found in texts.items() if number < len(found)}
        why = f"another alternative of the pattern of {' and '.join(chosen)}"
        call = ordinary(endpoint, template, "explore", why, input={**template.input, **chosen})
        if not is_invalid(setting, call):
            yield call


def _list_texts(
    setting: Setting, endpoint: Endpoint, param: Param, template: RequestTemplate
) -> tuple[str, ...]:
    """Return the texts of a pattern's alternatives that an argument may have and that can be sent."""
    schema = setting.resolve_schema(param.schema)
    condition = param.place == "header" and param.wire.lower() in CONDITIONS
    if not isinstance(schema.get("pattern"), str) or "enum" in schema or param.file is not None:
        return ()
    if not condition and not is_free(setting, endpoint, param, template):
        return ()
    test = setting.test_argument(endpoint, param)
    found = (text for text in list_alternatives(schema["pattern"]) if test.is_valid(text))
    sent = (text for text in found if is_sendable(endpoint, param, text))
    return tuple(map(EntityTag, sent)) if str(param.name) == endpoint.action.if_match else tuple(sent)
