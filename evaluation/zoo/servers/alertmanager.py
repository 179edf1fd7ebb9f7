"""Alertmanager 0.25 of Debian: alerts, and silences of them; Swagger 2, no key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from evaluation.zoo.zoo import Api, Place, Server

CONFIG = "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n"
SOURCE = "usr/share/gocode/src/github.com/prometheus/alertmanager/api/v2/restapi/embedded_spec.go"
SILENCES = ("disk", "memory", "network")


def start(place: Place) -> Sequence[str]:
    (place.folder / "alertmanager.yml").write_text(CONFIG)
    address = f"--web.listen-address=127.0.0.1:{place.port}"
    return ["prometheus-alertmanager", "--config.file=alertmanager.yml", "--storage.path=data", address,
            "--cluster.listen-address="]  # fmt: skip


def write_document(place: Place) -> str:
    """Return the path of the document that the program holds; Debian packs its source as Go only."""
    source = place.environment / SOURCE
    text = source.read_text(encoding="utf-8").partition("json.RawMessage([]byte(`")[2].partition("`))")[0]
    document = place.folder / "openapi.json"
    document.write_text(text.replace('` + "`" + `', "`"), encoding="utf-8")
    return str(document)


def fill(api: Api) -> None:
    for name in SILENCES:
        matcher = {"name": "alertname", "value": name, "isRegex": False, "isEqual": True}
        times = {"startsAt": "2026-01-01T00:00:00Z", "endsAt": "2036-01-01T00:00:00Z"}
        silence = {"matchers": [matcher], **times, "createdBy": "ann", "comment": f"{name} is known"}
        api.call("POST", "/api/v2/silences", silence)
    labels = {"alertname": "load", "instance": "one"}
    api.call("POST", "/api/v2/alerts", [{"labels": labels, "endsAt": "2036-01-01T00:00:00Z"}])


def existing(api: Api) -> Mapping[str, Any]:
    """Return each silence and alert that was put in, by what names it."""
    silences = {one["comment"]: one for one in api.call("GET", "/api/v2/silences")}
    alerts = {one["labels"].get("alertname"): one for one in api.call("GET", "/api/v2/alerts")}
    named = {f"silence of {name}": silences.get(f"{name} is known") for name in SILENCES}
    return {**named, "alert of load": alerts.get("load")}


def no_headers(_: str) -> Mapping[str, str]:
    return {}


def rows(api: Api) -> int:
    """Count silences that are not expired, and alerts: no removal takes a silence out of the list."""
    silences = api.call("GET", "/api/v2/silences")
    lasting = [silence for silence in silences if silence["status"]["state"] != "expired"]
    return len(lasting) + len(api.call("GET", "/api/v2/alerts"))


SERVER = Server(
    "alertmanager", "Alertmanager 0.25 (Debian)",
    ("apt:prometheus-alertmanager=0.25.0-1+b4", "deb:golang-github-prometheus-alertmanager-dev=0.25.0-1"),
    start, write_document, "", fill, existing,
    ready="/api/v2/status", headers=no_headers,  peer_base="/api/v2", operations=9,
    volatile=frozenset(("updatedAt",)), rows=rows,
)  # fmt: skip
