"""Make reads through a tool to which its conditional laws may apply.

The ordinary call of a tool is often without the arguments that a law asks for, and reads an instance in its
first state.
"""

from __future__ import annotations

from collections.abc import Iterator

from pgagents.verify.cases.invalid import ordinary
from pgagents.verify.check.memory import Setting
from pgagents.verify.fixtures.request_template import template_of
from pgagents.verify.wire.call import Call, InstanceRef
from pgagents.verify.wire.endpoint import Endpoint

REFUSED = 300


def conditional_reads(setting: Setting, endpoint: Endpoint) -> Iterator[tuple[str, Call]]:
    """Yield the further examples of a read, and the read of an instance in each later state, with a name."""
    action = endpoint.action
    examples = [example for example in action.examples if example.status < REFUSED]
    for example in examples[1:]:
        template = template_of(setting.model, action, example)
        yield (
            f"example {example.name}",
            ordinary(endpoint, template, "explore", f"the example {example.name}"),
        )
    template = template_of(setting.model, action)
    resource = template.subject
    if resource is None or resource.made_by is None:
        return
    for param in endpoint.params:
        for state in resource.states if param.refers_to == resource.name else ():
            if state != resource.initial:
                given = {**template.input, str(param.name): InstanceRef(resource.name, (state,))}
                why = f"a {resource.name} that is {state}"
                yield f"state {state}", ordinary(endpoint, template, "explore", why, input=given)
