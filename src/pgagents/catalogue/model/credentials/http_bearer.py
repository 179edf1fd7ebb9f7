"""A key or token after the word Bearer in Authorization (RFC 6750)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pgagents.catalogue.model.credential import AUTHORIZATION, Credential, Kind, list_common

_BEARER = re.compile("bearer", re.I)


def _make(name: str, scheme: Mapping[str, Any]) -> Credential:
    return Credential(
        name,
        "http_bearer",
        AUTHORIZATION,
        "Bearer ",
        {"type": "http", "scheme": "bearer"},
        how="as a bearer token",
        any_case=True,
        **list_common(scheme),
    )


def _read_openapi(scheme: Mapping[str, Any]) -> dict[str, str] | None:
    """Read `type: http`, or an API key in Authorization whose description mentions Bearer.

    Swagger 2.0 has no type for bearer keys, so its documents use the second form.
    """
    kind, word = scheme.get("type"), str(scheme.get("scheme", "")).lower()
    if kind == "http" and word == "bearer":
        return {}
    at_home = scheme.get("in") == "header" and str(scheme.get("name", "")).lower() == "authorization"
    says = any(_BEARER.search(str(scheme.get(key, ""))) for key in ("key", "description"))
    return {} if kind == "apiKey" and at_home and says else None


KIND = Kind(_make, _read_openapi, "a bearer key")
