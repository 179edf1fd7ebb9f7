"""A user and a password by HTTP Basic (RFC 7617); the secret is `user:password`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pgagents.catalogue.model.credential import AUTHORIZATION, Credential, Kind, list_common


def _make(name: str, scheme: Mapping[str, Any]) -> Credential:
    return Credential(
        name,
        "http_basic",
        AUTHORIZATION,
        "Basic ",
        {"type": "http", "scheme": "basic"},
        noun="user:password",
        how="by HTTP Basic",
        encoded=True,
        any_case=True,
        **list_common(scheme),
    )


def _read_openapi(scheme: Mapping[str, Any]) -> dict[str, str] | None:
    basic = scheme.get("type") == "basic"
    return (
        {}
        if basic or (scheme.get("type"), str(scheme.get("scheme", "")).lower()) == ("http", "basic")
        else None
    )


KIND = Kind(_make, _read_openapi, "HTTP Basic")
