"""Compare the events of two editions: types, envelopes and signatures."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pgagents.diff.change import Change, whole
from pgagents.diff.parts.errors import compare_bodies
from pgagents.model.model import Model


def compare_events(old: Model, new: Model) -> Iterator[Change]:
    """Yield the changes for a receiver of events: none at all, another signature, type or envelope."""
    a, b = old.webhooks, new.webhooks
    if a is None or b is None:
        if a is not b:
            said = "events are sent now" if a is None else "no events are sent any more"
            yield whole("addition" if a is None else "breaking", "events", said, "webhooks")
        return
    if a.signature != b.signature or a.registered_by != b.registered_by:
        yield whole(
            "breaking",
            "event-signature",
            "events are signed, or registered, another way",
            "webhooks",
            "signature",
        )
    yield from _compare_types(a, b)
    yield from _compare_versions(a, b)
    kept = {one.envelope for value, one in a.versions.items() if value in b.versions}
    used = {a.envelope, *kept, *(e.data for e in a.events.values() if e.data)}
    if a.envelope != b.envelope:
        yield whole(
            "breaking",
            "event-data",
            f"deliveries are {b.envelope} now, were {a.envelope}",
            "webhooks",
            "envelope",
        )
    for name in sorted(used & set(new.schemas)):
        yield from compare_bodies(old, new, name, f"event body {name}", "webhooks")


def _compare_types(a: Any, b: Any) -> Iterator[Change]:
    """Yield the types of events that are gone, new, or have other data."""
    for name, event in a.events.items():
        now = b.events.get(name)
        if now is None:
            yield whole(
                "breaking", "event-removed", f"event {name} is sent no more", "webhooks", "events", name
            )
        elif event.data != now.data:
            yield whole(
                "breaking",
                "event-data",
                f"event {name} carries {now.data} now, was {event.data}",
                "webhooks",
                "events",
                name,
            )
    for name in b.events.keys() - a.events.keys():
        yield whole("addition", "event-added", f"event {name} is sent too", "webhooks", "events", name)


def _compare_versions(old: Any, new: Any) -> Iterator[Change]:
    """Yield the changes for webhooks that use one version of the envelope."""
    if old.versions and old.version != new.version:
        text = f"the version of events is picked by {new.version or 'nothing'} now, was {old.version}"
        yield whole("breaking", "event-version", text, "webhooks", "version")
    for value, one in old.versions.items():
        now = new.versions.get(value)
        if now is None:
            text = f"events of version {value} are sent as any other"
            yield whole("breaking", "event-version", text, "webhooks", "versions", value)
        elif one != now:
            text = f"deliveries of version {value} have another form"
            yield whole("breaking", "event-version", text, "webhooks", "versions", value)
    for value in new.versions.keys() - old.versions.keys():
        text = f"version {value} of events has an envelope of its own"
        yield whole("addition", "event-version", text, "webhooks", "versions", value)
