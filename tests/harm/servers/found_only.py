"""Devices that no call makes, and calls that restart or remove one; parts are ordered for a device."""

from __future__ import annotations

from typing import Any, ClassVar

from harm.servers.base import Call, Server, route

DEVICE = {"type": "string", "minLength": 1, "maxLength": 40}
NOTE = {"type": "string", "minLength": 1, "maxLength": 80}


class Case(Server):
    """A device counts the parts that were ordered for it."""

    may_change: ClassVar = {"devices": frozenset({"parts"})}
    removable: ClassVar = frozenset({"parts"})

    def fill(self) -> None:
        self.tables["devices"] = {
            name: {"id": name, "restarts": 0, "parts": 0} for name in ("pump-1", "pump-2", "a")
        }
        self.tables["parts"] = {}
        self.order("pump-1", "A seal")

    def order(self, device_id: str, note: str) -> dict[str, Any]:
        self.ordered = getattr(self, "ordered", 0) + 1
        row = {"id": f"part-{self.ordered}", "device_id": device_id, "note": note}
        self.find("devices", device_id)["parts"] += 1
        self.tables["parts"][row["id"]] = row
        return row

    @route("GET /devices")
    def list_devices(self, _call: Call) -> Any:
        return 200, {"devices": list(self.tables["devices"].values())}

    @route("POST /devices/{device_id}/restart")
    def restart_device(self, call: Call) -> Any:
        row = self.find("devices", call.path["device_id"])
        row["restarts"] += 1
        return 200, {"device": row}

    @route("DELETE /devices/{device_id}")
    def remove_device(self, call: Call) -> Any:
        self.find("devices", call.path["device_id"])
        del self.tables["devices"][call.path["device_id"]]
        return 204, None

    @route("GET /parts")
    def list_parts(self, _call: Call) -> Any:
        return 200, {"parts": list(self.tables["parts"].values())}

    @route("POST /parts", body={"device_id": DEVICE, "note": NOTE})
    def order_part(self, call: Call) -> Any:
        return 201, {"part": self.order(call.body["device_id"], call.body["note"])}

    @route("DELETE /parts/{part_id}")
    def cancel_part(self, call: Call) -> Any:
        row = self.find("parts", call.path["part_id"])
        del self.tables["parts"][row["id"]]
        self.find("devices", row["device_id"])["parts"] -= 1
        return 204, None
