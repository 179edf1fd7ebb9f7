"""prefect 3.8: flows, runs, deployments and much else; 187 operations, without `security`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from evaluation.zoo.zoo import Api, Place, Server, read

VOLATILE = frozenset(("updated", "estimated_run_time", "estimated_start_time_delta", "last_polled", "status"))
FLOWS = ("nightly-load", "weekly-report", "my-flow", "a", "string")


READS = (
    "POST */filter", "POST */count", "POST */paginate", "POST */history", "POST */validate", "POST /ui/*",
    "POST */count-by/*", "POST */lateness", "POST */get_scheduled_flow_runs",
)  # fmt: skip
"""The POSTs that only read."""
ALLOWED = (
    "create_logs_logs_post", "create_events_events_post",
    "increment_concurrency_limits_v1_concurrency_limits_increment",
    "decrement_concurrency_limits_v1_concurrency_limits_decrement",
    "bulk_increment_active_slots_v2_concurrency_limits_increment",
    "bulk_decrement_active_slots_v2_concurrency_limits_decrement",
    "bulk_increment_active_slots_with_lease_v2_concurrency_limits",
)  # fmt: skip
"""Writes that name no instance: they add a log or an event, or count a limit that the call names."""


PEER_TAGS = (
    "Flows", "Variables", "Work Pools", "Block documents", "Logs", "Events", "Concurrency Limits V2",
)  # fmt: skip
"""The parts that schemathesis gets with as many requests as verify: a third of the operations."""


def start(place: Place) -> Sequence[str]:
    words = ["--host", "127.0.0.1", "--port", str(place.port), "--no-services", "--no-ui", "--analytics-off"]
    return [place.bin("prefect"), "server", "start", *words]


def fill(api: Api) -> None:
    for name in FLOWS:
        flow = api.call("POST", "/api/flows/", {"name": name, "tags": ["old"]})
        run = {"flow_id": flow["id"], "name": f"{name}-1", "state": {"type": "COMPLETED"}}
        api.call("POST", "/api/flow_runs/", run)
        api.call("POST", "/api/deployments/", {"name": f"{name}-on-demand", "flow_id": flow["id"]})
    api.call("POST", "/api/variables/", {"name": "retention_days", "value": 30})
    api.call("POST", "/api/concurrency_limits/", {"tag": "database", "concurrency_limit": 4})
    api.call("POST", "/api/v2/concurrency_limits/", {"name": "database", "limit": 4})
    api.call("POST", "/api/work_pools/", {"name": "machines", "type": "process"})
    kind = api.call("POST", "/api/block_types/", {"name": "Folder", "slug": "folder"})
    schema = {
        "block_type_id": kind["id"],
        "fields": {"type": "object", "properties": {"path": {"type": "string"}}},
    }
    form = api.call("POST", "/api/block_schemas/", schema)
    document = {"name": "results", "data": {"path": "/tmp"}}
    api.call("POST", "/api/block_documents/", {
        **document, "block_schema_id": form["id"], "block_type_id": kind["id"],
    })  # fmt: skip


def existing(api: Api) -> Mapping[str, Any]:
    found = {name: one for name in FLOWS for one in [read(api, {name: f"/api/flows/name/{name}"})[name]]}
    for name in FLOWS:
        at = f"/api/deployments/name/{name}/{name}-on-demand"
        found |= read(api, {f"{name}, deployment": at})
        runs = api.call("POST", "/api/flow_runs/filter", {"flows": {"name": {"any_": [name]}}})
        found[f"{name}, run"] = [run for run in runs if run["name"] == f"{name}-1"]
    return found | read(api, {
        "variable": "/api/variables/name/retention_days",
        "limit": "/api/concurrency_limits/tag/database",
        "limit, version 2": "/api/v2/concurrency_limits/database",
        "work pool": "/api/work_pools/machines",
        "block type": "/api/block_types/slug/folder",
        "block": "/api/block_types/slug/folder/block_documents/name/results",
    })  # fmt: skip


def surroundings(place: Place) -> Mapping[str, str]:
    return {
        "PREFECT_HOME": str(place.folder / "prefect"),
        "PREFECT_API_URL": f"http://127.0.0.1:{place.port}/api",
        "DO_NOT_TRACK": "1",
    }


def no_headers(_: str) -> Mapping[str, str]:
    return {}


def rows(api: Api) -> int:
    """Count what has a list, at most 200 of each kind."""
    lists = [api.call("POST", f"/api/{kind}/filter", {"limit": 200}) for kind in LISTED]
    return sum(map(len, lists))


LISTED = (
    "flows", "flow_runs", "deployments", "variables", "work_pools", "block_types", "block_documents",
    "concurrency_limits", "v2/concurrency_limits", "artifacts", "automations",
)  # fmt: skip


SERVER = Server(
    "prefect", "prefect 3.8", ("prefect==3.8.8", "fastapi==0.139.2"), start,
    "/openapi.json", "", fill, existing,
    base="/api", ready="/api/health", headers=no_headers, surroundings=surroundings,
    volatile=VOLATILE,
    peer_base="/api", operations=187, rows=rows,
    imported=tuple(word for one in READS for word in ("--reads", one)),
    peer=tuple(word for one in PEER_TAGS for word in ("--include-tag", one)),
    edited=("--max-requests", "4000", *(word for one in ALLOWED for word in ("--allow", one))),
)  # fmt: skip
