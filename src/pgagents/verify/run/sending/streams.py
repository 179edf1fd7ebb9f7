"""Decide how long a call's answer is read if it is an event stream."""

from __future__ import annotations

from pgagents.http import EVENT_STREAM
from pgagents.verify.wire.call import Call

OPEN_S = 10.0
"""Seconds for which a documented stream without a documented end is read."""


def find_stream_seconds(call: Call) -> float | None:
    """Return the seconds after which the answer is left as it is, should it be an event stream.

    None means that it must end: the catalogue says so, or the call belongs to no operation of REST. It is 0
    if no answer of the operation is a stream, because then its head says all.
    """
    endpoint = call.endpoint
    if endpoint is None or not endpoint.on_rest:
        return None
    streams = [output for output in endpoint.action.outputs if EVENT_STREAM in output.types]
    if not streams:
        return 0.0
    return OPEN_S if all(output.ends_within_s is None for output in streams) else None
