"""Prompts: one for any task, and one for each successful workflow that the tools alone can do."""

from __future__ import annotations

from dataclasses import dataclass

from pgagents.mcp.tools import Tool
from pgagents.model.model import Model
from pgagents.model.workflow import Workflow

GENERAL = "do_task"
DETAILS = "details"


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt. `needs` is True if its only argument, `details`, is required."""

    name: str
    title: str
    description: str
    text: str
    needs: bool

    def fill(self, details: str) -> str:
        """Return the text for the model, with the details filled in."""
        return f"{self.text}\n\nWhat is known: {details}" if details else self.text


def prompts(model: Model, tools: dict[str, Tool]) -> dict[str, Prompt]:
    """Return the prompts by name, the general one first."""
    by_action = {
        str(tool.action.name): name for name, tool in reversed(tools.items())
    }  # an action's current name comes first
    rules = (
        "Ask the user for what is missing, and before every tool that says so. Tell the outcome with the "
        "numbers that the tools answer."
    )
    found = {
        GENERAL: Prompt(
            GENERAL,
            f"Do something with {model.api.title}",
            f"{model.api.for_people} Say what is to be done.",
            f"Do the following with the tools of {model.api.title}. {model.api.for_models} {rules}",
            needs=True,
        )
    }
    for workflow in model.workflows:
        usual = not workflow.only_verify and all(
            s.role == "main" and 200 <= s.status < 300 for s in workflow.steps
        )
        if (
            usual
            and workflow.name not in found
            and all(str(s.action.name) in by_action for s in workflow.steps)
        ):
            found[workflow.name] = _of_workflow(model, workflow, by_action, rules)
    return found


def _of_workflow(model: Model, workflow: Workflow, by_action: dict[str, str], rules: str) -> Prompt:
    steps = "\n".join(
        f"{n}. `{by_action[str(s.action.name)]}`: {s.action.title}" for n, s in enumerate(workflow.steps, 1)
    )
    return Prompt(
        workflow.name,
        str(workflow.title),
        str(workflow.description or workflow.title),
        f"{workflow.title}. Do it with the tools of {model.api.title}, in this order:\n{steps}\n\n{rules}",
        needs=False,
    )
