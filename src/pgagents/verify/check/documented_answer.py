"""Tell whether the catalogue describes the body of an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgagents.model.answers.error_code import Code
from pgagents.model.contract import FRAMEWORK
from pgagents.model.model import Model
from pgagents.verify.wire.exchange import Exchange

if TYPE_CHECKING:
    pass


def _has_body(model: Model, code: Code) -> bool:
    """Return True if a code's envelope is more than any body."""
    return not model.schemas.get(code.envelope, {}).keys() <= {"title", "description"}


def is_documented_answer(exchange: Exchange, model: Model) -> bool:
    """Return True if the catalogue describes the body of such an answer.

    A catalogue describes every answer of an action, and those refusals of the framework whose code is under
    `errors.framework`. An imported document describes only the answers for which it gives a schema.
    """
    endpoint = exchange.call.endpoint
    if not exchange.place.startswith(f"{FRAMEWORK}@"):
        if not model.leaves_open or endpoint is None:
            return True
        if not exchange.refused:
            return exchange.output is not None and exchange.output.schema is not None
        codes = (*endpoint.action.errors, *model.always())
        return any(code.status == exchange.status and _has_body(model, code) for code in codes)
    named = [name for name in dict(model.errors.framework).values() if name is not None]
    return any(model.codes[name].status == exchange.status for name in named)
