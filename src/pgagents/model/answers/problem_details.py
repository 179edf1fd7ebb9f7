"""The schema of RFC 9457 problem details, for a catalogue that names no envelope of its own."""

from __future__ import annotations

from pgagents.source.origin import Node

PROBLEM_DETAILS = "ProblemDetails"
_AT = ("errors", "content_type")


def problem_details() -> Node:
    """Return the members that RFC 9457 (3.1) defines. All are optional, and further members may follow."""

    def text(description: str, **more: str) -> Node:
        return Node({"type": "string", **more, "description": description}, origin=_AT)

    status = {
        "type": "integer",
        "minimum": 100,
        "maximum": 599,
        "description": "The HTTP status of this answer",
    }
    members = {
        "type": text("A URI that identifies the type of the problem", format="uri-reference"),
        "title": text("The type of the problem in a few words"),
        "status": Node(status, origin=_AT),
        "detail": text("An explanation of this occurrence"),
        "instance": text("A URI that identifies this occurrence", format="uri-reference"),
    }
    return Node(
        {
            "type": "object",
            "description": "The reason why a call was refused (RFC 9457)",
            "properties": Node(members, origin=_AT),
        },
        origin=_AT,
    )
