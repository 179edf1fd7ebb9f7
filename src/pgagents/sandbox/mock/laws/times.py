"""Write a time in the form that a member's schema demands."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from pgagents.jsonschema import schema as schemas
from pgagents.sandbox.clock import rfc3339


def write_time(seconds: float, schema: Mapping[str, Any], known: Mapping[str, Any]) -> Any:
    """Return a time in whole seconds: as RFC 3339 in UTC or as epoch seconds, depending on the schema."""
    moment = datetime.fromtimestamp(int(seconds), UTC)
    forms = (
        rfc3339(seconds),
        moment.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        moment.strftime("%Y-%m-%dT%H:%M:%S+00:00"),
        moment.strftime("%Y-%m-%dT%H:%M:%S.000000Z"),
        int(seconds),
    )
    check = schemas.validator(schema, known)
    return next((form for form in forms if check.is_valid(form)), forms[0])
