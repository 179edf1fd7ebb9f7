"""Objects around the call of a dispatcher that the dispatcher must refuse."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from pgagents.http import json_bytes, read_json
from pgagents.model.surface import Dispatcher
from pgagents.verify.check.setting import Setting
from pgagents.verify.fixtures.request_template import template_of
from pgagents.verify.wire.endpoint import Endpoint


def list_wraps(
    setting: Setting, dispatcher: Dispatcher, endpoint: Endpoint
) -> Iterator[tuple[str, str, dict[str, object]]]:
    """Yield wrong objects around a call's arguments, each with a name and the promise that it is refused."""
    selector, arguments = dispatcher.selector, dispatcher.arguments
    yield "missing_action", f"a body without {selector} is refused", {arguments: {}}
    yield "action_type", f"{selector} that is a number is refused", {selector: 1, arguments: {}}
    ordinary = template_of(setting.model, endpoint.action).input.items()
    plain = {k: v for k, v in ordinary if isinstance(v, str | int | float)}
    yield (
        "arguments_type",
        f"{arguments} that is a text is refused",  # models often send an object as text; the rest is right
        {selector: str(endpoint.action.name), arguments: json_bytes(plain).decode()},
    )
    outside = find_not_offered(setting, dispatcher)
    if outside is not None:
        yield (
            "outside_the_set",
            f"the action {outside}, which is not of the set, is refused",
            {selector: outside, arguments: {}},
        )


def make_misspelling_edit(dispatcher: Dispatcher) -> Callable[[bytes], bytes]:
    """Return an edit that writes the action's name in capitals, or replaces it by an invented name if that is
    another action.
    """
    names = {str(a.name) for a in dispatcher.actions} | {
        str(f.name) for a in dispatcher.actions for f in a.formerly
    }

    def edit(body: bytes) -> bytes:
        said = read_json(body).value
        near = str(said[dispatcher.selector]).upper()
        return json_bytes({**said, dispatcher.selector: near if near not in names else "pgv_no_such_action"})

    return edit


def find_not_offered(setting: Setting, dispatcher: Dispatcher) -> str | None:
    """Return a read that the dispatcher does not offer, and of which a call is valid in every other way.

    One without required arguments is preferred. None if every free read is offered: a server that wrongly
    carries out a write would change what is somebody else's.
    """
    others = [a for a in setting.model.actions if a.key and a.only_reads and a not in dispatcher.actions]
    chosen = min(others, key=lambda a: any(p.required for p in a.params), default=None)
    return str(chosen.name) if chosen is not None else None
