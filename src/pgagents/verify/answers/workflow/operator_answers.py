"""Find what is wrong with an answer to the operator, which no watcher judges."""

from __future__ import annotations

from pgagents.cel.scope import Scope
from pgagents.decoding.medium import is_json
from pgagents.model.workflow import Step
from pgagents.verify.answers.secrets import declares
from pgagents.verify.answers.timestamps import find_malformed_time
from pgagents.verify.answers.workflow.state import WorkflowState
from pgagents.verify.check.setting import Setting
from pgagents.verify.laws.laws import evaluate_law, format_values, values_of
from pgagents.verify.wire.endpoint import OPERATOR
from pgagents.verify.wire.exchange import Exchange


def find_problem(setting: Setting, step: Step, exchange: Exchange) -> str:
    """Return what is wrong with an answer to the operator by its schema, times and laws.

    No watcher judges such answers.
    """
    schema = exchange.output.schema if step.role == OPERATOR and exchange.output is not None else None
    if schema is None or exchange.output is None or not is_json(exchange.output.content_type):
        return ""
    if not exchange.fits:
        return "a body that does not satisfy its schema"
    if (problem := find_malformed_time(setting, exchange.body, schema)) is not None:
        return problem[1]
    values = values_of(setting.model, exchange)
    scope = Scope(values)
    failed = next((law for law in step.action.laws if evaluate_law(law, scope).outcome == "broken"), None)
    return f"{failed.name} does not hold: {format_values(values, failed.that)}" if failed is not None else ""


def find_leaked_secret(setting: Setting, step: Step, exchange: Exchange, state: WorkflowState) -> str:
    """Return an earlier step's secret in an answer to the operator; empty without one.

    An answer whose schema declares a secret is left out.
    """
    output = exchange.output if step.role == OPERATOR else None
    if (
        output is None
        or exchange.response is None
        or declares(setting, (str(step.action.name), output.status), output.schema)
    ):
        return ""
    text = exchange.response.body.decode("utf-8", "replace")
    name = next((name for value, name in state.secrets.items() if value in text), None)
    return f"the secret {name} of a step before stands in it" if name is not None else ""
