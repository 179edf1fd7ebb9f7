"""The catalogue's workflows as an Arazzo 1.0.1 description over the whole OpenAPI contract.

https://spec.openapis.org/arazzo/v1.0.1.html, read 2026-11-20. A value that a step keeps becomes an output of
that step for each member that a later step reads. Values of the test environment, and keys, become inputs of
the workflow.
"""

from __future__ import annotations

from pgagents.generate.arazzo.runtime_expressions import Read
from pgagents.generate.arazzo.workflow import WorkflowObject
from pgagents.generate.openapi.address import find_hosted_url
from pgagents.generate.target import Loss, Target, View
from pgagents.model.model import Model
from pgagents.source.origin import Node, Text


def view(model: Model) -> View:
    """Return the Arazzo Description."""
    losses: dict[Loss, None] = {}
    read: dict[Read, None] = {}
    told = [workflow for workflow in model.workflows if not workflow.only_verify]
    for workflow in told:
        WorkflowObject(model, workflow, {}, read).render_node()
    # Redocly treats steps of one name in several workflows as one step. So each of them gets all outputs that
    # any of them needs.
    for workflow in model.workflows:
        if workflow.only_verify:
            losses[Loss(workflow.origin, f"workflow {workflow.name}", "dropped", "verify alone runs it")] = (
                None
            )
    workflows = [WorkflowObject(model, workflow, losses, dict(read)).render_node() for workflow in told]
    document = "openapi/openapi.json"
    url = (
        find_hosted_url(model, Text(document, ("api", "hosted")))
        if document in model.api.hosted
        else Text(f"../{document}", ("api",))
    )
    return View(
        {
            "arazzo": Text("1.0.1", ("workflows",)),
            "info": Node(
                {
                    "title": model.text("api", "title"),
                    "summary": model.text("api", "for_people"),
                    "version": model.text("api", "version"),
                },
                origin=("api",),
            ),
            "source": Node({"name": model.text("api", "id"), "url": url, "type": "openapi"}, origin=("api",)),
            "workflows": workflows,
        },
        tuple(losses),
    )


TARGET = Target(
    "Arazzo 1.0.1 workflows",
    ("arazzo/workflows.arazzo.yaml", "arazzo/workflows.arazzo.json"),
    view,
    part="workflows",
)
