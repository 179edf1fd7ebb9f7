"""Text arguments in the body are cut to what their pattern allows instead of being refused."""

from __future__ import annotations

from pgagents.patterns import fits
from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.sandbox.sample import pattern_text
from pgagents.wire import Handler, Request

BREAKS = frozenset({"refuses_invalid"})
ALSO: dict[str, str] = {"refuses_lookalikes": "a text that is right but for a line break at its end is taken too"}


def wrap(handler: Handler, context: Context) -> Handler:
    """Put a fitting text where the pattern is not met; ids that refer to a thing stay as they are."""
    reader = meddle.Reader(context.model)

    def repair(request: Request) -> Request:
        action = reader.action(request)
        given = reader.arguments(request)
        patterns = (
            {str(p.name): p.schema["pattern"] for p in action.params if "pattern" in p.schema and not p.refers_to and p.place != "header"}
            if action
            else {}
        )
        turned = {
            k: pattern_text(patterns[k]) if k in patterns and isinstance(v, str) and not fits(patterns[k], v) else v
            for k, v in given.items()
        }
        return reader.with_arguments(request, turned) if turned != given else request

    return meddle.repairs(handler, repair)
