"""Wrong amounts."""

from __future__ import annotations

import math
from typing import Any

from pgagents.base.http import Request
from pgagents.sandbox.fault_declaration import Context, fault
from pgagents.sandbox.fault_helpers import objects


@fault("law", also={"response_schema": "an amount may fall below its least"}).edit_data
def money_rounded_down(_context: Context, _request: Request, data: Any) -> Any:
    """The owner's share of an amount is up to a cent below its value rounded half up."""
    for found in objects(data):
        if isinstance(found.get("subtotal"), float) and "owner_payout" in found:
            found["owner_payout"] = math.floor(found["subtotal"] * 90 - 0.5) / 100
            found["platform_fee"] = round(found["subtotal"] - found["owner_payout"], 2)
    return data
