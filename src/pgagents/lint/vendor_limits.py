"""Vendors' limits that both a rule about catalogues and a judge of tool lists check."""

from __future__ import annotations

XAI_ENFORCED = {
    "minLength": 2048,
    "maxLength": 2048,
    "minItems": 256,
    "maxItems": 256,
    "minProperties": 64,
    "maxProperties": 64,
}
"""The largest bound that Grok enforces, by keyword."""
